/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare.c: the steps of a comparison, each of which is one run of the store. */
#include "try/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "analyze/store.h"
#include "base/err.h"
#include "collect/profile.h"
#include "try/load.h"
#include "workloads/bench_store.h"
#include "workloads/sender.h"

enum {
	SENDS_MIN = 200,    /* before the server is believed to be at work */
	CALIBRATIONS = 16,
	PATH_SHARE = 50,    /* a call that makes less than one in so many of the sends is no part of the path */
	POLL_MS = 10,
};

/* All sends that a profile may find where the library sees none. */
#define EVERY_SEND "sendmsg,sendto,sendmmsg,write,writev"

/* A stretch of the progress bar. */
struct step {
	const struct compare_options *options;
	double from, to;
	const char *text;
};

static void step_progress(void *context, double done, const char *text)
{
	const struct step *step = context;

	(void)text;
	if (step->options->progress)
		step->options->progress(step->options->progress_context, step->from + (step->to - step->from) * done, step->text);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void pause_ms(long ms)
{
	struct timespec time = {.tv_nsec = ms * 1000000};

	nanosleep(&time, NULL);
}

static int stopped(const struct compare_options *options)
{
	return *options->stop ? -EINTR : 0;
}

static struct profile_options profiling(const struct compare_options *options, const struct launch *launch, const char *path, struct step *step)
{
	return (struct profile_options){
		.pid = launch->pid,
		.left_out = TRY_GUARD_COMM,
		.path = path,
		.clock = options->clock,
		.window_ms = options->window_ms,
		.seed = options->seed,
		.stop = options->stop,
		.progress = step_progress,
		.progress_context = step,
		.label = options->label,
		.command_line = options->command_line,
		.version = options->version,
	};
}

/* ---- Whether it sends, and by which calls ---- */

/* No send was seen: does it make some past the library? A short profile tells, which is not kept. */
static int explain_silence(struct store *store, const struct compare_options *options, const struct launch *launch)
{
	struct step step = {options, 0, 0.05, "looking for its sends"};
	struct profile_options profile = profiling(options, launch, EVERY_SEND, &step);
	int64_t run, calls_n = 0;

	profile.seconds = 1;
	profile.calibration_rounds = 1;
	int err = profile_run(store, &profile, &run);
	if (!err) {
		err = answer_calls(store, run, &calls_n);
		store_delete(store, run);
	}
	if (err)
		return err;
	if (calls_n)
		return fail(-EOPNOTSUPP, "try: %s makes its sends past the C library, or none by UDP: %" PRId64 " calls of " EVERY_SEND
					 " in a second, of which none on a datagram socket was seen; use `forecall profile` and `bench`",
			    options->command[0], calls_n);
	return fail(-ENODATA, "try: %s sent nothing within %g s; give its load by --load, and more time by --wait", options->command[0],
		    options->wait_seconds);
}

static int await_sends(struct store *store, const struct compare_options *options, struct launch *launch, struct load *load)
{
	double until_s = now_s() + options->wait_seconds;

	while (launch_count(launch, TRY_SEEN) < SENDS_MIN) {
		if (stopped(options))
			return -EINTR;
		if (launch_reap(launch))
			return fail(-ECHILD, "try: %s ended before it sent anything; keep it in the foreground", options->command[0]);
		int err = load_keep(load);
		if (err)
			return err;
		if (now_s() > until_s)
			return explain_silence(store, options, launch);
		pause_ms(POLL_MS);
	}
	for (until_s = now_s() + options->settle_seconds; now_s() < until_s && !stopped(options);)
		pause_ms(POLL_MS);
	return stopped(options);
}

/* The calls that the server sends by, and the one of them that stands for all in the bench. */
static int choose_path(const struct compare_options *options, const struct launch *launch, struct compare *out)
{
	uint64_t seen = launch_count(launch, TRY_SEEN), most = 0;
	size_t used = 0;

	for (enum try_count by = TRY_BY_SENDMSG; by < TRY_COUNT_MAX; by++) {
		uint64_t n = launch_count(launch, by);

		if (n * PATH_SHARE > seen)
			used += (size_t)snprintf(out->path + used, sizeof out->path - used, "%s%s", used ? "," : "", try_count_names[by]);
		if (n > most) {
			most = n;
			out->baseline = try_count_names[by];
		}
	}
	if (options->path)
		snprintf(out->path, sizeof out->path, "%s", options->path);
	if (!out->baseline || !sender_find(out->baseline))
		out->baseline = "sendmsg";
	return 0;
}

/* ---- The steps ---- */

/* Calls that the ledger counted and the library did not see were made past it. */
static int check_reach(struct store *store, const struct compare_options *options, int64_t run, double seen_per_s)
{
	struct block_row *blocks;
	struct run_row *row = NULL;
	double calls = 0, seconds = 0;
	size_t n;
	int err = store_blocks(store, run, &blocks, &n);

	if (!err)
		err = store_run(store, run, &row);
	for (size_t i = 0; i < n && !err; i++)
		if (blocks[i].dose == 1) {
			calls += (double)blocks[i].calls_n;
			seconds += (double)blocks[i].wall_cyc / row->clock_hz;
		}
	if (!err && calls / seconds > 2 * seen_per_s)
		err = fail(-EOPNOTSUPP, "try: %s makes %.0f calls a second of the path, of which the library sees %.0f: the others pass the C library "
					"by, or are not on UDP sockets",
			   options->command[0], calls / seconds, seen_per_s);
	store_rows_free(row);
	store_rows_free(blocks);
	return err;
}

static int run_profile(struct store *store, const struct compare_options *options, const struct launch *launch, struct compare *out)
{
	struct step step = {options, 0.02, 0.35, "profiling the server"};
	struct profile_options profile = profiling(options, launch, out->path, &step);
	uint64_t seen = launch_count(launch, TRY_SEEN);
	double begin_s = now_s();

	profile.seconds = options->profile_seconds;
	profile.calibration_rounds = CALIBRATIONS;
	profile.way = out->baseline;
	int err = profile_run(store, &profile, &out->profile);
	if (!err)
		err = check_reach(store, options, out->profile, (double)(launch_count(launch, TRY_SEEN) - seen) / (now_s() - begin_s));
	return err ? err : stopped(options);
}

static int run_bench(struct store *store, const struct compare_options *options, struct compare *out)
{
	struct step step = {options, 0.35, 0.65, "benchmarking in its shape"};
	struct bench_like like = {0};
	struct bench_store_options bench = {
		.bench = {
			.baseline = out->baseline,
			.alternatives = &out->alternative,
			.alternatives_n = 1,
			.like = &like,
			.topology = TOPOLOGY_LO,
			.server_cpu = options->server_cpu,
			.peer_cpu = options->peer_cpu,
			.rel_width = options->rel_width,
			.max_rounds = options->max_rounds,
			.seed = options->seed,
			.stop = options->stop,
			.on_progress = step_progress,
			.progress_arg = &step,
		},
		.clock = options->clock,
		.like_run = out->profile,
		.label = options->label,
		.command_line = options->command_line,
		.version = options->version,
	};
	int err = bench_store_like(store, out->profile, &like);

	if (!err)
		err = bench_store_run(store, &bench, &out->bench);
	return err ? err : stopped(options);
}

static int predict(struct store *store, const struct compare_options *options, struct compare *out)
{
	const struct answer_options answer = {
		.profile = out->profile,
		.bench = out->bench,
		.baseline = out->baseline,
		.alternative = out->alternative,
		.force = options->force,
	};

	return answer_predict(store, &answer, &out->answer);
}

struct switching {
	struct launch *launch;
	const char *alternative;
};

static int set_way(void *context, const char *way)
{
	const struct switching *switching = context;

	launch_enable(switching->launch, !strcmp(way, switching->alternative));
	return 0;
}

static int run_observe(struct store *store, const struct compare_options *options, struct launch *launch, struct compare *out)
{
	struct step step = {options, 0.65, 1, "observing both ways"};
	struct profile_options observe = profiling(options, launch, out->path, &step);
	const char *const ways[2] = {out->baseline, out->alternative};
	struct switching switching = {launch, out->alternative};
	double begin_s = now_s(), guard_s = launch_guard_s(launch);

	observe.seconds = options->observe_seconds;
	observe.ways = ways;
	observe.ways_n = 2;
	observe.set_way = set_way;
	observe.way_context = &switching;
	int err = profile_run(store, &observe, &out->observe);
	out->guard_share = 2 * (launch_guard_s(launch) - guard_s) / (now_s() - begin_s); /* it works in half of the windows */
	launch_enable(launch, false);
	if (!err)
		err = answer_observe(store, out->observe, out->baseline, out->alternative, out->answer.prediction, &out->observed);
	return err;
}

static void note_batches(const struct launch *launch, struct compare *out)
{
	uint64_t taken = launch_count(launch, TRY_TAKEN), batches = launch_count(launch, TRY_BATCHES);

	out->batch = batches ? (double)taken / (double)batches : 0;
	out->lost_n = taken - launch_count(launch, TRY_GIVEN) - launch_count(launch, TRY_REFUSED);
	out->over_n = launch->page->over_n;
	out->delay_max_ns = launch->page->delay_max_ns;
}

/* Which way of sending the bench has for what the library does. */
static const char *way_in_bench(enum try_way way, bool stream)
{
	static const char *const ways[TRY_WAY_MAX] = {[TRY_SENDMMSG] = "sendmmsg", [TRY_URING] = "uring", [TRY_SENDGROUP] = "sendgroup"};

	return stream ? "uring-multi" : ways[way]; /* a socket for each recipient */
}

static int run_steps(struct store *store, const struct compare_options *options, struct launch *launch, struct load *load, struct compare *out)
{
	int err = await_sends(store, options, launch, load);

	if (!err)
		err = choose_path(options, launch, out);
	if (!err)
		err = run_profile(store, options, launch, out);
	if (!err)
		err = load_keep(load);
	if (!err)
		err = run_bench(store, options, out);
	if (!err)
		err = predict(store, options, out);
	if (err)
		return err;
	err = load_keep(load);
	if (!err)
		err = run_observe(store, options, launch, out);
	if (err)
		compare_free(out);
	return err;
}

int compare_run(struct store *store, const struct compare_options *options, struct compare *out)
{
	struct launch launch;
	struct load load;

	*out = (struct compare){.alternative = way_in_bench(options->launch.way, options->launch.stream)};
	if (!sender_find(out->alternative))
		return fail(-EINVAL, "try: there is no way of sending %s to bench against; `forecall bench --help` lists them", out->alternative);
	int err = launch_start(&options->launch, options->command, &launch);
	if (err)
		return err;
	err = load_start(options->load, &load);
	if (!err)
		err = run_steps(store, options, &launch, &load, out);
	load_stop(&load);
	launch_end(&launch, 2000);
	if (!err)
		note_batches(&launch, out);
	launch_free(&launch);
	return err;
}

void compare_free(struct compare *compare)
{
	answer_free(&compare->answer);
}
