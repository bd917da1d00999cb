/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpus.h: which processors there are, and where this thread may run. */
#ifndef COLLECT_CPUS_H
#define COLLECT_CPUS_H

#include <stdint.h>

#define CPUS_MAX 1024 /* as many as the BPF program knows */

/* Number of CPUs the kernel could ever have: CPU numbers are below it. At most CPUS_MAX. */
int cpus_possible(void);

/* online[cpu] = 1 for each CPU that runs. Returns how many, or -errno. */
int cpus_online(uint8_t online[CPUS_MAX]);

/* Pins the calling thread. -errno when the CPU is not online or not allowed. */
int cpus_pin(int cpu);

/* Time of one CPU since boot in the kernel's ticks of 10 ms (sysconf(_SC_CLK_TCK) a second), as vmstat (procps) has it: waiting for I/O is idle,
 * what a hypervisor stole is busy, and guest time is in user's. */
struct cpu_ticks {
	uint64_t busy, idle, steal; /* steal: also in busy */
};

/* Of all CPUs, from /proc/stat; 0 of one that is not online. Returns 0, or -errno. */
int cpus_ticks(struct cpu_ticks ticks[CPUS_MAX]);

/* Steal time of the CPUs in `set`, ns; 0 when it cannot be read. */
int64_t cpus_steal_ns(const uint8_t *set);

/* Idle time of one CPU, ns; -1 when it cannot be read. */
int64_t cpus_idle_ns(int cpu);

#endif
