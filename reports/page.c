/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page.c: the frame of the page: head, order of the sections, foot. */
#include "reports/page.h"

#include <inttypes.h>

#include "reports/html.h"
#include "version.h"

/* ---- What sections share ---- */

int page_picture(struct page *page, const struct picture *picture, const char *caption)
{
	if (!*picture->name)
		return 0;
	fputs("<figure>\n", page->out);
	int err = picture_inline(page->folder, picture, ++page->pictures_n, page->out);
	fputs("<figcaption>", page->out);
	html_text(page->out, caption);
	fputs(" <span class=\"files\">", page->out);
	static const char *const types[] = { "svg", "png", "csv" };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		fprintf(page->out, "<a href=\"%s.%s\">%s</a> ", picture->name, types[i], types[i]);
	fputs("</span></figcaption>\n</figure>\n", page->out);
	return err;
}

void page_label(struct page *page, const struct run_row *run)
{
	if (!run->label || !*run->label)
		return;
	fputs(", “", page->out);
	html_line(page->out, run->label, 80);
	fputs("”", page->out);
}

void page_missing(struct page *page, const char *text, const char *command)
{
	fputs("<p class=\"missing\">", page->out);
	html_text(page->out, text);
	if (command) {
		fputs("<br><code>", page->out);
		html_text(page->out, command);
		fputs("</code>", page->out);
	}
	fputs("</p>\n", page->out);
}

/* ---- Head and foot ---- */

/* For the window: with the newest prediction, so that several pages can be told apart. */
static void title(struct page *page)
{
	const struct report_data *data = page->data;

	if (data->predictions_n == 0)
		fputs("What would this server gain?", page->out);
	else
		html_printf(page->out, "What would this server gain: %s → %s", data->predictions[0].path, data->predictions[0].alternative);
}

static void head(struct page *page)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
	      "<meta name=\"generator\" content=\"forecall " FORECALL_VERSION "\">\n<link rel=\"icon\" href=\"data:,\">\n<title>", page->out);
	title(page);
	fputs("</title>\n<style>\n", page->out);
	page_style(page->out);
	fputs("</style>\n</head>\n<body>\n", page->out);
}

static void count(FILE *out, size_t n, const char *what)
{
	html_printf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

static void masthead(struct page *page)
{
	const struct report_data *data = page->data;

	fputs("<header>\n<p class=\"brand\">forecall report</p>\n<p class=\"about\">", page->out);
	count(page->out, data->runs_n, "run");
	fputs(" on ", page->out);
	count(page->out, data->hosts_n, "host");
	fputs(" · ", page->out);
	count(page->out, data->predictions_n, "prediction");
	html_printf(page->out, ", %zu of them observed", data->observed_n);
	if (data->runs_n) {
		fputs(" · newest run of ", page->out);
		html_time(page->out, data->runs[data->runs_n - 1]->started_ns);
	}
	fputs("</p>\n<nav aria-label=\"Sections\"><a href=\"#gain\">Gain</a> <a href=\"#sure\">Certainty</a> "
	      "<a href=\"#observed\">Observed</a> <a href=\"#cycles\">Cycles</a> <a href=\"#machine\">Machine</a></nav>\n</header>\n", page->out);
}

static void foot(struct page *page)
{
	fputs("<footer><p>Every interval is one of 95 %. f: share of the busy cycles that the path takes. s: how many times as fast the "
	      "alternative is on the path alone. r: busy cycles before over busy cycles after, at the same work; "
	      "predicted as 1&nbsp;/&nbsp;(1&nbsp;−&nbsp;f&nbsp;+&nbsp;f/s&nbsp;+&nbsp;o), o being what the port costs elsewhere.</p>\n"
	      "<p>Made by forecall " FORECALL_VERSION ".</p></footer>\n</body>\n</html>\n", page->out);
}

int page_write(struct page *page)
{
	head(page);
	masthead(page);
	fputs("<main>\n", page->out);
	page_warnings(page);
	page_gain(page);
	page_sure(page);
	int err = page_observed(page);
	if (!err)
		err = page_cycles(page);
	if (!err)
		page_machine(page);
	fputs("</main>\n", page->out);
	foot(page);
	return err;
}
