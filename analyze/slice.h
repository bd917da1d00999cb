/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slice.h: a path cut into its stages (entry, copy, socket, ... as the samples name them), per packet.
 *
 * share of a stage: its samples S_i over all of the path's. Cycles per packet: its samples, those that are missing included, over the target's with what
 * samples do not show (B of sampled.h), times the target's CPU time C without what the samples took, over the packets n it sent meanwhile:
 * (S_i / B) (C / n). All stages together are f of the samples times the busy cycles of a packet.  Sums are over
 * windows; intervals by bootstrap over windows, widened for few of them (stats_widen()). Samples are weighed by what they stand for.
 *
 * Exact: the time of each stage, less what the probes cost. Each of its n_i pieces has one probe in it, which costs what a packet costs more in
 * timed windows than in the untimed ones of the same cycle, over the pieces of a packet:
 *     c = (C_1/N_1 - C_0/N_0) N_1 / sum n,    cycles per packet = (t_i - c n_i) / N_1
 * Intervals by bootstrap over cycles. What lies before the first tracepoint of a call and behind its last, the mode switch, is not timed.
 */
#ifndef ANALYZE_SLICE_H
#define ANALYZE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/rows.h"
#include "analyze/sampled.h"
#include "analyze/stats.h"

enum slice_stage {
	SLICE_ENTRY,
	SLICE_COPY,
	SLICE_SOCKET,
	SLICE_IP,
	SLICE_NETFILTER,
	SLICE_QUEUE,
	SLICE_DRIVER,
	SLICE_COMPLETION,
	SLICE_RECEIVE,
	SLICE_INTERRUPT,
	SLICE_OTHER,
	SLICE_STAGE_MAX
};

/* As stored in sample.stage, and what a reader calls them. */
extern const char *const slice_stage_names[SLICE_STAGE_MAX];
extern const char *const slice_stage_titles[SLICE_STAGE_MAX];

struct slice_input {
	const struct block_row *blocks; /* the sampled ones count */
	size_t blocks_n;
	const struct sample_row *samples;
	size_t samples_n;
	bool exact;      /* rows of the engine `exact` */
	struct sampled_terms terms; /* of the run: sampled_terms_of() */
	const char *way; /* only windows of this way of sending; NULL: all */
	uint64_t seed;
};

struct slice {
	struct figure share[SLICE_STAGE_MAX];
	struct figure cyc[SLICE_STAGE_MAX]; /* per packet; NAN where packets or CPU time are not known */
	struct figure total_cyc;      /* the whole path, per packet */
	int64_t samples_n;            /* inside the path */
	int64_t packets_n;            /* UDP datagrams sent in the windows; 0: not known */
	size_t windows_n;
};

/* 0; -ENOENT no sample lies inside the path; -ENODATA fewer than two windows; -ENOMEM. Nothing is printed. */
int slice_compute(const struct slice_input *input, struct slice *out);

#endif
