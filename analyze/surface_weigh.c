/* SPDX-License-Identifier: GPL-2.0-or-later */
/* surface_weigh.c: asks the surface: at a place, or weighted with a profile; interpolates, and refuses to extrapolate. */
#include "analyze/rows.h"
#include "analyze/surface.h"
#include "analyze/surface_internal.h"
#include "base/err.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define ROUNDING 1e-9 /* of a coordinate: places this near to an edge are at it */

/* ---- Weights ---- */

/* Interpolation is linear in the costs of the points, so a place, or a mixture of places, is a weight per point. */
struct weights {
	const struct surface *surface;
	double *of_point;
	double total, outside; /* packets, and of these those that lie outside the grid */
	double low[AXES_N], high[AXES_N]; /* of the places that were asked for */
};

static int weights_init(struct weights *weights, const struct surface *surface)
{
	*weights = (struct weights){ .surface = surface };
	for (int i = 0; i < AXES_N; i++) {
		weights->low[i] = INFINITY;
		weights->high[i] = -INFINITY;
	}
	weights->of_point = calloc(surface->points_n, sizeof *weights->of_point);
	return weights->of_point ? 0 : fail(-ENOMEM, "surface: out of memory");
}

static double scale(int axis, double value)
{
	return axis == AXIS_GROUP ? log(value) : axis == AXIS_PAYLOAD ? log1p(value) : value;
}

static double clamp(const struct axis *axis, double value)
{
	return fmin(fmax(value, axis->values[0]), axis->values[axis->n - 1]);
}

/* Where `value`, which is within the axis, lies: between values *low and *low + 1, at `return` of the way to the latter. */
static double bracket(const struct surface *surface, int which, double value, size_t *low)
{
	const struct axis *axis = &surface->axes[which];
	double from, to;

	*low = 0;
	if (axis->n == 1)
		return 0;
	while (*low + 2 < axis->n && value >= axis->values[*low + 1])
		++*low;
	from = scale(which, axis->values[*low]);
	to = scale(which, axis->values[*low + 1]);
	return (scale(which, value) - from) / (to - from);
}

static bool same_place(const double a[AXES_N], const double b[AXES_N])
{
	return a[AXIS_GROUP] == b[AXIS_GROUP] && a[AXIS_PAYLOAD] == b[AXIS_PAYLOAD] && a[AXIS_PRIVATE] == b[AXIS_PRIVATE];
}

static int find_point(const struct surface *surface, const double at[AXES_N], size_t *index)
{
	for (*index = 0; *index < surface->points_n; ++*index)
		if (same_place(surface->points[*index].at, at))
			return 0;
	return fail(-ENODATA, "surface: group %g, payload %g, private %g was not measured to the end; repeat forecall bench",
		    at[AXIS_GROUP], at[AXIS_PAYLOAD], at[AXIS_PRIVATE]);
}

/* One of the eight corners around a place: bit i of `corner` takes the upper value of axis i. */
static int add_corner(struct weights *weights, unsigned corner, const size_t low[AXES_N], const double share[AXES_N],
		      double packets_n)
{
	const struct axis *axes = weights->surface->axes;
	double place[AXES_N];
	size_t index;
	int err;

	for (int i = 0; i < AXES_N; i++) {
		bool upper = corner >> i & 1;

		packets_n *= upper ? share[i] : 1 - share[i];
		place[i] = axes[i].values[low[i] + (upper && axes[i].n > 1)];
	}
	if (packets_n == 0) /* the place lies on a side that this corner is not of */
		return 0;
	err = find_point(weights->surface, place, &index);
	if (err)
		return err;
	weights->of_point[index] += packets_n;
	return 0;
}

/* Adds `packets_n` at a place within the grid to its corners. */
static int spread(struct weights *weights, const double at[AXES_N], double packets_n)
{
	double share[AXES_N];
	size_t low[AXES_N];
	int err = 0;

	for (int i = 0; i < AXES_N; i++)
		share[i] = bracket(weights->surface, i, at[i], &low[i]);
	for (unsigned corner = 0; corner < 1u << AXES_N && !err; corner++)
		err = add_corner(weights, corner, low, share, packets_n);
	return err;
}

static int add_place(struct weights *weights, const double at[AXES_N], double packets_n)
{
	double inside[AXES_N];
	bool outside = false;

	if (!(at[AXIS_GROUP] > 0) || !(at[AXIS_PAYLOAD] >= 0) || !(at[AXIS_PRIVATE] >= 0))
		return fail(-EINVAL, "surface: group %g, payload %g, private %g cannot be; a group is above 0, bytes are not negative",
			    at[AXIS_GROUP], at[AXIS_PAYLOAD], at[AXIS_PRIVATE]);
	for (int i = 0; i < AXES_N; i++) {
		inside[i] = clamp(&weights->surface->axes[i], at[i]);
		outside |= fabs(inside[i] - at[i]) > ROUNDING * at[i];
		weights->low[i] = fmin(weights->low[i], at[i]);
		weights->high[i] = fmax(weights->high[i], at[i]);
	}
	weights->total += packets_n;
	weights->outside += outside ? packets_n : 0;
	return spread(weights, inside, packets_n);
}

static double axis_low(const struct surface *surface, int axis)
{
	return surface->axes[axis].values[0];
}

static double axis_high(const struct surface *surface, int axis)
{
	return surface->axes[axis].values[surface->axes[axis].n - 1];
}

