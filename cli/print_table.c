/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print_table.c: tables on stdout whose columns are as wide as their widest cell looks on a terminal. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/print.h"

enum { COLUMNS_MAX = 32 };

struct table {
	size_t columns_n;
	bool right[COLUMNS_MAX];
	char **cells; /* row by row, the titles first */
	size_t cells_n, cells_room;
	bool failed; /* memory ran out */
};

/* ---- Width on a terminal ---- */

/* The letter that begins at `text`, or U+FFFD for what is no UTF-8; *size is how many bytes it takes. */
static uint32_t decode(const unsigned char *text, size_t *size)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *text < 0x80 ? 1 : *text >> 5 == 6 ? 2 : *text >> 4 == 14 ? 3 : *text >> 3 == 30 ? 4 : 0;
	uint32_t letter = n == 1 ? *text : *text & (0x7f >> n);

	*size = 1;
	if (n == 0)
		return 0xfffd;
	for (size_t i = 1; i < n; i++) {
		if (text[i] >> 6 != 2)
			return 0xfffd;
		letter = letter << 6 | (text[i] & 0x3f);
	}
	if (letter < least[n] || letter > 0x10ffff || (letter >= 0xd800 && letter < 0xe000))
		return 0xfffd;
	*size = n;
	return letter;
}

/* Terminal columns of a letter: 0 for combining marks, 2 for East Asian wide letters and most emoji. The ranges are
 * those that can occur in command lines; the C library's wcwidth() would depend on the user's locale. */
static int columns_of(uint32_t letter)
{
	if ((letter >= 0x300 && letter < 0x370) || (letter >= 0x200b && letter < 0x2010) || letter == 0xfe0f)
		return 0;
	if ((letter >= 0x1100 && letter < 0x1160) || (letter >= 0x2e80 && letter < 0xa4d0) ||
	    (letter >= 0xac00 && letter < 0xd7a4) || (letter >= 0xf900 && letter < 0xfb00) ||
	    (letter >= 0xff00 && letter < 0xff61) || (letter >= 0x1f300 && letter < 0x1f700) ||
	    (letter >= 0x1f900 && letter < 0x1fb00) || (letter >= 0x20000 && letter < 0x40000))
		return 2;
	return 1;
}

static size_t width_of(const char *text)
{
	size_t width = 0, size;

	for (; *text; text += size)
		width += columns_of(decode((const unsigned char *)text, &size));
	return width;
}

/* ---- Cells ---- */

/* A target's name may hold anything; a control character would break the table, or worse, the terminal. What is no
 * UTF-8 becomes '?' too, byte by byte. */
static void tame(char *text)
{
	size_t size;

	for (; *text; text += size) {
		uint32_t letter = decode((unsigned char *)text, &size);

		if (letter < ' ' || letter == 0x7f || (letter == 0xfffd && size == 1))
			*text = '?';
	}
}

/* Takes over `cell`, which is NULL when memory ran out before. */
static void keep(struct table *table, char *cell)
{
	if (!cell)
		goto failed;
	tame(cell);
	if (table->cells_n == table->cells_room) {
		size_t room = table->cells_room ? 2 * table->cells_room : 64;
		char **cells = realloc(table->cells, room * sizeof *cells);

		if (!cells)
			goto failed;
		table->cells = cells;
		table->cells_room = room;
	}
	table->cells[table->cells_n++] = cell;
	return;
failed:
	free(cell);
	table->failed = true;
}

struct table *table_new(const char *titles)
{
	struct table *table = calloc(1, sizeof *table);

	while (table && table->columns_n < COLUMNS_MAX) {
		size_t length = strcspn(titles, "|");
		bool right = *titles == '>';

		table->right[table->columns_n++] = right;
		keep(table, strndup(titles + right, length - right));
		titles += length;
		if (!*titles++)
			break;
	}
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->cells_n; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

void table_cell(struct table *table, const char *fmt, ...)
{
	char *cell = NULL;
	va_list args;

	if (!table)
		return;
	va_start(args, fmt);
	if (vasprintf(&cell, fmt, args) < 0)
		cell = NULL;
	va_end(args);
	keep(table, cell);
}

void table_text(struct table *table, const char *text)
{
	table_cell(table, "%s", text ? text : "-");
}

void table_i64(struct table *table, int64_t value)
{
	if (value == STORE_NULL)
		table_text(table, NULL);
	else
		table_cell(table, "%" PRId64, value);
}

void table_figure(struct table *table, struct figure figure)
{
	char text[FIGURE_TEXT];

	figure_text(figure, text);
	table_text(table, text);
}

/* ---- Printing ---- */

static void print_cell(const char *cell, size_t width, bool right, bool last)
{
	int pad = (int)(width - width_of(cell));

	printf("%*s%s%*s", right ? pad : 0, "", cell, right || last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", stdout);
}

int table_print(const struct table *table)
{
	size_t width[COLUMNS_MAX] = { 0 };

	if (!table || table->failed)
		return fail(-ENOMEM, "out of memory while printing a table");
	if (table->cells_n <= table->columns_n)
		return 0;
	for (size_t i = 0; i < table->cells_n; i++) {
		size_t *widest = &width[i % table->columns_n], wide = width_of(table->cells[i]);

		*widest = wide > *widest ? wide : *widest;
	}
	for (size_t i = 0; i < table->cells_n; i++) {
		size_t column = i % table->columns_n;

		print_cell(table->cells[i], width[column], table->right[column], column + 1 == table->columns_n);
	}
	return 0;
}
