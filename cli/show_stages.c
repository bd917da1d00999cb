/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_stages.c: stages of a figure before and after a change, as text and JSON. */
#include "cli/show_stages.h"

#include <errno.h>
#include <stdio.h>

#include "analyze/stages.h"
#include "cli/print.h"

/* Both sides of a change; NULL where one was not sliced. */
struct sides {
	const struct stages_of *before, *after;
};

static struct sides sides_of(struct stages *stages, const struct stages_change *change)
{
	return (struct sides){ stages_find(stages, change->benchmark, change->kernel_before), stages_find(stages, change->benchmark, change->kernel_after) };
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

static void change_rows(struct stages *stages, struct table *table, const struct stages_change *change, size_t tests_n)
{
	struct sides sides = sides_of(stages, change);
	size_t rows_n = 0;

	if (!sides.before || !sides.after)
		return;
	for (int stage = 0; stage < SLICE_STAGE_MAX; stage++) {
		struct figure before = stages_part(sides.before, stage, change->before), after = stages_part(sides.after, stage, change->after);
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

int show_stages_moved(struct stages *stages, const struct stages_change *changes, size_t n)
{
	struct table *table = table_new("where|from|then|stage|>instructions|>then|>moved");

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		change_rows(stages, table, &changes[i], SLICE_STAGE_MAX * n);
	int err = table_print(table);
	table_free(table);
	return err;
}

/* ---- JSON ---- */

json_t *show_stages_change_json(struct stages *stages, const struct stages_change *change)
{
	struct sides sides = sides_of(stages, change);

	if (!sides.before || !sides.after)
		return json_null();
	json_t *list = json_array();
	for (int stage = 0; stage < SLICE_STAGE_MAX; stage++) {
		struct figure before = stages_part(sides.before, stage, change->before), after = stages_part(sides.after, stage, change->after);

		json_array_append_new(list, json_pack("{ss so so so}", "stage", slice_stage_names[stage], "before", json_figure(before, change->unit), "after",
						      json_figure(after, change->unit), "moved",
						      json_figure(stages_difference(before, after, SLICE_STAGE_MAX), change->unit)));
	}
	return list;
}
