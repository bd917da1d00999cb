/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coverage.c: how often the 95 % intervals of f, s and r hold, in experiments whose truth is known because it was made up.
 *
 * An experiment draws f, s and how dear the probes are in its target, makes the windows, calibration and blocks that forecall
 * would have measured, with noise of several kinds, writes them to a store, and asks the same functions as `forecall predict`
 * and `forecall observe`. Counted is how often the interval of f holds the true f, that of s the true s, and that of the
 * predicted r the r observed in long windows. Usage: coverage [EXPERIMENTS per setting]; all randomness is seeded.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "analyze/answer.h"
#include "base/parse.h"
#include "tests/bench/judge.h"
#include "tests/bench/synthetic.h"

#define LEAST 92.0 /* percent */
#define MOST 98.0
#define EXPERIMENTS_N 500
#define EXPERIMENTS_MAX 1000000
#define OBSERVE_CYCLES_N 100
#define OBSERVE_LENGTH 100 /* its windows, in those of the profile: their noise is that of the mean of as many */

/* Noise: standard deviations, relative. */
struct setting {
	const char *name;
	int64_t cycles_n; /* of windows, in the profile */
	int64_t rounds_n; /* of the bench */
	double window;    /* of each window and block, in the path and outside it apart */
	double common;    /* of all that lies close together: the windows of a cycle, the blocks of a round */
	double drift;     /* from begin to end of a run */
};

static const struct setting settings[] = {
	{"short run, 10 cycles, noise 0.5 %", 10, 12, 0.005, 0.01, 0.01},
	{"quiet machine, 20 cycles, noise 0.3 %", 20, 40, 0.003, 0.005, 0.005},
	{"noisy machine, 20 cycles, noise 2 %", 20, 60, 0.02, 0.03, 0.03},
	{"long run, 100 cycles, noise 1 %", 100, 200, 0.01, 0.02, 0.05},
};

#define SETTINGS_N (sizeof settings / sizeof *settings)

/* What an experiment should find. */
struct truth {
	double f, s;
	double path_cyc, user_cyc; /* per packet */
	double scale;  /* k: how much dearer the probes are here than around the known calls, */
	double in_frame; /* and what of it falls into frames, over what does there */
	double inside; /* what probes on a call add to its frame */
};

/* The known calls, and what probes add to them: cycles. */
static const struct {
	double null, null_call; /* what the null call costs, and what probes add to it */
	double send, call;      /* the same of the send call */
	double mode, softirq;
	double share; /* of what probes add, inside the frame: around the null call. Around the send call it differs by 0.04 */
	double again; /* cost of the second dose over that of the first */
} known = {.null = 250, .null_call = 400, .send = 7000, .call = 450, .mode = 225, .softirq = 240, .share = 0.55, .again = 1.05};

static double noisy(struct stats_rng *rng, double sd)
{
	return 1 + sd * stats_rng_normal(rng);
}

/* The speed of the machine in one cycle or round. */
static double machine(const struct setting *setting, struct stats_rng *rng, int64_t i, int64_t n)
{
	return noisy(rng, setting->common) * (1 + setting->drift * ((double)i / (double)n - 0.5));
}

static struct truth draw_truth(struct stats_rng *rng)
{
	struct truth truth = {
		.f = 0.3 + 0.65 * stats_rng_uniform(rng),
		.s = 1.05 + 0.6 * stats_rng_uniform(rng),
		.path_cyc = 6000 + 3000 * stats_rng_uniform(rng),
		.scale = fmin(1.6, fmax(0.4, noisy(rng, 0.25))),
		.in_frame = noisy(rng, 0.06),
		.inside = known.call * (known.share + 0.04 * stats_rng_normal(rng)),
	};

	truth.user_cyc = truth.path_cyc * (1 - truth.f) / truth.f;
	return truth;
}

/* ---- The profile ---- */

