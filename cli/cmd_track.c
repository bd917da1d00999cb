/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_track.c: `forecall track`: benchmarks over kernel versions or dates, and where they changed. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "analyze/stages.h"
#include "analyze/store.h"
#include "analyze/track.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/percent.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/show_stages.h"
#include "cli/show_versus.h"
#include "cli/signals.h"
#include "reports/picture_track.h"

static const struct usage usage = {
	.name = "track",
	.operands = "[PATTERN]",
	.about = "Follows every benchmark over kernel versions, or over time, and tells where its level changed: a single spike is no change.\n"
		 "Under icount there is no noise: any difference is real, and where both kernels were counted or sliced, the stages and functions that moved are shown.\n"
		 "PATTERN: only benchmarks like it (\"bench/lo/sendmsg/*\").",
	.notes = "Examples:\n"
		 "  forecall track --above 0.2%\n"
		 "  forecall track 'bench/lo/sendmsg/*' --first-bad\n"
		 "  forecall track --by date -o page/\n"
		 "Exit status 3: --first-bad found a version that is worse than the one before it.\n",
	.operands_max = 1,
};

struct arguments {
	const char *by, *above_text, *label, *suite, *output;
	double above;
	bool first_bad, all;
};

static void date_text(int64_t ns, char out[32])
{
	time_t seconds = ns / 1000000000;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M", &tm))
		strcpy(out, "-");
}

/* ---- Text ---- */

static void change_row(struct table *table, const struct track *track, const struct track_line *line, const struct track_change *change)
{
	char percent[CHANGE_TEXT], before[32], after[32];

	versus_change(figure_exact(change->change), percent);
	date_text(change->started_before_ns, before);
	date_text(change->started_after_ns, after);
	table_text(table, line->name);
	table_text(table, track->by_date ? before : change->kernel_before);
	table_text(table, track->by_date ? after : change->kernel_after);
	table_cell(table, "%.6g", change->before);
	table_cell(table, "%.6g", change->after);
	table_text(table, line->unit);
	table_text(table, percent);
	if (change->p > 0)
		table_cell(table, "p %.1g", change->p);
	else
		table_text(table, line->exact ? "counted" : "no noise");
	table_text(table, line->machine);
}

static void unchanged_row(struct table *table, const struct track_line *line)
{
	const struct track_mark *mark = line->marks;

	table_text(table, line->name);
	table_text(table, mark->kernel);
	table_text(table, line->marks[line->marks_n - 1].kernel);
	table_cell(table, "%.6g", mark->median);
	table_cell(table, "%.6g", line->marks[line->marks_n - 1].median);
	table_text(table, line->unit);
	table_text(table, "no change");
	table_text(table, line->mixed ? "mixed" : NULL);
	table_text(table, line->machine);
}

static void put_summary(const struct track *track)
{
	size_t still = 0, mixed = 0, exact = 0;

	for (size_t i = 0; i < track->lines_n; i++) {
		still += track->lines[i].changes_n == 0;
		mixed += track->lines[i].mixed;
		exact += track->lines[i].exact;
	}
	printf("\n%zu lines over %zu kernels and %zu runs (%zu figures): %zu without a change\n", track->lines_n, track->kernels_n, track->runs_n,
	       track->points_n, still);
	if (exact)
		printf("%zu lines are counted in instructions, not cycles: no noise, so any difference is real; caches are left out\n", exact);
	if (exact < track->lines_n)
		printf("Lines with noise: a change that is shown is one by chance in at most 5 %% of such tables\n");
	if (mixed)
		printf("%zu counted lines have runs of one kernel that differ (boot parameters?): of each kernel the last run was taken\n", mixed);
}

static struct stages_change stages_change_of(const struct track_line *line, const struct track_change *change)
{
	return (struct stages_change){ line->name, line->unit, change->kernel_before, change->kernel_after, change->before, change->after };
}

/* Below the changes of lines without noise: which stages of the path they are. */
static int show_where(struct stages *stages, const struct track *track)
{
	struct stages_change *changes = NULL;
	size_t n = 0, all = 0;

	for (size_t i = 0; i < track->lines_n; i++)
		all += track->lines[i].exact ? track->lines[i].changes_n : 0;
	if (!all)
		return 0;
	changes = calloc(all, sizeof *changes);
	if (!changes)
		return fail(-ENOMEM, "track: out of memory");
	for (size_t i = 0; i < track->lines_n; i++)
		for (size_t j = 0; track->lines[i].exact && j < track->lines[i].changes_n; j++)
			changes[n++] = stages_change_of(&track->lines[i], &track->lines[i].changes[j]);
	printf("\n");
	int err = show_stages_moved(stages, NULL, changes, n);
	free(changes);
	return err;
}

