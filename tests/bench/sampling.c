/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sampling.c: what the sampling engine adds to the CPU time of a process that sends, per packet: windows with and without, in random
 * order within short rounds, at its usual rate and at eight times that. The machine's own changes are as large as what the usual rate
 * adds: what a sample takes is told by the high rate, and what the usual one adds by that. One engine each is open all the time, as in a
 * profile; only its counters are switched on and off. Beside them windows that also tell of context switches, from opening the counters for it to
 * closing them.
 * Usage: sampling PID [SECONDS]. Exit status 1 when it adds more than 1 % at the usual rate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "collect/clock.h"
#include "collect/meter.h"
#include "collect/nudge.h"
#include "collect/ontime.h"
#include "collect/sample.h"
#include "tests/bench/judge.h"
#include "tests/bench/null_call.h"

enum { OFF, USUAL, OFTEN, TELLS, MODES, ROUNDS_MAX = 20000 };

#define WINDOW_S 0.1
#define TELLS_EVERY 8 /* windows of a profile, of this length, one is so long, and tells of switches (sample_measure.c) */
#define TELLS_S (WINDOW_S / 8)
#define OFTEN_TIMES 8 /* the usual rate */
#define OTHERS_HZ 20  /* interrupts that come at any rate: a profile's new periods and readings of the CPU time, here new periods, on and off */

struct bench {
	pid_t pid;
	struct clock clock;
	struct nudge *nudge;
	struct sampler *sampler[MODES]; /* NULL: none */
	struct sample_window window[MODES];
	double cpu_ns[MODES], wall_ns[MODES]; /* in all */
};

static int sampler_new(struct bench *bench, int mode, double hz)
{
	const struct sample_options options = {.clock = &bench->clock, .path = "sendmsg", .hz = hz, .seed = 1};
	int err = sampler_open(&options, bench->pid, &bench->sampler[mode]);

	if (!err)
		err = sampler_add(bench->sampler[mode], bench->pid);
	return err ? err : sample_window_new(bench->sampler[mode], &bench->window[mode]);
}

/* What an engine at work does in a window: a new period, samples, and what they are taken for. */
static int run_mode(struct bench *bench, int mode)
{
	const struct timespec pause = {.tv_nsec = (long)(1e9 * (mode == TELLS ? TELLS_S : WINDOW_S))};
	struct sampler *sampler = bench->sampler[mode];
	int err = sampler ? sampler_start(sampler) : 0;

	if (err)
		return err;
	nanosleep(&pause, NULL);
	if (!sampler)
		return 0;
	sampler_stop(sampler);
	err = sampler_poll(sampler, &bench->window[mode]);
	sampler_settle(sampler, &bench->window[mode]);
	sample_window_clear(&bench->window[mode]);
	return err;
}

/* CPU ns of the process per packet that it sent in one window; NAN when it sent none. */
static double window_ns(struct bench *bench, int mode)
{
	struct meter before, after;
	struct ontime told;
	double from = clock_ns(CLOCK_MONOTONIC);

	meter_read(bench->nudge, &bench->pid, 1, &before);
	int err = mode == TELLS ? sampler_tell_switches(bench->sampler[mode]) : 0;
	if (!err)
		err = run_mode(bench, mode);
	if (mode == TELLS)
		sampler_time_end(bench->sampler[mode], &told);
	if (err)
		return NAN;
	meter_read(bench->nudge, &bench->pid, 1, &after);
	bench->cpu_ns[mode] += (double)(after.cpu_ns - before.cpu_ns);
	bench->wall_ns[mode] += clock_ns(CLOCK_MONOTONIC) - from;
	return after.udp_n > before.udp_n ? (double)(after.cpu_ns - before.cpu_ns) / (double)(after.udp_n - before.udp_n) : NAN;
}

static void shuffle(struct stats_rng *rng, int order[MODES])
{
	for (int i = 0; i < MODES; i++)
		order[i] = i;
	for (int i = MODES - 1; i > 0; i--) {
		int other = (int)(stats_rng_uniform(rng) * (i + 1)), mine = order[i];

		order[i] = order[other];
		order[other] = mine;
	}
}

/* % that this mode adds: the mean of the rounds' logarithms, without those that something else disturbed. */
static struct figure added(double ns[MODES][ROUNDS_MAX], int mode, size_t n)
{
	static double ratio[ROUNDS_MAX];
	static bool outlier[ROUNDS_MAX];
	struct figure figure = figure_exact(NAN);
	size_t kept = 0, outliers;

