/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_data.c: which runs and predictions a report is about. Everything is found by sorting, so that many runs take little time. */
#include "reports/report_data.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/benchmark.h"
#include "base/err.h"
#include "reports/report_warnings.h"

static int no_memory(void)
{
	return fail(-ENOMEM, "report: out of memory");
}

/* ---- Runs ---- */

static int by_run(const void *a, const void *b)
{
	int64_t x = ((const struct run_row *)a)->run, y = ((const struct run_row *)b)->run;

	return (x > y) - (x < y);
}

const struct run_row *report_run(const struct report_data *data, int64_t run)
{
	const struct run_row key = { .run = run };

	return data->all_n ? bsearch(&key, data->all, data->all_n, sizeof key, by_run) : NULL;
}

const struct host_row *report_host(const struct report_data *data, int64_t run)
{
	const struct run_row *row = report_run(data, run);

	for (size_t i = 0; row && i < data->hosts_n; i++)
		if (data->hosts[i]->host == row->host)
			return data->hosts[i];
	return NULL;
}

bool report_counted(const struct report_data *data, int64_t run)
{
	const struct host_row *host = report_host(data, run);

	return host && benchmark_exact(host);
}

const char *report_unit(const struct report_data *data, int64_t run)
{
	return report_counted(data, run) ? "instructions" : "cycles";
}

static bool *flag_of(const struct report_data *data, bool *flags, int64_t run)
{
	const struct run_row *row = report_run(data, run);

	return row ? &flags[row - data->all] : NULL;
}

static bool is_set(const struct report_data *data, bool *flags, int64_t run)
{
	const bool *flag = flag_of(data, flags, run);

	return flag && *flag;
}

static void set(const struct report_data *data, bool *flags, int64_t run)
{
	bool *flag = flag_of(data, flags, run);

	if (flag)
		*flag = true;
}

/* A capacity search stands beside the prediction of the profile that it names: have it too. */
static void add_profiles(const struct report_data *data, bool *flags)
{
	for (size_t i = 0; i < data->all_n; i++)
		if (flags[i] && !strcmp(data->all[i].kind, "capacity"))
			set(data, flags, data->all[i].like_run);
}

/* A run that was ended early has results all the same, with wider intervals. */
static bool has_ended(const struct run_row *run)
{
	return strcmp(run->state, "incomplete") != 0;
}

/* A bench made like a profile tells what other ways it has: have it too. */
static void add_benches(const struct report_data *data, bool *flags)
{
	for (size_t i = 0; i < data->all_n; i++)
		if (!strcmp(data->all[i].kind, "bench") && has_ended(&data->all[i]) && is_set(data, flags, data->all[i].like_run))
			flags[i] = true;
}

/* Sets the flag of each run that was asked for. */
static int choose(const struct report_data *data, const int64_t *runs, size_t n, bool *flags)
{
	for (size_t i = 0; i < n; i++) {
		if (!report_run(data, runs[i]))
			return fail(-ENOENT, "report: run %" PRId64 " does not exist; `forecall runs list` shows those that do", runs[i]);
		set(data, flags, runs[i]);
	}
	for (size_t i = 0; !n && i < data->all_n; i++)
		flags[i] = has_ended(&data->all[i]);
	add_profiles(data, flags);
	return 0;
}

/* ---- Predictions ---- */

static int by_prediction(const void *a, const void *b)
{
	int64_t x = ((const struct scored_row *)a)->prediction, y = ((const struct scored_row *)b)->prediction;

	return (x > y) - (x < y);
}

static struct scored_row unobserved(const struct prediction_row *p)
{
	return (struct scored_row){
		.prediction = p->prediction, .profile = p->profile, .bench = p->bench, .path = p->path, .alternative = p->alternative,
		.fraction = p->fraction, .fraction_low = p->fraction_low, .fraction_high = p->fraction_high,
		.speedup = p->speedup, .speedup_low = p->speedup_low, .speedup_high = p->speedup_high, .overhead = p->overhead,
		.predicted = p->predicted, .predicted_low = p->predicted_low, .predicted_high = p->predicted_high,
		.capacity = p->capacity, .capacity_low = p->capacity_low, .capacity_high = p->capacity_high, .forced = p->forced,
		.observe = STORE_NULL, .observed = NAN, .observed_low = NAN, .observed_high = NAN, .error = NAN, .overlaps = STORE_NULL,
	};
}

