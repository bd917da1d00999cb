/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_runs_tables.c: the tables of `forecall runs show`. Each prints nothing where the run has no such rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/store.h"
#include "cli/cli.h"
#include "cli/cmd_runs.h"
#include "cli/print.h"
#include "cli/show.h"

/* A value to be summed: what was not measured adds nothing. */
static int64_t known(int64_t value)
{
	return value == STORE_NULL ? 0 : value;
}

/* Ends a table: prints it below its title unless reading its rows failed with `err`, and frees both. */
static int print_section(int err, const char *title, struct table *table, void *rows, size_t n)
{
	if (!err && n) {
		printf("\n%s\n", title);
		err = table_print(table);
	}
	table_free(table);
	store_rows_free(rows);
	return err;
}

/* A table in whose titles @ is what the clock of the run counts. */
static struct table *table_of(struct store *store, int64_t run, const char *titles)
{
	char text[256] = "";

	for (size_t n; *titles; titles += n + (titles[n] == '@')) {
		n = strcspn(titles, "@");
		snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s%s", (int)n, titles, titles[n] ? show_unit(store, run) : "");
	}
	return table_new(text);
}

static int by_cycles(const void *a, const void *b)
{
	const struct ledger_row *left = a, *right = b;

	return (left->cyc < right->cyc) - (left->cyc > right->cyc);
}

static int show_rows(struct store *store, int64_t run)
{
	struct table *table = table_of(store, run, ">cpu|task|call|softirq|hardirq|>entered|>@|>share");
	struct ledger_row *rows = NULL;
	size_t n = 0;
	double total = 0;
	int err = store_ledgers(store, run, &rows, &n);

	for (size_t i = 0; i < n; i++)
		total += (double)rows[i].cyc;
	if (n)
		qsort(rows, n, sizeof *rows, by_cycles);
	for (size_t i = 0; i < n; i++) {
		table_i64(table, rows[i].cpu);
		table_text(table, rows[i].task);
		table_text(table, rows[i].call);
		table_text(table, rows[i].softirq);
		table_text(table, rows[i].hardirq);
		table_i64(table, rows[i].entries_n);
		table_i64(table, rows[i].cyc);
		table_cell(table, "%.2f %%", total > 0 ? 100 * (double)rows[i].cyc / total : 0);
	}
	return print_section(err, "ledger: every cycle of every CPU, probes included", table, rows, n);
}

static int show_balance(struct store *store, int64_t run)
{
	struct table *table = table_of(store, run, ">cpu|>window @|>residue|>worst window");
	struct balance_row *rows = NULL;
	size_t n = 0;
	int err = store_balances(store, run, &rows, &n);

	for (size_t i = 0; i < n; i++) {
		table_i64(table, rows[i].cpu);
		table_i64(table, rows[i].window_cyc);
		table_i64(table, rows[i].residue_cyc);
		table_cell(table, "%.4f %%", 100 * rows[i].worst);
	}
	return print_section(err, "balance: the clock's advance less the rows of the ledger", table, rows, n);
}

static int show_calls(struct store *store, int64_t run)
{
	struct table *table = table_of(store, run, "call|>calls|>errors|>@|>@ per call");
	struct call_row *rows = NULL;
	size_t n = 0;
	int err = store_calls(store, run, &rows, &n);

	for (size_t i = 0; i < n; i++) {
		table_text(table, rows[i].name);
		table_i64(table, rows[i].calls_n);
		table_i64(table, rows[i].errors_n);
		table_i64(table, rows[i].cyc);
		if (rows[i].calls_n > 0)
			table_cell(table, "%.0f", (double)rows[i].cyc / (double)rows[i].calls_n);
		else
			table_text(table, NULL);
	}
	return print_section(err, "system calls of the target, probes included", table, rows, n);
}

static int show_threads(struct store *store, int64_t run)
{
	struct table *table = table_new(">tid|comm|>path calls|>user|>path|>other calls|>kernel|>interrupts|>unknown|>asleep in path");
	struct thread_row *rows = NULL;
	size_t n = 0;
	int err = store_threads(store, run, &rows, &n);

	for (size_t i = 0; i < n; i++) {
		table_i64(table, rows[i].tid);
		table_text(table, rows[i].comm);
		table_i64(table, rows[i].calls_n);
		table_i64(table, rows[i].user_cyc);
		table_i64(table, rows[i].path_cyc);
		table_i64(table, rows[i].call_cyc);
		table_i64(table, rows[i].kernel_cyc);
		table_i64(table, rows[i].irq_cyc);
		table_i64(table, rows[i].unknown_cyc);
		table_i64(table, rows[i].sleep_cyc);
	}
	char title[80];
	snprintf(title, sizeof title, "threads: %s, probes included", show_unit_text(store, run));
	return print_section(err, title, table, rows, n);
}

/* Windows of one kind, summed; nothing where there are none. Without probes only CPU time is known. */
static void blocks_line(struct table *table, const struct block_row *rows, size_t n, int dose, bool sampled)
{
	int64_t windows = 0, cpu_cyc = 0, calls_n = 0, target_cyc = 0, path_cyc = 0;

	for (size_t i = 0; i < n; i++) {
		if (rows[i].dose != dose || (rows[i].sampled == 1) != sampled)
			continue;
		windows++;
		cpu_cyc += known(rows[i].cpu_cyc);
		calls_n += known(rows[i].calls_n);
		target_cyc += known(rows[i].target_cyc);
		path_cyc += known(rows[i].path_cyc);
	}
	if (!windows)
		return;
	table_i64(table, dose);
	table_text(table, sampled ? "yes" : NULL);
	table_i64(table, windows);
	table_i64(table, cpu_cyc);
	table_i64(table, dose ? calls_n : STORE_NULL);
	table_i64(table, dose ? target_cyc : STORE_NULL);
	table_i64(table, dose ? path_cyc : STORE_NULL);
}

