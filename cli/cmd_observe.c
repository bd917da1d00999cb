/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_observe.c: `forecall observe`: measures a ported server, unprobed, and sets what it gained beside what was predicted. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/answer.h"
#include "analyze/predict.h"
#include "analyze/store.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/signals.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/host.h"
#include "collect/profile.h"
#include "version.h"

static const struct usage usage = {
	.name = "observe",
	.operands = "[-- CMD [ARG...]]",
	.about = "Measures the CPU time per datagram of a server that was ported, without probes, and compares it with the unprobed\n"
		 "windows of the profile before: r as observed, kept with the prediction and shown by `forecall score`.",
	.notes = "Example:\n"
		 "  forecall observe -p $(pidof server) --prediction 2\n"
		 "Observed again, the newer outcome is the prediction's; the runs are all kept. The load must be the same as when the\n"
		 "server was profiled. Machines drift between two measurements: `validate`, and a server that can switch ways while it\n"
		 "runs, are compared more precisely.\n",
	.command = true,
	.operands_max = -1,
};

struct arguments {
	uint64_t pid, prediction, window_ms, seed;
	const char *cpus, *clock, *label;
	double seconds;
	uint8_t cpu_set[CPUS_MAX];
};

/* The prediction that is named, or the newest that rests on a profile. */
static int choose_prediction(struct store *store, uint64_t given, struct prediction_row **out)
{
	struct prediction_row *rows;
	size_t n;

	*out = NULL;
	if (given)
		return store_prediction(store, (int64_t)given, out);
	int err = store_predictions(store, STORE_NULL, &rows, &n);
	if (err)
		return err;
	int64_t newest = STORE_NULL;
	for (size_t i = 0; i < n; i++)
		if (rows[i].profile != STORE_NULL)
			newest = rows[i].prediction;
	store_rows_free(rows);
	if (newest == STORE_NULL)
		return fail(-ENOENT, "observe: there is no prediction yet; `forecall predict` makes one");
	return store_prediction(store, newest, out);
}

/* Use of whole CPUs and of processes cannot be compared: the other's has all else in it that runs there. */
static int check_scope(const struct run_row *profile, bool cpus)
{
	if (cpus == !strcmp(profile->scope, "cpus"))
		return 0;
	return fail(-EINVAL, "observe: the prediction's profile, run %" PRId64 ", watched %s: observe the same, with %s", profile->run,
		    cpus ? "processes" : "whole CPUs", cpus ? "-p PID or -- CMD" : "-C CPUS");
}

/* The name as it is stored, of static storage; "auto" when it is none. */
static const char *clock_named(const char *stored)
{
	for (enum clock_kind kind = 0; kind < CLOCK_KIND_MAX; kind++)
		if (!strcmp(clock_name(kind), stored))
			return clock_name(kind);
	return "auto";
}

/* Nor can two clocks, machines, kernels or ways to idle: what they differ by would pass for the port's gain. `auto` becomes the profile's clock. */
static int check_machine(struct store *store, const struct run_row *profile, const char **clock)
{
	static const char *const differ[REFUSE_MAX] = {
		[REFUSE_HOST] = "is of another machine, or of this one set up differently",
		[REFUSE_KERNEL] = "is of another kernel",
		[REFUSE_CLOCK] = "counted by another clock",
		[REFUSE_IDLE] = "kept idle CPUs from halting, as validate does",
	};
	const struct run_row now = {.clock = strcmp(*clock, "auto") ? *clock : clock_named(profile->clock)};
	struct host_row *then = NULL;
	struct host *host = NULL;
	int err = store_host_of(store, profile->run, &then);

	if (!err && host_read(&host))
		err = fail(-ENOMEM, "observe: out of memory");
	*clock = now.clock;
	unsigned refusals = err ? 0 : predict_refusals(&(struct predict_input){.profile = profile, .profile_host = then, .bench = &now, .bench_host = host_row(host)});
	for (int i = 0; i < REFUSE_MAX && !err; i++)
		if (differ[i] && refusals & 1U << i)
			err = fail(-ECANCELED, "observe: refused: the prediction's profile, run %" PRId64 ", %s: profile the server without the port here and now, "
					       "predict from that, and observe again", profile->run, differ[i]);
	host_free(host);
	store_rows_free(then);
	return err;
}

/* Whether the server can be compared with what the prediction rests on. */
static int check(struct store *store, const struct prediction_row *prediction, bool cpus, const char **clock)
{
	struct run_row *profile = NULL;

	if (prediction->profile == STORE_NULL)
		return fail(-EINVAL, "observe: prediction %" PRId64 " rests on no profile, so there is nothing to compare with", prediction->prediction);
	int err = store_run(store, prediction->profile, &profile);
	if (!err)
		err = check_scope(profile, cpus);
	if (!err)
		err = check_machine(store, profile, clock);
	store_rows_free(profile);
	return err;
}

