/* SPDX-License-Identifier: GPL-2.0-or-later */
/* experiment.c: a look at the shape, then profile, bench and observation in turns, each of which is one run of the store. */
#include "workloads/experiment.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "analyze/store.h"
#include "base/err.h"
#include "collect/calibrate.h"
#include "collect/cpus.h"
#include "collect/idle.h"
#include "collect/profile.h"
#include "workloads/bench_like.h"
#include "workloads/bench_store.h"
#include "workloads/needs.h"
#include "workloads/rtp.h"
#include "workloads/sender.h"
#include "workloads/turns.h"

#define SHAPE_SECONDS 1.5
#define SHAPE_ROUNDS 8     /* of the calibration: only the gap between two calls hangs on it */
#define SHAPE_SHARE 0.1    /* of the progress bar */
#define TURN_MS 200 /* moods of a machine last for 0.3 to 1.5 s here: what is to be compared must fall into the same one */
#define SPIN_END_NS 25000000 /* a thread of io_uring's that was told 1 ms sleeps after at most two of the kernel's ticks */
#define BLOCK_MS 5          /* of the bench: the shorter, the less has changed from one way to the next */

enum part { PROFILE, BENCH, OBSERVE, PARTS };

/* Everything that the three parts share. */
struct work {
	struct store *store;
	const struct experiment_options *options;
	struct experiment *out;
	struct traffic *traffic;
	struct bench_like like;
	const char *idle;         /* of the runs */
	const char *observed_way; /* in which the observation's last turn ended; NULL before its first */
	double done[PARTS];
};

static bool alternative_spins(const struct experiment_options *options)
{
	return sender_find(options->alternative)->traits & SENDER_THREAD;
}

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
	say_progress(work, SHAPE_SHARE + (1 - SHAPE_SHARE) * sum / PARTS, "profile, bench and observation in turns");
}

static void profile_progress(void *context, double done, const char *text)
{
	(void)text;
	part_progress(context, PROFILE, done);
}

/* A bench that ends with the others has come as far as they have. */
static void bench_progress(void *context, double done, const char *text)
{
	const struct work *work = context;

	(void)text;
	part_progress(context, BENCH, work->options->rel_width > 0 ? done : (work->done[PROFILE] + work->done[OBSERVE]) / 2);
}

static void observe_progress(void *context, double done, const char *text)
{
	(void)text;
	part_progress(context, OBSERVE, done);
}

/* Where no window or block of a part is disturbed by this program: beside the clients. */
static int stay_aside(const struct work *work)
{
	return work->options->setup.peer_cpu >= 0 ? cpus_pin(work->options->setup.peer_cpu) : 0;
}

static int pause_part(void *context)
{
	(void)context;
	return turns_between();
}

static void rest(void *context)
{
	traffic_rest(((struct work *)context)->traffic);
}

static int64_t packets_sent(void *context)
{
	return traffic_packets(((struct work *)context)->traffic);
}

/* ---- The shape ---- */

/* A window that begins while the server rests, behind a burst, must be long enough for the next one. */
static int window_ms(const struct experiment_options *options)
{
	const int period_ms = (int)ceil(1000.0 / (double)options->setup.packets_per_s);

	return period_ms > options->window_ms ? period_ms : options->window_ms;
}

static struct profile_options profile_options_of(struct work *work)
{
	const struct experiment_options *options = work->options;

	return (struct profile_options){
		.pid = traffic_server_pid(work->traffic),
		.path = options->setup.way,
		.clock = options->clock,
		.window_ms = window_ms(options),
		.seed = options->seed,
		.stop = options->stop,
		.rest = rest,
		.work = packets_sent,
		.way_context = work,
		.progress_context = work,
		.label = options->label,
		.command_line = options->command_line,
		.version = options->version,
		.topology = topology_names[options->setup.topology],
		.way = options->setup.way,
		.idle = work->idle,
	};
}

/* The bench needs the shape before the profile is whole: a short one tells it, and is not kept. */
static int look_at_shape(struct work *work)
{
	struct profile_options look = profile_options_of(work);
	int64_t run;

	say_progress(work, 0, "looking at the server");
	look.seconds = SHAPE_SECONDS;
	look.calibration_rounds = SHAPE_ROUNDS;
	int err = profile_run(work->store, &look, &run);
	if (err)
		return err;
	work->like = (struct bench_like){.private_bytes = RTP_HEADER_BYTES};
	err = bench_like(work->store, run, &work->like);
	work->like.packet_cyc = 0; /* livecast uses no memory of its own between bursts, of which that would tell, and the bench may be in another mood */
	/* Windows that begin while the server rests hold more bursts than their length tells. */
	if (work->like.period_ns)
		work->like.period_ns = 1000000000 / work->options->setup.packets_per_s;
	int deleted = store_delete(work->store, run);
	return err ? err : deleted;
}

/* ---- The three parts ---- */

static int run_profile(void *context)
{
	struct work *work = context;
	struct profile_options profile = profile_options_of(work);
	int err = stay_aside(work);

	profile.seconds = work->options->profile_seconds;
	profile.calibration_rounds = work->options->calibration_rounds ? work->options->calibration_rounds : CALIBRATE_ROUNDS;
	profile.pause = pause_part;
	profile.progress = profile_progress;
	return err ? err : profile_run(work->store, &profile, &work->out->profile);
}

/* The server is still while the bench sends, and so is what the bench left in the caches before the server is measured again. */
static int begin_bench(void *context)
{
	return traffic_pause(((struct work *)context)->traffic);
}