	for (size_t i = 0; i < n; i++)
		ratio[i] = log(ns[mode][i] / ns[OFF][i]);
	stats_outliers(ratio, n, outlier, &outliers);
	for (size_t i = 0; i < n; i++)
		if (!outlier[i])
			ratio[kept++] = ratio[i];
	stats_mean(ratio, kept, &figure);
	return (struct figure){100 * expm1(figure.value), 100 * expm1(figure.low), 100 * expm1(figure.high)};
}

/* Samples of the process in a second of its CPU time. */
static double per_cpu_second(const struct bench *bench, int mode)
{
	return (double)sampler_totals(bench->sampler[mode])->target_n / (bench->cpu_ns[mode] / 1e9);
}

static struct figure times(struct figure figure, double factor)
{
	return (struct figure){figure.value * factor, figure.low * factor, figure.high * factor};
}

/* Of a profile, in which one window of TELLS_EVERY tells of switches. */
static struct figure mixed(struct figure usual, struct figure tells, double tells_s)
{
	double part = tells_s / (tells_s + (TELLS_EVERY - 1) * WINDOW_S), value = (1 - part) * usual.value + part * tells.value;

	return (struct figure){
		value, value - hypot((1 - part) * (usual.value - usual.low), part * (tells.value - tells.low)),
		value + hypot((1 - part) * (usual.high - usual.value), part * (tells.high - tells.value)),
	};
}

static void show(const struct bench *bench, double ns[MODES][ROUNDS_MAX], size_t n)
{
	struct figure usual = added(ns, USUAL, n), often = added(ns, OFTEN, n);
	double usual_hz = per_cpu_second(bench, USUAL), often_hz = per_cpu_second(bench, OFTEN);
	struct figure us = times(often, 1e4 / (often_hz + OTHERS_HZ)), tells = added(ns, TELLS, n);
	double tells_s = bench->wall_ns[TELLS] / 1e9 / (double)n;

	printf("%zu rounds, a packet costs %.0f ns, the process is busy for %.0f %% of the time\n", n, judge_median(ns[OFF], n).value,
	       100 * bench->cpu_ns[OFF] / bench->wall_ns[OFF]);
	printf("%.0f samples a second of its CPU time add %.2f %% [%.2f, %.2f]: a sample takes %.1f us [%.1f, %.1f]\n", often_hz, often.value, often.low,
	       often.high, us.value, us.low, us.high);
	printf("the usual rate: %.0f samples a second of its CPU time\n", usual_hz);
	printf("a window that also tells of switches lasts %.0f ms and adds %.2f %% [%.2f, %.2f]\n", 1e3 * tells_s, tells.value, tells.low, tells.high);
	judge_at_most("CPU that sampling adds at the usual rate, by that, %", mixed(times(us, (usual_hz + OTHERS_HZ) / 1e4), tells, tells_s), 1);
	usual = mixed(usual, tells, tells_s);
	judge_line("... measured directly, %", usual, "at most 1", usual.low <= 1); /* less precise: missed where it is surely more */
}

int main(int argc, char **argv)
{
	static double ns[MODES][ROUNDS_MAX];
	struct bench bench = {.pid = argc > 1 ? (pid_t)strtol(argv[1], NULL, 10) : 0};
	double until_ns = clock_ns(CLOCK_MONOTONIC) + 1e9 * (argc > 2 ? strtod(argv[2], NULL) : 120);
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	int order[MODES];
	size_t n = 0;

	if (!rng || bench.pid <= 0 || nudge_new(&bench.nudge) || clock_open("auto", &bench.clock) || sampler_new(&bench, USUAL, SAMPLE_HZ) ||
	    sampler_new(&bench, OFTEN, OFTEN_TIMES * SAMPLE_HZ) || sampler_new(&bench, TELLS, SAMPLE_HZ))
		return 1;
	for (; n < ROUNDS_MAX && clock_ns(CLOCK_MONOTONIC) < until_ns; n++) {
		shuffle(rng, order);
		for (int i = 0; i < MODES; i++)
			ns[order[i]][n] = window_ns(&bench, order[i]);
	}
	show(&bench, ns, n);
	for (int mode = 0; mode < MODES; mode++) {
		sample_window_free(&bench.window[mode]);
		sampler_free(bench.sampler[mode]);
	}
	nudge_free(bench.nudge);
	clock_free(&bench.clock);
	stats_rng_free(rng);
	return judge_missed > 0;
}
