/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capacity_run.c: the steps of a capacity comparison, and its run. */
#include "workloads/capacity_run.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "analyze/rows.h"
#include "analyze/store.h"
#include "base/err.h"
#include "base/now.h"
#include "collect/clock.h"
#include "collect/host.h"
#include "workloads/experiment.h"

#define PROFILED_SHARE 0.8 /* of the group that was served: busy, and not yet saturated */

/* ---- The searches ---- */

static int search(const struct capacity_run_options *options, const char *way, double from, double to, struct capacity_trials *trials)
{
	struct capacity_options one = options->search;

	one.setup.way = way;
	one.stop = options->stop;
	one.progress = options->progress;
	one.progress_context = options->progress_context;
	one.from = from;
	one.to = to;
	return capacity_search(&one, trials);
}

/* ---- The prediction ---- */

/* Progress of the experiment lies between the two searches. */
struct middle {
	const struct capacity_run_options *options;
};

static void middle_progress(void *context, double done, const char *text)
{
	const struct middle *middle = context;

	if (middle->options->progress)
		middle->options->progress(middle->options->progress_context, 0.4 + 0.2 * done, text);
}

static void take(const struct prediction_row *row, struct capacity_run *out)
{
	out->profile = row->profile;
	out->predicted = isfinite(row->capacity) ? (struct figure){ row->capacity, row->capacity_low, row->capacity_high } :
						   (struct figure){ row->predicted, row->predicted_low, row->predicted_high };
}

static int find_prediction(struct store *store, const struct capacity_run_options *options, struct capacity_run *out)
{
	struct prediction_row *rows;
	const struct prediction_row *found = NULL;
	size_t n;
	int err = store_predictions(store, options->profile, &rows, &n);

	for (size_t i = 0; i < n && !err; i++)
		if (!rows[i].forced && !strcmp(rows[i].alternative, options->alternative))
			found = &rows[i];
	if (found)
		take(found, out);
	else if (!err)
		err = fail(-ENOENT, "capacity: nothing was predicted for %s from run %" PRId64 ": forecall predict %" PRId64 " --with %s",
			   options->alternative, options->profile, options->profile, options->alternative);
	store_rows_free(rows);
	return err;
}

static int make_prediction(struct store *store, const struct capacity_run_options *options, uint64_t group, struct capacity_run *out)
{
	struct middle middle = { options };
	struct experiment_options experiment = {
		.setup = options->search.setup,
		.alternative = options->alternative,
		.clock = options->clock,
		.profile_seconds = options->profile_seconds,
		.observe_seconds = options->profile_seconds,
		.window_ms = 100,
		.seed = 1,
		.stop = options->stop,
		.progress = middle_progress,
		.progress_context = &middle,
		.label = options->label,
		.command_line = options->command_line,
		.version = options->version,
	};
	struct prediction_row *row;
	struct experiment result;

	experiment.setup.group = group;
	int err = experiment_run(store, &experiment, &result);
	if (err == -ECANCELED || err == -EDOM || err == -ENODATA) { /* said: the search is worth something without it */
		warn("capacity: no prediction stands beside it");
		return 0;
	}
	if (err)
		return err;
	err = store_prediction(store, result.answer.prediction, &row);
	if (!err)
		take(row, out);
	store_rows_free(row);
	experiment_free(&result);
	return err;
}

/* ---- The run ---- */

static int begin_run(struct store *store, const struct capacity_run_options *options, int64_t started_ns, struct capacity_run *out)
{
	struct host *host;
	struct clock clock;
	struct run_row row;
	int64_t host_id = 0;
	int err = clock_open(options->clock, &clock);

	if (err)
		return err;
	store_null_run(&row);
	row.kind = "capacity";
	row.label = options->label;
	row.started_ns = started_ns;
	row.command = options->command_line;
	row.version = options->version;
	row.scope = "process";
	row.target = "livecast";
	row.path = options->search.setup.way;
	row.clock = clock_name(clock.kind);
	row.clock_hz = clock.hz;
	row.engine = "none";
	row.topology = topology_names[options->search.setup.topology];
	row.like_run = out->profile;
	clock_free(&clock);
	err = host_read(&host);
	if (err)
		return err;
	err = store_host(store, host_row(host), &host_id);
	host_free(host);
	row.host = host_id;
	return err ? err : store_run_begin(store, &row, &out->run);
}

/* Something else than the server was the limit: the figure is no capacity of the server. */
static int warn_idle(struct store *store, int64_t run, const char *way, const struct trials *trials)
{
	char text[320], code[64];

	if (!trials->idle)
		return 0;
	snprintf(code, sizeof code, "clients-%.40s", way);
	snprintf(text, sizeof text, "by %s a group of %" PRId64 " was not served though the server had time left: its clients, the source, or other "
		 "work on its processor were the limit; give them more processors, or wait until nothing else runs", way, trials->refused);
	return store_add_warning(store, &(struct warning_row){ .run = run, .code = code, .text = text });
}

static int write_run(struct store *store, const struct capacity_run_options *options, const struct capacity_trials *trials, int64_t wall_ns,
		     const struct capacity_run *out)
{
	const struct run_end end = { .state = "complete", .wall_ns = wall_ns, .residue = NAN };
	int err = store_begin(store);

	for (size_t i = 0; i < trials->n && !err; i++) {
		trials->rows[i].run = out->run;
		err = store_add_trial(store, &trials->rows[i]);
	}
	if (!err)
		err = warn_idle(store, out->run, options->search.setup.way, &out->before);
	if (!err && out->after.n)
		err = warn_idle(store, out->run, options->alternative, &out->after);
	if (!err)
		err = store_run_end(store, out->run, &end);
	if (!err)
		err = store_commit(store);
	if (err)
		store_rollback(store);
	return err;
}

static int compare(struct store *store, const struct capacity_run_options *options, struct capacity_trials *trials, struct capacity_run *out)
{
	int err = 0;

	if (!out->before.served)
		return fail(-ENODATA, "capacity: not even one client is served by %s as asked: ask for less (--quality, --packets, --work)",
			    options->search.setup.way);
	if (options->profile == STORE_NULL)
		err = make_prediction(store, options, (uint64_t)fmax(1, PROFILED_SHARE * (double)out->before.served), out);
	if (!err)
		err = search(options, options->alternative, 0.6, 1, trials);
	if (!err) {
		trials_sum(trials->rows, trials->n, options->alternative, &out->after);
		out->observed = trials_gain(&out->before, &out->after);
	}
	return err;
}

int capacity_run(struct store *store, const struct capacity_run_options *options, struct capacity_run *out)
{
	struct capacity_trials trials = { .n = 0 };
	int64_t started_ns = clock_ns(CLOCK_REALTIME), start_ns = now_ns();
	int err = 0;

	*out = (struct capacity_run){ .profile = STORE_NULL, .observed = figure_exact(NAN), .predicted = figure_exact(NAN) };
	if (options->alternative && options->profile != STORE_NULL) /* before anything takes time */
		err = find_prediction(store, options, out);
	if (!err)
		err = search(options, options->search.setup.way, 0, options->alternative ? 0.4 : 1, &trials);
	if (!err)
		trials_sum(trials.rows, trials.n, options->search.setup.way, &out->before);
	if (!err && options->alternative)
		err = compare(store, options, &trials, out);
	if (!err)
		err = begin_run(store, options, started_ns, out);
	if (!err)
		err = write_run(store, options, &trials, now_ns() - start_ns, out);
	capacity_free(&trials);
	return err;
}
