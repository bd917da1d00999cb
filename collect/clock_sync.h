/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock_sync.h: how far the counters of a machine's CPUs are apart, told by threads on two of them that hand their readings to each other.
 *
 * A reading cannot arrive before it was sent: what the receiver reads, less what was sent, is the counters' distance and the time that it took.
 * The least of many, each way, are a lower and an upper bound of the distance, without any other clock. (The kernel's clocks are of no use
 * for it: they run on the same counters.)
 */
#ifndef COLLECT_CLOCK_SYNC_H
#define COLLECT_CLOCK_SYNC_H

#include <stddef.h>
#include <stdint.h>

/* Any two CPUs: the worst of them is at least, and at most, so far apart. */
struct clock_apart {
	double least_ns, most_ns;
	int unknown_n; /* CPUs that were too busy to answer: they are left out */
};

/*
 * Between the first CPU that this thread may use and every other one; under a ms for each that is idle, 100 ms at most. `read` reads the
 * counter of the CPU that it runs on: for tests; NULL is the processor's own. 0 or -errno; prints nothing.
 */
int clock_sync(double hz, uint64_t (*read)(int cpu), struct clock_apart *out);

/* Of n counters whose distances from one more lie between low_ns[i] and high_ns[i]. */
void clock_sync_spread(const double *low_ns, const double *high_ns, size_t n, struct clock_apart *out);

#endif