/* Rounds differ by 1 %, and the calls of one round by 0.2 %. */
static int add_calibration_round(struct synthetic *db, struct stats_rng *rng, const struct truth *truth, int64_t run, int64_t round)
{
	double once = known.null + known.null_call, twice = once + known.again * known.null_call;
	double probed = known.send + known.call + known.softirq, again = probed + known.again * (known.call + known.softirq);
	double frame = known.send - known.mode + truth->inside;
	const struct calibration_row rows[] = {
		{.call = "null", .probes = "all", .dose = 0, .call_cyc = known.null, .frame_cyc = NAN},
		{.call = "null", .probes = "all", .dose = 1, .call_cyc = once,
		 .frame_cyc = known.null - known.mode + known.share * known.null_call},
		{.call = "null", .probes = "all", .dose = 2, .call_cyc = twice, .frame_cyc = twice / 2},
		{.call = "send", .probes = "all", .dose = 0, .call_cyc = known.send, .frame_cyc = NAN},
		{.call = "send", .probes = "calls", .dose = 1, .call_cyc = known.send + known.call, .frame_cyc = frame},
		{.call = "send", .probes = "all", .dose = 1, .call_cyc = probed, .frame_cyc = frame + known.softirq},
		{.call = "send", .probes = "all", .dose = 2, .call_cyc = again, .frame_cyc = probed},
	};
	double all = noisy(rng, 0.01);
	int err = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows && !err; i++) {
		struct calibration_row row = rows[i];

		row.run = run;
		row.round = round;
		row.calls_n = 4000;
		row.call_cyc *= all * noisy(rng, 0.002);
		row.frame_cyc *= all * noisy(rng, 0.002);
		err = store_add_calibration(db->store, &row);
	}
	return err;
}

/* A window without work in it yet: the load varies, meters are read a little beside the window's edges. A window that is
 * `length` times as long has as much more of everything, and the noise of their mean. */
static struct block_row window_of(struct stats_rng *rng, int64_t run, int64_t block, int64_t cycle, int64_t dose, double length,
				  double *calls)
{
	double beside = 0.0005 / length;
	struct block_row row;

	store_null_block(&row);
	row.run = run;
	row.block = block;
	row.cycle = cycle;
	row.dose = dose;
	row.start_ns = block * 100000000;
	row.wall_cyc = llround(length * SYNTHETIC_HZ / 10 * noisy(rng, beside));
	*calls = round(length * 10000 * noisy(rng, 0.03 / sqrt(length)));
	row.meter_udp = llround(*calls * noisy(rng, beside));
	return row;
}

/* The frames of a probed window: one softirq in each, and some switches outside of them. */
static void count_frames(struct block_row *row, double calls, double target, double path)
{
	row->calls_n = (int64_t)calls;
	row->errors_n = row->other_n = row->frame_switch_n = row->sleep_cyc = 0;
	row->bytes = 1000 * row->calls_n;
	row->switch_n = row->calls_n / 10;
	row->softirq_n = row->frame_softirq_n = row->calls_n;
	row->target_cyc = llround(target);
	row->path_cyc = llround(path);
	row->async_cyc = row->async_target_cyc = row->irq_cyc = row->irq_target_cyc = 0;
}

/* `speed` is the machine's in this cycle: it goes over all that takes cycles. */
static int add_window(struct synthetic *db, struct stats_rng *rng, const struct setting *setting, const struct truth *truth,
		      double speed, struct block_row row, double calls)
{
	double doses = row.dose == 2 ? 1 + known.again : (double)row.dose;
	double user = truth->user_cyc * noisy(rng, setting->window), path = truth->path_cyc * noisy(rng, setting->window);
	double probes = truth->scale * doses * (known.call + known.softirq * 1.05);
	double inside = truth->scale * truth->in_frame * doses * (truth->inside + known.softirq) - known.mode * fmax(1, truth->scale);
	double target = calls * speed * (user + path + probes);

	row.cpu_cyc = llround(0.998 * target * noisy(rng, 0.0005)); /* the scheduler's own account leaves a little out */
	if (row.dose)
		count_frames(&row, calls, target, calls * speed * (path + inside));
	return store_add_block(db->store, &row);
}

