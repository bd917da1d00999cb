/* SPDX-License-Identifier: GPL-2.0-or-later */
/* detail.c: reads one profile from the store. */
#include "reports/detail.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/answer.h"
#include "analyze/store.h"
#include "base/err.h"

/* ---- f ---- */

/* As answer_fraction() has it, but a run that is too short is no error here: the page says so. */
static int estimate(struct store *store, struct detail *out)
{
	int err = answer_estimate(store, out->run, FRACTION_ASYNC_AUTO, &out->fraction);

	out->known = err == 0;
	if (err == -ENOENT || err == -ENODATA || err == -EDOM)
		err = 0;
	return err == -ENOMEM ? fail(err, "report: out of memory") : err;
}

static double probed_ns(const struct block_row *blocks, size_t n, double clock_hz)
{
	double cyc = 0;

	for (size_t i = 0; i < n; i++)
		cyc += blocks[i].dose == 1 ? (double)blocks[i].wall_cyc : 0;
	return cyc / clock_hz * 1e9;
}

/* ---- f over time ---- */

/* Of windows, per path call: cycles of the path (with its interrupts), of the target, and of interrupts that are the path's but not the
 * target's. Before it is divided, `calls` says by what. */
struct sums {
	double calls, path, busy, others;
};

static struct sums sums_of(const struct block_row *b, enum fraction_async async)
{
	bool net = async == FRACTION_ASYNC_NET;

	return (struct sums){ (double)b->calls_n, (double)b->path_cyc + (net ? (double)b->async_cyc : 0), (double)b->target_cyc,
			      net ? (double)(b->async_cyc - b->async_target_cyc) : 0 };
}

static struct sums per_call(struct sums s)
{
	return (struct sums){ 1, s.path / s.calls, s.busy / s.calls, s.others / s.calls };
}

static bool counts(const struct block_row *b)
{
	return b->dose == 1 && b->target_cyc > 0 && b->calls_n > 0;
}

static struct sums sum_all(const struct block_row *blocks, size_t n, enum fraction_async async)
{
	struct sums all = { 0, 0, 0, 0 };

	for (size_t i = 0; i < n; i++)
		if (counts(&blocks[i])) {
			struct sums one = sums_of(&blocks[i], async);

			all = (struct sums){ all.calls + one.calls, all.path + one.path, all.busy + one.busy, all.others + one.others };
		}
	return per_call(all);
}

/* What the probes add is taken as the same per call in every window, and so that all windows together give the f of the run. */
static int load_moments(const struct block_row *blocks, size_t n, enum fraction_async async, struct detail *out)
{
	struct sums mean = sum_all(blocks, n, async);
	double busy = out->fraction.busy_cyc.value, path = out->fraction.f.value * (busy + mean.others);

	out->moments = calloc(n + 1, sizeof *out->moments);
	if (!out->moments)
		return fail(-ENOMEM, "report: out of memory");
	for (size_t i = 0; i < n; i++) {
		struct sums one = per_call(sums_of(&blocks[i], async));
		double f = (one.path - mean.path + path) / (one.busy - mean.busy + busy + one.others);

		if (counts(&blocks[i]) && isfinite(f))
			out->moments[out->moments_n++] = (struct moment){
				(double)blocks[i].start_ns / 1e9 + (double)blocks[i].wall_cyc / out->run->clock_hz / 2, f };
	}
	return 0;
}

/* ---- Probes ---- */

/* Mean over rounds (and CPUs) of what one column says about a call with `dose` probes. NAN when it was not measured. */
static struct figure mean_of(const struct calibration_row *rows, size_t n, const char *call, int64_t dose, bool frame)
{
	struct figure out = figure_exact(NAN);
	double *x = calloc(n + 1, sizeof *x);
	size_t used = 0;

	for (size_t i = 0; i < n && x; i++) {
		double value = frame ? rows[i].frame_cyc : rows[i].call_cyc;

		if (rows[i].dose == dose && !strcmp(rows[i].call, call) && !strcmp(rows[i].probes, "all") && isfinite(value))
			x[used++] = value;
	}
	if (used && stats_mean(x, used, &out))
		out = figure_exact(NAN);
	free(x);
	return out;
}

