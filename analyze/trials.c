/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trials.c: sums over trials of one way of sending. */
#include "analyze/trials.h"

#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/rows.h"

bool trial_served(const struct trial_row *row)
{
	return row->silent_n == 0 && row->rate_bps_min >= row->quality * row->rate_bps;
}

double trial_cpu_share(const struct trial_row *row)
{
	return row->wall_ns > 0 ? (double)row->cpu_ns / (double)row->wall_ns : NAN;
}

/* More of a group's trials that were served than were not: above 0; fewer: below 0. */
static int balance(const struct trial_row *rows, size_t n, const char *way, int64_t group)
{
	int sum = 0;

	for (size_t i = 0; i < n; i++)
		if (rows[i].group_size == group && !strcmp(rows[i].way, way))
			sum += trial_served(&rows[i]) ? 1 : -1;
	return sum;
}

static void bracket(const struct trial_row *rows, size_t n, const char *way, struct trials *out)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].way, way) && balance(rows, n, way, rows[i].group_size) <= 0 &&
		    (!out->refused || rows[i].group_size < out->refused))
			out->refused = rows[i].group_size;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].way, way) && rows[i].group_size > out->served && (!out->refused || rows[i].group_size < out->refused))
			out->served = rows[i].group_size;
}

/* Mean CPU share of the trials with this group; NAN when there is none. */
static double share_at(const struct trial_row *rows, size_t n, const char *way, int64_t group)
{
	double sum = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		if (rows[i].group_size == group && !strcmp(rows[i].way, way)) {
			sum += trial_cpu_share(&rows[i]);
			used++;
		}
	return used ? sum / (double)used : NAN;
}

/* A line by least squares through group and CPU share. */
static double saturation(const struct trial_row *rows, size_t n, const char *way)
{
	double *x = calloc(2 * n + 1, sizeof *x), *y = x ? x + n : NULL, c0 = 0, c1 = 0, cov00, cov01, cov11, rest, low = INFINITY, high = -INFINITY;
	size_t used = 0;

	for (size_t i = 0; i < n && x; i++)
		if (!strcmp(rows[i].way, way) && trial_served(&rows[i]) && isfinite(trial_cpu_share(&rows[i]))) {
			x[used] = (double)rows[i].group_size;
			y[used] = trial_cpu_share(&rows[i]);
			low = fmin(low, x[used]);
			high = fmax(high, x[used++]);
		}
	if (high > low)
		gsl_fit_linear(x, 1, y, 1, used, &c0, &c1, &cov00, &cov01, &cov11, &rest);
	free(x);
	return c1 > 0 ? (1 - c0) / c1 : NAN;
}

void trials_sum(const struct trial_row *rows, size_t n, const char *way, struct trials *out)
{
	*out = (struct trials){ .n = 0 };
	for (size_t i = 0; i < n; i++)
		out->n += !strcmp(rows[i].way, way);
	bracket(rows, n, way, out);
	out->cpu_share = out->served ? share_at(rows, n, way, out->served) : NAN;
	out->saturation = saturation(rows, n, way);
	out->idle = out->refused && share_at(rows, n, way, out->refused) < TRIALS_BUSY;
}

struct figure trials_gain(const struct trials *before, const struct trials *after)
{
	double b = (double)before->served, a = (double)after->served;

	if (!before->served || !after->served)
		return figure_exact(NAN);
	return (struct figure){ a / b, before->refused ? a / (double)before->refused : NAN, after->refused ? (double)after->refused / b : NAN };
}
