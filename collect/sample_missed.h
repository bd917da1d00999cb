/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample_missed.h: expiries of the sampling timer that left no sample, and who was there around them.
 *
 * Some kernels do not want to be looked at everywhere: there the timer expires and takes no sample. Nobody says whose time it was; the neighbours do, the
 * expiries a period before and a period after it on the same CPU. What is counted here says how many of the target's are missing (analyze/sampled.h).
 */
#ifndef COLLECT_SAMPLE_MISSED_H
#define COLLECT_SAMPLE_MISSED_H

#include <stdbool.h>
#include <stdint.h>

enum missed_who { MISSED_TARGET, MISSED_TASK /* another one */, MISSED_IDLE };

struct missed_counts {
	/* expiries between two that found the target: those that found it or another task, and that found the CPU idle */
	uint64_t between_n, between_idle_n;
	/* between two that found the CPU idle: those that found it idle, too, and that left no sample */
	uint64_t idle_n, idle_missed_n;
};

/* Of one CPU. Zero before the first use. */
struct missed {
	uint64_t time_ns;             /* of the last sample; 0: there is none to go by */
	enum missed_who last, before; /* what that found, and the one before it, */
	bool follows;                 /* if that was a period before */
	bool target;                  /* whether any has found the target */
	struct missed_counts counts;
};

/* The next sample comes in another period, or after a time without samples. */
void missed_break(struct missed *missed);

/* The next sample of the CPU, in order. True when just one expiry between it and the last was missed, and both found the target. */
bool missed_sample(struct missed *missed, uint64_t time_ns, double period_ns, enum missed_who who);

/* Adds what was counted since the last time to *sum, if the target was on this CPU meanwhile: others miss what they miss. */
void missed_take(struct missed *missed, struct missed_counts *sum);

#endif
