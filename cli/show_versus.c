/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_versus.c: a comparison as text, as Markdown and as JSON. */
#include "cli/show_versus.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/stages.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/show_stages.h"

bool versus_fails(const struct show_versus *show, const struct versus_line *line)
{
	if (isnan(show->above) || !line->cost)
		return false;
	return line->compared && line->comparison.verdict != COMPARE_UNKNOWN ? compare_above(&line->comparison, show->above) : true;
}

const char *versus_verdict(const struct versus_line *line)
{
	static const char *const words[COMPARE_MAX] = {
		[COMPARE_SAME] = "same", [COMPARE_LESS] = "less", [COMPARE_MORE] = "more", [COMPARE_UNKNOWN] = "unknown",
	};

	return line->compared ? words[line->comparison.verdict] : "refused";
}

/* Digits that the interval leaves meaning to; of a figure without noise, two behind the point or as many as it takes to see it. */
static int decimals(struct figure percent)
{
	double half = figure_half_width(percent), least = half > 0 ? half : fabs(percent.value) / 10;

	if (!(least > 0))
		return 2;
	int places = (int)ceil(-log10(least)) + 1;
	return places < 1 ? 1 : places > 4 ? 4 : places;
}

void versus_change(struct figure change, char out[CHANGE_TEXT])
{
	struct figure percent = { 100 * change.value, 100 * change.low, 100 * change.high };
	int places = decimals(percent);

	if (!figure_has_interval(percent) || percent.low == percent.high)
		snprintf(out, CHANGE_TEXT, "%+.*f %%", places, percent.value);
	else
		snprintf(out, CHANGE_TEXT, "%+.*f [%+.*f, %+.*f] %%", places, percent.value, places, percent.low, places, percent.high);
}

static bool shown(const struct show_versus *show, const struct versus_line *line)
{
	return show->all || !line->compared || line->refused || line->comparison.verdict != COMPARE_SAME || versus_fails(show, line);
}

static void side_text(const struct side *side, char *out, size_t size)
{
	snprintf(out, size, "%.120s: %zu run%s on %.64s", side->text, side->runs_n, side->runs_n == 1 ? "" : "s", side->runs[0].host->kernel);
}

/* ---- Text and Markdown ---- */

static void put_lines(struct table *table, const struct show_versus *show)
{
	for (size_t i = 0; i < show->versus->lines_n; i++) {
		const struct versus_line *line = &show->versus->lines[i];
		const struct comparison *c = &line->comparison;
		char change[CHANGE_TEXT];

		if (!shown(show, line))
			continue;
		table_text(table, line->name);
		table_text(table, line->compared ? line->unit : NULL);
		for (int side = 0; side < 2; side++)
			if (line->compared)
				table_cell(table, "%.6g (%zu)", side ? c->b : c->a, side ? c->b_n : c->a_n);
			else
				table_text(table, NULL);
		versus_change(c->change, change);
		table_text(table, line->compared ? change : NULL);
		table_cell(table, "%s%s%s%s%s", versus_fails(show, line) ? "FAILS " : "", versus_verdict(line), line->compared && line->refused ? ", forced" : "",
			   line->refused ? ": " : "", line->refused ? line->refused : "");
	}
}

static void put_summary(const struct show_versus *show, const char *prefix)
{
	size_t n[COMPARE_MAX] = { 0 }, refused = 0;
	bool exact = true;

	for (size_t i = 0; i < show->versus->lines_n; i++) {
		const struct versus_line *line = &show->versus->lines[i];

		if (line->compared)
			n[line->comparison.verdict]++;
		refused += !line->compared;
		exact &= !line->compared || line->comparison.exact;
	}
	printf("%s%zu benchmarks: %zu cost more, %zu less, %zu the same, %zu not known, %zu refused", prefix, show->versus->lines_n,
	       n[COMPARE_MORE], n[COMPARE_LESS], n[COMPARE_SAME], n[COMPARE_UNKNOWN], refused);
	printf(show->versus->only_a_n || show->versus->only_b_n ? "; on one side only: %zu and %zu\n" : "\n", show->versus->only_a_n,
	       show->versus->only_b_n);
	if (show->versus->compared_n && exact)
		printf("%sInstructions, not cycles: without noise, so any difference is real; what caches and the processor make of it is left out.\n",
		       prefix);
	else if (show->versus->compared_n)
		printf("%sThe %zu intervals hold together in 95 %%; each is over runs, whose number stands behind the figure.\n", prefix,
		       show->versus->compared_n);
}

