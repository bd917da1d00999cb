/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nearest.c: edit distance between two short words, row by row. */
#include "base/nearest.h"

#include <string.h>

enum { LETTERS_MAX = 63 };

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t nearest_edits(const char *a, const char *b)
{
	size_t rows[3][LETTERS_MAX + 1]; /* of the matrix: the current one and the two above it */
	size_t *row = rows[0], *above = rows[1], *above2 = rows[2];
	size_t rows_n = strnlen(a, LETTERS_MAX), columns_n = strnlen(b, LETTERS_MAX);

	for (size_t j = 0; j <= columns_n; j++)
		row[j] = j;
	for (size_t i = 1; i <= rows_n; i++) {
		size_t *spare = above2;

		above2 = above;
		above = row;
		row = spare;
		row[0] = i;
		for (size_t j = 1; j <= columns_n; j++) {
			row[j] = min_of(above[j], row[j - 1]) + 1;
			row[j] = min_of(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min_of(row[j], above2[j - 2] + 1);
		}
	}
	return row[columns_n];
}

void nearest_offer(struct nearest *n, const char *known)
{
	size_t typed = strlen(n->word), length = strlen(known);
	size_t edits = nearest_edits(n->word, known);

	if (typed >= 3 && typed < length && strncmp(n->word, known, typed) == 0)
		edits = 1;
	if (edits > (length < 3 ? 1 : length / 3) || edits >= length)
		return;
	if (n->best && edits >= n->edits)
		return;
	n->best = known;
	n->edits = edits;
}
