/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_alternatives.c: every way of sending that was benched, for one server: what `forecall predict --with all` would say of them. */
#include <inttypes.h>

#include "reports/html.h"
#include "reports/page.h"

static void way_row(FILE *out, const struct alternative *way)
{
	html_row(out);
	html_td_code(out, way->way);
	html_td_figure(out, way->speedup);
	html_td_figure(out, way->predicted);
	fputs("<td>", out);
	html_run(out, way->bench);
	html_td_prose(out, way->text);
	fputs(way->bound ? "; a bound, no drop-in" : "", out);
}

void page_alternatives(struct page *page, const struct detail *detail)
{
	if (!detail->alternatives_n)
		return;
	html_table(page->out, "Every way of sending that was benched, for this server: from its f and the newest comparable bench, whether it was predicted or not",
		   "way|>s|>r|bench|what limits it, or why it has no figure");
	for (size_t i = 0; i < detail->alternatives_n; i++)
		way_row(page->out, &detail->alternatives[i]);
	html_table_end(page->out);
}
