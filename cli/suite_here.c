/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suite_here.c: a suite on the running kernel: every step that has no run yet, in passes, so that an interrupted one goes on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/benchmark.h"
#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cmd_suite.h"
#include "cli/progress.h"
#include "cli/self.h"
#include "cli/signals.h"
#include "collect/host.h"
#include "workloads/sender.h"

struct job {
	const struct cli *cli;
	const struct suite_options *options;
	struct suite suite;
	struct progress *progress;
	int64_t host;
	struct run_row *runs; /* that were there at the begin */
	size_t runs_n;
	size_t steps_n, done_n, failed_n, made_n;
	unsigned last; /* of the passes that are run */
};

void suite_mark(const struct suite *suite, const struct suite_step *step, unsigned pass, char out[SUITE_MARK])
{
	snprintf(out, SUITE_MARK, "%s@%u/%s#%u", suite->name, suite->version, step->name, pass);
}

static bool same_label(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Whether the step has a complete run on this very machine, booted this way. */
static bool is_done(const struct job *job, const char *mark)
{
	for (size_t i = 0; i < job->runs_n; i++) {
		const struct run_row *run = &job->runs[i];

		if (run->host == job->host && run->suite && !strcmp(run->suite, mark) && !strcmp(run->state, "complete") &&
		    same_label(run->label, job->options->label))
			return true;
	}
	return false;
}

/* The last pass of which there is a run. */
static unsigned last_pass(const struct job *job)
{
	unsigned last = 0;

	for (unsigned pass = 1; pass <= SUITE_PASSES_MAX; pass++)
		for (size_t i = 0; i < job->suite.steps_n; i++) {
			char mark[SUITE_MARK];

			suite_mark(&job->suite, &job->suite.steps[i], pass, mark);
			if (is_done(job, mark))
				last = pass;
		}
	return last;
}

/* ---- One step ---- */

static void words_of(const struct job *job, const struct suite_step *step, struct self_words *words)
{
	self_add(words, "--db");
	self_add(words, job->cli->db);
	for (size_t i = 0; i < step->words_n; i++)
		self_add(words, step->words[i]);
	if (job->options->label) {
		self_add(words, "--label");
		self_add(words, job->options->label);
	}
}

static int newest_run(const struct job *job, int64_t *run)
{
	struct store *store = NULL;
	struct run_row *rows = NULL;
	size_t n = 0;
	int err = store_open(job->cli->db, STORE_WRITE, &store);

	if (!err)
		err = store_runs(store, NULL, NULL, &rows, &n);
	*run = n ? rows[n - 1].run : 0;
	store_rows_free(rows);
	store_free(store);
	return err;
}

/* Marks the runs that the step stored; one that stored none could not be resumed, and has nothing to compare. */
static int mark_runs(const struct job *job, const struct suite_step *step, const struct self_words *words, int64_t after, const char *mark)
{
	char line[4096];
	struct store *store = NULL;
	int64_t marked = 0;
	int err = store_open(job->cli->db, STORE_WRITE, &store);

	self_line(words, line, sizeof line);
	if (!err)
		err = store_mark_suite(store, after, line, mark, &marked);
	if (!err && !marked)
		err = fail(-EINVAL, "suite: step %s stored no run: only commands that measure are steps", step->name);
	store_free(store);
	return err;
}

static int run_step(struct job *job, const struct suite_step *step, const char *mark)
{
	struct self_words words = { .n = 0 };
	struct self child;
	size_t which;
	int64_t after = 0;
	int status = 0, err = newest_run(job, &after);

	words_of(job, step, &words);
	if (!err)
		err = self_start(&words, &child);
	if (err)
		return err;
	err = self_wait_any(&child, 1, &which, &status);
	if (!err && signals_stop && job->options->again)
		err = fail(-EINTR, "suite: interrupted in %s; the same command goes on there with --passes %u, and without --again", mark, job->last);
	else if (!err && signals_stop)
		err = fail(-EINTR, "suite: interrupted in %s; the same command goes on there", mark);
	else if (!err && status) {
		fail(-EIO, "suite: %s failed with status %d:", mark, status);
		self_tell(&child);
		job->failed_n++;
	} else if (!err) {
		err = mark_runs(job, step, &words, after, mark);
		job->made_n++;
	}
	self_free(&child);
	return err;
}

static int run_passes(struct job *job, unsigned first, unsigned passes)
{
	int err = 0;

	job->steps_n = (size_t)passes * job->suite.steps_n;
	job->last = first + passes - 1;
	for (unsigned pass = first; pass < first + passes && !err; pass++)
		for (size_t i = 0; i < job->suite.steps_n && !err; i++) {
			char mark[SUITE_MARK];

			suite_mark(&job->suite, &job->suite.steps[i], pass, mark);
			progress_set(job->progress, (double)job->done_n++ / (double)job->steps_n, mark);
			if (!is_done(job, mark))
				err = run_step(job, &job->suite.steps[i], mark);
		}
	if (!err && job->failed_n)
		err = -EIO;
	return err;
}

/* ---- The machine ---- */

/* The ways of sending that this machine has, comma separated. */
static void ways_here(char *text, size_t size)
{
	*text = 0;
	for (size_t i = 0; sender_way(i); i++) {
		const struct sender_ops *ops = sender_way(i);

		if (!ops->available())
			snprintf(text + strlen(text), size - strlen(text), "%s%s", *text ? "," : "", ops->name);
	}
}

static int read_host(struct job *job, bool *counted)
{
	struct host *host;
	struct store *store = NULL;
	int err = host_read(&host);

	if (err)
		return fail(err, "suite: out of memory");
	*counted = benchmark_exact(host_row(host));
	err = store_open(job->cli->db, STORE_WRITE, &store);
	if (!err)
		err = store_host(store, host_row(host), &job->host);
	if (!err)
		err = store_runs(store, NULL, NULL, &job->runs, &job->runs_n);
	store_free(store);
	host_free(host);
	return err;
}

int suite_run_here(const struct cli *cli, const char *name, const struct suite_options *options)
{
	struct job job = { .cli = cli, .options = options };
	char ways[1024];
	bool counted = false;
	int err = read_host(&job, &counted);

	ways_here(ways, sizeof ways);
	if (!err)
		err = suite_read(name, counted, ways, &job.suite);
	if (!err) {
		unsigned passes = options->passes ? options->passes : counted ? 1 : job.suite.passes;

		job.progress = progress_new(cli, "suite");
		err = run_passes(&job, options->again ? last_pass(&job) + 1 : 1, passes);
		progress_free(job.progress);
	}
	if (!err && !cli->quiet)
		printf("%s@%u: %zu of %zu steps were run, the others were there already; forecall compare and track show them\n", job.suite.name,
		       job.suite.version, job.made_n, job.steps_n);
	suite_free(&job.suite);
	store_rows_free(job.runs);
	return err;
}
