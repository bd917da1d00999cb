/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe_cost.c: from the rows of a calibration to what the probes cost. The formulas stand in probe_cost.h. */
#include "analyze/probe_cost.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/rows.h"
#include "analyze/stats.h"

#define KERNEL_SHARE 0.1 /* of the null call: the kernel's own cycles between the probes. It enters times k - 1 only. */

_Static_assert(sizeof(struct probe_timing) == 8 * sizeof(double), "time_row() names all members");

#define MEMBERS (sizeof(struct probe_timing) / sizeof(double))

/* All rows of a calibration, and where to look in them. */
struct rows {
	const struct calibration_row *rows;
	size_t n;
};

/* The row of this CPU and round, or NULL. */
static const struct calibration_row *find(const struct rows *all, int64_t cpu, int64_t round, const char *call, const char *probes, int dose)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct calibration_row *row = &all->rows[i];

		if (row->cpu == cpu && row->round == round && row->dose == dose && !strcmp(row->call, call) && !strcmp(row->probes, probes))
			return row;
	}
	return NULL;
}

/* Cycles per unprobed send around the probed ones of this round: the mean of this round's and the next one's. */
static double unprobed_send(const struct rows *all, const struct calibration_row *before)
{
	const struct calibration_row *after = find(all, before->cpu, before->round + 1, "send", "all", 0);

	return after ? (before->call_cyc + after->call_cyc) / 2 : before->call_cyc;
}

static void time_null(const struct rows *all, const struct calibration_row *n0, struct probe_timing *out)
{
	const struct calibration_row *n1 = find(all, n0->cpu, n0->round, "null", "all", 1), *n2 = find(all, n0->cpu, n0->round, "null", "all", 2);

	if (!n1 || !n2)
		return;
	out->null_u = n0->call_cyc;
	out->null_v = n1->call_cyc;
	out->null_w = n1->frame_cyc;
	out->mode = (1 - KERNEL_SHARE) * n0->call_cyc;
}

/* Where there is no send call: one null call for the call, one for the softirq. */
static void time_null_as_send(const struct rows *all, const struct calibration_row *n0, struct probe_timing *out)
{
	const struct calibration_row *n2 = find(all, n0->cpu, n0->round, "null", "all", 2);

	if (!n2 || !isfinite(out->mode))
		return;
	out->softirq = out->null_v - out->null_u;
	out->sent = 2 * out->softirq;
	out->outside = out->null_v - out->null_w - out->mode;
	out->linear = out->softirq / (n2->call_cyc - out->null_v);
}

/* `outside` is left without the mode switch, which only some rounds time. */
static void time_send(const struct rows *all, const struct calibration_row *s0, struct probe_timing *out)
{
	const struct calibration_row *sc = find(all, s0->cpu, s0->round, "send", "calls", 1),
				     *s1 = find(all, s0->cpu, s0->round, "send", "all", 1), *s2 = find(all, s0->cpu, s0->round, "send", "all", 2);

	if (!s1)
		return;
	out->sent = s1->call_cyc - unprobed_send(all, s0);
	out->outside = s1->call_cyc - s1->frame_cyc;
	if (sc)
		out->softirq = s1->call_cyc - sc->call_cyc;
	if (s2)
		out->linear = out->sent / (s2->call_cyc - s1->call_cyc);
}

/* What the rows that begin with an unprobed one tell; NAN where they tell nothing. */
static struct probe_timing time_row(const struct rows *all, const struct calibration_row *row, bool sends)
{
	struct probe_timing out = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

	if (row->dose)
		return out;
	if (!strcmp(row->call, "send")) {
		time_send(all, row, &out);
	} else {
		time_null(all, row, &out);
		if (!sends)
			time_null_as_send(all, row, &out);
	}
	return out;
}

/* The median, and its standard error from the median deviation (normal noise: 1.4826 for the deviation, sqrt(pi / 2) for the
 * median of n values). */
static int summarise(const double *values, size_t n, double *median, double *error)
{
	double mad;
	int err = n ? stats_median(values, n, median) : -ENODATA;

	if (!err)
		err = stats_mad(values, n, &mad);
	if (!err)
		*error = 1.4826 * mad * sqrt(M_PI / 2 / (double)n);
	return err;
}

/* One member over all rows. values[all->n] is room to work in. */
static int summarise_member(const struct rows *all, size_t member, bool sends, double *values, double *median, double *error)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct probe_timing one = time_row(all, &all->rows[i], sends);
		double value = ((const double *)&one)[member];

		if (isfinite(value))
			values[n++] = value;
	}
	return summarise(values, n, median, error);
}

static bool has_sends(const struct rows *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->rows[i].call, "send"))
			return true;
	return false;
}

int probe_timing(const struct calibration_row *rows, size_t n, struct probe_timing *timing, struct probe_timing *errors)
{
	const struct rows all = {rows, n};
	bool sends = has_sends(&all);
	double *values = malloc((n + 1) * sizeof *values);
	int err = values ? 0 : -ENOMEM;

	for (size_t j = 0; j < MEMBERS && !err; j++)
		err = summarise_member(&all, j, sends, values, (double *)timing + j, (double *)errors + j);
	free(values);
	if (!err && sends)
		timing->outside -= timing->mode;
	return err;
}

struct probe_cost probe_cost(const struct probe_timing *t)
{
	return (struct probe_cost){
		.mode = t->mode,
		.call = t->sent - t->softirq,
		.inside = t->sent - t->softirq - t->outside,
		.softirq = t->softirq,
		.linear = t->linear,
	};
}

struct probe_cost probe_cost_draw(const struct probe_timing *timing, const struct probe_timing *errors, struct stats_rng *rng)
{
	struct probe_timing drawn = *timing;

	for (size_t j = 0; j < MEMBERS; j++)
		((double *)&drawn)[j] += ((const double *)errors)[j] * stats_rng_normal(rng);
	return probe_cost(&drawn);
}
