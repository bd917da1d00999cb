/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answer.c: loads runs, puts the estimators together, keeps what was said. */
#include "analyze/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "analyze/batch.h"
#include "analyze/benchmark.h"
#include "analyze/sampled.h"
#include "analyze/store.h"
#include "analyze/surface.h"
#include "base/err.h"

static int64_t real_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The way of sending that makes exactly this call. Ways are named after their calls where they have one. */
const char *answer_baseline(const char *path)
{
	static const char *const same[] = {"sendmsg", "sendmmsg", "sendto", "write"};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (!strcmp(path, same[i]))
			return same[i];
	return NULL;
}

/* What a run's rows tell of f. Free each with store_rows_free(). */
struct inputs {
	struct fraction_input input;
	struct block_row *blocks;
	struct calibration_row *calibrations;
	struct thread_row *threads;
	struct sample_row *samples;
};

static int load_inputs(struct store *store, const struct run_row *run, enum fraction_async async, struct inputs *in)
{
	struct fraction_input *input = &in->input;
	struct host_row *host = NULL;

	*in = (struct inputs){.input = {.async = fraction_async_of(run->scope, async), .terms = sampled_terms_of(run)}};
	if (run->span_ns != STORE_NULL && run->span_ns > 0) {
		input->once = (double)run->once_ns / (double)run->span_ns;
		input->twice = (double)run->twice_ns / (double)run->span_ns;
	}
	int err = store_host_of(store, run->run, &host);
	input->instructions = !err && benchmark_exact(host);
	store_rows_free(host);
	if (!err)
		err = store_blocks(store, run->run, &in->blocks, &input->blocks_n);
	if (!err)
		err = store_calibrations(store, run->run, &in->calibrations, &input->calibrations_n);
	if (!err)
		err = store_threads(store, run->run, &in->threads, &input->threads_n);
	if (!err)
		err = store_samples(store, run->run, &in->samples, &input->samples_n);
	input->blocks = in->blocks;
	input->calibrations = in->calibrations;
	input->threads = in->threads;
	input->samples = in->samples;
	return err;
}

static void free_inputs(struct inputs *in)
{
	store_rows_free(in->blocks);
	store_rows_free(in->calibrations);
	store_rows_free(in->threads);
	store_rows_free(in->samples);
}

int answer_estimate(struct store *store, const struct run_row *run, enum fraction_async async, struct fraction *out)
{
	struct inputs in;
	int err = load_inputs(store, run, async, &in);

	if (!err)
		err = strcmp(run->engine, "sample") ? fraction_estimate(&in.input, out) : fraction_sampled(&in.input, out);
	out->async = async;
	free_inputs(&in);
	return err;
}

int answer_sampled(struct store *store, const struct run_row *run, enum fraction_async async, struct fraction *out)
{
	struct inputs in;
	int err = load_inputs(store, run, async, &in);

	in.input.threads_n = 0; /* they are the ledger's */
	if (!err)
		err = in.input.samples_n ? fraction_sampled(&in.input, out) : -ENODATA;
	free_inputs(&in);
	return err;
}

int answer_fraction(struct store *store, int64_t run, enum fraction_async async, struct fraction *out)
{
	struct run_row *row = NULL;
	int err = store_run(store, run, &row);

	if (!err) {
		err = answer_estimate(store, row, async, out);
		if (err == -ENOENT)
			err = 0;
		else if (err == -ENODATA)
			err = fail(err, "run %" PRId64 " is too short for any figure: profile longer (--seconds)", run);
	}
	store_rows_free(row);
	return err;
}

/* Samples inside frames stand for calls where no calls were counted. */
static int sampled_calls(struct store *store, int64_t run, int64_t *calls_n)
{
	struct sample_row *samples;
	size_t n;
	int err = store_samples(store, run, &samples, &n);

	for (size_t i = 0; i < n && !err; i++)
		*calls_n += !strcmp(samples[i].task, "target") && !strcmp(samples[i].call, "path") ? samples[i].samples_n : 0;
	store_rows_free(samples);
	return err;
}

