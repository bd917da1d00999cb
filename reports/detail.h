/* SPDX-License-Identifier: GPL-2.0-or-later */
/* detail.h: one profile as the page shows it: where its cycles went, and what its probes cost. */
#ifndef REPORTS_DETAIL_H
#define REPORTS_DETAIL_H

#include "analyze/alternatives.h"
#include "analyze/fraction.h"
#include "analyze/rows.h"
#include "reports/bars.h"

struct store;

/* Cycles of a call that is known, around which the cost of the probes was measured: means over the rounds. */
struct probe_cost {
	struct figure plain;  /* U: without probes */
	struct figure probed; /* V: with every probe attached once */
	struct figure frame;  /* W: of these, what the ledger saw */
};

/* f in one probed window, the mean cost of the probes over the whole run taken out of it. */
struct moment {
	double at_s; /* middle of the window, since the start of the run */
	double f;
};

struct detail {
	const struct run_row *run;
	bool known;               /* fraction holds figures: there were windows enough, and a calibration */
	struct fraction fraction; /* by the default of --async */
	struct probe_cost null, send;
	double probed_ns;         /* time that the probed windows took in all; the ledger is of the dose 1 ones */
	struct bars cpus, threads;
	struct thread_row *thread_rows; /* busiest first */
	size_t threads_n;
	struct call_row *call_rows;     /* dearest first */
	size_t calls_n;
	struct hist_row *bursts, *sizes; /* burst lengths, and bytes per call, by size */
	size_t bursts_n, sizes_n;
	struct moment *moments;         /* in order of time */
	size_t moments_n;
	struct alternative *alternatives; /* every way that was benched, whether it was predicted or not: content_load() adds them */
	size_t alternatives_n;
};

/* The median number of calls in a burst, counted by calls: half of them are in bursts of so many or more. NAN when there are none. */
double detail_burst(const struct detail *detail);

/* 0 or -errno, said; then there is nothing to free. */
int detail_load(struct store *store, const struct run_row *run, struct detail *out);
void detail_free(struct detail *detail);

#endif