static int show_blocks(struct store *store, int64_t run)
{
	struct table *table = table_of(store, run, ">dose|sampled|>windows|>CPU @|>path calls|>target @|>path @");
	struct block_row *rows = NULL;
	size_t n = 0;
	int err = store_blocks(store, run, &rows, &n);

	for (int dose = 0; dose <= 2; dose++) {
		blocks_line(table, rows, n, dose, false);
		blocks_line(table, rows, n, dose, true);
	}
	return print_section(err, "windows by dose of probes, summed", table, rows, n);
}

/* One line per histogram, which is in `rows` from low to high. Its buckets are in --json. */
static void hist_line(struct table *table, const struct hist_row *rows, size_t n)
{
	int64_t values_n = 0;
	double total = 0;

	for (size_t i = 0; i < n; i++) {
		values_n += rows[i].n;
		total += (double)rows[i].total;
	}
	table_text(table, rows->name);
	table_i64(table, values_n);
	table_i64(table, rows[0].low);
	table_cell(table, "%.1f", total / (double)values_n);
	table_i64(table, rows[n - 1].low);
}

static int show_hists(struct store *store, int64_t run)
{
	struct table *table = table_new("histogram|>values|>lowest bucket|>mean|>highest bucket");
	struct hist_row *rows = NULL;
	size_t n = 0, end;
	int err = store_hists(store, run, &rows, &n);

	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && strcmp(rows[end].name, rows[i].name) == 0;)
			end++;
		hist_line(table, rows + i, end - i);
	}
	return print_section(err, "the path: bytes per call, calls in a row (burst), cycles between them (gap), bursts between two sleeps (train)", table, rows, n);
}

/* ---- Micro-benchmarks ---- */

static bool same_point(const struct bench_row *a, const struct bench_row *b)
{
	return a->group_size == b->group_size && a->payload_bytes == b->payload_bytes && a->private_bytes == b->private_bytes;
}

/* Whether an earlier row of the same point has the same way: then that row's line holds this one too. */
static bool seen_before(const struct bench_row *rows, size_t i)
{
	for (size_t j = i; j-- > 0 && same_point(&rows[j], &rows[i]);)
		if (strcmp(rows[j].way, rows[i].way) == 0)
			return true;
	return false;
}

/* Sums way rows[i].way over its point into a line of the table. */
static void bench_line(struct table *table, const struct bench_row *rows, size_t n, size_t i)
{
	int64_t rounds = 0, packets = 0, errors = 0;
	double cycles = 0;

	for (size_t j = i; j < n && same_point(&rows[j], &rows[i]); j++) {
		if (strcmp(rows[j].way, rows[i].way) != 0)
			continue;
		rounds++;
		packets += rows[j].packets_n;
		errors += rows[j].errors_n;
		cycles += (double)rows[j].cpu_cyc + (double)known(rows[j].async_cyc);
	}
	table_i64(table, rows[i].group_size);
	table_i64(table, rows[i].payload_bytes);
	table_i64(table, rows[i].private_bytes);
	table_text(table, rows[i].way);
	table_i64(table, rounds);
	table_i64(table, packets);
	table_i64(table, errors);
	table_figure(table, figure_exact(packets > 0 ? cycles / (double)packets : NAN));
}

static int show_benches(struct store *store, int64_t run)
{
	struct table *table = table_of(store, run, ">group|>payload|>private|way|>rounds|>packets|>errors|>@ per packet");
	struct bench_row *rows = NULL;
	size_t n = 0;
	int err = store_benches(store, run, &rows, &n);

	for (size_t i = 0; i < n; i++)
		if (!seen_before(rows, i))
			bench_line(table, rows, n, i);
	return print_section(err, "points: before the null sender is subtracted", table, rows, n);
}

/* ---- Predictions ---- */

static int show_predictions(struct store *store, int64_t run)
{
	struct table *table = table_new(">prediction|path|alternative|>f|>s|>r predicted");
	struct prediction_row *rows = NULL;
	size_t n = 0;
	int err = store_predictions(store, run, &rows, &n);

	for (size_t i = 0; i < n; i++) {
		const struct prediction_row *p = &rows[i];

		table_i64(table, p->prediction);
		table_text(table, p->path);
		table_text(table, p->alternative);
		table_figure(table, (struct figure){ p->fraction, p->fraction_low, p->fraction_high });
		table_figure(table, (struct figure){ p->speedup, p->speedup_low, p->speedup_high });
		table_figure(table, (struct figure){ p->predicted, p->predicted_low, p->predicted_high });
	}
	return print_section(err, "predictions made from it", table, rows, n);
}

int run_tables(struct store *store, int64_t run)
{
	static int (*const sections[])(struct store *store, int64_t run) = {
		show_blocks, show_calls, show_hists, show_threads, show_rows, show_balance, show_benches, show_predictions,
	};
	int err = 0;

	for (size_t i = 0; i < sizeof sections / sizeof *sections && !err; i++)
		err = sections[i](store, run);
	return err;
}
