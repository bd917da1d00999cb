/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands.c: runs two commands in turn and reads what each cost. */
#include "workloads/commands.h"

#include "analyze/rows.h"
#include "analyze/speedup.h"
#include "analyze/stats.h"
#include "base/err.h"
#include "workloads/bench.h"
#include "workloads/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAY_NULL, WAY_BASE, WAY_ALT, WAYS_N, REPLICATES = 500 };

static const char *const names[WAYS_N] = { "null", COMMANDS_BASELINE, COMMANDS_ALTERNATIVE };

struct commands {
	struct commands_options o;
	struct bench_row *rows;
	size_t rows_n;
};

/* In a child: becomes the command; its stdout would be in the way of the result. */
static void become(const struct commands *c, const char *command)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 || process_pin(c->o.cpu))
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static uint64_t used_ns(const struct rusage *usage)
{
	return (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000u;
}

/* Runs it to its end. */
static int run_command(const struct commands *c, const char *command, struct bench_row *row)
{
	struct rusage usage;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return fail(-errno, "cannot start a command: %s", strerror(errno));
	if (!pid)
		become(c, command);
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return fail(-errno, "cannot wait for a command: %s", strerror(errno));
	if (*c->o.stop)
		return -EINTR; /* it may have been ended by the same signal */
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail(-ECHILD, "the command failed (%s %d), so its cost tells nothing: %s", WIFEXITED(status) ? "status" : "signal",
			    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), command);
	row->cpu_cyc = (int64_t)((double)used_ns(&usage) * c->o.clock_hz / 1e9 + 0.5);
	row->preempt_n = usage.ru_nivcsw;
	return 0;
}

static struct bench_row row_of(size_t way, uint64_t round)
{
	return (struct bench_row){ .run = STORE_NULL, .round = (int64_t)round, .way = names[way], .group_size = 1, .packets_n = 1,
				   .async_cyc = STORE_NULL };
}

/* Both commands in random order; nothing has to be taken off, so null costs nothing. */
static int run_round(struct commands *c, uint64_t round, bool alternative_first)
{
	struct bench_row *rows = &c->rows[c->rows_n];
	int err = 0;

	for (size_t way = 0; way < WAYS_N; way++)
		rows[way] = row_of(way, round);
	for (int i = 0; !err && i < 2; i++) {
		size_t way = (i == 0) == alternative_first ? WAY_ALT : WAY_BASE;

		err = run_command(c, way == WAY_ALT ? c->o.alternative : c->o.baseline, &rows[way]);
	}
	for (size_t way = 0; !err && way < WAYS_N; way++)
		err = c->o.on_row(c->o.row_arg, &rows[way]);
	if (!err)
		c->rows_n += WAYS_N;
	return err;
}

static int narrow(const struct commands *c, bool *out)
{
	struct speedup s;
	int err = speedup_compute(c->rows, c->rows_n, names[WAY_BASE], names[WAY_ALT], c->o.seed, REPLICATES, &s);

	if (err)
		return err;
	*out = speedup_narrow(&s, c->o.rel_width);
	speedup_free(&s);
	return 0;
}

static int run_rounds(struct commands *c, struct stats_rng *rng)
{
	bool is_narrow = false;
	char text[64];
	int err = 0;

	for (uint64_t round = 0; !err && !is_narrow && round < c->o.max_rounds; round++) {
		snprintf(text, sizeof text, "round %" PRIu64, round + 1);
		if (c->o.on_progress)
			c->o.on_progress(c->o.progress_arg, (double)round / (double)c->o.max_rounds, text);
		err = *c->o.stop ? -EINTR : run_round(c, round, stats_rng_uniform(rng) < 0.5);
		if (!err && round + 1 >= BENCH_ROUNDS_MIN)
			err = narrow(c, &is_narrow);
	}
	return err;
}

int commands_run(const struct commands_options *options)
{
	struct commands c = { .o = *options, .rows = calloc(options->max_rounds, sizeof(struct bench_row[WAYS_N])) };
	struct stats_rng *rng = stats_rng_new(options->seed);
	int err = c.rows && rng ? run_rounds(&c, rng) : fail(-ENOMEM, "out of memory for %" PRIu64 " rounds", options->max_rounds);

	stats_rng_free(rng);
	free(c.rows);
	return err;
}