static int add_windows(struct synthetic *db, struct stats_rng *rng, const struct setting *setting, const struct truth *truth, int64_t run)
{
	static const int64_t doses[] = {1, 0, 1, 0, 2};
	int64_t block = 0;
	int err = 0;

	for (int64_t cycle = 0; cycle < setting->cycles_n; cycle++) {
		double speed = machine(setting, rng, cycle, setting->cycles_n), calls;

		for (size_t i = 0; i < sizeof doses / sizeof *doses && !err; i++) {
			struct block_row row = window_of(rng, run, block++, cycle, doses[i], 1, &calls);

			err = add_window(db, rng, setting, truth, speed, row, calls);
		}
	}
	return err;
}

static int add_profile(struct synthetic *db, struct stats_rng *rng, const struct setting *setting, const struct truth *truth, int64_t *run)
{
	int err = synthetic_begin(db, "profile", STORE_NULL, run);

	for (int64_t round = 0; round < 8 && !err; round++)
		err = add_calibration_round(db, rng, truth, *run, round);
	if (!err)
		err = add_windows(db, rng, setting, truth, *run);
	return err ? err : synthetic_end(db, *run);
}

/* ---- The bench ---- */

static int add_round(struct synthetic *db, struct stats_rng *rng, const struct setting *setting, const struct truth *truth, int64_t run,
		     int64_t round)
{
	static const char *const ways[] = {"null", "sendmsg", "sendmmsg"};
	const double cyc[] = {200, 200 + truth->path_cyc, 200 + truth->path_cyc / truth->s};
	double speed = machine(setting, rng, round, setting->rounds_n);
	int err = 0;

	for (size_t i = 0; i < sizeof ways / sizeof *ways && !err; i++) {
		const struct bench_row row = {
			.run = run,
			.round = round,
			.way = ways[i],
			.group_size = 100,
			.payload_bytes = 1000,
			.packets_n = 1000,
			.cpu_cyc = llround(1000 * cyc[i] * speed * noisy(rng, setting->window)),
			.async_cyc = STORE_NULL,
		};

		err = store_add_bench(db->store, &row);
	}
	return err;
}

static int add_bench(struct synthetic *db, struct stats_rng *rng, const struct setting *setting, const struct truth *truth, int64_t profile,
		     int64_t *run)
{
	int err = synthetic_begin(db, "bench", profile, run);

	for (int64_t round = 0; round < setting->rounds_n && !err; round++)
		err = add_round(db, rng, setting, truth, *run, round);
	return err ? err : synthetic_end(db, *run);
}

/* ---- The observation ---- */

/* Both ways in every cycle, unprobed. */
static int add_observed_cycle(struct synthetic *db, struct stats_rng *rng, const struct setting *setting, const struct truth *truth,
			      int64_t run, int64_t cycle)
{
	static const char *const ways[] = {"sendmsg", "sendmmsg"};
	double speed = machine(setting, rng, cycle, OBSERVE_CYCLES_N), calls;
	struct setting longer = *setting;
	struct truth sides[] = {*truth, *truth};
	int err = 0;

	longer.window /= sqrt(OBSERVE_LENGTH);
	sides[1].path_cyc /= truth->s;
	for (int64_t i = 0; i < 2 && !err; i++) {
		struct block_row row = window_of(rng, run, 2 * cycle + i, cycle, 0, OBSERVE_LENGTH, &calls);

		row.way = ways[i];
		err = add_window(db, rng, &longer, &sides[i], speed, row, calls);
	}
	return err;
}

static int add_observation(struct synthetic *db, struct stats_rng *rng, const struct setting *setting, const struct truth *truth, int64_t *run)
{
	int err = synthetic_begin(db, "observe", STORE_NULL, run);

	for (int64_t cycle = 0; cycle < OBSERVE_CYCLES_N && !err; cycle++)
		err = add_observed_cycle(db, rng, setting, truth, *run, cycle);
	return err ? err : synthetic_end(db, *run);
}

/* ---- Counting ---- */