int answer_calls(struct store *store, int64_t run, int64_t *calls_n)
{
	struct block_row *blocks;
	size_t n;
	int err = store_blocks(store, run, &blocks, &n);

	*calls_n = 0;
	for (size_t i = 0; i < n && !err; i++)
		*calls_n += blocks[i].calls_n == STORE_NULL ? 0 : blocks[i].calls_n;
	store_rows_free(blocks);
	return err || *calls_n ? err : sampled_calls(store, run, calls_n);
}

int answer_choose_bench(struct store *store, int64_t profile, const char *baseline, const char *alternative, int64_t *bench)
{
	int err = store_bench_for(store, profile, baseline, alternative, bench);

	if (!err && *bench == STORE_NULL)
		err = fail(-ENOENT, "no bench of %s against %s is in the store: run `forecall bench --baseline %s --alternative %s --like %" PRId64 "`",
			   baseline, alternative, baseline, alternative, profile);
	return err;
}

int answer_surface(struct store *store, int64_t bench, const char *baseline, const char *alternative, struct surface **out)
{
	struct batches *batches = batches_new(baseline, alternative);
	const struct bench_row *rows;
	size_t n;
	int err = batches ? 0 : fail(-ENOMEM, "predict: out of memory");

	*out = NULL;
	if (!err)
		err = store_benches_of(store, bench, baseline, alternative, batches_add, batches);
	if (!err)
		err = batches_rows(batches, &rows, &n);
	if (!err)
		err = surface_new(rows, n, baseline, alternative, STATS_SEED, STATS_REPLICATES, out);
	batches_free(batches);
	return err;
}

int answer_weigh(struct store *store, int64_t profile, const struct surface *surface, bool like, struct speedup *out)
{
	struct hist_row *bursts = NULL, *bytes = NULL;
	size_t bursts_n, bytes_n;

	if (like)
		return surface_own(surface, out);
	int err = store_hist(store, profile, "burst", &bursts, &bursts_n);
	if (!err)
		err = store_hist(store, profile, "bytes", &bytes, &bytes_n);
	if (!err)
		err = surface_weigh(surface, bursts, bursts_n, bytes, bytes_n, SURFACE_PRIVATE_ONLY, out);
	store_rows_free(bursts);
	store_rows_free(bytes);
	return err;
}

void answer_keep_cost(const struct fraction *fraction, struct speedup *speedup)
{
	if (fraction->meter && fraction->path_cyc.value > 0)
		speedup_rebase(speedup, fraction->path_cyc.value);
}

/* s of the bench for this profile: at its own shape when it was made like it, else weighted with the profile's histograms. */
static int bench_speedup(struct store *store, const struct answer_options *options, const struct run_row *bench, struct answer *out)
{
	struct surface *surface;
	int err = answer_surface(store, bench->run, options->baseline, options->alternative, &surface);

	out->like = bench->like_run == options->profile;
	if (!err)
		err = answer_weigh(store, options->profile, surface, out->like, &out->speedup);
	if (!err && options->keeps_cost && out->like)
		answer_keep_cost(&out->fraction, &out->speedup);
	surface_free(surface);
	return err;
}

static struct prediction_row prediction_of(const struct answer_options *options, const struct run_row *profile, const struct answer *a)
{
	struct prediction_row row;

	store_null_prediction(&row);
	row.profile = options->profile;
	row.bench = options->bench;
	row.made_ns = real_ns();
	row.path = profile->path;
	row.alternative = options->alternative;
	row.fraction = a->fraction.f.value;
	row.fraction_low = a->fraction.f.low;
	row.fraction_high = a->fraction.f.high;
	row.speedup = a->speedup.s.value;
	row.speedup_low = a->speedup.s.low;
	row.speedup_high = a->speedup.s.high;
	row.overhead = options->overhead;
	row.predicted = a->predict.predicted.value;
	row.predicted_low = a->predict.predicted.low;
	row.predicted_high = a->predict.predicted.high;
	row.capacity = a->predict.capacity.value;
	row.capacity_low = a->predict.capacity.low;
	row.capacity_high = a->predict.capacity.high;
	row.forced = a->predict.forced != 0;
	return row;
}

