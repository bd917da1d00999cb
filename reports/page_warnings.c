/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_warnings.c: what is wrong with the measurement, before anything that rests on it. */
#include <string.h>

#include "reports/html.h"
#include "reports/page.h"

#define RUNS_NAMED 8 /* of many runs with the same warning */

/* Warnings come by code: how many from `at` on have the same. */
static size_t same_code(const struct report_data *data, size_t at)
{
	size_t n = 1;

	while (at + n < data->warnings_n && !strcmp(data->warnings[at + n].code, data->warnings[at].code))
		n++;
	return n;
}

/* The newest run's words, and the other runs that have the same to say. */
static void warning(struct page *page, const struct report_warning *warnings, size_t n)
{
	fputs("<li>", page->out);
	html_run(page->out, warnings[0].run->run);
	html_printf(page->out, " (%s): %s.", warnings[0].run->kind, warnings[0].text);
	for (size_t i = 1; i < n && i <= RUNS_NAMED; i++) {
		fputs(i == 1 ? " Likewise " : ", ", page->out);
		html_run(page->out, warnings[i].run->run);
	}
	if (n > RUNS_NAMED + 1)
		html_printf(page->out, " and %zu more", n - RUNS_NAMED - 1);
	fputs(n > 1 ? ".</li>\n" : "</li>\n", page->out);
}

void page_warnings(struct page *page)
{
	const struct report_data *data = &page->content->data;

	if (!data->warnings_n)
		return;
	fputs("<aside class=\"alarm\" id=\"warnings\" aria-labelledby=\"warnings-title\">\n"
	      "<h2 id=\"warnings-title\">Read this first: what is wrong with the measurement</h2>\n<ul>\n", page->out);
	for (size_t i = 0, n; i < data->warnings_n; i += n) {
		n = same_code(data, i);
		warning(page, &data->warnings[i], n);
	}
	fputs("</ul>\n</aside>\n", page->out);
}
