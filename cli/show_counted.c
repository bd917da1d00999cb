/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_counted.c: stages and functions of a counted bench, as tables and as JSON. */
#include "cli/show_counted.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/counted.h"
#include "analyze/store.h"
#include "base/err.h"
#include "cli/print.h"

enum { WAYS_MAX = 64 };

#define SHOWN_LEAST 0.05 /* instructions per packet: less would be printed as 0 */

/* One point of the bench with the ways that were counted there. */
struct point {
	int64_t group_size, payload_bytes, private_bytes;
	const char *ways[WAYS_MAX];
	struct counted counted[WAYS_MAX];
	size_t n;
};

struct points {
	struct bench_row *bench;
	size_t bench_n;
	struct counted_row *rows;
	size_t rows_n;
	struct point *at;
	size_t n;
};

static void points_free(struct points *points)
{
	for (size_t i = 0; i < points->n; i++)
		for (size_t j = 0; j < points->at[i].n; j++)
			counted_free(&points->at[i].counted[j]);
	free(points->at);
	store_rows_free(points->rows);
	store_rows_free(points->bench);
}

static bool same_point(const struct point *point, const struct bench_row *row)
{
	return point->group_size == row->group_size && point->payload_bytes == row->payload_bytes && point->private_bytes == row->private_bytes;
}

static bool has_way(const struct point *point, const char *way)
{
	for (size_t i = 0; i < point->n; i++)
		if (!strcmp(point->ways[i], way))
			return true;
	return false;
}

/* Rows are in the order of points: a new one begins behind the last. */
static struct point *point_of(struct points *points, const struct bench_row *row)
{
	struct point *more;

	if (points->n && same_point(&points->at[points->n - 1], row))
		return &points->at[points->n - 1];
	more = realloc(points->at, (points->n + 1) * sizeof *more);
	if (!more)
		return NULL;
	points->at = more;
	more += points->n++;
	*more = (struct point){ .group_size = row->group_size, .payload_bytes = row->payload_bytes, .private_bytes = row->private_bytes };
	return more;
}

static int add_way(struct points *points, struct point *point, const char *way)
{
	int err = counted_compute(points->bench, points->bench_n, points->rows, points->rows_n, way, point->group_size, point->payload_bytes,
				  point->private_bytes, &point->counted[point->n]);

	if (!err)
		point->ways[point->n++] = way;
	return err == -ENOENT ? 0 : err;
}

static int read_points(struct store *store, int64_t run, struct points *points)
{
	int err = store_benches(store, run, &points->bench, &points->bench_n);

	if (!err)
		err = store_counted(store, run, &points->rows, &points->rows_n);
	for (size_t i = 0; i < points->bench_n && !err; i++) {
		const struct bench_row *row = &points->bench[i];
		struct point *point = point_of(points, row);

		if (!point)
			err = -ENOMEM;
		else if (row->round == 0 && strcmp(row->way, "null") != 0 && !has_way(point, row->way) && point->n < WAYS_MAX)
			err = add_way(points, point, row->way);
	}
	return err == -ENOMEM ? fail(err, "slice: out of memory") : err;
}

/* ---- Tables ---- */

static void way_cells(struct table *table, const char *what, const double *values, size_t n)
{
	table_text(table, what);
	for (size_t i = 0; i < n; i++)
		table_cell(table, "%.1f", values[i]);
}

static bool any(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fabs(values[i]) >= SHOWN_LEAST)
			return true;
	return false;
}

static double function_of(const struct counted *counted, const struct counted_part *part)
{
	for (size_t i = 0; i < counted->n; i++)
		if (!strcmp(counted->parts[i].stage, part->stage) && !strcmp(counted->parts[i].function, part->function))
			return counted->parts[i].insn;
	return 0;
}

