/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * speedup.h: the local speed-up s of a path, from the blocks of a micro-benchmark at one point of its grid.
 *
 * Cost of a way in a set of rounds = sum of (cpu_cyc + async_cyc) / sum of packets_n, in cycles per packet;
 * s = (base - null) / (alternative - null): what the harness itself costs, the `null` way, is taken off both sides.
 * Interval: bootstrap over rounds. A round is kept whole, so that drift of the machine, which is common to the ways
 * of a round, cancels; replicates are widened for the number of rounds (stats_widen_log()) and for those set aside (stats_trimmed()). Of a large bench, neighbouring
 * rounds are joined into batches beforehand (batch.h); a batch then is what a round is here.
 */
#ifndef ANALYZE_SPEEDUP_H
#define ANALYZE_SPEEDUP_H

#include "analyze/stats.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_row;

/* Cycles per packet are net of `null`. Replicate i of base, alt and s are of the same drawn rounds, so they pair. */
struct speedup {
	struct figure s;
	struct figure base_cyc, alt_cyc;
	double null_cyc;
	size_t rounds_n; /* rounds in which all three ways sent something; others (an interrupted run's last) are left out */
	size_t outliers_n; /* rounds set aside besides */
	size_t rep_n;    /* 0 when rounds_n is 1: then no interval is known */
	double *s_rep, *base_rep, *alt_rep;
};

/* Rounds of rows[n] in which null, base and alt each sent something. */
size_t speedup_rounds(const struct bench_row *rows, size_t n, const char *base, const char *alt);

/*
 * rows[n], in any order, are of one point (group_size, payload_bytes, private_bytes) of one run; other ways among them
 * are passed over. Equal seeds draw equal rounds at every point of a run with equally many. 0, or, having printed why:
 * -ENODATA when no round has all of null, base and alt; -EDOM when base or alt costs no more than null; -ENOMEM.
 * On success the caller frees with speedup_free(); on error *out holds nothing.
 */
int speedup_compute(const struct bench_row *rows, size_t n, const char *base, const char *alt, uint64_t seed, size_t rep_n,
		    struct speedup *out);

/* Allocates the three replicate arrays. -ENOMEM; not printed. */
int speedup_alloc(struct speedup *speedup, size_t rep_n);

/* Makes s, its interval and s_rep, and the intervals of base_cyc and alt_cyc, from the values and replicates of these two.
 * -EDOM when one is not above 0, -ENOMEM; not printed. */
int speedup_divide(struct speedup *speedup);

/* s where the baseline costs base_cyc > 0 a packet and the alternative what it did: both scaled, with their intervals and replicates. */
void speedup_rebase(struct speedup *speedup, double base_cyc);

void speedup_free(struct speedup *speedup);

/* s with its replicates, for predict_make(). */
struct sampled speedup_sampled(const struct speedup *speedup);

/* The rule by which a bench stops: half the width of the interval of s is at most `width` (0.01 for 1 %) of s. */
bool speedup_narrow(const struct speedup *speedup, double width);

#endif
