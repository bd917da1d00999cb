/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_kernels.c: what changed from kernel to kernel: the line of time, and the largest changes. */
#include <math.h>
#include <stdlib.h>

#include "reports/html.h"
#include "reports/page.h"

enum { ROWS_MAX = 40 };

struct row {
	const struct track_line *line;
	const struct track_change *change;
};

static int largest_first(const void *a, const void *b)
{
	double x = fabs(((const struct row *)a)->change->change), y = fabs(((const struct row *)b)->change->change);

	return (x < y) - (x > y);
}

static void write_row(FILE *out, const struct row *row)
{
	html_row(out);
	html_td(out, "%s", row->line->name);
	html_td(out, "%s", row->change->kernel_before);
	html_td(out, "%s", row->change->kernel_after);
	html_td_number(out, "%.6g", row->change->before);
	html_td_number(out, "%.6g", row->change->after);
	html_td(out, "%s", row->line->unit);
	html_td_signed(out, figure_exact(row->change->change));
}

static void write_table(FILE *out, const struct row *rows, size_t n)
{
	html_table(out, "The largest changes of a level, between neighbouring versions", "benchmark|before|from|>level|>then|unit|>change");
	for (size_t i = 0; i < n && i < ROWS_MAX; i++)
		write_row(out, &rows[i]);
	html_table_end(out);
	if (n > ROWS_MAX)
		fprintf(out, "<p class=\"note\">%zu smaller changes are not shown; <code>forecall track</code> lists them.</p>\n", n - ROWS_MAX);
}

/* Every change of every line; the caller frees. */
static struct row *collect(const struct track *track, size_t *n)
{
	size_t all = 0;

	for (size_t i = 0; i < track->lines_n; i++)
		all += track->lines[i].changes_n;
	struct row *rows = calloc(all + 1, sizeof *rows);
	*n = 0;
	for (size_t i = 0; i < track->lines_n && rows; i++)
		for (size_t j = 0; j < track->lines[i].changes_n; j++)
			rows[(*n)++] = (struct row){ &track->lines[i], &track->lines[i].changes[j] };
	if (*n)
		qsort(rows, *n, sizeof *rows, largest_first);
	return rows;
}

static bool any_exact(const struct track *track)
{
	for (size_t i = 0; i < track->lines_n; i++)
		if (track->lines[i].exact)
			return true;
	return false;
}

int page_kernels(struct page *page)
{
	const struct track *track = &page->content->track;
	size_t n;
	int err = page_pictures(page, "kernels", STORE_NULL);
	struct row *rows = err ? NULL : collect(track, &n);

	if (!err && rows && n)
		write_table(page->out, rows, n);
	if (!err && any_exact(track))
		fputs("<p class=\"note\">Lines in instructions are counted in an emulator: not cycles. They have no noise, so any difference is real; "
		      "what caches and the processor make of it is left out.</p>\n", page->out);
	free(rows);
	return err;
}
