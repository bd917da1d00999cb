/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_store.h: runs a micro-benchmark and keeps it as one run of the store. */
#ifndef WORKLOADS_BENCH_STORE_H
#define WORKLOADS_BENCH_STORE_H

#include <stdint.h>

#include "workloads/bench.h"
#include "workloads/commands.h"

struct store;

struct bench_store_options {
	struct bench_options bench; /* its clock_hz, on_row and row_arg are set here */
	const char *clock;          /* auto, cycles, ref-cycles, tsc */
	int64_t like_run;           /* STORE_NULL: none */
	int64_t resume_run;         /* a bench that was not finished, of the same machine, baseline, clock and topology: its points are
	                               taken over, and it is deleted; STORE_NULL: none */
	const struct commands_options *commands; /* two commands instead of ways of sending; its clock_hz, on_row and row_arg are set here,
	                                            and `bench` has their names; NULL: none */
	const char *idle;           /* IDLE_POLL when the caller keeps idle CPUs from halting, else NULL */
	const char *label, *command_line, *version;
};

/* Measures and stores; *run is the new run. Each point is written when it is finished, so that it is kept whatever happens: a run
 * that was killed is incomplete, and can be resumed. 0 also when interrupted: the run then says so. -ENODATA, said, when no point
 * was finished; -EINVAL, said, when resume_run cannot be resumed so. */
int bench_store_run(struct store *store, const struct bench_store_options *options, int64_t *run);

#endif
