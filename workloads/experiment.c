/* SPDX-License-Identifier: GPL-2.0-or-later */
/* experiment.c: the steps of the experiment, each of which is one run of the store. */
#include "workloads/experiment.h"

#include <errno.h>
#include <string.h>

#include "analyze/store.h"
#include "base/err.h"
#include "collect/calibrate.h"
#include "collect/profile.h"
#include "workloads/bench_store.h"
#include "workloads/rtp.h"

/* Shares of the progress bar, by what the steps take. */
struct step {
	const struct experiment_options *options;
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

static struct profile_options profile_options_of(const struct experiment_options *options, const struct traffic *traffic, struct step *step)
{
	return (struct profile_options){
		.pid = traffic_server_pid(traffic),
		.path = options->setup.way,
		.clock = options->clock,
		.window_ms = options->window_ms,
		.seed = options->seed,
		.stop = options->stop,
		.progress = step_progress,
		.progress_context = step,
		.label = options->label,
		.command_line = options->command_line,
		.version = options->version,
		.topology = topology_names[options->setup.topology],
		.way = options->setup.way,
	};
}

static int stopped(const struct experiment_options *options)
{
	return *options->stop ? -EINTR : 0;
}

static int run_profile(struct store *store, const struct experiment_options *options, struct experiment *out)
{
	struct step step = {options, 0, 0.35, "profiling the server"};
	struct traffic *traffic;
	int err = traffic_livecast_start(&options->setup, &traffic);

	if (err)
		return err;
	struct profile_options profile = profile_options_of(options, traffic, &step);
	profile.seconds = options->profile_seconds;
	profile.calibration_rounds = CALIBRATE_ROUNDS;
	err = profile_run(store, &profile, &out->profile);
	int stop_err = traffic_stop(traffic, &out->before);
	if (!err)
		err = stop_err;
	return err ? err : stopped(options);
}

static int run_bench(struct store *store, const struct experiment_options *options, struct experiment *out)
{
	struct step step = {options, 0.35, 0.65, "benchmarking in its shape"};
	struct bench_like like = {.private_bytes = RTP_HEADER_BYTES};
	struct bench_store_options bench = {
		.bench = {
			.baseline = options->setup.way,
			.alternatives = &options->alternative,
			.alternatives_n = 1,
			.like = &like,
			.topology = options->setup.topology,
			.server_cpu = options->setup.server_cpu,
			.peer_cpu = options->setup.peer_cpu,
			.rel_width = options->rel_width > 0 ? options->rel_width : 0.005,
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

static int predict(struct store *store, const struct experiment_options *options, struct experiment *out)
{
	const struct answer_options answer = {
		.profile = out->profile,
		.bench = out->bench,
		.baseline = options->setup.way,
		.alternative = options->alternative,
		.force = options->force,
	};

	return answer_predict(store, &answer, &out->answer);
}

static int set_way(void *context, const char *way)
{
	return traffic_send_way(context, way);
}

static int run_observe(struct store *store, const struct experiment_options *options, struct experiment *out)
{
	struct step step = {options, 0.65, 1, "observing both ways"};
	const char *const ways[2] = {options->setup.way, options->alternative};
	struct traffic *traffic;
	int err = traffic_livecast_start(&options->setup, &traffic);

	if (err)
		return err;
	for (int i = 1; !err && i >= 0; i--) /* what a way makes once, when it is first opened, is no packet's cost */
		err = traffic_send_way(traffic, ways[i]);
	if (err) {
		traffic_stop(traffic, NULL);
		return err;
	}
	struct profile_options observe = profile_options_of(options, traffic, &step);
	observe.seconds = options->observe_seconds;
	observe.ways = ways;
	observe.ways_n = 2;
	observe.set_way = set_way;
	observe.way_context = traffic;
	err = profile_run(store, &observe, &out->observe);
	int stop_err = traffic_stop(traffic, &out->after);
	return err ? err : stop_err;
}

int experiment_run(struct store *store, const struct experiment_options *options, struct experiment *out)
{
	*out = (struct experiment){0};
	int err = run_profile(store, options, out);

	if (!err)
		err = run_bench(store, options, out);
	if (!err)
		err = predict(store, options, out);
	if (err)
		return err;
	err = run_observe(store, options, out);
	if (!err)
		err = answer_observe(store, out->observe, options->setup.way, options->alternative, out->answer.prediction, &out->observed);
	if (err)
		experiment_free(out);
	return err;
}

void experiment_free(struct experiment *experiment)
{
	answer_free(&experiment->answer);
}
