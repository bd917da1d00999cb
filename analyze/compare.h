/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare.h: one benchmark on two sides: by how much it changed, and whether that is sure. Pure; nothing here prints.
 *
 * The unit is a run, not a round of it: rounds of one run share its machine's mood, and their spread says nothing about the next
 * run's. With x the logarithms of the runs' figures,
 *
 *   change = exp(mean x_B - mean x_A) - 1
 *   interval: exp(mean x_B - mean x_A +- t sqrt(s_A^2 / n_A + s_B^2 / n_B)) - 1, with Welch's degrees of freedom
 *             (B. L. Welch, The generalization of Student's problem when several different population variances are
 *             involved, Biometrika 34, 1947). A side of one run has the variance of the other side.
 *   t: of 1 - 0.05 / (2 m) for m benchmarks that are compared at once, so that all m intervals together hold in 95 % (C. E.
 *      Bonferroni, 1936; nothing is assumed of how benchmarks go together).
 *
 * Figures without noise (instructions under icount) need no interval: low = high = value, and any difference is real, though it may
 * come from what the kernel did beside the call (docs/kernels.md).
 */
#ifndef ANALYZE_COMPARE_H
#define ANALYZE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "analyze/stats.h"

enum { COMPARE_RANKED = 20 }; /* fewer pairs have no Wilcoxon interval that is wide enough for many benchmarks at once */

enum compare_verdict {
	COMPARE_SAME,    /* the interval holds 0 */
	COMPARE_LESS,    /* it lies below 0 */
	COMPARE_MORE,    /* it lies above 0 */
	COMPARE_UNKNOWN, /* one run a side: the value has no interval */
	COMPARE_MAX
};

struct comparison {
	struct figure change;    /* B / A - 1 */
	struct figure plain;     /* with its own 95 % interval, not corrected for the other benchmarks */
	double a, b;             /* geometric means of the runs */
	size_t a_n, b_n;         /* runs */
	enum compare_verdict verdict;
	bool exact;              /* without noise */
	bool paired;             /* runs taken by turns: of compare_pairs() */
};

/*
 * a[a_n] and b[b_n]: the runs' figures, above 0. tests_n: benchmarks that are compared at once. 0; -ENODATA when a side is empty,
 * -EDOM when a figure is not above 0 and finite; -EXDEV when `exact` is set and the runs of one side differ, which is then no series
 * without noise: compare again without it.
 */
int compare_runs(const double *a, size_t a_n, const double *b, size_t b_n, bool exact, size_t tests_n, struct comparison *out);

/*
 * The same for runs that were taken by turns, A, B, A, B: a[i] and b[i], n >= 2 of them, were made one after the other, so what the machine
 * did meanwhile is common to both and cancels. Of n differences of logarithms the interval is Student's, and from COMPARE_RANKED on
 * Wilcoxon's with Hodges' and Lehmann's value (signedrank.h): where A and B are alike, differences are as often above 0 as below and
 * as far, whatever their distribution. Which it is hangs on n alone, so nothing is chosen by what was found. -ENODATA when n < 2; -ENOMEM.
 */
int compare_pairs(const double *a, const double *b, size_t n, size_t tests_n, struct comparison *out);

/* Whether the change is above `above` (0.02 for 2 %) for sure: the gate. */
bool compare_above(const struct comparison *comparison, double above);

/* What a path that costs 1 + change as much does to a server of which it takes the share f. */
struct compare_server {
	struct figure fraction; /* f after: f c / (1 - f + f c), c = 1 + change */
	struct figure busy;     /* busy cycles after, at the same work, over before, - 1: f (c - 1), Amdahl's law with s = 1 / c */
};

/* Intervals combine those of f and of the change, which are independent: each moves the result by its own half width, and the two
 * are added as squares, for either end apart. -EDOM when f is not within 0 and 1, or the change not above -1. */
int compare_server(struct figure f, struct figure change, struct compare_server *out);

#endif
