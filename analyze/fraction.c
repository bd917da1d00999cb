/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fraction.c: from the windows of a profile to f. The formulas stand in fraction.h. */
#include "analyze/fraction.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/probe_cost.h"
#include "analyze/probed.h"

#define CYCLES_TO_CHOOSE 20 /* outliers are set aside when so many are left */
#define CYCLES_TO_TELL 4 /* fewer say nothing of k */
#define SCALE_SD 0.25 /* k differs by this much among targets, */
#define FRAME_SD 0.06 /* and the part of the cost that falls into frames by this much, as a share of it (docs/accuracy.md) */

const char *const fraction_async_names[FRACTION_ASYNC_MAX] = {
	[FRACTION_ASYNC_AUTO] = "auto",
	[FRACTION_ASYNC_NET] = "net",
	[FRACTION_ASYNC_ALL] = "all",
	[FRACTION_ASYNC_OWN] = "own",
	[FRACTION_ASYNC_NONE] = "none",
};

enum fraction_async fraction_async_of(const char *scope, enum fraction_async async)
{
	if (async != FRACTION_ASYNC_AUTO)
		return async;
	return strcmp(scope, "cpus") ? FRACTION_ASYNC_NONE : FRACTION_ASYNC_NET;
}

static const char *const meter_names[FRACTION_METER_MAX] = {
	[FRACTION_METER_UDP] = "UDP datagrams sent",
	[FRACTION_METER_IO] = "read and write calls",
	[FRACTION_METER_SWITCH] = "voluntary context switches",
	[FRACTION_METER_WALL] = "wall time",
};

/* One evaluation of the formulas. */
struct result {
	double f, raw, scale, linear, busy, path, added, added_all, added_cpu;
};

/* What a window of dose 2 adds, in what one of dose 1 does: it has these probes and the second ones, which cost 1 / linear. They save nothing, as few rounds of
 * calibration on a busy machine may find. */
static double both_doses(const struct probe_cost *cost)
{
	return 1 + fmax(0, 1 / cost->linear);
}

/* What the probes added to the target's CPU time. */
static void evaluate_added(const struct fraction_input *input, const struct probed *sample, const struct probe_cost *cost, struct result *r)
{
	const struct probed_sums *once = &sample->dose[1];
	double twice_n = sample->dose[2].windows, all_n = sample->dose[0].windows + once->windows + twice_n;
	double once_share = input->once > 0 ? input->once : once->windows / all_n;
	double twice_share = input->once > 0 ? input->twice : twice_n / all_n;
	double added_cyc = r->scale * probed_expected(once, cost);

	r->added = added_cyc / r->busy;
	r->added_all = r->added * (once_share + twice_share * both_doses(cost));
	r->added_cpu = added_cyc * once->calls / once->meter[FRACTION_METER_WALL];
}

/* What of the probes' cost falls into frames, cycles per call. */
static double in_frames(const struct probed_sums *once, const struct probe_cost *cost, double scale)
{
	return scale * (cost->inside + cost->softirq * (once->frame_softirqs + once->frame_switches / 2) / once->calls);
}

/* k in frames. */
static double frame_scale(const struct fraction_input *input, double scale)
{
	return input->instructions ? 1 : scale;
}

static struct result evaluate(const struct fraction_input *input, const struct probed *sample, const struct probe_cost *cost, enum fraction_meter meter,
			      double scale)
{
	const struct probed_sums *once = &sample->dose[1];
	double n = once->calls, framed = frame_scale(input, scale);
	struct result r = {.scale = scale};

	r.busy = probed_busy(sample, 1) - scale * probed_expected(once, cost);
	r.linear = probed_t0_linear(sample, cost) / probed_t0(sample, cost, meter, scale);
	r.path = once->path / n + fmax(1, framed) * cost->mode - in_frames(once, cost, framed); /* no mode switch is cheaper than a null call's */
	r.f = (r.path + once->async / n) / (r.busy + (once->async - once->async_target) / n);
	r.f = fmin(1, fmax(0, r.f));
	r.raw = (once->path + once->async) / (once->target + once->async - once->async_target);
	evaluate_added(input, sample, cost, &r);
	return r;
}

/* Groups the windows by cycle. Cycles are numbered from 0 without gaps. */
static int samples_of(const struct fraction_input *input, struct probed **out, size_t *n)
{
	bool by_cpu = probed_by_cpu(input);
	int64_t last = -1;

	for (size_t i = 0; i < input->blocks_n; i++)
		if (probed_usable(&input->blocks[i]) && input->blocks[i].cycle > last)
			last = input->blocks[i].cycle;
	*n = (size_t)(last + 1);
	*out = calloc(*n + 1, sizeof **out);
	if (!*out)
		return -ENOMEM;
	for (size_t i = 0; i < input->blocks_n; i++) {
		const struct block_row *block = &input->blocks[i];

		if (probed_tells(block, by_cpu))
			probed_add_block(&(*out)[block->cycle], block, input->async);
	}
	return 0;
}

