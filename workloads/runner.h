/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runner.h: the micro-benchmark itself: runs blocks of bursts and measures the CPU time of the bursts alone. Groups,
 * sockets and senders are kept from block to block, so that only the first block of a kind pays for making them. */
#ifndef WORKLOADS_RUNNER_H
#define WORKLOADS_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/counter.h"
#include "workloads/net.h"

struct block;
struct runner;

/* How the thread waits for the next burst. The wait is not measured, but what it leaves in the caches is felt. */
enum runner_wake {
	RUNNER_WAKE_SLEEP,	/* clock_nanosleep() to the deadline */
	RUNNER_WAKE_EPOLL,	/* epoll_wait() for a timer, then a read: what an event loop does */
};

struct runner_config {
	union net_addr to;	/* recipient i is this address with port + i */
	enum runner_wake wake;
	union net_addr multicast; /* group that all recipients have joined; family 0: none */
	const char *events;	/* counted in the bursts by the thread that makes the runner, comma separated; NULL: none */
};

struct runner_result {
	uint64_t packets_n;	/* messages that the kernel took */
	uint64_t errors_n;	/* messages that it refused */
	uint64_t bursts_n;
	/* CPU time from before the first push to after the flush, summed over the bursts; and that of all other threads of the
	 * process, which only the kernel makes, over the whole block: what a thread spins between bursts is a cost too. */
	uint64_t cpu_ns;
	uint64_t copied_n;	/* messages that the kernel copied though it was asked not to */
	uint64_t wall_ns;	/* of the whole block, pauses included */
	uint64_t preempt_n;	/* involuntary context switches */
	uint64_t events[COUNTERS_MAX]; /* of the thread in its bursts, as runner_counters() names them */
	uint64_t late_n;	/* bursts that began after their time, because the one before took longer than the period */
};

/* Says what is wrong by fail(). 0 or -errno. */
int runner_new(const struct runner_config *config, struct runner **out);
void runner_free(struct runner *runner); /* accepts NULL */

/* Runs one block. 0; -EINVAL or -errno with the reason in why[n], and nothing printed. */
int runner_block(struct runner *runner, const struct block *block, struct runner_result *result, char *why, size_t n);

/* The counters of the runner; NULL: none. */
const struct counters *runner_counters(const struct runner *runner);

/* Whether the kernel has taken any packet so far, by a way other than null. Accepts NULL. */
bool runner_sent(const struct runner *runner);

#endif