static int end_bench(void *context)
{
	return traffic_resume(((struct work *)context)->traffic);
}

/* As long as the others measure: s of a minute more than they had would be of a machine in another mood. */
static int bench_between(void *context)
{
	const struct work *work = context;
	int err = turns_between();

	if (err || !turns_alone())
		return err ? err : BENCH_GO_ON;
	return work->options->rel_width > 0 ? 0 : BENCH_END;
}

static int run_bench(void *context)
{
	struct work *work = context;
	const struct experiment_options *options = work->options;
	struct bench_store_options bench = {
		.bench = {
			.baseline = options->setup.way,
			.alternatives = &options->alternative,
			.alternatives_n = 1,
			.like = &work->like,
			.topology = options->setup.topology,
			.server_cpu = options->setup.server_cpu,
			.peer_cpu = options->setup.peer_cpu,
			.rel_width = options->rel_width,
			.max_rounds = options->max_rounds,
			.block_ms = BLOCK_MS,
			.seed = options->seed,
			.stop = options->stop,
			.on_progress = bench_progress,
			.progress_arg = work,
			.between = bench_between,
			.between_arg = work,
		},
		.clock = options->clock,
		.like_run = work->out->profile,
		.resume_run = STORE_NULL,
		.idle = work->idle,
		.label = options->label,
		.command_line = options->command_line,
		.version = options->version,
	};
	int err = stay_aside(work);

	return err ? err : bench_store_run(work->store, &bench, &work->out->bench);
}

/* With a burst before the next window: what a way makes once (rings when it is opened, routes when it first sends) is no packet's cost,
 * and the first burst finds the caches as the other way left them; the bench sends some before each block, too, which are in none of its figures. */
static int send_by(const struct work *work, const char *way)
{
	int err = traffic_send_way(work->traffic, way);

	return err ? err : traffic_burst(work->traffic);
}

static int begin_observe(void *context)
{
	const struct work *work = context;

	return work->observed_way ? send_by(work, work->observed_way) : 0;
}

/* The next part must not find a kernel's thread of the other way still spinning: its time would be the server's. */
static int end_observe(void *context)
{
	const struct work *work = context;
	int err = send_by(work, work->options->setup.way);

	if (!err && alternative_spins(work->options))
		nanosleep(&(struct timespec){.tv_nsec = SPIN_END_NS}, NULL);
	return err;
}

static int set_way(void *context, const char *way)
{
	struct work *work = context;

	work->observed_way = way;
	return send_by(work, way);
}

static int run_observe(void *context)
{
	struct work *work = context;
	const char *const ways[2] = {work->options->setup.way, work->options->alternative};
	struct profile_options observe = profile_options_of(work);
	int err = stay_aside(work);

	for (int i = 1; !err && i >= 0; i--)
		err = set_way(work, ways[i]);
	observe.seconds = work->options->observe_seconds;
	observe.ways = ways;
	observe.ways_n = 2;
	observe.set_way = set_way;
	observe.pause = pause_part;
	observe.progress = observe_progress;
	return err ? err : profile_run(work->store, &observe, &work->out->observe);
}

/* ---- The whole ---- */

/* The longer the observation is than the profile, the longer are its turns, and the bench's: so all end at about the same time. */
static int take_turns(struct work *work)
{
	double longer = fmax(1, work->options->observe_seconds / work->options->profile_seconds);
	const struct turns_part parts[PARTS] = {
		[PROFILE] = {.run = run_profile},
		[BENCH] = {.run = run_bench, .begin = begin_bench, .end = end_bench, .share = (1 + longer) / 2},
		[OBSERVE] = {.run = run_observe, .begin = begin_observe, .end = end_observe, .share = longer},
	};

	return turns_run(parts, PARTS, work, TURN_MS);
}

static int measure_all(struct work *work)
{
	int err = traffic_livecast_start(&work->options->setup, &work->traffic);

	if (err)
		return err;
	err = look_at_shape(work);
	if (!err)
		err = *work->options->stop ? -EINTR : take_turns(work);
	int stop_err = traffic_stop(work->traffic, &work->out->quality);
	if (!err)
		err = stop_err;
	return !err && *work->options->stop ? -EINTR : err;
}

static int predict(const struct work *work)
{
	const struct experiment_options *options = work->options;
	const struct answer_options answer = {
		.profile = work->out->profile,
		.bench = work->out->bench,
		.baseline = options->setup.way,
		.alternative = options->alternative,
		.keeps_cost = sender_keeps_cost(options->setup.way, options->alternative),
		.force = options->force,
		/* What a card raises is the sends' alone, and in the CPU time of both the server and the bench. */
		.async = options->setup.topology == TOPOLOGY_NIC ? FRACTION_ASYNC_OWN : FRACTION_ASYNC_AUTO,
	};

	return answer_predict(work->store, &answer, &work->out->answer);
}

int experiment_run(struct store *store, const struct experiment_options *options, struct experiment *out)
{
	struct work work = {.store = store, .options = options, .out = out};
	int idle = idle_hold_unless(options->halt, "validate", &work.idle);

	*out = (struct experiment){0};
	int err = measure_all(&work);
	idle_release(idle);
	if (!err)
		err = predict(&work);
	if (err)
		return err;
	err = answer_observe(store, out->observe, options->setup.way, options->alternative, out->answer.prediction, &out->observed);
	if (err)
		experiment_free(out);
	return err;
}

void experiment_free(struct experiment *experiment)
{
	answer_free(&experiment->answer);
}