/* Log of busy cycles per call, probed over unprobed, of one cycle; NAN when it lacks a dose. `meter` units cancel. */
static double log_slowdown(const struct probed *sample, enum fraction_meter meter)
{
	const struct probed_sums *none = &sample->dose[0];

	return log(probed_busy(sample, 1)) - log(none->cpu / none->meter[meter]);
}

/* Sets the cycles aside in which something disturbed the windows of one dose more than those of the other. */
static int set_outliers_aside(struct probed *samples, size_t *n, enum fraction_meter meter, size_t *outliers_n)
{
	double *x = malloc((*n + 1) * sizeof *x);
	bool *outlier = malloc((*n + 1) * sizeof *outlier);
	size_t kept = 0;
	int err = x && outlier ? 0 : -ENOMEM;

	for (size_t i = 0; i < *n && !err; i++)
		x[i] = log_slowdown(&samples[i], meter);
	if (!err)
		err = stats_outliers(x, *n, outlier, outliers_n);
	if (!err && *n - *outliers_n >= CYCLES_TO_CHOOSE) {
		for (size_t i = 0; i < *n; i++)
			if (!outlier[i])
				samples[kept++] = samples[i];
		*n = kept;
	} else {
		*outliers_n = 0;
	}
	free(x);
	free(outlier);
	return err;
}

/* Everything that an evaluation needs, gathered once. */
struct problem {
	const struct fraction_input *input;
	struct probed *samples; /* by cycle */
	size_t samples_n;
	struct probe_timing timing, timing_errors;
	struct probe_cost cost;
	enum fraction_meter meter;
	double trust; /* weight of the measured k against the calibrated one, 1 */
};

typedef void visit(const struct problem *problem, const struct probed *sample, struct stats_rng *rng, size_t i, void *context);

/* Calls `each` with STATS_REPLICATES resamples of the cycles: the same ones every time. */
static int resample(const struct problem *problem, visit *each, void *context)
{
	struct stats_rng *rng = stats_rng_new(problem->input->seed ? problem->input->seed : STATS_SEED);
	struct stats_rng *extra = stats_rng_new(STATS_SEED + 1);
	size_t n = problem->samples_n, *index = malloc(n * sizeof *index);
	int err = rng && extra && index ? 0 : -ENOMEM;

	for (size_t i = 0; i < STATS_REPLICATES && !err; i++) {
		struct probed sum = {0};

		err = stats_resample(rng, NULL, n, index, n);
		if (err)
			break;
		for (size_t j = 0; j < n; j++)
			probed_add(&sum, &problem->samples[index[j]]);
		each(problem, &sum, extra, i, context);
	}
	free(index);
	stats_rng_free(rng);
	stats_rng_free(extra);
	return err;
}

static void visit_scale(const struct problem *problem, const struct probed *sample, struct stats_rng *rng, size_t i, void *context)
{
	(void)rng;
	((double *)context)[i] = probed_scale(sample, &problem->cost, problem->meter);
}

/* How far to trust the k of these windows: by its variance against SCALE_SD, the spread of k among targets. */
static int weigh_scale(struct problem *problem)
{
	double *scales = malloc(STATS_REPLICATES * sizeof *scales), low, high;

	if (!scales)
		return -ENOMEM;
	int err = resample(problem, visit_scale, scales);
	if (!err)
		err = stats_quantile(scales, STATS_REPLICATES, 0.1587, &low);
	if (!err)
		err = stats_quantile(scales, STATS_REPLICATES, 0.8413, &high);
	free(scales);
	if (err == -EDOM) { /* a dose is missing from some resamples: too few windows to tell */
		problem->trust = 0;
		return 0;
	}
	if (!err) {
		double sd = (high - low) / 2;
		problem->trust = SCALE_SD * SCALE_SD / (SCALE_SD * SCALE_SD + sd * sd);
	}
	return err;
}

/* k of a sample: a weighted mean of what it measures and of a draw from what is known beforehand (`noise` 0: the mean of it). */
static double weighed_scale(const struct problem *problem, const struct probe_cost *cost, const struct probed *sample, double noise)
{
	double prior = 1 + SCALE_SD * noise;

	if (problem->trust <= 0)
		return prior;
	return problem->trust * probed_scale(sample, cost, problem->meter) + (1 - problem->trust) * prior;
}

#define RESULTS_N (sizeof(struct result) / sizeof(double))

struct replicates {
	double *values[RESULTS_N]; /* in the order of struct result's members */
};

