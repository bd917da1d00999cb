/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_profile.c: a profile as text and as JSON, from the store. */
#include "cli/show.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/benchmark.h"
#include "analyze/fraction.h"
#include "analyze/store.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/show_events.h"
#include "cli/show_samples.h"

#define ROWS_SHOWN 12 /* threads and calls: the largest ones */
#define ROW_SHOWN 1e-4 /* of all cycles: smaller rows of the ledger are summed up */

/* Rows of the ledger with the CPU left out, largest first. */
struct line {
	const struct ledger_row *row;
	int64_t cyc, entries_n;
};

static int same_context(const struct ledger_row *a, const struct ledger_row *b)
{
	return !strcmp(a->task, b->task) && !strcmp(a->call, b->call) && !strcmp(a->softirq, b->softirq) && !strcmp(a->hardirq, b->hardirq);
}

static int by_cycles(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->cyc < y->cyc) - (x->cyc > y->cyc);
}

static size_t sum_over_cpus(const struct ledger_row *rows, size_t n, struct line *lines)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < used && !same_context(lines[at].row, &rows[i]))
			at++;
		if (at == used)
			lines[used++] = (struct line){.row = &rows[i]};
		lines[at].cyc += rows[i].cyc;
		lines[at].entries_n += rows[i].entries_n;
	}
	qsort(lines, used, sizeof *lines, by_cycles);
	return used;
}

/* A context that system calls begin and end: the table of calls has how often. */
static int in_call(const struct ledger_row *row)
{
	return strcmp(row->call, "none") && !strcmp(row->softirq, "none") && !strcmp(row->hardirq, "none");
}

static void print_line(struct table *table, const struct line *line, double all, double target)
{
	const struct ledger_row *row = line->row;

	table_text(table, row->task);
	table_text(table, row->call);
	table_text(table, row->softirq);
	table_text(table, row->hardirq);
	table_i64(table, line->cyc);
	table_cell(table, "%.2f %%", 100 * (double)line->cyc / all);
	if (strcmp(row->task, "target"))
		table_text(table, "");
	else
		table_cell(table, "%.2f %%", 100 * (double)line->cyc / target);
	if (in_call(row))
		table_text(table, "");
	else
		table_i64(table, line->entries_n);
}

static int print_ledger(const struct ledger_row *rows, size_t n, const char *unit)
{
	struct line *lines = calloc(n + 1, sizeof *lines);
	char titles[128];
	double all = 0, target = 0, rest = 0;
	int rest_n = 0;

	if (!lines)
		return -ENOMEM;
	snprintf(titles, sizeof titles, "task|call|softirq|hardirq|>%s|>of all|>of the target|>entries", unit);
	struct table *table = table_new(titles);
	n = sum_over_cpus(rows, n, lines);
	for (size_t i = 0; i < n; i++) {
		all += (double)lines[i].cyc;
		target += strcmp(lines[i].row->task, "target") ? 0 : (double)lines[i].cyc;
	}
	for (size_t i = 0; i < n; i++) {
		if ((double)lines[i].cyc < ROW_SHOWN * all) {
			rest += (double)lines[i].cyc;
			rest_n++;
		} else {
			print_line(table, &lines[i], all, target);
		}
	}
	int err = table_print(table);
	table_free(table);
	free(lines);
	if (rest_n)
		printf("and %d rows more with %.3f %% of all\n", rest_n, 100 * rest / all);
	return err;
}

static bool counted(struct store *store, int64_t run)
{
	struct host_row *host = NULL;
	bool exact = !store_host_of(store, run, &host) && benchmark_exact(host);

	store_rows_free(host);
	return exact;
}

const char *show_unit(struct store *store, int64_t run)
{
	return counted(store, run) ? "instructions" : "cycles";
}

const char *show_unit_text(struct store *store, int64_t run)
{
	return counted(store, run) ? "instructions, not cycles" : "cycles";
}

int show_ledger(struct store *store, int64_t run)
{
	struct ledger_row *rows;
	size_t n;
	int err = store_ledgers(store, run, &rows, &n);

	if (!err)
		err = print_ledger(rows, n, show_unit_text(store, run));
	store_rows_free(rows);
	return err;
}

static int64_t thread_total(const struct thread_row *t)
{
	return t->user_cyc + t->path_cyc + t->call_cyc + t->kernel_cyc + t->irq_cyc + t->unknown_cyc;
}

static int by_total(const void *a, const void *b)
{
	int64_t x = thread_total(a), y = thread_total(b);

	return (x < y) - (x > y);
}