struct tally {
	size_t n, f, s, r, joint;
	double *widths, *errors; /* [n] of r, relative: half the interval, and |predicted / observed - 1| */
};

static bool holds(struct figure figure, double value)
{
	return figure.low <= value && value <= figure.high;
}

static void count(struct tally *tally, const struct truth *truth, const struct answer *answer, const struct observe *observed)
{
	struct figure r = answer->predict.predicted;

	tally->f += holds(answer->fraction.f, truth->f);
	tally->s += holds(answer->speedup.s, truth->s);
	tally->r += holds(r, observed->r.value);
	tally->joint += observed->r.high >= r.low && observed->r.low <= r.high;
	tally->widths[tally->n] = figure_half_width(r) / r.value;
	tally->errors[tally->n] = fabs(r.value / observed->r.value - 1);
	tally->n++;
}

static int experiment(struct synthetic *db, struct stats_rng *rng, const struct setting *setting, struct tally *tally)
{
	struct truth truth = draw_truth(rng);
	struct answer_options options = {.baseline = "sendmsg", .alternative = "sendmmsg", .async = FRACTION_ASYNC_AUTO};
	struct answer answer;
	struct observe observed;
	int64_t observation;
	int err = add_profile(db, rng, setting, &truth, &options.profile);

	if (!err)
		err = add_bench(db, rng, setting, &truth, options.profile, &options.bench);
	if (!err)
		err = add_observation(db, rng, setting, &truth, &observation);
	if (!err)
		err = answer_predict(db->store, &options, &answer);
	if (err)
		return err;
	err = answer_observe(db->store, observation, options.baseline, options.alternative, answer.prediction, &observed);
	if (!err)
		count(tally, &truth, &answer, &observed);
	answer_free(&answer);
	return err;
}

static void judge_share(const char *what, size_t hits, size_t n)
{
	struct figure share;
	char text[64];

	snprintf(text, sizeof text, "  %% of intervals of %s that hold", what);
	if (stats_share_wilson(hits, n, &share))
		return;
	judge_within(text, (struct figure){100 * share.value, 100 * share.low, 100 * share.high}, LEAST, MOST);
}

static void report(const struct setting *setting, const struct tally *tally)
{
	double width = NAN, error = NAN;

	stats_median(tally->widths, tally->n, &width);
	stats_median(tally->errors, tally->n, &error);
	printf("%s, %lld rounds: median half width of r %.3f %%, median error %.3f %%; predicted and observed overlap in %.1f %%\n",
	       setting->name, (long long)setting->rounds_n, 100 * width, 100 * error, 100 * (double)tally->joint / (double)tally->n);
	judge_share("f", tally->f, tally->n);
	judge_share("s", tally->s, tally->n);
	judge_share("r", tally->r, tally->n);
}

static int run_setting(size_t which, size_t experiments_n)
{
	const struct setting *setting = &settings[which];
	struct tally tally = {.widths = calloc(experiments_n, sizeof(double)), .errors = calloc(experiments_n, sizeof(double))};
	struct stats_rng *rng = stats_rng_new(STATS_SEED + which);
	struct synthetic db;
	int err = synthetic_open(&db);

	if (!err && (!rng || !tally.widths || !tally.errors))
		err = fail(-ENOMEM, "coverage: out of memory");
	while (!err && tally.n < experiments_n)
		err = experiment(&db, rng, setting, &tally);
	if (!err)
		report(setting, &tally);
	synthetic_free(&db);
	stats_rng_free(rng);
	free(tally.widths);
	free(tally.errors);
	return err;
}

int main(int argc, char **argv)
{
	uint64_t experiments_n = EXPERIMENTS_N;

	err_program("coverage");
	if (argc > 1 && parse_u64(argv[1], 1, EXPERIMENTS_MAX, &experiments_n))
		return fail(2, "usage: coverage [EXPERIMENTS per setting]");
	for (size_t i = 0; i < SETTINGS_N; i++)
		if (run_setting(i, experiments_n))
			return 1;
	return judge_missed > 0;
}
