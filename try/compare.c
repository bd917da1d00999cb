/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare.c: a look at the shape, then profile, bench and observation in turns, each of which is one run of the store. */
#include "try/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "analyze/store.h"
#include "base/err.h"
#include "collect/idle.h"
#include "collect/profile.h"
#include "try/load.h"
#include "workloads/bench_like.h"
#include "workloads/bench_store.h"
#include "workloads/sender.h"
#include "workloads/turns.h"

enum {
	SENDS_MIN = 200,    /* before the server is believed to be at work */
	CALIBRATIONS = 16,  /* rounds */
	PATH_SHARE = 50,    /* a call that makes less than one in so many of the sends is no part of the path */
	POLL_MS = 10,
	SETTLE_MS = 30,     /* until the server has done what came in before its load was stopped, or is busy again */
	TURN_MS = 600,
};

#define LOOK_SECONDS 1.5
#define LOOK_SHARE 0.1 /* of the progress bar */

/* All sends that a profile may find where the library sees none. */
#define EVERY_SEND "sendmsg,sendto,sendmmsg,write,writev"

/* The way of the bench that is the baseline's calls with the library at work. */
#define LIBRARY_MARK "#try"

enum part { PROFILE, BENCH, OBSERVE, PARTS };

/* Everything that the steps share. */
struct work {
	struct store *store;
	const struct compare_options *options;
	struct compare *out;
	struct launch server, bench; /* the library in the server, and in the bench's groupsend */
	struct load load;
	struct bench_like like;
	const char *idle; /* of the runs */
	bool library; /* at work in the observation, as its last turn left it */
	double done[PARTS];
	/* of the profile's turns, and of the observation's */
	double seen, profile_s, guard_s, observe_s;
	uint64_t turn_seen;
	double turn_s, turn_guard_s;
};

static void say_progress(const struct work *work, double done, const char *text)
{
	if (work->options->progress)
		work->options->progress(work->options->progress_context, done, text);
}

static void part_progress(struct work *work, enum part part, double done)
{
	double sum = 0;

	work->done[part] = done;
	for (int i = 0; i < PARTS; i++)
		sum += work->done[i];
	say_progress(work, LOOK_SHARE + (1 - LOOK_SHARE) * sum / PARTS, "profile, bench and observation in turns");
}

static void look_progress(void *context, double done, const char *text)
{
	(void)text;
	say_progress(context, LOOK_SHARE * done, "looking at the server");
}

static void profile_progress(void *context, double done, const char *text)
{
	(void)text;
	part_progress(context, PROFILE, done);
}

static void bench_progress(void *context, double done, const char *text)
{
	(void)text;
	part_progress(context, BENCH, done);
}

