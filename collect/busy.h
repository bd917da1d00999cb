/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * busy.h: the busy meter: how much of a CPU was used, and by which processes, exact to the ns and cheap enough to leave on.
 *
 * A context switch costs one probe and an interrupt two; system calls none. The clock is the kernel's monotonic one, which runs on the
 * TSC. Everything goes away with the process, also on SIGKILL. Unlike vmstat, which asks at each tick who runs, it misses nothing
 * that happens between two ticks.
 */
#ifndef COLLECT_BUSY_H
#define COLLECT_BUSY_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/busy_account.h"

struct busy;

struct busy_options {
	const uint8_t *cpus; /* [CPUS_MAX], 1 for each CPU to be metered; all online */
	int irqs;            /* softirqs and hardirqs apart; else they are of the task that they interrupt, or idle */
	int processes;       /* by process too */
};

/* Since the meter was opened. idle_ns and all of ns[] add up to the time that was metered. */
struct busy_time {
	uint64_t idle_ns, ns[BUSY_KIND_MAX], switches_n;
};

struct busy_process {
	pid_t pid; /* 0: the idle tasks, which have nothing but the interrupts that came while a CPU was idle */
	uint64_t ns[BUSY_KIND_MAX], switches_n;
	int kernel;    /* a kernel thread */
	char comm[16];
};

/* Loads and attaches, and begins to count. -EPERM, -ENOENT (no BTF), said. Keeps a copy of the options' CPUs. */
int busy_open(const struct busy_options *options, struct busy **out);
void busy_free(struct busy *busy); /* accepts NULL */

/* Takes the probes away, and puts them back; what runs meanwhile is charged to whoever runs at the next event. */
int busy_attach(struct busy *busy);
void busy_detach(struct busy *busy);

/* Until now: fills times[CPUS_MAX] for each metered CPU, others stay as they are. 0 or -errno, said. */
int busy_read(struct busy *busy, struct busy_time *times);

/* Until the last busy_read(), by pid; processes that are gone are forgotten afterwards. Free with free(). 0 or -errno, said. */
int busy_processes(struct busy *busy, struct busy_process **out, size_t *n);

/* Shares of processes that were lost since the meter was opened, as more than BUSY_PROCESSES_MAX were alive. */
uint64_t busy_lost(const struct busy *busy);

/* Time of all kinds together. */
static inline uint64_t busy_sum(const uint64_t ns[BUSY_KIND_MAX])
{
	return ns[BUSY_TASK] + ns[BUSY_SOFTIRQ] + ns[BUSY_HARDIRQ];
}

#endif
