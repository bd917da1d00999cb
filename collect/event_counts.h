/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event_counts.h: counters besides the clock, one group of them on every CPU, so that they are scheduled together. What they read is
 * never scaled: a counter that did not run all the time is told by its times.
 */
#ifndef COLLECT_EVENT_COUNTS_H
#define COLLECT_EVENT_COUNTS_H

#include <linux/types.h>
#include <stdint.h>

#include "collect/account.h"
#include "collect/ledger_types.h"

struct event_counts {
	char *names[LEDGER_EVENTS_MAX];
	int n, cpus_n;
	int *fd; /* [n][cpus_n], -1 where the CPU is offline */
};

/* Opens "NAME,..." on every CPU, counting. -EINVAL, said, for an unknown name or more than LEDGER_EVENTS_MAX; -errno, said with the
 * kernel's reason, for one that cannot be counted here. NULL or "" opens nothing: n is 0. */
int event_counts_open(const char *names, struct event_counts *out);
void event_counts_free(struct event_counts *events);

int event_counts_fd(const struct event_counts *events, int event, int cpu);

/* values[cpu * LEDGER_EVENTS_MAX + event] becomes the reading with its sign changed (`begin`), or has the reading added to it, so that
 * a pair of calls leaves the advance. Accepts NULL events: nothing. */
void event_counts_read(const struct event_counts *events, uint64_t *values, int begin);

/* Since it was opened on a CPU: time it was wanted, and time it counted, ns. */
int event_counts_times(const struct event_counts *events, int event, int cpu, uint64_t *enabled_ns, uint64_t *running_ns);

#endif
