/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_costs.c: what does a packet cost? The micro-benchmarks over a grid. */
#include <inttypes.h>

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

int page_costs(struct page *page)
{
	const struct content *content = page->content;
	int err = 0;

	if (content->grids_all_n > content->grids_n)
		fprintf(page->out, "<p>The newest %zu of %zu benches over a grid.</p>\n", content->grids_n, content->grids_all_n);
	for (size_t i = 0; i < content->grids_n && !err; i++) {
		heading(page, &content->grids[i]);
		err = page_pictures(page, "costs", content->grids[i].run->run);
	}
	return err ? err : page_pictures(page, "costs", STORE_NULL);
}
