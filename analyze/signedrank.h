/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * signedrank.h: the centre of a sample whose distribution is symmetric, with an interval that assumes nothing else of it: differences of
 * pairs, some of which a neighbour on the machine has made large, which a mean and its variance take to heart.
 *
 *   centre    the median of the n (n + 1) / 2 means of two, each with itself included (J. L. Hodges, E. L. Lehmann, Estimates of
 *             location based on rank tests, Annals of Mathematical Statistics 34, 1963)
 *   interval  from the k-th smallest of these means to the k-th greatest, k the greatest number with P(T < k) <= alpha / 2 for T, the sum of
 *             n ranks of which each counts with probability 1/2 (F. Wilcoxon, Individual comparisons by ranking methods, Biometrics
 *             Bulletin 1, 1945; J. W. Tukey, The simplest signed-rank tests, 1949)
 *
 * For normal noise the interval is 2 % wider than Student's, for noise with heavy tails much narrower. P is exact for n up to
 * SIGNEDRANK_EXACT_MAX, and beyond that a normal one's.
 */
#ifndef ANALYZE_SIGNEDRANK_H
#define ANALYZE_SIGNEDRANK_H

#include <stddef.h>

#include "analyze/stats.h"

enum { SIGNEDRANK_EXACT_MAX = 100, SIGNEDRANK_MAX = 2000 };

/* The number k above for n values; 0 when there are too few for any interval. */
size_t signedrank_critical(size_t n, double alpha);

/* x[n], finite. alpha: how often the interval may miss. 0; -ENODATA when there are too few; -E2BIG above SIGNEDRANK_MAX; -ENOMEM. */
int signedrank_interval(const double *x, size_t n, double alpha, struct figure *out);

#endif