static void observe_progress(void *context, double done, const char *text)
{
	(void)text;
	part_progress(context, OBSERVE, done);
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

static struct profile_options profiling(struct work *work, const char *path)
{
	const struct compare_options *options = work->options;

	return (struct profile_options){
		.pid = work->server.pid,
		.left_out = TRY_GUARD_COMM,
		.path = path,
		.clock = options->clock,
		.window_ms = options->window_ms,
		.seed = options->seed,
		.stop = options->stop,
		.progress_context = work,
		.label = options->label,
		.command_line = options->command_line,
		.version = options->version,
		.idle = work->idle,
	};
}

/* ---- Whether it sends, and by which calls ---- */

/* No send was seen: does it make some past the library? A short profile tells, which is not kept. */
static int explain_silence(struct work *work)
{
	const struct compare_options *options = work->options;
	struct profile_options profile = profiling(work, EVERY_SEND);
	int64_t run, calls_n = 0;

	profile.progress = look_progress;
	profile.seconds = 1;
	profile.calibration_rounds = 1;
	int err = profile_run(work->store, &profile, &run);
	if (!err) {
		err = answer_calls(work->store, run, &calls_n);
		store_delete(work->store, run);
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

static int await_sends(struct work *work)
{
	const struct compare_options *options = work->options;
	double until_s = now_s() + options->wait_seconds;

	while (launch_count(&work->server, TRY_SEEN) < SENDS_MIN) {
		if (stopped(options))
			return -EINTR;
		if (launch_reap(&work->server))
			return fail(-ECHILD, "try: %s ended before it sent anything; keep it in the foreground", options->command[0]);
		int err = load_keep(&work->load);
		if (err)
			return err;
		if (now_s() > until_s)
			return explain_silence(work);
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
	if (options->path && strlen(options->path) >= sizeof out->path)
		return fail(-EINVAL, "try: --path names more calls than fit into %zu characters", sizeof out->path - 1);
	if (options->path)
		snprintf(out->path, sizeof out->path, "%s", options->path);
	if (!out->baseline || !sender_find(out->baseline))
		out->baseline = "sendmsg";
	if (!strcmp(out->baseline, out->alternative))
		return fail(-EOPNOTSUPP, "try: %s sends by %s already, which is what the library would do for it: compare another way (--with)", options->command[0],
			    out->baseline);
	/* what the library costs on connections, a bench by UDP would not tell */
	snprintf(out->library, sizeof out->library, "%s" LIBRARY_MARK, out->baseline);
	if (options->launch.stream)
		snprintf(out->library, sizeof out->library, "%s", out->alternative);
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

static int pause_part(void *context)
{
	(void)context;
	return turns_between();
}

/* The bench needs the shape before the profile is whole: a short one tells it, and is not kept. */
static int look_at_shape(struct work *work)
{
	struct profile_options look = profiling(work, work->out->path);
	int64_t run;

	look.progress = look_progress;
	look.seconds = LOOK_SECONDS;
	look.calibration_rounds = CALIBRATIONS;
	int err = profile_run(work->store, &look, &run);
	if (err)
		return err;
	err = bench_like(work->store, run, &work->like);
	int deleted = store_delete(work->store, run);
	return err ? err : deleted;
}

/* ---- The profile's turns ---- */

static int begin_profile(void *context)
{
	struct work *work = context;

	work->turn_seen = launch_count(&work->server, TRY_SEEN);
	work->turn_s = now_s();
	return 0;
}

static int end_profile(void *context)
{
	struct work *work = context;

	work->seen += (double)(launch_count(&work->server, TRY_SEEN) - work->turn_seen);
	work->profile_s += now_s() - work->turn_s;
	return 0;
}

static int run_profile(void *context)
{
	struct work *work = context;
	struct profile_options profile = profiling(work, work->out->path);

	profile.progress = profile_progress;
	profile.seconds = work->options->profile_seconds;
	profile.calibration_rounds = CALIBRATIONS;
	profile.way = work->out->baseline;
	profile.pause = pause_part;
	return profile_run(work->store, &profile, &work->out->profile);
}

/* ---- The bench's turns: without the load, as far as it can be stopped ---- */

static int begin_bench(void *context)
{
	struct work *work = context;

	load_pause(&work->load);
	pause_ms(SETTLE_MS);
	return 0;
}

static int end_bench(void *context)
{
	struct work *work = context;

	load_resume(&work->load);
	pause_ms(SETTLE_MS);
	return load_keep(&work->load);
}

static int bench_between(void *context)
{
	int err = turns_between();

	(void)context;
	return err ? err : !turns_alone();
}

/* The library in groupsend works in the blocks that are to tell what it costs, and passes on in the others, as in the server. */
static void bench_way_chosen(void *context, const char *way)
{
	launch_enable(context, strstr(way, LIBRARY_MARK) != NULL);
}

static int run_bench(void *context)
{
	struct work *work = context;
	const struct compare_options *options = work->options;
	const char *const alternatives[2] = {work->out->library, work->out->alternative};
	struct bench_store_options bench = {
		.bench = {
			.baseline = work->out->baseline,
			.alternatives = alternatives,
			.alternatives_n = options->launch.stream ? 1 : 2,
			.like = &work->like,
			.topology = TOPOLOGY_LO,
			.server_cpu = options->server_cpu,
			.peer_cpu = options->peer_cpu,
			.rel_width = options->rel_width,
			.max_rounds = options->max_rounds,
			.seed = options->seed,
			.stop = options->stop,
			.in_child = options->launch.stream ? NULL : launch_adopt,
			.child_arg = &work->bench,
			.on_way = bench_way_chosen,
			.way_arg = &work->bench,
			.finish = true,
			.receivers = BENCH_PROMPT,
			.match_receivers = true,
			.between = bench_between,
			.on_progress = bench_progress,
			.progress_arg = work,
		},
		.clock = options->clock,
		.like_run = work->out->profile,
		.resume_run = STORE_NULL,
		.label = options->label,
		.command_line = options->command_line,
		.version = options->version,
		.idle = work->idle,
	};

	return bench_store_run(work->store, &bench, &work->out->bench);
}

/* ---- The observation's turns ---- */

static int begin_observe(void *context)
{
	struct work *work = context;

	work->turn_s = now_s();
	work->turn_guard_s = launch_guard_s(&work->server);
	launch_enable(&work->server, work->library);
	return 0;
}

static int end_observe(void *context)
{
	struct work *work = context;

	launch_enable(&work->server, false);
	work->guard_s += launch_guard_s(&work->server) - work->turn_guard_s;
	work->observe_s += now_s() - work->turn_s;
	return 0;
}

static int set_way(void *context, const char *way)
{
	struct work *work = context;

	work->library = !strcmp(way, work->out->library);
	launch_enable(&work->server, work->library);
	return 0;
}

static int run_observe(void *context)
{
	struct work *work = context;
	const char *const ways[2] = {work->out->baseline, work->out->library};
	struct profile_options observe = profiling(work, work->out->path);

	observe.seconds = work->options->observe_seconds;
	observe.ways = ways;
	observe.ways_n = 2;
	observe.set_way = set_way;
	observe.way_context = work;
	observe.progress = observe_progress;
	observe.pause = pause_part;
	return profile_run(work->store, &observe, &work->out->observe);
}

/* The longer the observation is than the profile, the longer are its turns, so that both end at about the same time. */
static int take_turns(struct work *work)
{
	const double longer = fmax(1, work->options->observe_seconds / work->options->profile_seconds);
	const struct turns_part parts[PARTS] = {
		[PROFILE] = {.run = run_profile, .begin = begin_profile, .end = end_profile},
		[BENCH] = {.run = run_bench, .begin = begin_bench, .end = end_bench},
		[OBSERVE] = {.run = run_observe, .begin = begin_observe, .end = end_observe, .share = longer},
	};

	return turns_run(parts, PARTS, work, TURN_MS);
}

/* ---- The whole ---- */

/* Both ports: by the library, which is what is observed, and by the same call in the source. */
static int predict(const struct work *work)
{
	const struct compare *out = work->out;
	struct answer_options answer = {
		.profile = out->profile,
		.bench = out->bench,
		.baseline = out->baseline,
		.alternative = out->alternative,
		.force = work->options->force,
	};
	int err = answer_predict(work->store, &answer, &work->out->in_source);

	if (err)
		return err;
	answer.alternative = out->library;
	err = answer_predict(work->store, &answer, &work->out->answer);
	if (err)
		answer_free(&work->out->in_source);
	return err;
}

static void note_batches(const struct work *work)
{
	const struct launch *launch = &work->server;
	uint64_t taken = launch_count(launch, TRY_TAKEN), batches = launch_count(launch, TRY_BATCHES);
	struct compare *out = work->out;

	out->batch = batches ? (double)taken / (double)batches : 0;
	out->batches_n = batches;
	out->lost_n = taken - launch_count(launch, TRY_GIVEN) - launch_count(launch, TRY_REFUSED);
	out->over_n = launch->page->over_n;
	out->delay_max_ns = launch->page->delay_max_ns;
	out->delay_most_ns = launch_delay_ns(launch, COMPARE_MOST);
	out->guard_share = work->observe_s > 0 ? 2 * work->guard_s / work->observe_s : 0; /* it works in half of the windows */
}

/* Which way of sending the bench has for what the library does. */
static const char *way_in_bench(enum try_way way, bool stream)
{
	static const char *const ways[TRY_WAY_MAX] = {[TRY_SENDMMSG] = "sendmmsg", [TRY_URING] = "uring", [TRY_SENDGROUP] = "sendgroup"};

	return stream ? "uring-multi" : ways[way]; /* a socket for each recipient */
}

static int measure_all(struct work *work)
{
	int err = await_sends(work);

	if (err)
		return err;
	err = choose_path(work->options, &work->server, work->out);
	if (!err)
		err = look_at_shape(work);
	if (!err)
		err = load_keep(&work->load);
	if (!err)
		err = stopped(work->options);
	if (!err)
		err = take_turns(work);
	return err ? err : stopped(work->options);
}

static int run_steps(struct work *work)
{
	struct compare *out = work->out;
	int err = measure_all(work);

	if (!err)
		err = check_reach(work->store, work->options, out->profile, work->seen / work->profile_s);
	if (!err)
		err = predict(work);
	if (err)
		return err;
	err = answer_observe(work->store, out->observe, out->baseline, out->library, out->answer.prediction, &out->observed);
	if (err)
		compare_free(out);
	return err;
}

static int start_all(struct work *work)
{
	struct launch_options beside = work->options->launch;
	int err = launch_start(&work->options->launch, work->options->command, &work->server);

	if (err)
		return err;
	beside.enabled = false;
	err = launch_share(&beside, &work->bench);
	return err ? err : load_start(work->options->load, &work->load);
}

int compare_run(struct store *store, const struct compare_options *options, struct compare *out)
{
	struct work work = {.store = store, .options = options, .out = out, .server.fd = -1, .bench.fd = -1};

	*out = (struct compare){.alternative = way_in_bench(options->launch.way, options->launch.stream)};
	if (!sender_find(out->alternative))
		return fail(-EINVAL, "try: there is no way of sending %s to bench against; `forecall bench --help` lists them", out->alternative);
	int idle = idle_hold_unless(options->halt, "try", &work.idle);
	int err = start_all(&work);
	if (!err)
		err = run_steps(&work);
	idle_release(idle);
	load_stop(&work.load);
	if (work.server.pid > 0)
		launch_end(&work.server, 2000);
	if (!err)
		note_batches(&work);
	launch_free(&work.bench);
	launch_free(&work.server);
	return err;
}

void compare_free(struct compare *compare)
{
	answer_free(&compare->answer);
	answer_free(&compare->in_source);
}