static void put_server(const struct show_versus *show, const char *prefix)
{
	char change[CHANGE_TEXT], busy[CHANGE_TEXT], before[FIGURE_TEXT], after[FIGURE_TEXT];

	if (!show->server)
		return;
	versus_change(show->server->path.change, change);
	versus_change(show->server->after.busy, busy);
	figure_text(show->server->fraction, before);
	figure_text(show->server->after.fraction, after);
	printf("%sThe server of run %" PRId64 ": its path %s, so its busy cycles %s; f %s before, %s after\n", prefix, show->profile, change, busy,
	       before, after);
}

static void put_gate(const struct show_versus *show, const char *prefix)
{
	size_t failed = 0;

	for (size_t i = 0; i < show->versus->lines_n; i++)
		failed += versus_fails(show, &show->versus->lines[i]);
	if (isnan(show->above))
		return;
	if (failed)
		printf("%sGate: not met: %zu benchmarks cost over %g %% more, or may, as they could not be compared\n", prefix, failed, 100 * show->above);
	else
		printf("%sGate: met: no benchmark costs over %g %% more for sure\n", prefix, 100 * show->above);
}

/* Where in the path counted figures changed. */
static int put_where(const struct show_versus *show)
{
	struct stages *a = NULL, *b = NULL;
	struct stages_change *changes = calloc(show->versus->lines_n + 1, sizeof *changes);
	size_t n = 0;
	int err = 0;

	if (!changes)
		return fail(-ENOMEM, "compare: out of memory");
	for (size_t i = 0; i < show->versus->lines_n; i++) {
		const struct versus_line *line = &show->versus->lines[i];

		if (line->compared && line->comparison.exact && line->comparison.verdict != COMPARE_SAME)
			changes[n++] = (struct stages_change){ .benchmark = line->name, .unit = line->unit, .before = line->comparison.a, .after = line->comparison.b };
	}
	if (n)
		err = stages_open_side(show->a, &a);
	if (!err && n)
		err = stages_open_side(show->b, &b);
	if (!err && n)
		err = show_stages_matrix(a, b, changes, n);
	stages_free(a);
	stages_free(b);
	free(changes);
	return err;
}

int show_versus_text(const struct cli *cli, const struct show_versus *show)
{
	char a[256], b[256];
	struct table *table = table_new("differs|A|B");

	side_text(show->a, a, sizeof a);
	side_text(show->b, b, sizeof b);
	printf("A  %s\nB  %s\n\n", a, b);
	for (size_t i = 0; i < show->versus->differences_n; i++) {
		table_text(table, show->versus->differences[i].what);
		table_cell(table, "%.80s", show->versus->differences[i].a);
		table_cell(table, "%.80s", show->versus->differences[i].b);
	}
	int err = table_print(table);
	table_free(table);
	if (show->versus->differences_n)
		putchar('\n');
	table = table_new("benchmark|unit|>A (runs)|>B (runs)|>change|");
	put_lines(table, show);
	if (!err)
		err = table_print(table);
	table_free(table);
	if (!err)
		err = put_where(show);
	putchar('\n');
	put_server(show, "");
	if (!cli->quiet)
		put_summary(show, "");
	put_gate(show, "");
	return err;
}

/* Text within a cell of Markdown. */
static void put_cell(const char *text)
{
	printf("| ");
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]", *text))
			putchar('\\');
		putchar(iscntrl((unsigned char)*text) ? ' ' : *text);
	}
	putchar(' ');
}

int show_versus_md(const struct cli *cli, const struct show_versus *show)
{
	char a[256], b[256];

	(void)cli;
	side_text(show->a, a, sizeof a);
	side_text(show->b, b, sizeof b);
	printf("| differs | A | B |\n|---|---|---|\n");
	put_cell("runs"), put_cell(a), put_cell(b), puts("|");
	for (size_t i = 0; i < show->versus->differences_n; i++) {
		put_cell(show->versus->differences[i].what);
		put_cell(show->versus->differences[i].a);
		put_cell(show->versus->differences[i].b);
		puts("|");
	}
	printf("\n| benchmark | unit | A | B | change | |\n|---|---|---:|---:|---:|---|\n");
	for (size_t i = 0; i < show->versus->lines_n; i++) {
		const struct versus_line *line = &show->versus->lines[i];
		char change[CHANGE_TEXT];

		if (!shown(show, line))
			continue;
		versus_change(line->comparison.change, change);
		put_cell(line->name);
		if (line->compared)
			printf("| %s | %.6g | %.6g | %s ", line->unit, line->comparison.a, line->comparison.b, change);
		else
			printf("| | | | ");
		printf("| %s%s%s%s |\n", versus_fails(show, line) ? "**fails**: " : "", versus_verdict(line), line->refused ? ": " : "",
		       line->refused ? line->refused : "");
	}
	putchar('\n');
	put_server(show, "- ");
	put_summary(show, "- ");
	put_gate(show, "- ");
	return 0;
}

