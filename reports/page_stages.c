/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_stages.c: which stages of a packet cost the cycles? The runs whose path was cut into its stages. */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "reports/html.h"
#include "reports/page.h"
#include "reports/slice_picture.h"

static void heading(struct page *page, const struct sliced *sliced)
{
	fputs("<h3>", page->out);
	html_run(page->out, sliced->run->run);
	for (size_t i = 0; i < sliced->slices.n; i++)
		html_printf(page->out, "%s %s", i ? "," : ":", sliced->slices.way[i]);
	page_label(page, sliced->run);
	fputs("</h3>\n", page->out);
}

static void stage_row(FILE *out, const struct slices *slices, enum slice_stage stage, bool cycles)
{
	html_row(out);
	fprintf(out, "<td><span class=\"swatch\" style=\"background:var(--%s)\"></span>%s", slice_colour(stage), slice_stage_titles[stage]);
	for (size_t i = 0; i < slices->n; i++)
		if (cycles)
			html_td_figure(out, slices->slice[i].cyc[stage]);
		else
			html_td_percent(out, slices->slice[i].share[stage]);
}

/* The titles come from names, in which a '|' would begin a column. */
static char *titles_of(const struct slices *slices)
{
	char *titles = NULL;
	size_t size;
	FILE *out = open_memstream(&titles, &size);

	if (!out)
		return NULL;
	fputs("stage", out);
	for (size_t i = 0; i < slices->n; i++) {
		fputs("|>", out);
		for (const char *c = slices->way[i]; *c; c++)
			putc(*c == '|' ? '/' : *c, out);
	}
	return fclose(out) ? NULL : titles;
}

static int table(struct page *page, const struct sliced *sliced)
{
	const struct slices *slices = &sliced->slices;
	bool cycles = slices_counted(slices);
	char caption[96], *titles = titles_of(slices);

	if (!titles)
		return fail(-ENOMEM, "report: out of memory");
	snprintf(caption, sizeof caption, "Stages of the path by way of sending, in %s", cycles ? report_unit(&page->content->data, sliced->run->run) : "per cent of it");
	html_table(page->out, caption, titles);
	for (enum slice_stage stage = 0; stage < SLICE_STAGE_MAX; stage++)
		if (slices_seen(slices, stage))
			stage_row(page->out, slices, stage, cycles);
	if (cycles) {
		html_row(page->out);
		html_td(page->out, "the whole path");
		for (size_t i = 0; i < slices->n; i++)
			html_td_figure(page->out, slices->slice[i].total_cyc);
	}
	html_table_end(page->out);
	free(titles);
	return 0;
}

int page_stages(struct page *page)
{
	const struct content *content = page->content;
	int err = 0;

	if (content->sliced_all_n > CONTENT_SLICED_MAX)
		fprintf(page->out, "<p>The newest %d of %zu sampled runs.</p>\n", CONTENT_SLICED_MAX, content->sliced_all_n);
	for (size_t i = 0; i < content->sliced_n && !err; i++) {
		heading(page, &content->sliced[i]);
		err = page_pictures(page, "stages", content->sliced[i].run->run);
		if (!err)
			err = table(page, &content->sliced[i]);
	}
	return err ? err : page_pictures(page, "stages", STORE_NULL);
}