static struct scored_row with_observation(const struct report_data *data, const struct prediction_row *made)
{
	const struct scored_row key = { .prediction = made->prediction };
	const struct scored_row *scored =
		data->scored_n ? bsearch(&key, data->scored_rows, data->scored_n, sizeof key, by_prediction) : NULL;

	return scored ? *scored : unobserved(made);
}

/* Whether it rests on a run that was asked for; one that rests on no run belongs to a report of everything. */
static bool rests_on(const struct report_data *data, bool *flags, const struct scored_row *p, bool everything)
{
	if (p->profile == STORE_NULL && p->bench == STORE_NULL)
		return everything;
	return is_set(data, flags, p->profile) || is_set(data, flags, p->bench) || is_set(data, flags, p->observe);
}

/* The predictions of the report, newest first. `flags` is of the runs that were asked for. */
static int choose_predictions(struct report_data *data, bool *flags, bool everything)
{
	data->predictions = calloc(data->made_n + 1, sizeof *data->predictions);
	data->observed_rows = calloc(data->made_n + 1, sizeof *data->observed_rows);
	if (!data->predictions || !data->observed_rows)
		return no_memory();
	for (size_t i = data->made_n; i-- > 0;) {
		struct scored_row row = with_observation(data, &data->made_rows[i]);

		if (!rests_on(data, flags, &row, everything))
			continue;
		data->predictions[data->predictions_n++] = row;
		if (isfinite(row.observed))
			data->observed_rows[data->observed_n++] = row;
	}
	data->observed = data->observed_rows;
	return 0;
}

/* The runs of the report: those that were asked for, those that the predictions rest on, and the benches made like these profiles. */
static int collect_runs(struct report_data *data, bool *flags)
{
	data->runs = calloc(data->all_n + 1, sizeof *data->runs);
	if (!data->runs)
		return no_memory();
	for (size_t i = 0; i < data->predictions_n; i++) {
		set(data, flags, data->predictions[i].profile);
		set(data, flags, data->predictions[i].bench);
		set(data, flags, data->predictions[i].observe);
	}
	add_benches(data, flags);
	for (size_t i = 0; i < data->all_n; i++)
		if (flags[i])
			data->runs[data->runs_n++] = &data->all[i];
	return 0;
}

/* ---- Hosts ---- */

static int by_host(const void *a, const void *b)
{
	int64_t x = (*(const struct run_row *const *)a)->host, y = (*(const struct run_row *const *)b)->host;

	return (x > y) - (x < y);
}

static int load_hosts(struct store *store, struct report_data *data)
{
	const struct run_row **sorted = calloc(data->runs_n + 1, sizeof *sorted);
	int err = 0;

	data->hosts = calloc(data->runs_n + 1, sizeof *data->hosts);
	if (!sorted || !data->hosts) {
		free(sorted);
		return no_memory();
	}
	memcpy(sorted, data->runs, data->runs_n * sizeof *sorted);
	qsort(sorted, data->runs_n, sizeof *sorted, by_host);
	for (size_t i = 0; i < data->runs_n && !err; i++)
		if (!i || sorted[i]->host != sorted[i - 1]->host) {
			err = store_host_of(store, sorted[i]->run, &data->hosts[data->hosts_n]);
			data->hosts_n += !err;
		}
	free(sorted);
	return err;
}

/* ---- The score ---- */