static int print_threads(struct store *store, int64_t run)
{
	struct thread_row *rows;
	size_t n;
	int err = store_threads(store, run, &rows, &n);

	if (err || !n)
		goto cleanup;
	qsort(rows, n, sizeof *rows, by_total);
	struct table *table = table_new(">tid|thread|>path calls|>path|>other calls|>user|>interrupts|>kernel|>unknown|>asleep in path");
	for (size_t i = 0; i < n && i < ROWS_SHOWN; i++) {
		double all = (double)thread_total(&rows[i]);
		const int64_t shares[] = {rows[i].path_cyc, rows[i].call_cyc, rows[i].user_cyc, rows[i].irq_cyc, rows[i].kernel_cyc,
					  rows[i].unknown_cyc};

		table_i64(table, rows[i].tid);
		table_text(table, rows[i].comm);
		table_i64(table, rows[i].calls_n);
		for (size_t j = 0; j < sizeof shares / sizeof *shares; j++)
			table_cell(table, "%.1f %%", 100 * (double)shares[j] / (all > 0 ? all : 1));
		table_i64(table, rows[i].sleep_cyc);
	}
	err = table_print(table);
	table_free(table);
	if (n > ROWS_SHOWN)
		printf("and %zu threads more\n", n - ROWS_SHOWN);
cleanup:
	store_rows_free(rows);
	return err;
}

static int by_call_cycles(const void *a, const void *b)
{
	const struct call_row *x = a, *y = b;

	return (x->cyc < y->cyc) - (x->cyc > y->cyc);
}

static int print_calls(struct store *store, int64_t run)
{
	struct call_row *rows;
	size_t n;
	int err = store_calls(store, run, &rows, &n);

	if (err || !n)
		goto cleanup;
	qsort(rows, n, sizeof *rows, by_call_cycles);
	char titles[96];
	snprintf(titles, sizeof titles, "system call|>calls|>errors|>%s|>per call", show_unit_text(store, run));
	struct table *table = table_new(titles);
	for (size_t i = 0; i < n && i < ROWS_SHOWN; i++) {
		table_text(table, rows[i].name);
		table_i64(table, rows[i].calls_n);
		table_i64(table, rows[i].errors_n);
		table_i64(table, rows[i].cyc);
		table_cell(table, "%.0f", (double)rows[i].cyc / (double)rows[i].calls_n);
	}
	err = table_print(table);
	table_free(table);
cleanup:
	store_rows_free(rows);
	return err;
}

/* Mean of a histogram weighted by calls: for bursts, the length of the burst that a call finds itself in. NAN when empty. */
static double hist_mean(struct store *store, int64_t run, const char *name)
{
	struct hist_row *rows;
	size_t n;
	double count = 0, total = 0;

	if (store_hist(store, run, name, &rows, &n))
		return NAN;
	for (size_t i = 0; i < n; i++) {
		count += (double)rows[i].n;
		total += (double)rows[i].total;
	}
	store_rows_free(rows);
	return count > 0 ? total / count : NAN;
}

/* Whether the budget was kept, and what that cost. */
static void print_budget(double budget, const struct fraction *fraction)
{
	if (!(budget > 0))
		return;
	printf("budget: %g %% of its own CPU time over the whole profile: ", 100 * budget);
	if (fraction->added_all.value > budget)
		printf("exceeded: what must be measured in any case added more; profile longer (--seconds)\n");
	else
		printf("kept\n");
	if (fraction->once_n && fraction->unbound_n > fraction->once_n)
		printf("for it, probes were attached once in %zu windows instead of %zu: the interval of f is up to %.2g times as wide; --budget 100%% takes them all\n",
		       fraction->once_n, fraction->unbound_n, sqrt((double)fraction->unbound_n / (double)fraction->once_n));
}

/* What the profile cost the server. */
static void print_added(double budget, const struct fraction *fraction)
{
	char added[FIGURE_TEXT], all[FIGURE_TEXT], cpu[FIGURE_TEXT];

	figure_text(fraction->added, added);
	figure_text(fraction->added_all, all);
	figure_text(fraction->added_cpu, cpu);
	printf("added to the target: %s of its own CPU time while the probes were attached once, which is %s of one CPU; %s over the whole profile\n",
	       added, cpu, all);
	print_budget(budget, fraction);
}

/* Unknown counts are below 0. */
static void print_wakes(const struct run_row *run)
{
	if (run->waking_n <= 0)
		return;
	printf("receivers: %.1f %% of the calls wake a sleeping thread", 100 * (double)run->waking_n / (double)(run->waking_n + run->quiet_n));
	if (run->quiet_n > 0)
		printf(", and take %.1f times as long as the others", (double)run->waking_ns / (double)run->waking_n / ((double)run->quiet_ns / (double)run->quiet_n));
	putchar('\n');
}