/* A function stands where the first way has it that has it at all. */
static void function_rows(struct table *table, const struct point *point, const char *stage)
{
	double values[WAYS_MAX];

	for (size_t i = 0; i < point->n; i++) {
		for (size_t j = 0; j < point->counted[i].n; j++) {
			const struct counted_part *part = &point->counted[i].parts[j];
			size_t first = point->n;
			char name[256];

			if (strcmp(part->stage, stage) != 0 || !*part->function)
				continue;
			for (size_t k = point->n; k-- > 0;) {
				values[k] = function_of(&point->counted[k], part);
				first = values[k] != 0 ? k : first;
			}
			snprintf(name, sizeof name, "  %s", part->function);
			if (first == i && any(values, point->n))
				way_cells(table, name, values, point->n);
		}
	}
}

static int print_point(const struct point *point, bool functions)
{
	char titles[1024] = "stage";
	double values[WAYS_MAX];
	int err;

	for (size_t i = 0; i < point->n; i++)
		snprintf(titles + strlen(titles), sizeof titles - strlen(titles), "|>%s", point->ways[i]);
	struct table *table = table_new(titles);
	for (size_t j = 0; counted_stage_name(j); j++) {
		for (size_t i = 0; i < point->n; i++)
			values[i] = counted_stage(&point->counted[i], counted_stage_name(j));
		if (any(values, point->n))
			way_cells(table, counted_stage_title(j), values, point->n);
		if (functions)
			function_rows(table, point, counted_stage_name(j));
	}
	for (size_t i = 0; i < point->n; i++)
		values[i] = point->counted[i].rest;
	if (any(values, point->n))
		way_cells(table, "other threads", values, point->n);
	for (size_t i = 0; i < point->n; i++)
		values[i] = point->counted[i].total;
	way_cells(table, "all of it", values, point->n);
	err = table_print(table);
	table_free(table);
	return err;
}

int show_counted(struct store *store, const struct run_row *run, bool functions)
{
	struct points points = { .n = 0 };
	int err = read_points(store, run->run, &points);

	for (size_t i = 0; i < points.n && !err; i++) {
		if (!points.at[i].n)
			continue;
		printf("%sgroup %" PRId64 ", %" PRId64 " bytes, %" PRId64 " private, %s: instructions per packet, each one counted\n\n", i ? "\n" : "",
		       points.at[i].group_size, points.at[i].payload_bytes, points.at[i].private_bytes, run->topology ? run->topology : "lo");
		err = print_point(&points.at[i], functions);
	}
	points_free(&points);
	return err;
}

/* ---- JSON ---- */

static json_t *stages_json(const struct counted *counted, const char *unit)
{
	json_t *list = json_array();

	for (size_t i = 0; counted_stage_name(i); i++)
		json_array_append_new(list, json_pack("{ss so}", "stage", counted_stage_name(i), "cycles_per_packet",
						      json_figure(figure_exact(counted_stage(counted, counted_stage_name(i))), unit)));
	return list;
}

static json_t *functions_json(const struct counted *counted, const char *unit)
{
	json_t *list = json_array();

	for (size_t i = 0; i < counted->n; i++)
		json_array_append_new(list, json_pack("{ss so so}", "stage", counted->parts[i].stage, "function", json_text(counted->parts[i].function),
						      "cycles_per_packet", json_figure(figure_exact(counted->parts[i].insn), unit)));
	return list;
}

json_t *show_counted_json(struct store *store, const struct run_row *run)
{
	static const char unit[] = "instructions";
	struct points points = { .n = 0 };
	json_t *list = read_points(store, run->run, &points) ? NULL : json_array();

	for (size_t i = 0; i < points.n && list; i++) {
		const struct point *point = &points.at[i];

		for (size_t j = 0; j < point->n; j++)
			json_array_append_new(list, json_pack("{ss sI sI sI so so so so}", "way", point->ways[j], "group", (json_int_t)point->group_size, "payload",
							      (json_int_t)point->payload_bytes, "private", (json_int_t)point->private_bytes, "cycles_per_packet",
							      json_figure(figure_exact(point->counted[j].total), unit), "rest",
							      json_figure(figure_exact(point->counted[j].rest), unit), "stages",
							      stages_json(&point->counted[j], unit), "functions", functions_json(&point->counted[j], unit)));
	}
	points_free(&points);
	return list;
}
