/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_observed.c: what was observed: predictions beside what became of them, and capacities. */
#include <inttypes.h>
#include <math.h>

#include "analyze/trials.h"
#include "reports/html.h"
#include "reports/page.h"

/* ---- Capacity ---- */

static void way_row(FILE *out, const char *way, const struct trials *trials)
{
	html_row(out);
	html_td_code(out, way);
	html_td_number(out, "%" PRId64, trials->served);
	if (trials->refused)
		html_td_number(out, "%" PRId64, trials->refused);
	else
		html_td_number(out, "none");
	html_td_number(out, isnan(trials->cpu_share) ? "–" : "%.1f %%", 100 * trials->cpu_share);
	html_td_number(out, isnan(trials->saturation) ? "–" : "%.0f", trials->saturation);
	html_td_number(out, "%zu", trials->n);
}

static void gain(struct page *page, const struct search *search, const struct trials *before, const struct trials *after)
{
	struct figure observed = trials_gain(before, after);

	if (isnan(observed.value))
		return;
	html_printf(page->out, "The group is %.3f times as large (between %.3f and %.3f, the groups that were tried)", observed.value, observed.low,
		    observed.high);
	if (search->prediction) {
		struct figure predicted = report_capacity(search->prediction);

		if (isnan(predicted.value))
			predicted = report_predicted(search->prediction);
		fputs("; predicted from ", page->out);
		html_run(page->out, search->prediction->profile);
		fputs(": ", page->out);
		html_figure(page->out, predicted);
		html_printf(page->out, ", off by %+.2f %%", 100 * (predicted.value / observed.value - 1));
	}
	fputs(".", page->out);
}

static void table(struct page *page, const struct search *search)
{
	const char *alternative = search_alternative(search);
	const struct trial_row *row = search->rows;
	struct trials before, after;

	trials_sum(search->rows, search->n, search->run->path, &before);
	html_table(page->out, "The largest group of clients that the built-in server serves, by way of sending",
		   "way|>clients served|>not served|>CPU|>CPU full at|>trials");
	way_row(page->out, search->run->path, &before);
	if (alternative) {
		trials_sum(search->rows, search->n, alternative, &after);
		way_row(page->out, alternative, &after);
	}
	html_table_end(page->out);
	fputs("<p>", page->out);
	if (alternative)
		gain(page, search, &before, &after);
	html_printf(page->out, " Every client was to get %.4g %% of the stream’s rate: %" PRId64 " packets of %" PRId64 " bytes a second.", 100 * row->quality,
		    row->packets_per_s, row->payload_bytes);
	fputs("</p>\n", page->out);
}

static int capacity(struct page *page, const struct search *search)
{
	fputs("<h3>Capacity: ", page->out);
	html_run(page->out, search->run->run);
	page_label(page, search->run);
	fputs("</h3>\n", page->out);
	table(page, search);
	return page_pictures(page, "observed", search->run->run);
}

/* ---- The section ---- */

int page_observed(struct page *page)
{
	const struct content *content = page->content;

	if (!content->data.observed_n)
		page_missing(page, "None of the predictions above was observed yet. After the port, or at once on the built-in server:",
			     "forecall observe -p PID\nforecall validate");
	int err = page_pictures(page, "observed", STORE_NULL);
	for (size_t i = 0; i < content->searches_n && !err; i++)
		err = capacity(page, &content->searches[i]);
	return err;
}