static int refuse_outside(const struct weights *weights)
{
	const struct surface *s = weights->surface;

	return fail(-ERANGE, "surface: %.3g %% of the packets lie outside the measured grid: asked for group %.4g to %.4g, payload "
		    "%.4g to %.4g, private %.4g to %.4g; measured group %.4g to %.4g, payload %.4g to %.4g, private %.4g to %.4g; "
		    "repeat forecall bench with --group, --payload and --private around what was asked for, or with --like RUN",
		    100 * weights->outside / weights->total, weights->low[AXIS_GROUP], weights->high[AXIS_GROUP],
		    weights->low[AXIS_PAYLOAD], weights->high[AXIS_PAYLOAD], weights->low[AXIS_PRIVATE],
		    weights->high[AXIS_PRIVATE], axis_low(s, AXIS_GROUP), axis_high(s, AXIS_GROUP), axis_low(s, AXIS_PAYLOAD),
		    axis_high(s, AXIS_PAYLOAD), axis_low(s, AXIS_PRIVATE), axis_high(s, AXIS_PRIVATE));
}

static int resolve_private(const struct surface *surface, double *private_bytes)
{
	if (*private_bytes != SURFACE_PRIVATE_ONLY)
		return 0;
	if (surface->axes[AXIS_PRIVATE].n > 1)
		return fail(-ERANGE, "surface: the bench measured several sizes of private bytes, and the server has one: repeat forecall bench with one --private, "
				     "or with --like RUN");
	*private_bytes = surface->axes[AXIS_PRIVATE].values[0];
	return 0;
}

/* ---- From weights to s ---- */

static void fewest(const struct weights *weights, size_t *rounds_n, size_t *rep_n)
{
	*rounds_n = *rep_n = SIZE_MAX;
	for (size_t i = 0; i < weights->surface->points_n; i++) {
		const struct speedup *speedup = &weights->surface->points[i].speedup;

		if (weights->of_point[i] == 0)
			continue;
		*rounds_n = speedup->rounds_n < *rounds_n ? speedup->rounds_n : *rounds_n;
		*rep_n = speedup->rep_n < *rep_n ? speedup->rep_n : *rep_n;
	}
}

static void add_costs(struct speedup *sum, const struct speedup *point, double share)
{
	sum->null_cyc += share * point->null_cyc;
	sum->base_cyc.value += share * point->base_cyc.value;
	sum->alt_cyc.value += share * point->alt_cyc.value;
	for (size_t i = 0; i < sum->rep_n; i++) {
		sum->base_rep[i] += share * point->base_rep[i];
		sum->alt_rep[i] += share * point->alt_rep[i];
	}
}

static int weigh_points(const struct weights *weights, struct speedup *out)
{
	struct speedup sum = { .base_cyc = figure_exact(0), .alt_cyc = figure_exact(0) };
	size_t rep_n;
	int err;

	fewest(weights, &sum.rounds_n, &rep_n);
	err = speedup_alloc(&sum, rep_n);
	if (err)
		return fail(err, "surface: out of memory");
	for (size_t i = 0; i < rep_n; i++)
		sum.base_rep[i] = sum.alt_rep[i] = 0;
	for (size_t i = 0; i < weights->surface->points_n; i++)
		if (weights->of_point[i] != 0)
			add_costs(&sum, &weights->surface->points[i].speedup, weights->of_point[i] / weights->total);
	err = speedup_divide(&sum);
	if (err) {
		speedup_free(&sum);
		return fail(err, "surface: the weighted cost of a way is not above 0; repeat forecall bench");
	}
	*out = sum;
	return 0;
}

/* Frees the weights. */
static int finish(struct weights *weights, int err, double outside_max, struct speedup *out)
{
	*out = (struct speedup){ 0 };
	if (!err && weights->outside > outside_max * weights->total)
		err = refuse_outside(weights);
	if (!err)
		err = weigh_points(weights, out);
	free(weights->of_point);
	return err;
}

int surface_at(const struct surface *surface, double group, double payload_bytes, double private_bytes, struct speedup *out)
{
	struct weights weights;
	int err = weights_init(&weights, surface);

	if (!err)
		err = resolve_private(surface, &private_bytes);
	if (!err)
		err = add_place(&weights, (double[]){ group, payload_bytes, private_bytes }, 1);
	return finish(&weights, err, 0, out);
}

static double total_n(const struct hist_row *hist, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)hist[i].n;
	return sum;
}

static double mean(const struct hist_row *bucket)
{
	return (double)bucket->total / (double)bucket->n;
}

int surface_weigh(const struct surface *surface, const struct hist_row *bursts, size_t bursts_n, const struct hist_row *bytes,
		  size_t bytes_n, double private_bytes, struct speedup *out)
{
	double bytes_total = total_n(bytes, bytes_n);
	struct weights weights;
	int err = weights_init(&weights, surface);

	if (!err)
		err = resolve_private(surface, &private_bytes);
	for (size_t i = 0; i < bursts_n && !err; i++)
		for (size_t j = 0; j < bytes_n && !err; j++)
			err = add_place(&weights, (double[]){ mean(&bursts[i]), mean(&bytes[j]), private_bytes },
					(double)bursts[i].total * (double)bytes[j].n / bytes_total);
	if (!err && !(weights.total > 0))
		err = fail(-ENODATA, "surface: the profile has no histogram of bursts or bytes; profile while the target sends");
	return finish(&weights, err, SURFACE_OUTSIDE_MAX, out);
}

int surface_own(const struct surface *surface, struct speedup *out)
{
	struct weights weights;
	int err = weights_init(&weights, surface);

	for (size_t i = 0; i < surface->points_n && !err; i++) {
		weights.of_point[i] = surface->points[i].packets_n;
		weights.total += surface->points[i].packets_n;
	}
	return finish(&weights, err, 0, out);
}
