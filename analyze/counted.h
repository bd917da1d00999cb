/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counted.h: a figure of a counted bench (bench --count) taken apart: instructions per packet by stage and function, which add up to it.
 *
 * The figure of a way is the median over rounds of (way - null) per packet (benchmark.h), so its parts are those of the one or two
 * rounds that are the median:  part = mean over these rounds of  insn_way / packets_way - insn_null / packets_null.
 * What is left of the figure is what other threads of the sender did, and else 0.
 */
#ifndef ANALYZE_COUNTED_H
#define ANALYZE_COUNTED_H

#include <stddef.h>
#include <stdint.h>

struct bench_row;
struct counted_row;

enum { COUNTED_ROUNDS_MAX = 2 };

/* The rounds of rows[n], which are of one point, in which the cost of a way without `null` is the median. How many: 0 when it sent nothing. */
size_t counted_rounds(const struct bench_row *rows, size_t n, const char *way, int64_t rounds[COUNTED_ROUNDS_MAX]);

/* Instructions per packet; texts are those of the rows. */
struct counted_part {
	const char *stage, *function;
	double insn;
};

struct counted {
	struct counted_part *parts; /* by stage, then function; none is 0 */
	size_t n;
	double total; /* the figure */
	double rest;  /* of it, in no part */
};

/* bench[bench_n] and rows[n] of one run in the order of the store; of them the given way and point are meant. 0; -ENOENT when the way was
 * not counted there; -ENOMEM. Nothing is printed. counted_free() it, before the rows. */
int counted_compute(const struct bench_row *bench, size_t bench_n, const struct counted_row *rows, size_t n, const char *way, int64_t group_size,
		    int64_t payload_bytes, int64_t private_bytes, struct counted *out);
void counted_free(struct counted *counted);

/* Sum over a stage. */
double counted_stage(const struct counted *counted, const char *stage);

/* Stages in the order in which a packet meets them: as stored, and what a reader calls them; NULL behind the last. */
const char *counted_stage_name(size_t i);
const char *counted_stage_title(size_t i);

/* One part on two sides; 0 where a side has none of it. */
struct counted_move {
	const char *stage, *function;
	double before, after;
};

/* All parts of both sides, those that moved most first. The caller frees *moves. 0 or -ENOMEM. */
int counted_moves(const struct counted *before, const struct counted *after, struct counted_move **moves, size_t *n);

#endif
