/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_cycles.c: where do the cycles go? */
#include <inttypes.h>
#include <math.h>

#include "reports/html.h"
#include "reports/page.h"

#define ROWS_SHOWN 12 /* threads and calls: the largest ones */

static void fact(FILE *out, const char *name, struct figure figure)
{
	if (isnan(figure.value))
		return;
	fprintf(out, "<dt>%s</dt><dd>", name);
	html_figure(out, figure);
	fputs("</dd>\n", out);
}

static void facts(struct page *page, const struct detail *detail)
{
	const struct fraction *fraction = &detail->fraction;
	const char *unit = report_unit(&page->content->data, detail->run->run);
	char share[64], cost[64];

	snprintf(share, sizeof share, "f, the path’s share of the busy %s", unit);
	snprintf(cost, sizeof cost, "busy %s per path call", unit);
	fputs("<dl class=\"facts\">\n", page->out);
	fact(page->out, share, fraction->f);
	fact(page->out, "the same before the probes’ cost is taken out", fraction->raw);
	fact(page->out, "f of the busiest thread alone", fraction->busiest);
	fact(page->out, cost, fraction->busy_cyc);
	fact(page->out, "of these, in the path", fraction->path_cyc);
	fputs("</dl>\n", page->out);
}

static void threads(struct page *page, const struct detail *detail)
{
	if (!detail->threads_n)
		return;
	html_table(page->out, "Threads of the target, busiest first: shares of their own cycles while the probes were attached, which "
		   "are counts and no estimates", ">thread|name|>path calls|>path|>other calls|>user|>interrupts|>kernel, unknown");
	for (size_t i = 0; i < detail->threads_n && i < ROWS_SHOWN; i++) {
		const struct thread_row *t = &detail->thread_rows[i];
		double all = (double)bars_thread_cyc(t);
		const int64_t shares[] = { t->path_cyc, t->call_cyc, t->user_cyc, t->irq_cyc, t->kernel_cyc + t->unknown_cyc };

		html_row(page->out);
		html_td_number(page->out, "%" PRId64, t->tid);
		html_td_code(page->out, t->comm);
		html_td_number(page->out, "%" PRId64, t->calls_n);
		for (size_t j = 0; j < sizeof shares / sizeof *shares; j++)
			html_td_number(page->out, "%.1f %%", all > 0 ? 100 * (double)shares[j] / all : 0.0);
	}
	html_table_end(page->out);
	if (detail->threads_n > ROWS_SHOWN)
		fprintf(page->out, "<p class=\"note\">And %zu threads more: <code>forecall runs show %" PRId64 "</code></p>\n",
			detail->threads_n - ROWS_SHOWN, detail->run->run);
}

static void calls(struct page *page, const struct detail *detail)
{
	if (!detail->calls_n)
		return;
	html_table(page->out, "System calls of the target, dearest first, counted while the probes were attached",
		   "system call|>calls|>errors|>cycles per call");
	for (size_t i = 0; i < detail->calls_n && i < ROWS_SHOWN; i++) {
		const struct call_row *call = &detail->call_rows[i];

		html_row(page->out);
		html_td_code(page->out, call->name);
		html_td_number(page->out, "%" PRId64, call->calls_n);
		html_td_number(page->out, "%" PRId64, call->errors_n);
		html_td_number(page->out, "%.0f", call->calls_n ? (double)call->cyc / (double)call->calls_n : 0.0);
	}
	html_table_end(page->out);
}

static void heading(struct page *page, const struct run_row *run)
{
	fputs("<h3>", page->out);
	html_run(page->out, run->run);
	html_printf(page->out, ": %s", run->path);
	page_label(page, run);
	fputs("</h3>\n<div class=\"long whole\"><code>", page->out);
	html_text(page->out, run->target);
	fputs("</code></div>\n", page->out);
}

static int profile(struct page *page, const struct detail *detail)
{
	heading(page, detail->run);
	if (detail->known)
		facts(page, detail);
	else
		page_missing(page, "This profile is too short for f, or its target never made the call. Measure longer:",
			     "forecall profile -p PID --seconds 30");
	int err = page_pictures(page, "cycles", detail->run->run);
	if (detail != content_first(page->content))
		page_alternatives(page, detail);
	threads(page, detail);
	calls(page, detail);
	return err;
}

int page_cycles(struct page *page)
{
	const struct content *content = page->content;
	int err = 0;

	if (!content->profiles_n)
		page_missing(page, "There is no profile among these runs. This makes one:", "forecall profile -p PID --path sendmsg");
	if (content->profiles_all_n > content->profiles_n)
		fprintf(page->out, "<p>The newest %zu of %zu profiles; to see others, name them: <code>forecall report RUN...</code></p>\n",
			content->profiles_n, content->profiles_all_n);
	for (size_t i = 0; i < content->profiles_n && !err; i++)
		err = profile(page, &content->profiles[i]);
	return err;
}
