/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample_missed.h: expiries of the sampling timer that left no sample, and how many of them were the target's.
 *
 * Some kernels do not want to be looked at everywhere: there the timer expires and takes no sample. Nobody says whose time it was; the neighbours do. Of
 * expiries on one CPU, a period apart,
 *
 *     T(x)   number of those between two samples of the target that found x: the target, another task (or none), or left no sample ("missed")
 *     O(x)   the same, between two samples that are none of the target's
 *
 * What is missed between the target's samples is the target's, but for some that are of what comes between its time: idle CPUs miss expiries, too, as a
 * halted one need not wake for the timer. As many of those are missed there as between the samples of others, so that for each of the target's own samples
 *
 *     odds = (T(missed) - sum over CPUs of T(other) O(missed) / O(other)) / T(target)
 *
 * are missed, whatever their neighbours are.
 */
#ifndef COLLECT_SAMPLE_MISSED_H
#define COLLECT_SAMPLE_MISSED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What expiries were, between two samples of one kind. */
struct missed_between {
	uint64_t target_n, other_n, missed_n;
};

/* Of one CPU. Zero before the first use. */
struct missed {
	uint64_t time_ns;       /* of the last sample; 0: there is none to go by */
	bool target, before;    /* whose that was, and the one before it, */
	bool follows;           /* if that was a period before */
	struct missed_between targets, others;
};

/* The next sample comes in another period, or after a time without samples. */
void missed_break(struct missed *missed);

/* The next sample of the CPU, in order. True when it is the target's, as the last one is, and just one expiry between them was missed. */
bool missed_sample(struct missed *missed, uint64_t time_ns, double period_ns, bool target);

/* `odds` above, of n CPUs, at least 0: as much of them as is not likely to be chance, where such odds are 0.02 or so (a standard deviation over machines). */
double missed_odds(const struct missed *cpus, size_t n);

/* T(missed) of all CPUs: how often missed_sample() was true. */
uint64_t missed_seen_n(const struct missed *cpus, size_t n);

#endif
