/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_stages.c: stages of a figure before and after a change, as text and JSON. */
#include "cli/show_stages.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/stages.h"
#include "base/err.h"
#include "cli/print.h"

#define SHOWN_LEAST 0.05   /* instructions per packet: less would be printed as 0 */
#define FUNCTION_SHARE 0.1 /* of the whole change */

/* Both sides of a change; NULL where one was not counted, or not sliced. */
struct sides {
	const struct counted *counted_before, *counted_after;
	const struct stages_of *before, *after;
};

static struct sides sides_of(struct stages *stages, struct stages *other, const struct stages_change *change)
{
	struct stages *second = other ? other : stages;
	struct sides sides = {
		.counted_before = stages_counted(stages, change->benchmark, change->kernel_before),
		.counted_after = stages_counted(second, change->benchmark, change->kernel_after),
	};

	if (sides.counted_before && sides.counted_after)
		return sides;
	return (struct sides){ .before = stages_find(stages, change->benchmark, change->kernel_before),
			       .after = stages_find(second, change->benchmark, change->kernel_after) };
}

static bool moved(struct figure difference)
{
	return difference.low > 0 || difference.high < 0;
}

/* ---- Text ---- */

static void stage_row(struct table *table, const struct stages_change *change, const char *stage, struct figure before, struct figure after,
		      struct figure difference)
{
	char text[FIGURE_TEXT];

	table_text(table, change->benchmark);
	table_text(table, change->kernel_before);
	table_text(table, change->kernel_after);
	table_text(table, stage);
	table_figure(table, before);
	table_figure(table, after);
	figure_text(difference, text);
	table_cell(table, "%s%s", difference.value > 0 ? "+" : "", text);
}

static void sampled_rows(const struct sides *sides, struct table *table, const struct stages_change *change, size_t tests_n)
{
	size_t rows_n = 0;

	for (int stage = 0; stage < SLICE_STAGE_MAX; stage++) {
		struct figure before = stages_part(sides->before, stage, change->before), after = stages_part(sides->after, stage, change->after);
		struct figure difference = stages_difference(before, after, tests_n);

		if (!moved(difference))
			continue;
		stage_row(table, change, slice_stage_titles[stage], before, after, difference);
		rows_n++;
	}
	if (!rows_n)
		stage_row(table, change, "none beyond its interval", figure_exact(change->before), figure_exact(change->after),
			  figure_exact(change->after - change->before));
}

/* A row of what has no interval; instructions to a tenth, as the rounds of a bench are some hundred packets. */
static void counted_row(struct table *table, const struct stages_change *change, const char *mark, const char *what, double before, double after)
{
	table_text(table, change->benchmark);
	table_text(table, change->kernel_before);
	table_text(table, change->kernel_after);
	table_cell(table, "%s%s", mark, what);
	table_cell(table, "%.1f", before);
	table_cell(table, "%.1f", after);
	table_cell(table, "%+.1f", after - before);
}

/* Of the functions in a stage those that moved by a tenth of the whole change. */
static void function_rows(const struct counted_move *moves, size_t n, struct table *table, const struct stages_change *change, const char *stage)
{
	double least = fmax(1, fabs(change->after - change->before) * FUNCTION_SHARE);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(moves[i].stage, stage) && *moves[i].function && fabs(moves[i].after - moves[i].before) >= least)
			counted_row(table, change, "  ", moves[i].function, moves[i].before, moves[i].after);
}

static int counted_rows(const struct sides *sides, struct table *table, const struct stages_change *change)
{
	struct counted_move *moves;
	size_t n;
	int err = counted_moves(sides->counted_before, sides->counted_after, &moves, &n);

	if (err)
		return fail(err, "track: out of memory");
	for (size_t i = 0; counted_stage_name(i); i++) {
		double before = counted_stage(sides->counted_before, counted_stage_name(i)), after = counted_stage(sides->counted_after, counted_stage_name(i));

		if (fabs(after - before) < SHOWN_LEAST)
			continue;
		counted_row(table, change, "", counted_stage_title(i), before, after);
		function_rows(moves, n, table, change, counted_stage_name(i));
	}
	if (fabs(sides->counted_after->rest - sides->counted_before->rest) >= SHOWN_LEAST)
		counted_row(table, change, "", "other threads", sides->counted_before->rest, sides->counted_after->rest);
	counted_row(table, change, "", "all of it", sides->counted_before->total, sides->counted_after->total);
	free(moves);
	return 0;
}

static int change_rows(struct stages *stages, struct stages *other, struct table *table, const struct stages_change *change, size_t tests_n)
{
	struct sides sides = sides_of(stages, other, change);

	if (sides.counted_before)
		return counted_rows(&sides, table, change);
	if (sides.before && sides.after)
		sampled_rows(&sides, table, change, tests_n);
	return 0;
}

int show_stages_moved(struct stages *stages, struct stages *other, const struct stages_change *changes, size_t n)
{
	int err = 0;

	struct table *table = table_new("where|from|then|stage|>instructions|>then|>moved");

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < n && !err; i++)
		err = change_rows(stages, other, table, &changes[i], SLICE_STAGE_MAX * n);
	if (!err)
		err = table_print(table);
	table_free(table);
	return err;
}

/* ---- JSON ---- */

static json_t *part_json(const char *stage, struct figure before, struct figure after, struct figure difference, const char *unit)
{
	return json_pack("{ss so so so}", "stage", stage, "before", json_figure(before, unit), "after", json_figure(after, unit), "moved",
			 json_figure(difference, unit));
}

static json_t *counted_json(const struct sides *sides, const char *unit)
{
	json_t *list = json_array();

	for (size_t i = 0; counted_stage_name(i); i++) {
		double before = counted_stage(sides->counted_before, counted_stage_name(i)), after = counted_stage(sides->counted_after, counted_stage_name(i));

		json_array_append_new(list, part_json(counted_stage_name(i), figure_exact(before), figure_exact(after), figure_exact(after - before), unit));
	}
	return list;
}

json_t *show_stages_change_json(struct stages *stages, struct stages *other, const struct stages_change *change)
{
	struct sides sides = sides_of(stages, other, change);

	if (sides.counted_before)
		return counted_json(&sides, change->unit);
	if (!sides.before || !sides.after)
		return json_null();
	json_t *list = json_array();
	for (int stage = 0; stage < SLICE_STAGE_MAX; stage++) {
		struct figure before = stages_part(sides.before, stage, change->before), after = stages_part(sides.after, stage, change->after);

		json_array_append_new(list, part_json(slice_stage_names[stage], before, after, stages_difference(before, after, SLICE_STAGE_MAX), change->unit));
	}
	return list;
}

json_t *show_functions_change_json(struct stages *stages, struct stages *other, const struct stages_change *change)
{
	struct sides sides = sides_of(stages, other, change);
	struct counted_move *moves;
	size_t n;

	if (!sides.counted_before || counted_moves(sides.counted_before, sides.counted_after, &moves, &n))
		return json_null();
	json_t *list = json_array();
	for (size_t i = 0; i < n && moves[i].before != moves[i].after; i++) {
		json_t *part = part_json(moves[i].stage, figure_exact(moves[i].before), figure_exact(moves[i].after),
					 figure_exact(moves[i].after - moves[i].before), change->unit);

		json_object_set_new(part, "function", json_text(moves[i].function));
		json_array_append_new(list, part);
	}
	free(moves);
	return list;
}
