/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_alternatives.c: every way of sending that was benched, for one server: what `forecall predict --with all` would say of them. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

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

static bool is_known(const struct alternative *way)
{
	return isfinite(way->predicted.value);
}

/* The first of alternatives[n] that has no figure: they come last. */
static size_t first_unknown(const struct detail *detail)
{
	size_t i = 0;

	while (i < detail->alternatives_n && is_known(&detail->alternatives[i]))
		i++;
	return i;
}

static bool has_reason(const struct detail *detail, size_t from, size_t to, const char *text)
{
	for (size_t i = from; i < to; i++)
		if (!strcmp(detail->alternatives[i].text, text))
			return true;
	return false;
}

/* The ways without a figure, by their reason: many share one. */
static void reasons(FILE *out, const struct detail *detail)
{
	size_t first = first_unknown(detail);

	for (size_t i = first; i < detail->alternatives_n; i++) {
		const struct alternative *way = &detail->alternatives[i];

		if (has_reason(detail, first, i, way->text))
			continue;
		fputs("<p class=\"note\">No figure for ", out);
		html_text(out, way->way);
		for (size_t j = i + 1; j < detail->alternatives_n; j++)
			if (!strcmp(detail->alternatives[j].text, way->text))
				html_printf(out, ", %s", detail->alternatives[j].way);
		fputs(" from ", out);
		html_run(out, way->bench);
		html_printf(out, ": %s.", way->text);
		fputs("</p>\n", out);
	}
}

void page_alternatives(struct page *page, const struct detail *detail)
{
	size_t known = first_unknown(detail);

	if (known) {
		html_table(page->out, "Every way of sending that was benched, for this server: from its f and the newest comparable bench, whether it was "
			   "predicted or not", "way|>s|>r|bench|what limits it");
		for (size_t i = 0; i < known; i++)
			way_row(page->out, &detail->alternatives[i]);
		html_table_end(page->out);
	}
	reasons(page->out, detail);
}
