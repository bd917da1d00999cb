/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events.h: counters by name. A name is one of libpfm4's (INST_RETIRED, LLC_MISSES, arm_n1::L1D_CACHE_REFILL, instructions,
 * page-faults; case does not matter), a raw code as perf writes it (r1b), or an event of the kernel's own description of a PMU
 * (msr/tsc/, cpu/event=0xc0,umask=0x1/).
 */
#ifndef COLLECT_EVENTS_H
#define COLLECT_EVENTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct perf_event_attr;

#define EVENT_NAME_MAX 128
#define EVENT_WHY_MAX 192

/*
 * Fills *attr for a name: type, configuration, and nothing else but its size. 0, or with the reason in why[EVENT_WHY_MAX] -EINVAL (no such
 * event, PMU or term). Prints nothing.
 */
int event_encode(const char *name, struct perf_event_attr *attr, char *why);

/*
 * Opens a counter: of thread `tid` wherever it runs (cpu -1), or of everything on a CPU (tid -1), in the group of `group` (-1: a
 * group of its own), disabled when it leads one. Reading it gives its value, and the times it was wanted and counted. A PMU
 * that cannot tell user space from kernel, or threads from CPUs, may refuse. Returns the descriptor or, with the reason, -errno.
 */
int event_open(const char *name, pid_t tid, int cpu, int group, char *why);

/* The reason behind an errno of perf_event_open(), with the remedy where there is one. */
void event_reason(int err, char *why);

/* One event of this machine's PMUs, opened once. */
struct event_info {
	const char *pmu;         /* libpfm4's word for it: perf, arm_n1, skl; "kernel" for the kernel's own descriptions */
	const char *name;        /* to give to --event */
	const char *description; /* of libpfm4; NULL: none */
	int opened;              /* 0: it counts here; 1: of whole CPUs only; or -errno */
	const char *why;         /* when it does not */
};

/*
 * Calls visit() with every event whose name or PMU contains `pattern` (case does not matter; NULL: all) of every PMU that libpfm4
 * finds here, tracepoints left out, and of /sys/bus/event_source. A result of visit() that is not 0 ends it and is returned. -ENOTSUP, said,
 * when libpfm4 does not work here.
 */
int events_each(const char *pattern, int (*visit)(void *context, const struct event_info *event), void *context);

/* ---- events_sysfs.c ---- */

/* "pmu/terms/" by /sys/bus/event_source/devices. As event_encode(). */
int event_encode_sysfs(const char *name, struct perf_event_attr *attr, char *why);

/* Calls visit() with "pmu/event/" of each that the kernel names. */
int events_sysfs_each(int (*visit)(void *context, const char *pmu, const char *name), void *context);

#endif
