/* SPDX-License-Identifier: GPL-2.0-or-later */
/* judge.h: how a benchmark prints a figure beside its target, and remembers whether one was missed. */
#ifndef TESTS_BENCH_JUDGE_H
#define TESTS_BENCH_JUDGE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "analyze/stats.h"

static int judge_missed; /* how many figures missed their targets: the exit status is whether any did */

static inline void judge_line(const char *what, struct figure figure, const char *target, bool met)
{
	char value[64];

	if (figure_has_interval(figure))
		snprintf(value, sizeof value, "%.4g [%.4g, %.4g]", figure.value, figure.low, figure.high);
	else
		snprintf(value, sizeof value, "%.6g", figure.value);
	printf("%-56s %-26s %-20s %s\n", what, value, target, met ? "met" : "MISSED");
	fflush(stdout);
	judge_missed += !met;
}

static inline void judge_at_most(const char *what, struct figure figure, double most)
{
	char target[32];

	snprintf(target, sizeof target, "at most %g", most);
	judge_line(what, figure, target, figure.value <= most);
}

static inline void judge_at_least(const char *what, struct figure figure, double least)
{
	char target[32];

	snprintf(target, sizeof target, "at least %g", least);
	judge_line(what, figure, target, figure.value >= least);
}

static inline void judge_within(const char *what, struct figure figure, double least, double most)
{
	char target[32];

	snprintf(target, sizeof target, "%g to %g", least, most);
	judge_line(what, figure, target, figure.value >= least && figure.value <= most);
}

/* The median of x[n] with the interval within which half of them lie: how much they spread. */
static inline struct figure judge_median(const double *x, size_t n)
{
	struct figure figure = figure_exact(NAN);

	stats_median(x, n, &figure.value);
	stats_quantile(x, n, 0.25, &figure.low);
	stats_quantile(x, n, 0.75, &figure.high);
	return figure;
}

#endif
