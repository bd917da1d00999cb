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

/* Steal time of the CPUs in `set` since boot, ns, from /proc/stat (its unit is 10 ms). */
int64_t cpus_steal_ns(const uint8_t *set);

/* Time that one CPU has been idle since boot, likewise; -1 when it cannot be read. */
int64_t cpus_idle_ns(int cpu);

#endif
