/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_warnings.c: warnings that were stored, and those that nobody stored but the figures show. */
#include "reports/report_warnings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "reports/report_data.h"

static bool is_incomplete(const struct run_row *run)
{
	return !strcmp(run->state, "incomplete");
}

static bool is_interrupted(const struct run_row *run)
{
	return !strcmp(run->state, "interrupted");
}

static bool has_lost(const struct run_row *run)
{
	return run->lost_n > 0;
}

static bool is_unbalanced(const struct run_row *run)
{
	return run->unbalanced > 0;
}

static bool has_steal(const struct run_row *run)
{
	return run->steal_ns > run->wall_ns / 100;
}

/* What the row of a run shows, by the code under which it would have been stored. */
static const struct {
	const char *code, *text;
	bool (*holds)(const struct run_row *run);
} seen[] = {
	{ "incomplete", "the run never came to its end: it holds no result; repeat it", is_incomplete },
	{ "interrupted", "the run ended early on request: its intervals are wider for it", is_interrupted },
	{ "lost", "events were lost: the figures are too low; measure again on a quieter machine", has_lost },
	{ "unbalanced", "the ledger's rows do not add up to the clock: do not trust them; measure again", is_unbalanced },
	{ "steal", "the hypervisor took more than 1 % of the time away: repeat on a quieter machine", has_steal },
};

enum { SEEN_N = sizeof seen / sizeof *seen };

static void add(struct report_data *data, const struct run_row *run, const char *code, const char *text)
{
	if (run)
		data->warnings[data->warnings_n++] = (struct report_warning){ .run = run, .code = code, .text = text };
}

static bool stored(const struct warning_row *rows, size_t n, const char *code)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].code, code))
			return true;
	return false;
}

static int make_room(struct report_data *data, size_t more)
{
	struct report_warning *grown = realloc(data->warnings, (data->warnings_n + more + 1) * sizeof *grown);

	if (!grown)
		return fail(-ENOMEM, "report: out of memory");
	data->warnings = grown;
	return 0;
}

static int add_run(struct store *store, struct report_data *data, size_t at)
{
	const struct run_row *run = data->runs[at];
	size_t n;
	int err = store_warnings(store, run->run, &data->warning_rows[at], &n);

	if (!err)
		err = make_room(data, n + SEEN_N);
	for (size_t i = 0; i < n && !err; i++)
		add(data, run, data->warning_rows[at][i].code, data->warning_rows[at][i].text);
	for (size_t i = 0; i < SEEN_N && !err; i++)
		if (seen[i].holds(run) && !stored(data->warning_rows[at], n, seen[i].code))
			add(data, run, seen[i].code, seen[i].text);
	return err;
}

static void add_prediction(struct report_data *data, const struct scored_row *row)
{
	const struct run_row *profile = report_run(data, row->profile), *bench = report_run(data, row->bench);

	if (row->forced)
		add(data, profile ? profile : bench, "forced", "a prediction was refused and made all the same (--force): it is no evidence");
	if (profile && bench && profile->host != bench->host)
		add(data, profile, "host", "f and s of a prediction were measured on machines, or set-ups of one, that differ: repeat the bench "
		    "where the profile was made");
}

static int by_code(const void *a, const void *b)
{
	const struct report_warning *x = a, *y = b;
	int order = strcmp(x->code, y->code);

	return order ? order : (x->run->run < y->run->run) - (x->run->run > y->run->run);
}

int report_warnings_load(struct store *store, struct report_data *data)
{
	int err = 0;

	data->warning_rows = calloc(data->runs_n + 1, sizeof *data->warning_rows);
	if (!data->warning_rows)
		return fail(-ENOMEM, "report: out of memory");
	for (size_t i = 0; i < data->runs_n && !err; i++)
		err = add_run(store, data, i);
	if (!err)
		err = make_room(data, 2 * data->predictions_n);
	for (size_t i = 0; i < data->predictions_n && !err; i++)
		add_prediction(data, &data->predictions[i]);
	if (!err && data->warnings_n)
		qsort(data->warnings, data->warnings_n, sizeof *data->warnings, by_code);
	return err;
}
