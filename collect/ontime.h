/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ontime.h: how long the threads of some processes ran on one CPU, and how often it went from whom to whom, by the kernel's records of its context switches.
 *
 * A thread's time begins where the one before ends: interrupts are off in a switch, so that a sampling timer that expires there is seen in the thread that
 * comes, too.
 */
#ifndef COLLECT_ONTIME_H
#define COLLECT_ONTIME_H

#include <stdbool.h>
#include <stdint.h>

enum ontime_who { ONTIME_IDLE, ONTIME_OTHER, ONTIME_OURS, ONTIME_WATCHER /* who measures */, ONTIME_WHO_MAX };

struct ontime_thread {
	uint32_t tid;
	enum ontime_who who;
};

struct ontime {
	uint64_t done_ns; /* counted until then */
	uint64_t end_ns;  /* nothing behind it is counted */
	bool known;       /* whether a switch has told who runs */
	bool ours;        /* who runs is in scope */
	uint32_t went, came; /* threads of the last switch */
	uint64_t ns;      /* how long those in scope ran */
	uint64_t switches_n[ONTIME_WHO_MAX][ONTIME_WHO_MAX]; /* from whom to whom */
};

/* Counts from `ns` on, when nobody knows who runs. */
void ontime_begin(struct ontime *time, uint64_t ns);

/* At `ns` one thread went and another came. The same switch may be told twice, as the one goes and as the other comes, and is counted once: kernels
 * leave one of the two out, out of idle. */
void ontime_switch(struct ontime *time, uint64_t ns, struct ontime_thread went, struct ontime_thread came);

/* What happens after `ns` does not count. */
void ontime_until(struct ontime *time, uint64_t ns);

/* How long those in scope ran until then: ontime_until() comes first. `ours`: who runs when there was no switch at all. */
uint64_t ontime_end(struct ontime *time, bool ours);

#endif