static void show_text(const struct prediction_row *prediction, const struct observe *observed, const char *unit)
{
	char r[FIGURE_TEXT], seen[FIGURE_TEXT], before[FIGURE_TEXT], after[FIGURE_TEXT];

	figure_text((struct figure){prediction->predicted, prediction->predicted_low, prediction->predicted_high}, r);
	figure_text(observed->r, seen);
	figure_text(observed->before, before);
	figure_text(observed->after, after);
	printf("busy %s per %s: before %s, after %s\n", unit, observed->work, before, after);
	printf("path %s -> %s   r predicted %s   r observed %s   error %+.2f %%\n", prediction->path, prediction->alternative, r, seen,
	       100 * (prediction->predicted / observed->r.value - 1));
}

static int show(const struct cli *cli, struct store *store, int64_t run, const struct prediction_row *prediction, const struct observe *observed)
{
	if (!cli->json) {
		show_text(prediction, observed, show_unit_text(store, run));
		return 0;
	}
	const char *unit = show_unit(store, run);
	return json_print(json_pack(
		"{sI sI ss ss so so so so so}", "run", (json_int_t)run, "prediction", (json_int_t)prediction->prediction, "path", prediction->path,
		"way", prediction->alternative, "predicted",
		json_figure((struct figure){prediction->predicted, prediction->predicted_low, prediction->predicted_high}, "1"), "observed",
		json_figure(observed->r, "1"), "error", json_number(prediction->predicted / observed->r.value - 1), "before",
		json_figure(observed->before, unit), "after", json_figure(observed->after, unit)));
}

static int run(const struct cli *cli, const struct arguments *arguments, char *const *command)
{
	static const char *const ways[] = {NULL}; /* it sends as it does */
	struct progress *progress = progress_new(cli, "observe");
	struct profile_options options = {
		.pid = (pid_t)arguments->pid,
		.command = command,
		.cpus = arguments->cpus ? arguments->cpu_set : NULL,
		.clock = arguments->clock,
		.seconds = arguments->seconds,
		.window_ms = (int)arguments->window_ms,
		.seed = arguments->seed,
		.ways = ways,
		.ways_n = 1,
		.stop = &signals_stop,
		.progress = progress_tick,
		.progress_context = progress,
		.label = arguments->label,
		.drop_for = cli->db,
		.command_line = cli->command_line,
		.version = FORECALL_VERSION,
	};
	struct prediction_row *prediction = NULL;
	struct observe observed;
	struct store *store = NULL;
	int64_t id;
	int err = store_open(cli->db, STORE_WRITE, &store);

	if (!err)
		err = choose_prediction(store, arguments->prediction, &prediction);
	if (!err && prediction)
		err = check(store, prediction, arguments->cpus != NULL, &options.clock);
	if (!err && prediction) {
		options.path = prediction->path;
		options.way = prediction->alternative;
		err = profile_run(store, &options, &id);
		progress_free(progress);
		progress = NULL;
		if (!err)
			err = answer_observe_runs(store, prediction->profile, id, prediction->prediction, &observed);
		if (!err)
			err = show(cli, store, id, prediction, &observed);
	}
	progress_free(progress);
	store_rows_free(prediction);
	store_free(store);
	return err;
}

int cmd_observe(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = {.clock = "auto", .seconds = 10, .window_ms = 100, .seed = 1};
	const struct option_spec specs[] = {
		OPT_U64('p', "pid", "PID", &arguments.pid, 1, 4194304, "the ported server, with its threads, children and later ones"),
		OPT_STRING('C', "cpus", "CPUS", &arguments.cpus, "everything on these CPUs, 1 or 0-3,8, as the busy meter has it (forecall util)"),
		OPT_U64(0, "prediction", "N", &arguments.prediction, 1, 1e15, "the prediction that this is the outcome of; default: the newest"),
		OPT_DOUBLE('s', "seconds", "N", &arguments.seconds, 0.1, 86400, "how long to measure"),
		OPT_U64(0, "window", "MS", &arguments.window_ms, 5, 10000, "length of one window in ms"),
		OPT_WORD(0, "clock", "auto|cycles|ref-cycles|tsc", &arguments.clock, "what cycles are counted in; as for the profile"),
		OPT_STRING(0, "label", "TEXT", &arguments.label, "free text to find the run by"),
		OPT_U64(0, "seed", "N", &arguments.seed, 0, UINT32_MAX, "of the order of the windows"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if ((arguments.pid > 0) + (argc > 0) + (arguments.cpus != NULL) != 1)
		return options_misuse(&usage, "give the ported server: -p PID, -C CPUS, or -- CMD");
	if (arguments.cpus && parse_cpulist(arguments.cpus, arguments.cpu_set, CPUS_MAX))
		return options_misuse(&usage, "-C: \"%s\" is no list of CPUs such as 1 or 0-3,8", arguments.cpus);
	signals_install();
	int err = run(cli, &arguments, argc ? argv : NULL);
	return err == -ECANCELED ? CLI_GATE : err == -EINVAL ? CLI_USAGE : cli_status(err);
}
