/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sampling_timer.c: what the kernel's sampling timer does to the code that it samples (docs/design.md, the sampling engine).
 *
 * When the processor leaves what it does, by a thread that reads the clock all the time, against when the timer was due by /proc/timer_list; and
 * the CPU time that a sleep takes, where the sleeper's own timer is the first that is due and where the sampling timer is. Medians, and what nine of ten
 * are above and below; no targets.
 * Usage: sampling_timer [HZ [SECONDS]]
 */
#include <linux/types.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "analyze/stats.h"
#include "base/err.h"
#include "base/now.h"
#include "collect/cpus.h"
#include "collect/sample_ring.h"

#define CPU 0
#define PAGES 1024
#define GAP_NS 3000	  /* between two readings of the clock: something came in between */
#define SLEEP_NS 500000
#define BETWEEN_NS 300000 /* two sleeps, at most */
#define MARGIN_NS 50000	  /* for a waking that comes late */

enum { LISTS_MAX = 1000000 };

struct list {
	double values[LISTS_MAX];
	size_t n;
};

static struct list gaps_from, gaps_to, left, taken, back, own_first, ours_first;

static void add(struct list *list, double value)
{
	if (list->n < LISTS_MAX)
		list->values[list->n++] = value;
}

static void print(const char *what, const struct list *list)
{
	static const double of[] = {0.5, 0.1, 0.9};
	double us[] = {NAN, NAN, NAN};

	for (int i = 0; i < 3; i++)
		if (!stats_quantile(list->values, list->n, of[i], &us[i]))
			us[i] /= 1000;
	printf("%-66s %6.1f us [%.1f, %.1f], %zu times\n", what, us[0], us[1], us[2], list->n);
}

/* When the timer of a sampling counter on CPU is due next, ns; 0 when none is found. */
static int64_t due_ns(void)
{
	FILE *file = fopen("/proc/timer_list", "r");
	char line[256];
	long long due = 0;
	int cpu = -1, ours = 0;

	while (file && !due && fgets(line, sizeof line, file)) {
		if (ours)
			sscanf(line, " # expires at %lld", &due);
		sscanf(line, "cpu: %d", &cpu);
		ours = cpu == CPU && strstr(line, "perf_swevent_hrtimer");
	}
	if (file)
		fclose(file);
	return due;
}

/* From `ns` until the timer is due next. */
static int64_t until_due(int64_t ns, int64_t due, int64_t period)
{
	return period - 1 - (ns - due - 1) % period;
}

static void take_sample(void *context, const struct ring_sample *sample)
{
	int64_t due = ((int64_t *)context)[0], period = ((int64_t *)context)[1], at = (int64_t)sample->time_ns;
	static size_t gap;

	while (gap < gaps_to.n && gaps_to.values[gap] < (double)at)
		gap++;
	if (gap == gaps_to.n || gaps_from.values[gap] > (double)at)
		return;
	add(&left, gaps_from.values[gap] - (double)(at - (at - due) % period));
	add(&taken, (double)at - gaps_from.values[gap]);
	add(&back, gaps_to.values[gap] - (double)at);
}

static void read_clock_for(double seconds)
{
	int64_t last = now_ns(), end = last + llround(seconds * 1e9);

	while (last < end) {
		int64_t now = now_ns();

		if (now - last > GAP_NS) {
			add(&gaps_from, (double)last);
			add(&gaps_to, (double)now);
		}
		last = now;
	}
}

static void sleep_for(double seconds, int64_t due, int64_t period)
{
	struct stats_rng *rng = stats_rng_new(STATS_SEED);

	prctl(PR_SET_TIMERSLACK, 1);
	for (int64_t end = now_ns() + llround(seconds * 1e9), now; rng && (now = now_ns()) < end;) {
		int64_t left_ns = until_due(now, due, period), cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);

		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = SLEEP_NS}, NULL);
		double took = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu);
		if (left_ns > SLEEP_NS + MARGIN_NS)
			add(&own_first, took);
		else if (left_ns > MARGIN_NS && left_ns < SLEEP_NS - MARGIN_NS)
			add(&ours_first, took);
		for (int64_t until = now_ns() + llround(BETWEEN_NS * stats_rng_uniform(rng)); now_ns() < until;)
			;
	}
	stats_rng_free(rng);
}

int main(int argc, char **argv)
{
	double hz = argc > 1 ? atof(argv[1]) : 997, seconds = argc > 2 ? atof(argv[2]) : 5;
	int64_t period = hz > 0 ? llround(1e9 / hz) : 0;
	const struct ring_options options = {.source = RING_CPU_CLOCK, .cpu = CPU, .tid = -1, .period = (uint64_t)period, .pages = PAGES};
	struct ring *ring;

	if (period < 2 * SLEEP_NS || !(seconds > 0))
		return fail(1, "sampling_timer: usage: sampling_timer [HZ, at most %g [SECONDS]]", 1e9 / (2 * SLEEP_NS));
	int err = cpus_pin(CPU);
	if (!err)
		err = ring_open(&options, &ring);
	if (!err)
		err = ring_enable(ring);
	if (err)
		return fail(1, "sampling_timer: cannot sample CPU %d: %s", CPU, strerror(-err));
	int64_t due[] = {due_ns(), period};
	if (!due[0])
		return fail(1, "sampling_timer: /proc/timer_list does not tell the timer; run as root");
	read_clock_for(seconds);
	ring_samples(ring, ring_head(ring), &(struct ring_visitor){.sample = take_sample, .context = due} /* no switches come */);
	ring_done(ring, ring_head(ring));
	print("the processor leaves what it does, after the timer is due", &left);
	print("a sample is taken after that", &taken);
	print("and goes on after that", &back);
	sleep_for(4 * seconds, due[0], period);
	print("CPU time of a sleep of 500 us whose timer is the first that is due", &own_first);
	print("the same where the sampling timer is", &ours_first);
	ring_free(ring);
	return 0;
}
