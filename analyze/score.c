/* SPDX-License-Identifier: GPL-2.0-or-later */
/* score.c: how good the predictions were that have been observed since. */
#include "analyze/score.h"

#include "analyze/rows.h"
#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static struct figure predicted(const struct scored_row *row)
{
	return (struct figure){ row->predicted, row->predicted_low, row->predicted_high };
}

static struct figure observed(const struct scored_row *row)
{
	return (struct figure){ row->observed, row->observed_low, row->observed_high };
}

static bool is_inside(const struct scored_row *row)
{
	return row->observed >= row->predicted_low && row->observed <= row->predicted_high;
}

static bool is_joint(const struct scored_row *row)
{
	double allowed = hypot(figure_half_width(predicted(row)), figure_half_width(observed(row)));

	return fabs(row->predicted - row->observed) <= allowed;
}

static int score_intervals(const struct scored_row *rows, size_t n, struct score *out)
{
	size_t inside_n = 0, joint_n = 0;
	int err;

	for (size_t i = 0; i < n; i++) {
		if (!figure_has_interval(predicted(&rows[i])) || !figure_has_interval(observed(&rows[i])))
			continue;
		out->intervals_n++;
		inside_n += is_inside(&rows[i]);
		joint_n += is_joint(&rows[i]);
	}
	out->inside = out->joint = figure_exact(NAN);
	if (out->intervals_n == 0)
		return 0;
	err = stats_share_wilson(inside_n, out->intervals_n, &out->inside);
	return err ? err : stats_share_wilson(joint_n, out->intervals_n, &out->joint);
}

static int take_errors(const struct scored_row *rows, size_t n, double *errors)
{
	for (size_t i = 0; i < n; i++) {
		if (!(rows[i].predicted > 0) || !(rows[i].observed > 0))
			return fail(-EDOM, "score: prediction %" PRId64 " has no figure above 0 to compare; observe it again",
				    rows[i].prediction);
		errors[i] = rows[i].predicted / rows[i].observed - 1;
	}
	return 0;
}

static void find_worst(const double *sizes, size_t n, struct score *out)
{
	for (size_t i = 0; i < n; i++) {
		if (sizes[i] > out->worst) {
			out->worst = sizes[i];
			out->worst_at = i;
		}
	}
}

/* Overwrites the errors with their sizes. */
static int score_errors(double *errors, size_t n, struct score *out)
{
	int err = stats_median(errors, n, &out->bias);

	for (size_t i = 0; i < n; i++)
		errors[i] = fabs(errors[i]);
	find_worst(errors, n, out);
	if (!err)
		err = stats_median(errors, n, &out->median);
	if (!err)
		err = stats_quantile(errors, n, 0.75, &out->p75);
	if (!err)
		err = stats_quantile(errors, n, 0.95, &out->p95);
	return err;
}

int score_compute(const struct scored_row *rows, size_t n, struct score *out)
{
	double *errors;
	int err;

	*out = (struct score){ .n = n };
	if (n == 0)
		return fail(-ENODATA, "score: no prediction has been observed yet; run `forecall observe` on the ported side");
	errors = calloc(n, sizeof *errors);
	if (!errors)
		return fail(-ENOMEM, "score: out of memory");
	err = take_errors(rows, n, errors);
	if (!err)
		err = score_errors(errors, n, out);
	if (!err)
		err = score_intervals(rows, n, out);
	free(errors);
	return err;
}
