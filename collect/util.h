/* SPDX-License-Identifier: GPL-2.0-or-later */
/* util.h: processor use from interval to interval: the busy meter's readings and, beside them, what vmstat would say. */
#ifndef COLLECT_UTIL_H
#define COLLECT_UTIL_H

#include <stddef.h>
#include <stdint.h>

#include "collect/busy.h"

struct util;

struct util_options {
	const uint8_t *cpus; /* [CPUS_MAX], all online */
	int vmstat;          /* read /proc/stat too */
};

/* One interval. */
struct util_interval {
	double seconds;            /* by the clock of this program; each CPU's own times add up to its own */
	struct busy_time *cpus;    /* [CPUS_MAX]; all zero where it is not metered */
	double *vmstat;            /* [CPUS_MAX]: share of ticks that were not idle and did not wait; NAN: none, or not asked for */
	struct busy_process *processes; /* that ran, the busiest first */
	size_t processes_n;
};

/* Begins the first interval. 0 or -errno, said, as busy_open(). */
int util_open(const struct util_options *options, struct util **out);
void util_free(struct util *util); /* accepts NULL */

/* Ends the interval and begins the next. *out stays good until the next call. 0 or -errno, said. */
int util_next(struct util *util, struct util_interval *out);

/* As busy_lost(). */
uint64_t util_lost(const struct util *util);

#endif
