/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice_exact.h: blocks of sending with the stages timed and without, by turns: of a running server here, of ways of sending in slice_ways.c. */
#ifndef WORKLOADS_SLICE_EXACT_H
#define WORKLOADS_SLICE_EXACT_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/stage.h"

struct block_row;
struct store;

/* What was measured so far. Zero before the first use. */
struct slice_record {
	struct block_row *blocks;
	struct stage_sums *sums; /* of each block; all 0 where nothing was timed */
	size_t n, room;
};

/* One block: `cycle` is what a timed one and its untimed ones have in common. packets_n -1: not known. Of `sums` NULL: nothing was timed.
 * 0 or -ENOMEM, said. */
int slice_record_add(struct slice_record *record, const char *way, int64_t cycle, int64_t wall_ns, int64_t cpu_ns, int64_t packets_n,
		     const struct stage_sums *sums, double hz);
void slice_record_free(struct slice_record *record);

/* Adds the blocks, their stages and warnings to a run, within a transaction of the caller's. */
int slice_record_write(struct store *store, int64_t run, const struct slice_record *record, double hz);

struct slice_exact_options {
	pid_t pid;        /* this process, its children left out */
	const char *path; /* names of system calls, comma separated */
	double seconds;
	int window_ms;
	const char *clock, *label, *command_line, *version;
	const volatile sig_atomic_t *stop;
	void (*progress)(void *context, double done, const char *text); /* may be NULL */
	void *progress_context;
};

/* 0, with *run the new run; -errno, said. */
int slice_exact_server(struct store *store, const struct slice_exact_options *options, int64_t *run);

#endif