static int combine(struct store *store, const struct answer_options *options, const struct run_row *profile, const struct run_row *bench,
		   struct answer *out)
{
	struct host_row *profile_host = NULL, *bench_host = NULL;
	int err = store_host_of(store, profile->run, &profile_host);

	if (!err && bench)
		err = store_host_of(store, bench->run, &bench_host);
	if (!err) {
		struct predict_input input = {
			.profile = profile,
			.profile_host = profile_host,
			.bench = bench,
			.bench_host = bench_host,
			.calls_n = out->fraction.calls_n,
			.windows_n = (int64_t)out->fraction.probed_n,
			.fraction = {out->fraction.f, out->fraction.f_rep, out->fraction.rep_n},
			.busiest = {out->fraction.busiest, out->fraction.busiest_rep, out->fraction.rep_n},
			.speedup = speedup_sampled(&out->speedup),
			.overhead = options->overhead,
			.force = options->force,
		};
		err = predict_make(&input, &out->predict);
	}
	if (!err) {
		struct prediction_row row = prediction_of(options, profile, out);

		err = store_add_prediction(store, &row, &out->prediction);
	}
	store_rows_free(profile_host);
	store_rows_free(bench_host);
	return err;
}

int answer_predict(struct store *store, const struct answer_options *options, struct answer *out)
{
	struct run_row *profile = NULL, *bench = NULL;

	*out = (struct answer){.prediction = STORE_NULL};
	int err = store_run(store, options->profile, &profile);
	if (!err && strcmp(profile->kind, "profile"))
		err = fail(-EINVAL, "run %" PRId64 " is no profile but of kind %s; `forecall runs list` shows the profiles", profile->run, profile->kind);
	if (!err && options->bench != STORE_NULL)
		err = store_run(store, options->bench, &bench);
	if (!err)
		err = answer_fraction(store, options->profile, options->async, &out->fraction);
	if (!err && bench && out->fraction.calls_n)
		err = bench_speedup(store, options, bench, out);
	else if (!err)
		out->speedup.s = figure_exact(bench ? 1 : options->speedup);
	if (!err)
		err = combine(store, options, profile, bench, out);
	store_rows_free(profile);
	store_rows_free(bench);
	if (err)
		answer_free(out);
	return err;
}

void answer_free(struct answer *answer)
{
	fraction_free(&answer->fraction);
	speedup_free(&answer->speedup);
}

static int keep(struct store *store, int64_t run, int64_t prediction, const struct observe *observed)
{
	const struct observation_row row = {
		.prediction = prediction,
		.run = run,
		.observed = observed->r.value,
		.observed_low = observed->r.low,
		.observed_high = observed->r.high,
	};

	return prediction == STORE_NULL ? 0 : store_add_observation(store, &row);
}

int answer_observe(struct store *store, int64_t observe_run, const char *before, const char *after, int64_t prediction, struct observe *out)
{
	struct block_row *blocks;
	size_t n;
	int err = store_blocks(store, observe_run, &blocks, &n);

	if (err)
		return err;
	err = observe_compare(&(struct observe_side){blocks, n, before}, &(struct observe_side){blocks, n, after}, 1, out);
	store_rows_free(blocks);
	return err ? err : keep(store, observe_run, prediction, out);
}

int answer_observe_runs(struct store *store, int64_t before_run, int64_t after_run, int64_t prediction, struct observe *out)
{
	struct block_row *before = NULL, *after = NULL;
	size_t before_n, after_n;
	int err = store_blocks(store, before_run, &before, &before_n);

	if (!err)
		err = store_blocks(store, after_run, &after, &after_n);
	if (!err)
		err = observe_compare(&(struct observe_side){before, before_n, NULL}, &(struct observe_side){after, after_n, NULL}, 0, out);
	store_rows_free(before);
	store_rows_free(after);
	return err ? err : keep(store, after_run, prediction, out);
}
