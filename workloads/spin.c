/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spin.c: how long an iteration of spin_run() takes here. */
#include "workloads/spin.h"

#include "workloads/process.h"

enum {
	RUNS = 200,
	RUN_ITERATIONS = 50000,	/* some 50 us: long beside reading the clock, short beside the time between two ticks */
};

static uint64_t time_run(uint64_t iterations)
{
	uint64_t begin = process_cpu_ns();

	spin_run(iterations);
	return process_cpu_ns() - begin;
}

/* The least time of a long run minus that of an empty one: reading the clock is in both. */
double spin_calibrate(void)
{
	uint64_t least = UINT64_MAX, least_empty = UINT64_MAX;

	for (int i = 0; i < RUNS; i++) {
		uint64_t empty = time_run(0), took = time_run(RUN_ITERATIONS);

		if (took < least)
			least = took;
		if (empty < least_empty)
			least_empty = empty;
	}
	return least > least_empty ? (double)(least - least_empty) / RUN_ITERATIONS : 1.0;
}

uint64_t spin_iterations(double iteration_ns, uint64_t ns)
{
	return (uint64_t)((double)ns / iteration_ns + 0.5);
}

void spin_ns(uint64_t ns)
{
	static double iteration_ns;

	if (iteration_ns == 0)
		iteration_ns = spin_calibrate();
	spin_run(spin_iterations(iteration_ns, ns));
}
