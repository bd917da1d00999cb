/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grid.h: one micro-benchmark over a grid: what a packet costs by each way at each point, and s of each alternative. */
#ifndef REPORTS_GRID_H
#define REPORTS_GRID_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/rows.h"
#include "analyze/stats.h"

struct store;

enum { GRID_WAYS_MAX = 24, GRID_NAME = 32, GRID_POINTS_MAX = 4096 };

struct grid_point {
	int64_t group, payload, private; /* packets a burst; bytes */
	size_t way;                      /* index in ways[] */
	struct figure s;                 /* base over this way, null taken off both; 1 exactly for the base itself */
	struct figure cyc;               /* cycles per packet, net of null */
};

struct grid {
	const struct run_row *run;
	char base[GRID_NAME];
	char ways[GRID_WAYS_MAX][GRID_NAME]; /* base first */
	size_t ways_n;
	struct grid_point *points; /* by way, then group, payload, private */
	size_t points_n;
};

/* Reads it. A bench whose baseline or null is missing has no points, nor has one of more than GRID_POINTS_MAX. 0 or -errno, said; then there is nothing to free. */
int grid_load(struct store *store, const struct run_row *run, struct grid *out);
void grid_free(struct grid *grid);

/* The axes along which one may go. */
enum grid_axis { GRID_GROUP, GRID_PAYLOAD, GRID_PRIVATE, GRID_AXES };

/* Where a point lies on an axis. */
int64_t grid_at(const struct grid_point *point, enum grid_axis axis);

/*
 * The points of one way along one axis, in rising order, into line[points_n]; the other two coordinates are those of `like`. Returns how many
 * there are.
 */
size_t grid_line(const struct grid *grid, size_t way, enum grid_axis axis, const struct grid_point *like, const struct grid_point **line);

/* The point of way 0 (the base) through which the longest line along this axis goes; of several the one of the largest group, then of the
 * largest payload. NULL when no line has two points. */
const struct grid_point *grid_longest(const struct grid *grid, enum grid_axis axis);

#endif
