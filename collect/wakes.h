/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wakes.h: how many path calls of a target wake a sleeping thread: on one machine, the receiver. Such a call costs some times what one costs
 * whose receiver is awake, so a micro-benchmark must have as many of them (workloads/bench.c).
 */
#ifndef COLLECT_WAKES_H
#define COLLECT_WAKES_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

struct wakes;

/* Calls that ended while they were watched, and their time, probes included: [0] those that woke nobody, [1] those that did. */
struct wakes_count {
	uint64_t calls_n[2], ns[2];
};

/* Loads the probes; nothing is attached. Errors are said. */
int wakes_open(const uint8_t *path, struct wakes **out); /* path[ACCOUNT_CALLS_MAX]: 1 for each system call of the path */
void wakes_free(struct wakes *wakes); /* accepts NULL */

/* Watches these processes for `ms`, or until *stop is set. 0 or -errno, said. */
int wakes_watch(struct wakes *wakes, const pid_t *pids, int n, int ms, const volatile sig_atomic_t *stop, struct wakes_count *out);

#endif