/* ---- JSON ---- */

static json_t *side_json(const struct side *side)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < side->runs_n; i++)
		json_array_append_new(runs, json_integer(side->runs[i].run->run));
	return json_pack("{so so so}", "name", json_text(side->text), "kernel", json_text(side->runs[0].host->kernel), "runs", runs);
}

/* The stages of both sides, or functions; null where they were not counted, or sampled. */
static json_t *where_json(struct stages *const sides[2], const struct versus_line *line,
			  json_t *(*json)(struct stages *, struct stages *, const struct stages_change *))
{
	const struct stages_change change = { .benchmark = line->name, .unit = line->unit, .before = line->comparison.a, .after = line->comparison.b };

	return line->compared && line->comparison.exact && line->comparison.verdict != COMPARE_SAME ? json(sides[0], sides[1], &change) : json_null();
}

static json_t *line_json(const struct show_versus *show, struct stages *const sides[2], const struct versus_line *line)
{
	const struct comparison *c = &line->comparison;
	struct figure change = line->compared ? c->change : figure_exact(NAN), plain = line->compared ? c->plain : figure_exact(NAN);

	return json_pack("{ss ss ss so so so so so so sb sb sb sb so so}", "benchmark", line->name, "verdict", versus_verdict(line), "unit", line->unit, "a",
			 json_number(line->compared ? c->a : NAN), "b", json_number(line->compared ? c->b : NAN), "runs",
			 json_pack("[I, I]", (json_int_t)c->a_n, (json_int_t)c->b_n), "change", json_figure(change, "1"), "change_uncorrected",
			 json_figure(plain, "1"), "refused", json_text(line->refused), "exact", line->compared && c->exact, "paired", line->compared && c->paired, "cost", line->cost, "failed",
			 versus_fails(show, line), "stages", where_json(sides, line, show_stages_change_json), "functions",
			 where_json(sides, line, show_functions_change_json));
}

static json_t *server_json(const struct show_versus *show)
{
	if (!show->server)
		return json_null();
	return json_pack("{sI so so so so}", "run", (json_int_t)show->profile, "path_change", json_figure(show->server->path.change, "1"), "fraction",
			 json_figure(show->server->fraction, "1"), "fraction_after", json_figure(show->server->after.fraction, "1"), "busy_change",
			 json_figure(show->server->after.busy, "1"));
}

int show_versus_json(const struct cli *cli, const struct show_versus *show)
{
	json_t *lines = json_array(), *differences = json_array();
	struct stages *sides[2] = { NULL, NULL };
	bool failed = false;
	int err = stages_open_side(show->a, &sides[0]);

	(void)cli;
	if (!err)
		err = stages_open_side(show->b, &sides[1]);
	for (size_t i = 0; i < show->versus->lines_n && !err; i++) {
		json_array_append_new(lines, line_json(show, sides, &show->versus->lines[i]));
		failed |= versus_fails(show, &show->versus->lines[i]);
	}
	stages_free(sides[0]);
	stages_free(sides[1]);
	if (err) {
		json_decref(lines);
		json_decref(differences);
		return err;
	}
	for (size_t i = 0; i < show->versus->differences_n; i++)
		json_array_append_new(differences, json_pack("{so so so}", "what", json_text(show->versus->differences[i].what), "a",
							     json_text(show->versus->differences[i].a), "b", json_text(show->versus->differences[i].b)));
	return json_print(json_pack("{so so so so so so so}", "a", side_json(show->a), "b", side_json(show->b), "differences", differences, "benchmarks",
				    lines, "server", server_json(show), "fail_above", json_number(show->above), "failed",
				    isnan(show->above) ? json_null() : json_boolean(failed)));
}
