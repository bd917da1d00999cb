/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_watch.h: the counters of the sampling engine: which there may be, and one on each CPU, or on each thread and CPU. */
#ifndef COLLECT_SAMPLE_WATCH_H
#define COLLECT_SAMPLE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/cpus.h"
#include "collect/sample_ring.h"

struct clock;

#define SAMPLE_PAGES 128 /* of each ring: what perf_event_mlock_kb allows without privilege */

struct watch {
	struct ring *ring;
	int cpu;
	uint64_t head; /* up to where it is being read */
};

struct watches {
	struct watch *list;
	size_t n, room;
	struct ring *switches[CPUS_MAX]; /* of context switches, in the ring of the CPU's samples; NULL while nobody is told */
	enum ring_source source;
	uint64_t period;     /* nominal: cycles or ns */
	double cyc_per_unit; /* of the run's clock, per unit of the period */
	double hz;
	bool sees_all; /* whole CPUs; else threads */
};

struct watches_options {
	const struct clock *clock;
	const uint8_t *cpus; /* [cpus_n] */
	int cpus_n;
	bool whole; /* the scope is CPUs, so threads will not do */
	double hz;
	pid_t pid; /* whose threads will do; 0: nobody's */
};

/* Opens the best that is allowed, disabled. Errors are said: -EACCES, -EMFILE and those of perf_event_open(). Close in any case. */
int watches_open(const struct watches_options *options, struct watches *out);
void watches_close(struct watches *watches);

/*
 * From now on the rings of whole CPUs tell of their context switches, until that is left. Opened only for that long: a counter of switches that is merely
 * open makes every switch of the machine look for who wants to be told of it (docs/design.md). 0 or -errno, without a word.
 */
int watches_tell_switches(struct watches *watches);
void watches_leave_switches(struct watches *watches);

#endif