static void visit_all(const struct problem *problem, const struct probed *sample, struct stats_rng *rng, size_t i, void *context)
{
	struct replicates *reps = context;
	struct probe_cost cost = probe_cost_draw(&problem->timing, &problem->timing_errors, rng);
	double scale = weighed_scale(problem, &cost, sample, stats_rng_normal(rng));
	struct result r = evaluate(problem->input, sample, &cost, problem->meter, scale);

	for (size_t j = 0; j < RESULTS_N; j++) {
		double value = ((double *)&r)[j];

		/* a resample without windows of some dose has no value of its own */
		reps->values[j][i] = isfinite(value) ? value : i ? reps->values[j][i - 1] : 0;
	}
}

static int64_t thread_total(const struct thread_row *t)
{
	return t->user_cyc + t->path_cyc + t->call_cyc + t->kernel_cyc + t->irq_cyc + t->unknown_cyc;
}

/* f of the busiest thread: its own cycles, with the probes' cost per call taken out as from the whole. */
static void busiest(const struct fraction_input *input, const struct probed *sum, const struct result *whole, struct fraction *out)
{
	const struct thread_row *best = NULL;

	for (size_t i = 0; i < input->threads_n; i++)
		if (!best || thread_total(&input->threads[i]) > thread_total(best))
			best = &input->threads[i];
	out->busiest = (struct figure){NAN, NAN, NAN};
	if (!best || thread_total(best) <= 0 || whole->f <= 0)
		return;
	const struct probed_sums *once = &sum->dose[1];
	double in_frame = once->path / once->calls - whole->path;
	double deflate = whole->busy / (once->target / once->calls);
	double f = ((double)best->path_cyc - in_frame * (double)best->calls_n) / ((double)thread_total(best) * deflate);
	f = fmin(1, fmax(0, f));
	out->busiest_tid = best->tid;
	for (size_t i = 0; i < out->rep_n; i++)
		out->busiest_rep[i] = fmin(1, out->f_rep[i] / whole->f * f);
	if (stats_interval(out->busiest_rep, out->rep_n, f, &out->busiest))
		out->busiest = figure_exact(f);
}

/* What makes an interval wider than resampling does. */
struct doubt {
	size_t cycles;
	double moods; /* a factor, where a server has moods that outlast a cycle */
	double off;   /* a standard deviation that no number of cycles makes smaller */
};

/* The figure of a value and its replicates, which are widened. Unknown where the value is. */
static int interval_of(double *rep, double value, const struct doubt *doubt, struct figure *out)
{
	*out = (struct figure){value, NAN, NAN};
	if (!isfinite(value))
		return 0;
	int err = stats_widen(rep, STATS_REPLICATES, value, doubt->cycles);

	if (err)
		return err;
	stats_stretch(rep, STATS_REPLICATES, value, doubt->moods);
	if (doubt->off > 0)
		err = stats_put_off(rep, STATS_REPLICATES, doubt->off);
	return err ? err : stats_interval(rep, STATS_REPLICATES, value, out);
}

static int keep_replicates(const struct problem *problem, const struct probed *sum, const struct result *r, const double *f_rep,
			   struct fraction *out)
{
	out->f_rep = malloc(STATS_REPLICATES * sizeof *out->f_rep);
	out->busiest_rep = malloc(STATS_REPLICATES * sizeof *out->busiest_rep);
	if (!out->f_rep || !out->busiest_rep)
		return -ENOMEM;
	out->rep_n = STATS_REPLICATES;
	for (size_t i = 0; i < out->rep_n; i++)
		out->f_rep[i] = fmin(1, fmax(0, f_rep[i]));
	out->f.low = fmax(0, out->f.low);
	out->f.high = fmin(1, out->f.high);
	busiest(problem->input, sum, r, out);
	return 0;
}

#define RESULT(member) (offsetof(struct result, member) / sizeof(double))

static int doubts_of(const struct problem *problem, const struct probed *sum, const struct result *r, struct doubt doubts[RESULTS_N])
{
	const struct probed_sums *once = &sum->dose[1], *first = &problem->samples[0].dose[1];
	double moods = 1, off = FRAME_SD * in_frames(once, &problem->cost, frame_scale(problem->input, r->scale));
	int err = stats_serial_ratio(&first->path, &first->target, sizeof *problem->samples / sizeof(double), problem->samples_n, &moods);

	for (size_t j = 0; j < RESULTS_N; j++)
		doubts[j] = (struct doubt){problem->samples_n, 1, 0};
	doubts[RESULT(f)].moods = doubts[RESULT(raw)].moods = moods;
	doubts[RESULT(path)].off = off;
	doubts[RESULT(f)].off = off / (r->busy + (once->async - once->async_target) / once->calls);
	return err;
}

