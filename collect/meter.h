/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * meter.h: what can be read of a target without touching it: its CPU time, and counters that advance with its work.
 *
 * They are what is known of an unprobed window. No single work meter suits every server, so all are read; which of them goes
 * with the path calls is found out where those are counted too (analyze/fraction.h).
 */
#ifndef COLLECT_METER_H
#define COLLECT_METER_H

#include <stdint.h>
#include <sys/types.h>

struct nudge;

struct meter {
	int64_t ns;       /* CLOCK_MONOTONIC, when the CPU time was so much */
	int64_t cpu_ns;   /* CPU time of the processes, threads that ended included */
	int64_t udp_n;    /* UDP datagrams sent in the network namespace of the first process */
	int64_t io_n;     /* read and write calls of the processes */
	int64_t switch_n; /* voluntary context switches of the processes' first threads */
	int alive;        /* processes whose CPU time could be read */
};

/* Reads all meters of some processes. What cannot be read is -1; cpu_ns leaves out processes that are gone (see alive).
 * With a nudge cpu_ns is exact to microseconds; without (NULL) it may be a tick old. */
void meter_read(struct nudge *nudge, const pid_t *pids, int n, struct meter *meter);

#endif