static int show_text(const struct cli *cli, const struct arguments *arguments, const struct track *track, struct stages *stages)
{
	struct table *table = table_new("benchmark|before|from|>level|>then|unit|>change||machine");

	for (size_t i = 0; i < track->lines_n; i++) {
		for (size_t j = 0; j < track->lines[i].changes_n; j++)
			change_row(table, track, &track->lines[i], &track->lines[i].changes[j]);
		if (arguments->all && !track->lines[i].changes_n)
			unchanged_row(table, &track->lines[i]);
	}
	int err = table_print(table);
	table_free(table);
	if (!err)
		err = show_where(stages, track);
	if (!cli->quiet)
		put_summary(track);
	return err;
}

static void show_first_bad(const struct arguments *arguments, const struct track *track)
{
	size_t found = 0;

	for (size_t i = 0; i < track->lines_n; i++) {
		const struct track_line *line = &track->lines[i];
		const struct track_change *bad = track_first_bad(line, arguments->above);
		char change[CHANGE_TEXT], before[32], after[32];

		if (!bad)
			continue;
		versus_change(figure_exact(bad->change), change);
		date_text(bad->started_before_ns, before);
		date_text(bad->started_after_ns, after);
		printf("%s: last good %s, first bad %s: %s (%.6g to %.6g %s)\n", line->name, track->by_date ? before : bad->kernel_before,
		       track->by_date ? after : bad->kernel_after, change, bad->before, bad->after, line->unit);
		found++;
	}
	if (!found)
		printf("no cost rose by more than %g %%\n", 100 * arguments->above);
}

static bool any_bad(const struct arguments *arguments, const struct track *track)
{
	for (size_t i = 0; i < track->lines_n && arguments->first_bad; i++)
		if (track_first_bad(&track->lines[i], arguments->above))
			return true;
	return false;
}

/* ---- JSON ---- */

/* stages NULL: without them. */
static json_t *change_json(const struct track_line *line, const struct track_change *change, struct stages *stages)
{
	struct stages_change both = stages_change_of(line, change);

	return json_pack("{so so sI sI sI sI so so ss so so so so}", "kernel_before", json_text(change->kernel_before), "kernel_after",
			 json_text(change->kernel_after), "run_before", (json_int_t)change->run_before, "run_after", (json_int_t)change->run_after,
			 "started_before_ns", (json_int_t)change->started_before_ns, "started_after_ns", (json_int_t)change->started_after_ns, "before",
			 json_number(change->before), "after", json_number(change->after), "unit", line->unit, "change", json_number(change->change), "p",
			 json_number(change->p), "stages", line->exact ? show_stages_change_json(stages, NULL, &both) : json_null(), "functions",
			 line->exact ? show_functions_change_json(stages, NULL, &both) : json_null());
}

static json_t *mark_json(const struct track_line *line, const struct track_mark *mark)
{
	return json_pack("{so sI sI so}", "kernel", json_text(mark->kernel), "started_ns", (json_int_t)mark->started_ns, "runs", (json_int_t)mark->n, "value",
			 json_pack("{so so so ss}", "value", json_number(mark->median), "least", json_number(mark->low), "greatest", json_number(mark->high),
				   "unit", line->unit));
}

static json_t *line_json(const struct arguments *arguments, const struct track_line *line, struct stages *stages)
{
	const struct track_change *bad = track_first_bad(line, arguments->above);
	json_t *marks = json_array(), *changes = json_array();

	for (size_t i = 0; i < line->marks_n; i++)
		json_array_append_new(marks, mark_json(line, &line->marks[i]));
	for (size_t i = 0; i < line->changes_n; i++)
		json_array_append_new(changes, change_json(line, &line->changes[i], stages));
	return json_pack("{ss ss so sb sb sb sI so so so}", "benchmark", line->name, "unit", line->unit, "machine", json_text(line->machine), "cost", line->cost,
			 "exact", line->exact, "mixed", line->mixed, "figures", (json_int_t)line->points_n, "marks", marks, "changes", changes, "first_bad",
			 bad ? change_json(line, bad, stages) : json_null());
}

