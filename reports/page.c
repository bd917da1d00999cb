/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page.c: the frame of the page: head, order of the sections, foot. */
#include "reports/page.h"

#include <inttypes.h>
#include <string.h>

#include "reports/html.h"
#include "version.h"

/* The sections, in their order. One more is one file reports/page_NAME.c, its prototype in page.h, and a row here. */
static const struct section {
	const char *id, *name, *title;
	int (*write)(struct page *page);
} sections[] = {
	{ "gain", "Gain", "What would this server gain?", page_gain },
	{ "sure", "Certainty", "How sure are we?", page_sure },
	{ "observed", "Observed", "What was observed?", page_observed },
	{ "cycles", "Cycles", "Where do the cycles go?", page_cycles },
	{ "stages", "Stages", "Which stages of a packet cost them?", page_stages },
	{ "costs", "Costs", "What does a packet cost?", page_costs },
	{ "kernels", "Kernels", "What changed from kernel to kernel?", page_kernels },
	{ "machine", "Machine", "On what machine, and how was it measured?", page_machine },
};

enum { SECTIONS_N = sizeof sections / sizeof *sections };

/* ---- What sections share ---- */

/* A picture in its frame, as it is for a screen and for a phone, of which one is shown, with links to its files. */
static int picture_frame(struct page *page, const struct picture *picture, const struct picture *narrow)
{
	static const char *const types[] = { "svg", "png", "pdf", "csv" };

	fprintf(page->out, "<figure%s style=\"max-width:%upx\">\n", picture->width > 600 ? " class=\"large\"" : "", picture->width);
	int err = picture_inline(page->pictures->folder, picture, ++page->pictures_n, page->out);
	if (!err)
		err = picture_inline(page->pictures->folder, narrow, ++page->pictures_n, page->out);
	fputs("<figcaption>", page->out);
	html_text(page->out, picture->caption);
	fputs(" <span class=\"files\">", page->out);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		fprintf(page->out, "<a href=\"%s.%s\">%s</a> ", picture->name, types[i], types[i]);
	fputs("</span></figcaption>\n</figure>\n", page->out);
	return err;
}

int page_pictures(struct page *page, const char *section, int64_t run)
{
	const struct pictures *set = page->pictures;
	int err = 0;

	fputs("<div class=\"pair\">\n", page->out);
	for (size_t i = 0; i < set->n && !err; i++)
		if (!strcmp(set->list[i]->section, section) && set->list[i]->run == run)
			err = picture_frame(page, set->list[i], page->narrow->list[i]);
	fputs("</div>\n", page->out);
	for (size_t i = 0; i < set->absences_n; i++)
		if (!strcmp(set->absences[i].section, section) && set->absences[i].run == run) {
			fputs("<p class=\"note\">", page->out);
			html_text(page->out, set->absences[i].text);
			fputs("</p>\n", page->out);
		}
	return err;
}

void page_label(struct page *page, const struct run_row *run)
{
	if (run->label && *run->label) {
		fputs(", “<bdi>", page->out); /* what turns the direction of writing ends with it */
		html_line(page->out, run->label, 80);
		fputs("</bdi>”", page->out);
	}
	if (report_counted(&page->content->data, run->run))
		fputs(", in instructions, not cycles", page->out);
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
	const struct report_data *data = &page->content->data;

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
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
	      "script-src 'nonce-", page->out);
	fputs(page->nonce, page->out);
	fputs("'\">\n"
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
	const struct report_data *data = &page->content->data;

	fputs("<header>\n<p class=\"brand\">forecall report</p>\n<p class=\"about\">", page->out);
	count(page->out, data->runs_n, "run");
	fputs(" on ", page->out);
	count(page->out, data->hosts_n, "host");
	fputs(" · ", page->out);
	count(page->out, data->predictions_n, "prediction");
	html_printf(page->out, ", %zu observed", data->observed_n);
	if (data->runs_n) {
		fputs(" · newest run of ", page->out);
		html_time(page->out, data->runs[data->runs_n - 1]->started_ns);
	}
	fputs("</p>\n<nav aria-label=\"Sections\">", page->out);
	for (size_t i = 0; i < SECTIONS_N; i++)
		fprintf(page->out, "%s<a href=\"#%s\">%s</a>", i ? " " : "", sections[i].id, sections[i].name);
	fputs("</nav>\n</header>\n", page->out);
}

static void foot(struct page *page)
{
	fputs("<footer><p>Every interval is one of 95 %. f: share of the busy cycles that the path takes. s: how many times as fast the "
	      "alternative is on the path alone. r: busy cycles before over busy cycles after, at the same work; "
	      "predicted as 1&nbsp;/&nbsp;(1&nbsp;−&nbsp;f&nbsp;+&nbsp;f/s&nbsp;+&nbsp;o), o being what the port costs elsewhere.</p>\n"
	      "<p>Made by forecall " FORECALL_VERSION ".</p></footer>\n<script nonce=\"", page->out);
	fputs(page->nonce, page->out);
	fputs("\">\n", page->out);
	page_script(page->out);
	fputs("</script>\n</body>\n</html>\n", page->out);
}

static int section(struct page *page, const struct section *section)
{
	const char *heading = section == sections ? "h1" : "h2";

	fprintf(page->out, "<section id=\"%s\">\n<%s>%s</%s>\n", section->id, heading, section->title, heading);
	int err = section->write(page);
	fputs("</section>\n", page->out);
	return err;
}

int page_write(struct page *page)
{
	int err = 0;

	head(page);
	masthead(page);
	fputs("<main>\n", page->out);
	page_warnings(page);
	for (size_t i = 0; i < SECTIONS_N && !err; i++)
		err = section(page, &sections[i]);
	fputs("</main>\n", page->out);
	foot(page);
	return err;
}
