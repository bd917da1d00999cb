/* SPDX-License-Identifier: GPL-2.0-or-later */
/* surface.c: makes the surface: sorts the blocks of a bench into points, each with its s, and the points into axes. */
#include "analyze/surface.h"

#include "analyze/rows.h"
#include "analyze/surface_internal.h"
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* By point, so that the rows of each lie together. */
static int by_point(const void *a, const void *b)
{
	const struct bench_row *x = a, *y = b;
	const int64_t p[] = { x->group_size, x->payload_bytes, x->private_bytes };
	const int64_t q[] = { y->group_size, y->payload_bytes, y->private_bytes };

	for (int i = 0; i < AXES_N; i++)
		if (p[i] != q[i])
			return p[i] < q[i] ? -1 : 1;
	return 0;
}

/* A copy of the rows, sorted by point. The caller frees; NULL when out of memory. */
static struct bench_row *sort_rows(const struct bench_row *rows, size_t n)
{
	struct bench_row *sorted = malloc((n + 1) * sizeof *sorted);

	if (sorted && n) {
		memcpy(sorted, rows, n * sizeof *sorted);
		qsort(sorted, n, sizeof *sorted, by_point);
	}
	return sorted;
}

static double packets_of(const struct bench_row *rows, size_t n, const char *way)
{
	double packets_n = 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].way, way) == 0)
			packets_n += (double)rows[i].packets_n;
	return packets_n;
}

struct request {
	const char *base, *alt;
	uint64_t seed;
	size_t rep_n;
};

static int add_point(struct surface *surface, const struct bench_row *rows, size_t n, const struct request *request)
{
	struct point *point = &surface->points[surface->points_n];
	int err;

	if (speedup_rounds(rows, n, request->base, request->alt) == 0)
		return 0;
	err = speedup_compute(rows, n, request->base, request->alt, request->seed, request->rep_n, &point->speedup);
	if (err)
		return err;
	point->at[AXIS_GROUP] = (double)rows->group_size;
	point->at[AXIS_PAYLOAD] = (double)rows->payload_bytes;
	point->at[AXIS_PRIVATE] = (double)rows->private_bytes;
	point->packets_n = packets_of(rows, n, request->base);
	surface->points_n++;
	return 0;
}

static size_t count_points(const struct bench_row *sorted, size_t n)
{
	size_t points_n = 0;

	for (size_t i = 0; i < n; i++)
		points_n += i == 0 || by_point(&sorted[i], &sorted[i - 1]) != 0;
	return points_n;
}

static int add_points(struct surface *surface, const struct bench_row *sorted, size_t n, const struct request *request)
{
	int err = 0;

	surface->points = calloc(count_points(sorted, n) + 1, sizeof *surface->points);
	if (!surface->points)
		return fail(-ENOMEM, "surface: out of memory");
	for (size_t i = 0, next; i < n && !err; i = next) {
		for (next = i + 1; next < n && by_point(&sorted[i], &sorted[next]) == 0;)
			next++;
		err = add_point(surface, sorted + i, next - i, request);
	}
	if (!err && surface->points_n == 0)
		return fail(-ENODATA, "surface: the bench has no round with all of null, %s and %s; run `forecall bench --baseline %s "
			    "--alternative %s`", request->base, request->alt, request->base, request->alt);
	return err;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int make_axis(struct surface *surface, int which)
{
	struct axis *axis = &surface->axes[which];
	size_t n = 0;

	axis->values = malloc((surface->points_n + 1) * sizeof *axis->values);
	if (!axis->values)
		return fail(-ENOMEM, "surface: out of memory");
	for (size_t i = 0; i < surface->points_n; i++)
		axis->values[i] = surface->points[i].at[which];
	qsort(axis->values, surface->points_n, sizeof *axis->values, by_value);
	for (size_t i = 0; i < surface->points_n; i++)
		if (n == 0 || axis->values[i] != axis->values[n - 1])
			axis->values[n++] = axis->values[i];
	axis->n = n;
	return 0;
}

static int build(struct surface *surface, const struct bench_row *sorted, size_t n, const struct request *request)
{
	int err = add_points(surface, sorted, n, request);

	for (int i = 0; i < AXES_N && !err; i++)
		err = make_axis(surface, i);
	return err;
}

int surface_new(const struct bench_row *rows, size_t n, const char *base, const char *alt, uint64_t seed, size_t rep_n,
		struct surface **out)
{
	const struct request request = { base, alt, seed, rep_n };
	struct bench_row *sorted = sort_rows(rows, n);
	int err = -ENOMEM;

	*out = calloc(1, sizeof **out);
	if (*out && sorted)
		err = build(*out, sorted, n, &request);
	else
		fail(err, "surface: out of memory");
	free(sorted);
	if (err) {
		surface_free(*out);
		*out = NULL;
	}
	return err;
}

void surface_free(struct surface *surface)
{
	if (!surface)
		return;
	for (size_t i = 0; i < surface->points_n; i++)
		speedup_free(&surface->points[i].speedup);
	for (int i = 0; i < AXES_N; i++)
		free(surface->axes[i].values);
	free(surface->points);
	free(surface);
}

size_t surface_points(const struct surface *surface)
{
	return surface->points_n;
}
