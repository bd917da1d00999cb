/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suite_guests.c: a suite in a guest for each kernel, several guests side by side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze/benchmark.h"
#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cmd_suite.h"
#include "cli/progress.h"
#include "cli/self.h"
#include "cli/signals.h"
#include "lab/cache.h"

#define GUEST_SUITE "/root/suite.conf" /* where the guest finds the suite */

enum { JOBS_MAX = 64 };

struct guests {
	const struct cli *cli;
	const struct suite_options *options;
	struct suite suite;
	struct kernels kernels; /* to be run */
	struct self children[JOBS_MAX];
	const struct kernel *kernel_of[JOBS_MAX];
	size_t jobs_n, next, ended_n, failed_n;
	struct progress *progress;
	char in[PATH_MAX + sizeof GUEST_SUITE + 1];
};

/* ---- Which kernels ---- */

static bool same_label(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool step_done(const struct suite_options *options, const struct run_row *runs, struct host_row *const *hosts, size_t n, const char *kernel,
		      const char *mark)
{
	for (size_t i = 0; i < n; i++)
		if (runs[i].suite && !strcmp(runs[i].suite, mark) && !strcmp(runs[i].state, "complete") && !strcmp(hosts[i]->kernel, kernel) &&
		    benchmark_exact(hosts[i]) && same_label(runs[i].label, options->label))
			return true;
	return false;
}

static bool kernel_done(const struct guests *g, const struct run_row *runs, struct host_row *const *hosts, size_t n, const char *kernel)
{
	for (size_t i = 0; i < g->suite.steps_n; i++) {
		char mark[SUITE_MARK];

		suite_mark(&g->suite, &g->suite.steps[i], 1, mark);
		if (!step_done(g->options, runs, hosts, n, kernel, mark))
			return false;
	}
	return true;
}

/* Takes kernels out whose every step was run. */
static int drop_done(struct guests *g)
{
	struct store *store = NULL;
	struct run_row *runs = NULL;
	struct host_row **hosts = NULL;
	size_t n = 0, kept = 0;
	int err = store_open(g->cli->db, STORE_WRITE, &store);

	if (!err)
		err = store_runs(store, NULL, NULL, &runs, &n);
	hosts = calloc(n + 1, sizeof(struct host_row *));
	if (!err && !hosts)
		err = fail(-ENOMEM, "suite: out of memory");
	for (size_t i = 0; i < n && !err; i++)
		err = store_host_of(store, runs[i].run, &hosts[i]);
	for (size_t i = 0; i < g->kernels.n && !err; i++)
		if (g->options->again || !kernel_done(g, runs, hosts, n, g->kernels.at[i].name))
			g->kernels.at[kept++] = g->kernels.at[i];
	if (!err)
		g->kernels.n = kept;
	for (size_t i = 0; i < n && hosts; i++)
		store_rows_free(hosts[i]);
	free(hosts);
	store_rows_free(runs);
	store_free(store);
	return err;
}

static int choose_kernels(struct guests *g, const struct option_strings *names)
{
	struct kernels cached = { 0 };
	int err = cache_list(&cached);

	for (size_t i = 0; i < names->n && !err; i++) {
		if (!strcmp(names->value[i], "all-cached")) {
			for (size_t j = 0; j < cached.n && !err; j++)
				if (!strcmp(cached.at[j].arch, cache_arch()))
					err = kernels_add(&g->kernels, cached.at[j].name, cached.at[j].arch);
			continue;
		}
		const struct kernel *kernel = kernels_find(&cached, names->value[i], NULL);
		err = kernel ? kernels_add(&g->kernels, kernel->name, kernel->arch)
			     : fail(-ENOENT, "suite: there is no kernel %s here; `forecall lab kernels add %s` fetches it", names->value[i], names->value[i]);
	}
	if (!err && !g->kernels.n)
		err = fail(-ENOENT, "suite: no kernel is here; `forecall lab kernels add NAME` fetches one");
	free(cached.at);
	if (!err)
		kernels_sort(&g->kernels);
	return err ? err : drop_done(g);
}

/* ---- Guests ---- */

static int start_guest(struct guests *g, size_t slot)
{
	const struct kernel *kernel = &g->kernels.at[g->next++];
	struct self_words words = { .n = 0 };
	const char *const fixed[] = { "--db", g->cli->db, "lab", "run", "--kernel", kernel->name, "--arch", kernel->arch, "--limit", "3600", "--in", g->in };

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		self_add(&words, fixed[i]);
	if (g->options->append) {
		self_add(&words, "--append");
		self_add(&words, g->options->append);
	}
	self_add(&words, "--");
	self_add(&words, "forecall");
	self_add(&words, "suite");
	self_add(&words, "run");
	self_add(&words, GUEST_SUITE);
	if (g->options->label) {
		self_add(&words, "--label");
		self_add(&words, g->options->label);
	}
	g->kernel_of[slot] = kernel;
	progress_set(g->progress, (double)g->ended_n / (double)g->kernels.n, kernel->name);
	return self_start(&words, &g->children[slot]);
}

static int end_guest(struct guests *g)
{
	size_t slot;
	int status, err = self_wait_any(g->children, g->jobs_n, &slot, &status);

	if (err)
		return fail(err, "suite: a guest was lost");
	g->ended_n++;
	if (status && !signals_stop) {
		fail(-EIO, "suite: kernel %s failed with status %d:", g->kernel_of[slot]->name, status);
		self_tell(&g->children[slot]);
		g->failed_n++;
	}
	self_free(&g->children[slot]);
	progress_set(g->progress, (double)g->ended_n / (double)g->kernels.n, g->kernel_of[slot]->name);
	return 0;
}

static size_t running(const struct guests *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->jobs_n; i++)
		n += g->children[i].pid > 0;
	return n;
}

static int run_all(struct guests *g)
{
	int err = 0;

	while (!err && (g->next < g->kernels.n || running(g))) {
		for (size_t i = 0; i < g->jobs_n && !err && !signals_stop; i++)
			if (!g->children[i].pid && g->next < g->kernels.n)
				err = start_guest(g, i);
		if (running(g)) {
			int ended = end_guest(g);

			err = err ? err : ended;
		}
		if (signals_stop && !running(g))
			break;
	}
	if (!err && signals_stop)
		err = fail(-EINTR, "suite: interrupted; the same command goes on with the kernels that are missing");
	return !err && g->failed_n ? -EIO : err;
}

int suite_run_guests(const struct cli *cli, const char *name, const struct option_strings *kernels, const struct suite_options *options)
{
	struct guests g = { .cli = cli, .options = options };
	long processors = options->jobs ? (long)options->jobs : sysconf(_SC_NPROCESSORS_ONLN);
	int err = suite_read(name, true, "sendmmsg", &g.suite);

	g.jobs_n = processors < 1 ? 1 : processors > JOBS_MAX ? JOBS_MAX : (size_t)processors;
	snprintf(g.in, sizeof g.in, "%s:%s", g.suite.path, GUEST_SUITE);
	if (!err)
		err = choose_kernels(&g, kernels);
	if (!err && g.kernels.n) {
		g.progress = progress_new(cli, "suite");
		err = run_all(&g);
		progress_free(g.progress);
	}
	if (!err && !cli->quiet)
		printf("%s@%u: %zu kernels were run, the others were there already; forecall compare and track show them\n", g.suite.name, g.suite.version,
		       g.kernels.n);
	free(g.kernels.at);
	suite_free(&g.suite);
	return err;
}
