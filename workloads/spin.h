/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spin.h: user work of a known amount: a loop in registers, no memory, no call. The amount is a count of iterations, so
 * the same work always executes the same instructions; nanoseconds are turned into iterations once, beforehand. */
#ifndef WORKLOADS_SPIN_H
#define WORKLOADS_SPIN_H

#include <stdint.h>

/* Measures how long one iteration takes on this CPU: the least of many short runs, by the CPU time of this thread, so
 * that neither preemption nor interrupts enter. Takes about 10 ms. Returns ns per iteration, above 0. */
double spin_calibrate(void);

/* The iterations that come nearest to `ns`; iteration_ns as spin_calibrate() returned it. 0 for 0. */
uint64_t spin_iterations(double iteration_ns, uint64_t ns);

/* Spins for about `ns` by a calibration made at the first call. Not for the inside of a measured loop: there, call
 * spin_iterations() beforehand and spin_run() inside. */
void spin_ns(uint64_t ns);

/* The work itself: a chain of dependent operations that no compiler can shorten. */
static inline void spin_run(uint64_t iterations)
{
	uint64_t x = iterations;

	for (; iterations; iterations--) {
		x = x * 6364136223846793005u + 1;
		__asm__ volatile("" : "+r"(x));
	}
}

#endif