static void print_figures(struct store *store, const struct run_row *run, const struct fraction *fraction)
{
	char f[FIGURE_TEXT], raw[FIGURE_TEXT], scale[FIGURE_TEXT], linear[FIGURE_TEXT], busy[FIGURE_TEXT], path[FIGURE_TEXT];

	figure_text(fraction->f, f);
	figure_text(fraction->raw, raw);
	figure_text(fraction->probe_scale, scale);
	figure_text(fraction->linear, linear);
	figure_text(fraction->busy_cyc, busy);
	figure_text(fraction->path_cyc, path);
	const char *unit = show_unit(store, run->run);

	printf("f = %s   share of the busy %s that %s takes (raw, probes included: %s)\n", f, unit, run->path, raw);
	if (isfinite(fraction->busiest.value)) {
		char busiest[FIGURE_TEXT];

		figure_text(fraction->busiest, busiest);
		printf("busiest thread: %" PRId64 ", f = %s\n", fraction->busiest_tid, busiest);
	}
	printf("per path call: %s %s, of %s busy %s in all\n", path, unit, busy, unit);
	print_wakes(run);
	printf("shape: %.1f calls per burst, %.0f bytes per call\n", hist_mean(store, run->run, "burst"), hist_mean(store, run->run, "bytes"));
	printf("probes: a null call takes %.0f %s, probed %.0f, in the ledger %.0f; they cost %s times that in this target\n",
	       fraction->null_cyc, unit, fraction->probed_cyc, fraction->frame_cyc, scale);
	print_added(run->budget, fraction);
	if (isfinite(fraction->linear.value))
		printf("check: busy %s extrapolated from doses 1 and 2, over those measured unprobed: %s\n", unit, linear);
	if (fraction->outliers_n)
		printf("set aside: %zu of %zu cycles of windows, in which something disturbed one dose more than the other\n", fraction->outliers_n,
		       fraction->outliers_n + fraction->cycles_n);
	printf("work meter: %s\n", fraction->meter ? fraction->meter : "none (unprobed windows left out)");
}

int show_profile(const struct cli *cli, struct store *store, int64_t run, const struct fraction *fraction)
{
	struct run_row *row = NULL;
	struct warning_row *warnings = NULL;
	size_t warnings_n = 0;
	int err = store_run(store, run, &row);

	if (err)
		return err;
	bool sampled = !strcmp(row->engine, "sample");
	printf("run %" PRId64 ": %s of %s, %.1f s, clock %s at %.0f MHz, ", run, row->path, row->target, (double)row->wall_ns / 1e9, row->clock,
	       row->clock_hz / 1e6);
	if (sampled)
		printf("%" PRId64 " samples inside frames in %zu windows\n\n", fraction->calls_n, fraction->probed_n);
	else
		printf("%" PRId64 " path calls in %zu probed and %zu unprobed windows\n\n", fraction->calls_n, fraction->probed_n,
		       fraction->unprobed_n);
	if (fraction->calls_n && sampled)
		show_sampled(store, row, fraction);
	else if (fraction->calls_n)
		print_figures(store, row, fraction);
	err = show_agreement(store, row, fraction);
	printf("\n");
	if (!err)
		err = show_ledger(store, run);
	if (!err) {
		if (!sampled)
			printf("residue: %.2g of a window at worst; events lost: %" PRId64 "\n", row->residue, row->lost_n);
		printf("\n");
		err = show_events(store, run);
	}
	if (!err)
		err = show_stages(store, row);
	if (!err) {
		printf("\n");
		err = print_threads(store, run);
	}
	if (!err) {
		printf("\n");
		err = print_calls(store, run);
	}
	if (!err)
		err = store_warnings(store, run, &warnings, &warnings_n);
	if (!err)
		print_warnings(cli, warnings, warnings_n);
	store_rows_free(warnings);
	store_rows_free(row);
	return err;
}

/* ---- JSON ---- */

static json_t *ledger_json(const struct ledger_row *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{sI ss ss ss ss sI sI}", "cpu", (json_int_t)rows[i].cpu, "task", rows[i].task, "call",
						      rows[i].call, "softirq", rows[i].softirq, "hardirq", rows[i].hardirq, "cycles",
						      (json_int_t)rows[i].cyc, "entries", (json_int_t)rows[i].entries_n));
	return list;
}

