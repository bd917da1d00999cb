/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_costs.c: what does a packet cost? The micro-benchmarks over a grid. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "reports/html.h"
#include "reports/page.h"

static void heading(struct page *page, const struct grid *grid)
{
	fputs("<h3>", page->out);
	html_run(page->out, grid->run->run);
	html_printf(page->out, ": %s against", grid->base);
	for (size_t i = 1; i < grid->ways_n; i++)
		html_printf(page->out, "%s %s", i > 1 ? "," : "", grid->ways[i]);
	page_label(page, grid->run);
	fputs("</h3>\n", page->out);
}

static bool has_pictures(const struct page *page, int64_t run)
{
	for (size_t i = 0; i < page->pictures->n; i++)
		if (page->pictures->list[i]->run == run && !strcmp(page->pictures->list[i]->section, "costs"))
			return true;
	return false;
}

/* Where no axis has two points there is nothing to draw, but there are figures. */
static void points(struct page *page, const struct grid *grid)
{
	char titles[128];

	snprintf(titles, sizeof titles, "way|>group|>bytes|>of these private|>%s per packet|>s", report_unit(&page->content->data, grid->run->run));
	html_table(page->out, "What a packet costs by each way; the harness’s own cost is taken off", titles);
	for (size_t i = 0; i < grid->points_n; i++) {
		const struct grid_point *p = &grid->points[i];

		html_row(page->out);
		html_td_code(page->out, grid->ways[p->way]);
		html_td_number(page->out, "%" PRId64, p->group);
		html_td_number(page->out, "%" PRId64, p->payload);
		html_td_number(page->out, "%" PRId64, p->private);
		html_td_figure(page->out, p->cyc);
		html_td_figure(page->out, p->way ? p->s : figure_exact(NAN));
	}
	html_table_end(page->out);
}

int page_costs(struct page *page)
{
	const struct content *content = page->content;
	int err = 0;

	if (content->grids_all_n > content->grids_n)
		fprintf(page->out, "<p>The newest %zu of %zu benches over a grid.</p>\n", content->grids_n, content->grids_all_n);
	for (size_t i = 0; i < content->grids_n && !err; i++) {
		heading(page, &content->grids[i]);
		if (has_pictures(page, content->grids[i].run->run) || !content->grids[i].points_n)
			err = page_pictures(page, "costs", content->grids[i].run->run);
		else
			points(page, &content->grids[i]);
	}
	return err ? err : page_pictures(page, "costs", STORE_NULL);
}