/* Forced predictions say nothing about the method. */
static int compute_score(struct report_data *data)
{
	struct scored_row *rows = calloc(data->scored_n + 1, sizeof *rows);
	size_t n = 0;
	int err = 0;

	if (!rows)
		return no_memory();
	for (size_t i = 0; i < data->scored_n; i++)
		if (!data->scored_rows[i].forced)
			rows[n++] = data->scored_rows[i];
	if (n)
		err = score_compute(rows, n, &data->score);
	free(rows);
	return err;
}

/* ---- All of it ---- */

static int read_rows(struct store *store, struct report_data *data)
{
	int err = store_runs(store, NULL, NULL, &data->all, &data->all_n);

	if (!err)
		err = store_predictions(store, STORE_NULL, &data->made_rows, &data->made_n);
	if (!err)
		err = store_scored(store, &data->scored_rows, &data->scored_n);
	/* They come in this order, but the searches rest on it. */
	if (!err && data->all_n)
		qsort(data->all, data->all_n, sizeof *data->all, by_run);
	if (!err && data->scored_n)
		qsort(data->scored_rows, data->scored_n, sizeof *data->scored_rows, by_prediction);
	return err;
}

int report_data_load(struct store *store, const int64_t *runs, size_t n, struct report_data *out)
{
	bool *flags = NULL;

	*out = (struct report_data){ .score.n = 0 };
	int err = read_rows(store, out);
	if (!err) {
		flags = calloc(out->all_n + 1, sizeof *flags);
		err = flags ? choose(out, runs, n, flags) : no_memory();
	}
	if (!err)
		err = choose_predictions(out, flags, n == 0);
	if (!err)
		err = collect_runs(out, flags);
	if (!err)
		err = load_hosts(store, out);
	if (!err)
		err = report_warnings_load(store, out);
	if (!err)
		err = compute_score(out);
	free(flags);
	if (err)
		report_data_free(out);
	return err;
}

void report_data_free(struct report_data *data)
{
	for (size_t i = 0; i < data->hosts_n; i++)
		store_rows_free(data->hosts[i]);
	for (size_t i = 0; data->warning_rows && i < data->runs_n; i++)
		store_rows_free(data->warning_rows[i]);
	free(data->hosts);
	free(data->warning_rows);
	free(data->warnings);
	free(data->predictions);
	free(data->observed_rows);
	free(data->runs);
	store_rows_free(data->made_rows);
	store_rows_free(data->scored_rows);
	store_rows_free(data->all);
	*data = (struct report_data){ .score.n = 0 };
}

/* ---- Figures ---- */

struct figure report_predicted(const struct scored_row *row)
{
	return (struct figure){ row->predicted, row->predicted_low, row->predicted_high };
}

struct figure report_observed(const struct scored_row *row)
{
	return (struct figure){ row->observed, row->observed_low, row->observed_high };
}

struct figure report_fraction(const struct scored_row *row)
{
	return (struct figure){ row->fraction, row->fraction_low, row->fraction_high };
}

struct figure report_speedup(const struct scored_row *row)
{
	return (struct figure){ row->speedup, row->speedup_low, row->speedup_high };
}

struct figure report_capacity(const struct scored_row *row)
{
	return (struct figure){ row->capacity, row->capacity_low, row->capacity_high };
}

struct figure report_saved(const struct scored_row *row)
{
	return (struct figure){ 1 - 1 / row->predicted, 1 - 1 / row->predicted_low, 1 - 1 / row->predicted_high };
}

static double bound(double f, double o)
{
	double rest = 1 - f + o;

	return isnan(f) ? NAN : rest > 0 ? 1 / rest : INFINITY;
}

struct figure report_bound(const struct scored_row *row)
{
	return (struct figure){ bound(row->fraction, row->overhead), bound(row->fraction_low, row->overhead),
				bound(row->fraction_high, row->overhead) };
}

struct figure report_error(const struct scored_row *row)
{
	double quotient = row->predicted / row->observed;
	double half = quotient * hypot(figure_half_width(report_predicted(row)) / row->predicted,
				       figure_half_width(report_observed(row)) / row->observed);

	return (struct figure){ quotient - 1, quotient - 1 - half, quotient - 1 + half };
}
