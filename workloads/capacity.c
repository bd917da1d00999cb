/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capacity.c: trials of livecast with one group size after the other. */
#include "workloads/capacity.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/rows.h"
#include "analyze/trials.h"
#include "base/err.h"
#include "workloads/process.h"

#define SETTLE_NS 200000000 /* after the start, before the server's CPU time is read */
#define VOTES 2             /* of trials that agree decide */

/* ---- The search ---- */

/* The first bracket: doubles while it is served, halves while it is not. */
static int widen(uint64_t from, uint64_t most, capacity_try *serves, void *context, uint64_t *served, uint64_t *refused)
{
	uint64_t group = from < 1 ? 1 : from > most ? most : from;
	bool yes = false;

	*served = *refused = 0;
	for (;;) {
		int err = serves(context, group, &yes);

		if (err)
			return err;
		if (yes)
			*served = group;
		else
			*refused = group;
		if ((*served && *refused) || (yes && group == most) || (!yes && group == 1))
			return 0;
		group = yes ? (group > most / 2 ? most : 2 * group) : group / 2;
	}
}

int capacity_bisect(uint64_t from, uint64_t most, double within, capacity_try *serves, void *context, uint64_t *served, uint64_t *refused)
{
	int err = widen(from, most, serves, context, served, refused);

	while (!err && *served && *refused && (double)(*refused - *served) > fmax(1, within * (double)*served)) {
		uint64_t group = *served + (*refused - *served) / 2;
		bool yes = false;

		err = serves(context, group, &yes);
		if (!err)
			*(yes ? served : refused) = group;
	}
	return err;
}

/* ---- A trial ---- */

static uint64_t cpu_ns(pid_t pid)
{
	struct timespec spent = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &spent);
	return (uint64_t)spent.tv_sec * 1000000000u + (uint64_t)spent.tv_nsec;
}

/* A signal cuts it short. */
static void sleep_ns(uint64_t ns, const volatile sig_atomic_t *stop)
{
	struct timespec left = { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };

	while (nanosleep(&left, &left) && errno == EINTR && !(stop && *stop))
		;
}

static int run_trial(const struct capacity_options *options, uint64_t group, struct trial_row *row)
{
	struct livecast_setup setup = options->setup;
	struct traffic_quality quality = { 0 };
	struct traffic *traffic;

	setup.group = group;
	int err = traffic_livecast_start(&setup, &traffic);
	if (err)
		return err;
	sleep_ns(SETTLE_NS, options->stop);
	uint64_t cpu = cpu_ns(traffic_server_pid(traffic)), wall = process_wall_ns();
	sleep_ns((uint64_t)(options->seconds * 1e9), options->stop);
	row->cpu_ns = (int64_t)(cpu_ns(traffic_server_pid(traffic)) - cpu);
	row->wall_ns = (int64_t)(process_wall_ns() - wall);
	err = traffic_stop(traffic, &quality);
	if (options->stop && *options->stop)
		return -EINTR;
	row->way = options->setup.way;
	row->group_size = (int64_t)group;
	row->payload_bytes = (int64_t)setup.payload_bytes;
	row->packets_per_s = (int64_t)setup.packets_per_s;
	row->work_ns = (int64_t)setup.work_ns;
	row->quality = options->quality;
	row->expected_n = (int64_t)quality.expected_n;
	row->lost_n = (int64_t)quality.lost_n;
	row->silent_n = (int64_t)quality.silent_n;
	row->rate_bps = 8.0 * (double)setup.payload_bytes * (double)setup.packets_per_s;
	row->rate_bps_min = quality.rate_bps_min;
	row->rate_bps_mean = quality.rate_bps_mean;
	return err;
}

/* ---- Many of them ---- */

struct search {
	const struct capacity_options *options;
	struct capacity_trials *trials;
	size_t first; /* of the trials: the first of this search */
};

static struct trial_row *next_row(struct capacity_trials *trials)
{
	if (trials->n == trials->room) {
		size_t room = trials->room ? 2 * trials->room : 64;
		struct trial_row *more = realloc(trials->rows, room * sizeof *more);

		if (!more)
			return NULL;
		trials->rows = more;
		trials->room = room;
	}
	trials->rows[trials->n] = (struct trial_row){ .trial = (int64_t)trials->n };
	return &trials->rows[trials->n];
}

/* Nobody knows how many trials there will be; some twenty are usual. */
static void tell(const struct search *search, uint64_t group)
{
	const struct capacity_options *o = search->options;
	double done = 1 - pow(0.93, (double)(search->trials->n - search->first));
	char text[96];

	snprintf(text, sizeof text, "%s, %" PRIu64 " clients", o->setup.way, group);
	if (o->progress)
		o->progress(o->progress_context, o->from + (o->to - o->from) * done, text);
}

static int serves(void *context, uint64_t group, bool *served)
{
	struct search *search = context;
	int yes = 0, no = 0;

	while (yes < VOTES && no < VOTES) {
		struct trial_row *row = next_row(search->trials);

		if (!row)
			return fail(-ENOMEM, "capacity: out of memory");
		tell(search, group);
		int err = run_trial(search->options, group, row);
		if (err)
			return err;
		search->trials->n++;
		if (trial_served(row))
			yes++;
		else
			no++;
	}
	*served = yes == VOTES;
	return 0;
}

int capacity_search(const struct capacity_options *options, struct capacity_trials *trials)
{
	struct search search = { options, trials, trials->n };
	uint64_t served, refused;

	return capacity_bisect(options->setup.group, options->most, options->within, serves, &search, &served, &refused);
}

void capacity_free(struct capacity_trials *trials)
{
	free(trials->rows);
	*trials = (struct capacity_trials){ .n = 0 };
}
