/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bars.h: where the cycles went, as bars of parts: one bar per CPU, or one per thread. Pure: counts in, shares out. */
#ifndef REPORTS_BARS_H
#define REPORTS_BARS_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/rows.h"

enum part {
	PART_PATH,     /* in the path's calls, interrupts left out (of a thread: with those within) */
	PART_PATH_IRQ, /* interrupts and softirqs that came in the path's calls; of a thread: 0 */
	PART_CALL,     /* in other system calls of the target */
	PART_USER,     /* in the target's own code */
	PART_IRQ,      /* interrupts and softirqs elsewhere */
	PART_OTHER,    /* other tasks, kernel threads of the target, and what came before a window's first event */
	PART_IDLE,
	PART_MAX
};

struct part_kind {
	const char *name;   /* in words */
	const char *column; /* in CSV */
	const char *colour; /* in theme.h */
};

extern const struct part_kind part_kinds[PART_MAX];

enum { BAR_LABEL = 96, BARS_MAX = 32 };

struct bar {
	char label[BAR_LABEL]; /* fit for a picture: label_clean() */
	int64_t id;            /* CPU or thread; -1: several */
	double share[PART_MAX];
};

struct bars {
	struct bar bar[BARS_MAX];
	size_t n;
};

/*
 * Copies what fits of `text` to `out` as one line that neither gnuplot, CSV nor SVG takes for more than text: markup, quotes,
 * backslashes and control characters are replaced by look-alikes, and a long text ends in "…".
 */
void label_clean(const char *text, char *out, size_t size);

/* One bar per CPU, in their order; its parts add up to 1 (to 0 where nothing was counted). Of more CPUs than BARS_MAX the busiest
 * have a bar each, and the last bar is the mean of the others. 0 or -ENOMEM. */
int bars_of_cpus(const struct ledger_row *rows, size_t n, struct bars *out);

/* One bar per thread, busiest first; parts are shares of `window_cyc`, the time of one CPU. Of more threads than BARS_MAX the
 * last bar is the sum of the others. rows[n] are sorted in place. */
void bars_of_threads(struct thread_row *rows, size_t n, double window_cyc, struct bars *out);

/* Cycles of a thread while it was running. */
int64_t bars_thread_cyc(const struct thread_row *row);

#endif
