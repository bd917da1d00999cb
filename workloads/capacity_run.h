/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capacity_run.h: the capacity of one way of sending, or of two beside the predicted one, as a run of the store.
 *
 * With an alternative: search the baseline; profile the server at 80 % of the group that it served, bench in its shape, predict and observe
 * (experiment.h), unless a profile that was predicted from is named; search the alternative; compare.
 */
#ifndef WORKLOADS_CAPACITY_RUN_H
#define WORKLOADS_CAPACITY_RUN_H

#include "analyze/stats.h"
#include "analyze/trials.h"
#include "workloads/capacity.h"

struct store;

struct capacity_run_options {
	struct capacity_options search; /* its way is the baseline; from, to, progress set here */
	const char *alternative;        /* NULL: none */
	int64_t profile;                /* whose newest prediction of the alternative is taken; STORE_NULL: make one */
	double profile_seconds;         /* of the profile, and of the observation */
	const char *clock;              /* auto, cycles, ref-cycles, tsc */
	volatile sig_atomic_t *stop;
	void (*progress)(void *context, double done, const char *text); /* may be NULL */
	void *progress_context;
	const char *label, *command_line, *version;
};

struct capacity_run {
	int64_t run;
	int64_t profile;           /* whose prediction stands beside it; STORE_NULL: none */
	struct trials before, after; /* after.n 0: there is no alternative */
	struct figure observed;    /* after over before, with its bracket */
	struct figure predicted;   /* capacity of the busiest thread, as predicted; NAN when there is no prediction */
};

/* 0; -EINTR: nothing was stored; -ENOENT, said: no such prediction; or as its parts say. A prediction that is refused, or whose figures
 * are too noisy, is said and left out. */
int capacity_run(struct store *store, const struct capacity_run_options *options, struct capacity_run *out);

#endif