/* Evaluates the whole, then the replicates, and turns each of the results into a figure. */
static int figures(struct problem *problem, struct fraction *out)
{
	struct probed sum = {0};
	struct replicates reps;
	struct figure *to[RESULTS_N] = {&out->f, &out->raw, &out->probe_scale, &out->linear, &out->busy_cyc, &out->path_cyc,
				       &out->added, &out->added_all, &out->added_cpu};
	struct doubt doubts[RESULTS_N]; /* in the order of struct result's members */
	double *memory = malloc(RESULTS_N * STATS_REPLICATES * sizeof *memory);

	if (!memory)
		return -ENOMEM;
	for (size_t j = 0; j < RESULTS_N; j++)
		reps.values[j] = memory + j * STATS_REPLICATES;
	for (size_t i = 0; i < problem->samples_n; i++)
		probed_add(&sum, &problem->samples[i]);
	int err = weigh_scale(problem);
	struct result r = evaluate(problem->input, &sum, &problem->cost, problem->meter, weighed_scale(problem, &problem->cost, &sum, 0));
	if (!err)
		err = resample(problem, visit_all, &reps);
	if (!err)
		err = doubts_of(problem, &sum, &r, doubts);
	for (size_t j = 0; j < RESULTS_N && !err; j++)
		err = interval_of(reps.values[j], ((double *)&r)[j], &doubts[j], to[j]);
	if (!err)
		err = keep_replicates(problem, &sum, &r, reps.values[0], out);
	free(memory);
	return err;
}

static void count_windows(const struct fraction_input *input, struct fraction *out)
{
	size_t first_n = 0, first_once_n = 0;

	for (size_t i = 0; i < input->blocks_n; i++) {
		const struct block_row *block = &input->blocks[i];

		if (!probed_usable(block))
			continue;
		first_n += block->cycle == 0;
		first_once_n += block->cycle == 0 && block->dose == 1;
		out->once_n += block->dose == 1;
		if (block->dose) {
			out->probed_n++;
			out->calls_n += block->calls_n;
		} else {
			out->unprobed_n++;
		}
	}
	if (first_n)
		out->unbound_n = (out->probed_n + out->unprobed_n) * first_once_n / first_n;
}

int fraction_added(const struct fraction_input *input, double added[3])
{
	struct problem problem = {.input = input};
	struct probed sum = {0};
	double error;
	int err = probe_timing(input->calibrations, input->calibrations_n, &problem.timing, &problem.timing_errors);

	problem.cost = probe_cost(&problem.timing);
	if (!err)
		err = samples_of(input, &problem.samples, &problem.samples_n);
	for (size_t i = 0; i < problem.samples_n && !err; i++)
		probed_add(&sum, &problem.samples[i]);
	if (!err && !(sum.dose[1].calls > 0))
		err = -ENOENT;
	problem.meter = probed_meter(input, &error);
	if (!err && problem.samples_n >= CYCLES_TO_TELL)
		err = weigh_scale(&problem);
	if (!err) {
		struct result r = evaluate(input, &sum, &problem.cost, problem.meter, weighed_scale(&problem, &problem.cost, &sum, 0));

		added[0] = 0;
		added[1] = fmax(0, r.added);
		added[2] = added[1] * both_doses(&problem.cost);
	}
	free(problem.samples);
	return err;
}

int fraction_estimate(const struct fraction_input *input, struct fraction *out)
{
	struct problem problem = {.input = input};

	*out = (struct fraction){.busiest = {NAN, NAN, NAN}};
	count_windows(input, out);
	if (!out->probed_n)
		return -ENODATA;
	if (!out->calls_n)
		return -ENOENT;
	int err = probe_timing(input->calibrations, input->calibrations_n, &problem.timing, &problem.timing_errors);
	problem.cost = probe_cost(&problem.timing);
	if (!err)
		err = samples_of(input, &problem.samples, &problem.samples_n);
	if (!err && problem.samples_n < 2)
		err = -ENODATA;
	problem.meter = out->unprobed_n ? probed_meter(input, &out->meter_error) : FRACTION_METER_MAX;
	if (!err && problem.meter < FRACTION_METER_MAX)
		err = set_outliers_aside(problem.samples, &problem.samples_n, problem.meter, &out->outliers_n);
	if (!err)
		err = figures(&problem, out);
	out->meter = problem.meter < FRACTION_METER_MAX ? meter_names[problem.meter] : NULL;
	out->null_cyc = problem.timing.null_u;
	out->probed_cyc = problem.timing.null_v;
	out->frame_cyc = problem.timing.null_w;
	out->cycles_n = problem.samples_n;
	free(problem.samples);
	if (err)
		fraction_free(out);
	return err;
}

void fraction_free(struct fraction *fraction)
{
	free(fraction->f_rep);
	free(fraction->busiest_rep);
	fraction->f_rep = fraction->busiest_rep = NULL;
}