static struct probe_cost cost_of(const struct calibration_row *rows, size_t n, const char *call)
{
	return (struct probe_cost){
		.plain = mean_of(rows, n, call, 0, false),
		.probed = mean_of(rows, n, call, 1, false),
		.frame = mean_of(rows, n, call, 1, true),
	};
}

static int load_fraction(struct store *store, struct detail *out)
{
	struct block_row *blocks = NULL;
	struct calibration_row *calibrations = NULL;
	size_t blocks_n, calibrations_n;
	int err = store_blocks(store, out->run->run, &blocks, &blocks_n);

	if (!err)
		err = store_calibrations(store, out->run->run, &calibrations, &calibrations_n);
	if (!err) {
		out->probed_ns = probed_ns(blocks, blocks_n, out->run->clock_hz);
		out->null = cost_of(calibrations, calibrations_n, "null");
		out->send = cost_of(calibrations, calibrations_n, "send");
		err = estimate(store, out);
	}
	if (!err && out->known)
		err = load_moments(blocks, blocks_n, fraction_async_of(out->run->scope, FRACTION_ASYNC_AUTO), out);
	store_rows_free(blocks);
	store_rows_free(calibrations);
	return err;
}

/* ---- Bars ---- */

/* Cycles of one CPU over the windows of the ledger: the most that a thread can have. */
static double window_of(const struct ledger_row *rows, size_t n)
{
	double most = 0, sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum = i && rows[i].cpu == rows[i - 1].cpu ? sum + (double)rows[i].cyc : (double)rows[i].cyc;
		most = fmax(most, sum);
	}
	return most;
}

static int load_bars(struct store *store, struct detail *out)
{
	struct ledger_row *rows;
	size_t n;
	int err = store_ledgers(store, out->run->run, &rows, &n);

	if (!err && bars_of_cpus(rows, n, &out->cpus))
		err = fail(-ENOMEM, "report: out of memory");
	if (!err)
		bars_of_threads(out->thread_rows, out->threads_n, window_of(rows, n), &out->threads);
	store_rows_free(rows);
	return err;
}

/* ---- All of it ---- */

static int by_call_cycles(const void *a, const void *b)
{
	const struct call_row *x = a, *y = b;

	return (x->cyc < y->cyc) - (x->cyc > y->cyc);
}

int detail_load(struct store *store, const struct run_row *run, struct detail *out)
{
	*out = (struct detail){ .run = run };
	int err = store_threads(store, run->run, &out->thread_rows, &out->threads_n);

	if (!err)
		err = store_calls(store, run->run, &out->call_rows, &out->calls_n);
	if (!err && out->calls_n)
		qsort(out->call_rows, out->calls_n, sizeof *out->call_rows, by_call_cycles);
	if (!err)
		err = store_hist(store, run->run, "burst", &out->bursts, &out->bursts_n);
	if (!err)
		err = store_hist(store, run->run, "bytes", &out->sizes, &out->sizes_n);
	if (!err)
		err = load_fraction(store, out);
	if (!err)
		err = load_bars(store, out);
	if (err)
		detail_free(out);
	return err;
}

double detail_burst(const struct detail *detail)
{
	double all = 0, below = 0;

	for (size_t i = 0; i < detail->bursts_n; i++)
		all += (double)detail->bursts[i].total;
	for (size_t i = 0; i < detail->bursts_n; i++) {
		below += (double)detail->bursts[i].total;
		if (2 * below >= all)
			return (double)detail->bursts[i].total / (double)detail->bursts[i].n;
	}
	return NAN;
}

void detail_free(struct detail *detail)
{
	if (detail->known)
		fraction_free(&detail->fraction);
	store_rows_free(detail->thread_rows);
	store_rows_free(detail->call_rows);
	store_rows_free(detail->bursts);
	store_rows_free(detail->sizes);
	free(detail->moments);
	free(detail->alternatives);
	*detail = (struct detail){ .run = NULL };
}