static int show_json(const struct arguments *arguments, const struct track *track, struct stages *stages)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < track->lines_n; i++)
		json_array_append_new(lines, line_json(arguments, &track->lines[i], stages));
	return json_print(json_pack("{so sI sI sI}", "lines", lines, "kernels", (json_int_t)track->kernels_n, "runs", (json_int_t)track->runs_n, "figures",
				    (json_int_t)track->points_n));
}

/* ---- The command ---- */

/* Figures of new runs are kept in the database. Where it cannot be written, the others are shown. */
static int update(const struct cli *cli, const struct track_options *options, struct store **store)
{
	char text[256];
	int64_t *missing = NULL;
	size_t n = 0;
	int err = store_open(cli->db, STORE_READ, store);

	if (!err)
		err = store_series_missing(*store, &missing, &n);
	free(missing);
	if (err || !n)
		return err;
	store_free(*store);
	err_catch(text, sizeof text);
	err = store_open(cli->db, STORE_WRITE, store);
	err_catch(NULL, 0);
	if (!err)
		return track_update(*store, options);
	warn("track: %zu run%s not in the series and %s left out, as their figures cannot be kept: %s", n, n > 1 ? "s are" : " is", n > 1 ? "are" : "is", text);
	return store_open(cli->db, STORE_READ, store);
}

/* The slices are looked for only where they can be shown. */
static int open_stages(const struct arguments *arguments, const struct track *track, struct store *store, struct stages **stages)
{
	for (size_t i = 0; i < track->lines_n && !track->by_date; i++)
		if (track->lines[i].exact && track->lines[i].changes_n)
			return stages_open(store, arguments->label, arguments->suite, stages);
	return 0;
}

static int show(const struct cli *cli, const struct arguments *arguments, const struct track *track, struct store *store)
{
	struct stages *stages = NULL;
	int err = 0;

	if (arguments->output)
		err = picture_track_folder(arguments->output, track, &signals_stop);
	if (err)
		return err;
	if (!cli->json && arguments->first_bad) {
		show_first_bad(arguments, track);
		return 0;
	}
	err = open_stages(arguments, track, store, &stages);
	if (!err)
		err = cli->json ? show_json(arguments, track, stages) : show_text(cli, arguments, track, stages);
	stages_free(stages);
	return err;
}

static int run(const struct cli *cli, const struct arguments *arguments, struct track_options *options)
{
	struct progress *progress = progress_new(cli, "track");
	struct store *store = NULL;
	struct track track = { 0 };
	int status;

	options->progress = progress_tick;
	options->progress_arg = progress;
	int err = update(cli, options, &store);
	if (!err)
		err = track_make(store, options, &track);
	progress_free(progress);
	if (!err)
		err = show(cli, arguments, &track, store);
	status = !err && any_bad(arguments, &track) ? CLI_GATE : cli_status(err);
	track_free(&track);
	store_free(store);
	return status;
}

int cmd_track(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = { .by = "kernel" };
	const struct option_spec specs[] = {
		OPT_WORD(0, "by", "kernel|date", &arguments.by, "the axis: kernel versions, or when runs were made"),
		OPT_STRING(0, "above", "PERCENT", &arguments.above_text, "leave out changes that are not above this, \"0.2%\""),
		OPT_FLAG(0, "first-bad", &arguments.first_bad, "only name the versions between which each cost rose first"),
		OPT_STRING(0, "label", "TEXT", &arguments.label, "only runs with this label"),
		OPT_STRING(0, "suite", "NAME", &arguments.suite, "only runs of this suite (\"send@1\")"),
		OPT_FLAG(0, "all", &arguments.all, "benchmarks without a change, too"),
		OPT_STRING('o', "output", "DIR", &arguments.output, "draw the picture: track.svg, .png, .csv and .gp in this folder"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (arguments.above_text && percent_parse(arguments.above_text, &arguments.above))
		return options_misuse(&usage, "--above %s: give per cent, \"0.2%%\"", arguments.above_text);
	struct track_options options = {
		.pattern = argc ? argv[0] : NULL,
		.label = arguments.label,
		.suite = arguments.suite,
		.by_date = !strcmp(arguments.by, "date"),
		.above = arguments.above,
	};
	signals_install();
	return run(cli, &arguments, &options);
}
