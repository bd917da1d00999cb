/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.h: the counter that cycles are read from, one per CPU, and how it is opened. */
#ifndef COLLECT_CLOCK_H
#define COLLECT_CLOCK_H

#include <stdint.h>

#include "collect/clock_sync.h"

enum clock_kind {
	CLOCK_KIND_CYCLES,     /* PMU: core cycles; stops when the CPU halts */
	CLOCK_KIND_REF_CYCLES, /* PMU: cycles at a constant rate; stops when the CPU halts */
	CLOCK_KIND_TSC,        /* the kernel's monotonic clock, which runs on the TSC; never stops */
	CLOCK_KIND_MAX
};

struct clock {
	enum clock_kind kind;
	double hz;    /* cycles per second: measured against CLOCK_MONOTONIC_RAW; of a PMU clock, per busy second of this CPU */
	double scale; /* cycles per unit that the BPF program reads: hz / 1e9 for tsc (it reads ns), else 1 */
	int *fd;      /* PMU only: one open counter per possible CPU, -1 where offline; else NULL */
	int cpus_n;
	const char *doubt; /* tsc: why it may not be steady, one sentence with the remedy; NULL: nothing speaks against it */
};

/* What can be found out about the TSC, or the architecture's counter. */
struct clock_check {
	double hz;         /* measured against CLOCK_MONOTONIC_RAW */
	struct clock_apart apart; /* the counters of any two CPUs */
	char source[32];   /* the kernel's clock source, "?" when it does not tell */
	const char *doubt; /* as above */
};

/* "cycles", "ref-cycles", "tsc". */
const char *clock_name(enum clock_kind kind);

/* Opens the clock called `name`; "auto" takes cycles, then ref-cycles, then tsc, whichever the machine has first.
 * -EINVAL for an unknown name, -ENOENT when the machine has no such counter, -EACCES without privilege; each is said. */
int clock_open(const char *name, struct clock *clock);
/* On every CPU that this thread may run on; takes some 60 ms. 0 or -errno; prints nothing. */
int clock_check(struct clock_check *out);
void clock_free(struct clock *clock);

#endif
