/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_sure.c: how sure are we? */
#include <math.h>

#include "reports/html.h"
#include "reports/page.h"

static void share(FILE *out, const char *text, struct figure figure)
{
	if (isnan(figure.value))
		return;
	fprintf(out, "<dt>%s</dt><dd>", text);
	html_percent(out, figure);
	fputs("</dd>\n", out);
}

static void percent(FILE *out, const char *text, double value)
{
	fprintf(out, "<dt>%s</dt><dd>%.2f&nbsp;%%</dd>\n", text, 100 * value);
}

static void score(struct page *page, const struct score *score)
{
	fputs("<p>", page->out);
	if (score->n == 1)
		fputs("One prediction of this database was observed so far: its error says little about the next one.", page->out);
	else
		html_printf(page->out, "%zu predictions of this database were observed. This is how far off they were:", score->n);
	fputs("</p>\n<dl class=\"facts\">\n", page->out);
	fprintf(page->out, "<dt>median error, with its sign</dt><dd>%s%.2f&nbsp;%%</dd>\n", score->bias < 0 ? "−" : "+", 100 * fabs(score->bias));
	percent(page->out, "size of the error: median", score->median);
	percent(page->out, "95 % of them up to", score->p95);
	percent(page->out, "worst", score->worst);
	share(page->out, "observed value within the predicted interval", score->inside);
	share(page->out, "difference within both intervals (should be 95 %)", score->joint);
	fputs("</dl>\n", page->out);
}

int page_sure(struct page *page)
{
	const struct score *all = &page->content->data.score;

	fputs("<p>The interval behind a figure is made so that 95 of 100 such intervals hold the true value. f has it from the "
	      "windows of the profile, s from the rounds of the micro-benchmark, r from both together. An interval cannot know that "
	      "the load was another one than usual; only observing shows that.</p>\n", page->out);
	if (all->n)
		score(page, all);
	else
		page_missing(page, "No prediction of this database was observed yet, so nothing is known about the errors. Port the server, "
			     "put the same load on it, and measure:", "forecall observe -p PID");
	return page_pictures(page, "sure", STORE_NULL);
}
