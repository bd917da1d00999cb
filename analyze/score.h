/* SPDX-License-Identifier: GPL-2.0-or-later */
/* score.h: how good the predictions were that have been observed since. */
#ifndef ANALYZE_SCORE_H
#define ANALYZE_SCORE_H

#include "analyze/stats.h"

#include <stddef.h>

struct scored_row;

/* An error is predicted / observed - 1: 0.01 is 1 % too optimistic. */
struct score {
	size_t n;         /* observed predictions */
	double bias;      /* median error, with its sign */
	double median;    /* of |error|, as the rest */
	double p75, p95;  /* quantiles */
	double worst;
	size_t worst_at;  /* index of that row */
	size_t intervals_n;   /* of these, with both intervals known: what the shares below are of */
	struct figure inside; /* share whose observed value lay in the predicted interval */
	struct figure joint;  /* share with |predicted - observed| <= sqrt(half width predicted^2 + half width observed^2):
			       * what should be 0.95 when both intervals are right, as both figures carry an error */
};

/* rows[n] are observed (store_scored()). The shares have Wilson's interval, and are NAN when intervals_n is 0.
 * -ENODATA, printed, when n is 0; -EDOM, printed, when a figure is missing or not above 0; -ENOMEM. */
int score_compute(const struct scored_row *rows, size_t n, struct score *out);

#endif