static json_t *threads_json(const struct thread_row *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list, json_pack("{sI sI so sI sI sI sI sI sI sI sI}", "tid", (json_int_t)rows[i].tid, "pid", (json_int_t)rows[i].pid, "comm",
					json_text(rows[i].comm), "calls", (json_int_t)rows[i].calls_n, "path", (json_int_t)rows[i].path_cyc, "call",
					(json_int_t)rows[i].call_cyc, "user", (json_int_t)rows[i].user_cyc, "irq", (json_int_t)rows[i].irq_cyc,
					"kernel", (json_int_t)rows[i].kernel_cyc, "unknown", (json_int_t)rows[i].unknown_cyc, "sleep",
					(json_int_t)rows[i].sleep_cyc));
	return list;
}

static json_t *calls_json(const struct call_row *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{ss sI sI sI}", "name", rows[i].name, "calls", (json_int_t)rows[i].calls_n, "errors",
						      (json_int_t)rows[i].errors_n, "cycles", (json_int_t)rows[i].cyc));
	return list;
}

static json_t *hist_json(struct store *store, int64_t run, const char *name)
{
	struct hist_row *rows;
	size_t n;
	json_t *list = json_array();

	if (store_hist(store, run, name, &rows, &n))
		return list;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{sI sI sI}", "low", (json_int_t)rows[i].low, "n", (json_int_t)rows[i].n, "total",
						      (json_int_t)rows[i].total));
	store_rows_free(rows);
	return list;
}

static json_t *figures_json(const struct run_row *run, const struct host_row *host, const struct fraction *f, const char *unit)
{
	return json_pack("{sI so ss ss so ss sf so so so so so so so so so so so sI sI sI so sI ss}", "run", (json_int_t)run->run, "host", json_text(host->name),
			 "kernel", host->kernel, "path", run->path, "target", json_text(run->target), "clock", run->clock, "clock_hz", run->clock_hz,
			 "fraction", json_figure(f->f, "1"), "fraction_raw", json_figure(f->raw, "1"), "fraction_busiest",
			 json_figure(f->busiest, "1"), "cycles_per_call", json_figure(f->path_cyc, unit), "busy_cycles_per_call",
			 json_figure(f->busy_cyc, unit), "probe_scale", json_figure(f->probe_scale, "1"), "linear", json_figure(f->linear, "1"),
			 "added", json_figure(f->added, "1"), "added_all", json_figure(f->added_all, "1"), "added_cpu",
			 json_figure(f->added_cpu, "1"), "budget", json_number(run->budget), "windows_once", (json_int_t)f->once_n, "windows_once_unbound",
			 (json_int_t)f->unbound_n, "calls", (json_int_t)f->calls_n, "residue", json_number(run->residue), "lost", (json_int_t)run->lost_n, "state", run->state);
}

json_t *show_profile_json(struct store *store, int64_t run, const struct fraction *fraction)
{
	struct run_row *row = NULL;
	struct host_row *host = NULL;
	struct ledger_row *ledger = NULL;
	struct thread_row *threads = NULL;
	struct call_row *calls = NULL;
	struct warning_row *warnings = NULL;
	size_t ledger_n, threads_n, calls_n, warnings_n;
	json_t *out = NULL;

	if (!store_run(store, run, &row) && !store_host_of(store, run, &host) && !store_ledgers(store, run, &ledger, &ledger_n) &&
	    !store_threads(store, run, &threads, &threads_n) && !store_calls(store, run, &calls, &calls_n) &&
	    !store_warnings(store, run, &warnings, &warnings_n)) {
		out = figures_json(row, host, fraction, show_unit(store, run));
		json_object_set_new(out, "unit", json_string(show_unit(store, run)));
		json_object_set_new(out, "ledger", ledger_json(ledger, ledger_n));
		json_object_set_new(out, "threads", threads_json(threads, threads_n));
		json_object_set_new(out, "events", show_events_json(store, run));
		json_object_set_new(out, "engine", json_string(row->engine));
		if (show_agreement_json(store, row, fraction, out)) {
			json_decref(out);
			out = NULL;
		}
		json_object_set_new(out, "system_calls", calls_json(calls, calls_n));
		json_object_set_new(out, "bursts", hist_json(store, run, "burst"));
		json_object_set_new(out, "bytes", hist_json(store, run, "bytes"));
		json_object_set_new(out, "warnings", json_warnings(warnings, warnings_n));
	}
	store_rows_free(row);
	store_rows_free(host);
	store_rows_free(ledger);
	store_rows_free(threads);
	store_rows_free(calls);
	store_rows_free(warnings);
	return out;
}
