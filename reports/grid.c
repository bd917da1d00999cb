/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grid.c: the points of a bench, from its blocks joined as they are read, so that a large bench needs little memory. */
#include "reports/grid.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/batch.h"
#include "analyze/speedup.h"
#include "analyze/store.h"
#include "base/err.h"

#define REPLICATES 400 /* for the error bars of a picture; predict takes more */

static int no_memory(void)
{
	return fail(-ENOMEM, "report: out of memory");
}

/* ---- Ways ---- */

static void add_way(struct grid *grid, const char *way)
{
	for (size_t i = 0; i < grid->ways_n; i++)
		if (!strcmp(grid->ways[i], way))
			return;
	if (grid->ways_n < GRID_WAYS_MAX && strlen(way) < GRID_NAME)
		strcpy(grid->ways[grid->ways_n++], way);
}

/* The base, then the others by name. Without the base or null there are none. Sets *points_n to the most points there can be. */
static int find_ways(struct store *store, struct grid *grid, size_t *points_n)
{
	struct bench_row *rows;
	bool null = false, base = false;
	int err = store_bench_round(store, grid->run->run, &rows, points_n);

	for (size_t i = 0; i < *points_n && !err; i++) {
		null |= !strcmp(rows[i].way, "null");
		base |= !strcmp(rows[i].way, grid->base);
	}
	if (!err && null && base && *points_n <= GRID_POINTS_MAX) {
		add_way(grid, grid->base);
		for (size_t i = 0; i < *points_n; i++)
			if (strcmp(rows[i].way, "null"))
				add_way(grid, rows[i].way);
	}
	store_rows_free(rows);
	return err;
}

/* ---- Points ---- */

static int same_point(const struct bench_row *a, const struct bench_row *b)
{
	return a->group_size == b->group_size && a->payload_bytes == b->payload_bytes && a->private_bytes == b->private_bytes;
}

/* A point that cannot be told (a way that costs no more than null) is left out. */
static int add_point(struct grid *grid, const struct bench_row *rows, size_t n, size_t way)
{
	const char *alternative = grid->ways[way];
	struct speedup speedup;

	if (!speedup_rounds(rows, n, grid->base, alternative))
		return 0;
	int err = speedup_compute(rows, n, grid->base, alternative, STATS_SEED, REPLICATES, &speedup);
	if (err)
		return err == -ENOMEM ? err : 0;
	grid->points[grid->points_n++] = (struct grid_point){
		.group = rows->group_size, .payload = rows->payload_bytes, .private = rows->private_bytes, .way = way,
		.s = way ? speedup.s : figure_exact(1), .cyc = speedup.alt_cyc,
	};
	speedup_free(&speedup);
	return 0;
}

static int add_points(struct grid *grid, const struct bench_row *rows, size_t n, size_t way)
{
	int err = 0;

	for (size_t from = 0, to; from < n && !err; from = to) {
		for (to = from; to < n && same_point(&rows[from], &rows[to]);)
			to++;
		err = add_point(grid, rows + from, to - from, way);
	}
	return err;
}

/* The points of one way; the base is compared with itself. */
static int load_way(struct store *store, struct grid *grid, size_t way)
{
	struct batches *batches = batches_new(grid->base, grid->ways[way]);
	const struct bench_row *rows;
	size_t n;
	int err = batches ? store_benches_of(store, grid->run->run, grid->base, grid->ways[way], batches_add, batches) : no_memory();

	if (!err)
		err = batches_rows(batches, &rows, &n);
	if (!err)
		err = add_points(grid, rows, n, way);
	batches_free(batches);
	return err;
}

int grid_load(struct store *store, const struct run_row *run, struct grid *out)
{
	size_t points_n = 0;

	*out = (struct grid){ .run = run };
	snprintf(out->base, sizeof out->base, "%s", run->path);
	int err = find_ways(store, out, &points_n);
	out->points = err ? NULL : calloc(points_n + 1, sizeof *out->points);
	if (!err && !out->points)
		err = no_memory();
	for (size_t way = 0; way < out->ways_n && !err; way++)
		err = load_way(store, out, way);
	if (err)
		grid_free(out);
	return err;
}

void grid_free(struct grid *grid)
{
	free(grid->points);
	*grid = (struct grid){ .run = NULL };
}

/* ---- Lines ---- */

int64_t grid_at(const struct grid_point *point, enum grid_axis axis)
{
	return axis == GRID_GROUP ? point->group : axis == GRID_PAYLOAD ? point->payload : point->private;
}

static int on_line(const struct grid_point *point, size_t way, enum grid_axis axis, const struct grid_point *like)
{
	if (point->way != way)
		return 0;
	for (enum grid_axis other = 0; other < GRID_AXES; other++)
		if (other != axis && grid_at(point, other) != grid_at(like, other))
			return 0;
	return 1;
}

/* Points come by group, payload, private, so those of a line come in rising order. */
size_t grid_line(const struct grid *grid, size_t way, enum grid_axis axis, const struct grid_point *like, const struct grid_point **line)
{
	size_t n = 0;

	for (size_t i = 0; i < grid->points_n; i++)
		if (on_line(&grid->points[i], way, axis, like))
			line[n++] = &grid->points[i];
	return n;
}

static size_t line_length(const struct grid *grid, enum grid_axis axis, const struct grid_point *like)
{
	size_t n = 0;

	for (size_t i = 0; i < grid->points_n; i++)
		n += on_line(&grid->points[i], 0, axis, like);
	return n;
}

const struct grid_point *grid_longest(const struct grid *grid, enum grid_axis axis)
{
	const struct grid_point *best = NULL;
	size_t best_n = 1;

	for (size_t i = 0; i < grid->points_n && grid->points[i].way == 0; i++) {
		size_t n = line_length(grid, axis, &grid->points[i]);

		if (n > best_n || (best && n == best_n)) {
			best = &grid->points[i];
			best_n = n;
		}
	}
	return best;
}
