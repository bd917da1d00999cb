/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_machine.c: on what machine, and how was it measured? */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "reports/html.h"
#include "reports/page.h"

/* ---- Hosts ---- */

static void fact(FILE *out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	fprintf(out, "<dt>%s</dt><dd>", name);
	html_text(out, text);
	fputs("</dd>\n", out);
}

static void code(FILE *out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	fprintf(out, "<dt>%s</dt><dd><div class=\"long\"><code>", name);
	html_text(out, text);
	fputs("</code></div></dd>\n", out);
}

static void host(struct page *page, const struct host_row *host)
{
	fputs("<h3>", page->out);
	html_printf(page->out, "Host %" PRId64 ": %s", host->host, host->name);
	fputs("</h3>\n<dl class=\"facts\">\n<dt>processors</dt><dd>", page->out);
	html_printf(page->out, "%" PRId64 " × %s", host->cpus_n, host->cpu_model);
	fputs("</dd>\n<dt>kernel</dt><dd>", page->out);
	html_printf(page->out, "Linux %s (%s), %s", host->kernel, host->build, host->arch);
	fputs("</dd>\n", page->out);
	fact(page->out, "virtualisation", host->virt ? host->virt : "none seen");
	fact(page->out, "microcode", host->microcode);
	fact(page->out, "governor", host->governor);
	fact(page->out, "clock source", host->clocksource);
	fact(page->out, "TSC", host->tsc_flags);
	code(page->out, "kernel command line", host->cmdline);
	code(page->out, "mitigations", host->mitigations);
	fputs("</dl>\n", page->out);
}

/* ---- Probes ---- */

static void probes(struct page *page)
{
	if (!page->content->profiles_n)
		return;
	html_table(page->out, "What the probes cost, in cycles per call, measured before each profile (means over the rounds) and taken out of f. "
		   "Windows: probed + unprobed. “Dearer here”: their cost in the target over that around the known calls. “Linear”: unprobed cycles extrapolated "
		   "from one and two doses of probes, over those measured; 1 when the correction is sound. “Added”: what the probes added to the target’s own CPU time while they were attached once, and over the whole profile",
		   "profile|>windows|>null call|>probed|>in the ledger|>send call|>probed|>in the ledger|>dearer here|>linear|>added|>in all|work meter");
	for (size_t i = 0; i < page->content->profiles_n; i++) {
		const struct detail *d = &page->content->profiles[i];

		html_row(page->out);
		fputs("<td>", page->out);
		html_run(page->out, d->run->run);
		html_td_number(page->out, "%zu + %zu", d->fraction.probed_n, d->fraction.unprobed_n);
		html_td_figure(page->out, d->null.plain);
		html_td_figure(page->out, d->null.probed);
		html_td_figure(page->out, d->null.frame);
		html_td_figure(page->out, d->send.plain);
		html_td_figure(page->out, d->send.probed);
		html_td_figure(page->out, d->send.frame);
		html_td_figure(page->out, d->known ? d->fraction.probe_scale : figure_exact(NAN));
		html_td_figure(page->out, d->known ? d->fraction.linear : figure_exact(NAN));
		html_td_figure(page->out, d->known ? d->fraction.added : figure_exact(NAN));
		html_td_figure(page->out, d->known ? d->fraction.added_all : figure_exact(NAN));
		html_td(page->out, "%s", d->known && d->fraction.meter ? d->fraction.meter : "none");
	}
	html_table_end(page->out);
}

/* ---- Runs ---- */

static void state(struct page *page, const struct run_row *run)
{
	bool good = !strcmp(run->state, "complete") && run->lost_n <= 0 && run->unbalanced <= 0;

	fputs("<td>", page->out);
	html_text(page->out, run->state);
	if (run->lost_n > 0)
		html_printf(page->out, ", %" PRId64 " lost", run->lost_n);
	if (run->unbalanced > 0)
		fputs(", unbalanced", page->out);
	if (good && strcmp(run->engine, "none"))
		fputs(", nothing lost", page->out);
}

/* What a user typed may be long: it has a line of its own below the figures. */
static void run_words(FILE *out, const struct run_row *run)
{
	fputs("\n<tr class=\"words\"><td><td colspan=\"8\"><dl class=\"facts\">", out);
	code(out, "label", run->label);
	code(out, "command", run->command);
	code(out, "target", run->target);
	fputs("</dl>", out);
}

static void run_row(struct page *page, const struct run_row *run)
{
	fprintf(page->out, "\n<tr class=\"figures\" id=\"run-%" PRId64 "\"><td class=\"n\">%" PRId64, run->run, run->run);
	html_td(page->out, "%s", run->kind);
	state(page, run);
	fputs("<td>", page->out);
	html_time(page->out, run->started_ns);
	html_td_number(page->out, run->wall_ns == STORE_NULL ? "–" : "%.1f s", (double)run->wall_ns / 1e9);
	html_td_number(page->out, "%" PRId64, run->host);
	html_td(page->out, "%s, %.4g GHz", run->clock, run->clock_hz / 1e9);
	html_td_number(page->out, isnan(run->residue) ? "–" : "%.2g %%", 100 * run->residue);
	html_td_number(page->out, "%.1f ms", (double)run->steal_ns / 1e6);
	run_words(page->out, run);
}

static void runs(struct page *page)
{
	const struct report_data *data = &page->content->data;

	if (!data->runs_n)
		return;
	html_table(page->out, "Runs, newest first. The residue is what the ledger’s rows miss of the clock in the worst window; up to 0.1 % is sound",
		   ">run|kind|state|started|>lasted|>host|clock|>residue|>steal");
	for (size_t i = data->runs_n; i-- > 0;)
		run_row(page, data->runs[i]);
	html_table_end(page->out);
}

int page_machine(struct page *page)
{
	const struct report_data *data = &page->content->data;

	if (!data->warnings_n && data->runs_n)
		fputs("<p>Nothing is wrong that forecall could see: no event was lost, every ledger balances, no time was stolen.</p>\n", page->out);
	for (size_t i = 0; i < data->hosts_n; i++)
		host(page, data->hosts[i]);
	if (data->runs_n)
		fputs("<h3>How</h3>\n", page->out);
	probes(page);
	runs(page);
	return 0;
}
