/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_gain.c: what would this server gain? */
#include <inttypes.h>
#include <math.h>

#include "reports/html.h"
#include "reports/page.h"

/* ---- The answer in large ---- */

enum tile_as { TILE_RATIO, TILE_PERCENT };

static void tile(FILE *out, const char *class, const char *name, struct figure figure, enum tile_as as)
{
	if (isnan(figure.value))
		return;
	fprintf(out, "<div class=\"tile%s\"><dt>%s</dt><dd>", class, name);
	if (as == TILE_PERCENT)
		html_percent(out, figure);
	else
		html_figure(out, figure);
	fputs("</dd></div>\n", out);
}

static void lead(struct page *page, const struct scored_row *row)
{
	const struct run_row *profile = report_run(&page->content->data, row->profile);

	fputs("<p class=\"lead\">", page->out);
	html_printf(page->out, "Replacing %s by ", row->path);
	fputs("<strong>", page->out);
	html_text(page->out, row->alternative);
	fputs("</strong>", page->out);
	if (profile) {
		fputs(" in the server of ", page->out);
		html_run(page->out, profile->run);
		page_label(page, profile);
	}
	fputs(page->content->data.predictions_n > 1 ? "; the newest of the predictions below.</p>\n" : ".</p>\n", page->out);
}

static void answer(struct page *page, const struct scored_row *row)
{
	lead(page, row);
	fputs("<dl class=\"tiles\">\n", page->out);
	tile(page->out, " first", "predicted speed-up&nbsp;r", report_predicted(row), TILE_RATIO);
	tile(page->out, "", "busy cycles saved", report_saved(row), TILE_PERCENT);
	tile(page->out, "", "capacity of the busiest thread", report_capacity(row), TILE_RATIO);
	tile(page->out, "", "observed speed-up&nbsp;r", report_observed(row), TILE_RATIO);
	fputs("</dl>\n", page->out);
	fputs("<p class=\"note\">However fast the alternative, r cannot exceed ", page->out);
	html_figure(page->out, report_bound(row));
	fputs(". The busiest thread is what limits how many clients a server can serve, the cycles of all are what it costs.</p>\n", page->out);
}

/* ---- The table ---- */

static bool any_overhead(const struct report_data *data)
{
	for (size_t i = 0; i < data->predictions_n; i++)
		if (data->predictions[i].overhead > 0)
			return true;
	return false;
}

static void run_cell(struct page *page, int64_t run)
{
	fputs("<td>", page->out);
	if (run == STORE_NULL)
		fputs("by hand", page->out);
	else
		html_run(page->out, run);
}

/* Whether the intervals of what was predicted and what was observed agree. */
static const char *verdict(const struct scored_row *row)
{
	if (!isfinite(row->observed))
		return "not yet observed";
	if (row->observed >= row->predicted_low && row->observed <= row->predicted_high)
		return "within";
	return row->overlaps == 1 ? "overlap" : "outside";
}

/* Only where there are several hosts. */
static void host_cell(struct page *page, const struct scored_row *row)
{
	const struct host_row *host = report_host(&page->content->data, row->profile);

	if (page->content->data.hosts_n > 1)
		html_td_code(page->out, host ? host->name : "");
}

static void prediction(struct page *page, const struct scored_row *row, bool overhead)
{
	html_row(page->out);
	run_cell(page, row->profile);
	host_cell(page, row);
	html_td_code(page->out, row->path);
	html_td_code(page->out, row->alternative);
	html_td_figure(page->out, report_fraction(row));
	html_td_figure(page->out, report_speedup(row));
	if (overhead)
		html_td_number(page->out, "%.4g", row->overhead);
	html_td_figure(page->out, report_predicted(row));
	html_td_figure(page->out, report_capacity(row));
	html_td_figure(page->out, report_observed(row));
	html_td_signed(page->out, report_error(row));
	html_td(page->out, "%s%s", verdict(row), row->forced ? ", forced" : "");
}

static void table(struct page *page)
{
	const struct report_data *data = &page->content->data;
	bool overhead = any_overhead(data);

	char titles[160];

	snprintf(titles, sizeof titles, "profile%s|path|alternative|>f|>s%s|>r predicted|>busiest thread|>r observed|>error|verdict",
		 data->hosts_n > 1 ? "|host" : "", overhead ? "|>o" : "");
	html_table(page->out, "Predictions, newest first; the error is predicted over observed, less 1", titles);
	for (size_t i = 0; i < data->predictions_n; i++)
		prediction(page, &data->predictions[i], overhead);
	html_table_end(page->out);
}

int page_gain(struct page *page)
{
	const struct content *content = page->content;
	const struct detail *first = content_first(content);

	if (!content->data.runs_n && content->data.all_n)
		page_missing(page, "No run of this database came to its end, so there is no result. Measure again:", "forecall profile -p PID --path sendmsg");
	else if (!content->data.runs_n)
		page_missing(page, "Nothing was measured yet. First watch the server:", "forecall profile -p PID --path sendmsg");
	else if (!content->main)
		page_missing(page, "There is no prediction from these runs yet. It takes a profile, and a micro-benchmark in its shape:",
			     "forecall bench --like RUN && forecall predict RUN --with sendmmsg");
	else
		answer(page, content->main);
	int err = content->main ? page_pictures(page, "gain", content->main->profile) : 0;
	if (!err)
		page_whatif(page);
	if (content->data.predictions_n)
		table(page);
	if (!err && first)
		page_alternatives(page, first);
	if (!err && (!content->main || content->main->profile != STORE_NULL))
		err = page_pictures(page, "gain", STORE_NULL);
	return err;
}
