/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_slice.c: `forecall slice`: where a packet's cycles go, stage by stage: of a running server, or of every way of sending. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze/slices.h"
#include "analyze/store.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/show_counted.h"
#include "cli/show_samples.h"
#include "cli/signals.h"
#include "collect/profile.h"
#include "collect/sample.h"
#include "reports/slice_picture.h"
#include "workloads/sender.h"
#include "workloads/slice_exact.h"
#include "workloads/slice_ways.h"
#include "version.h"

static const struct usage usage = {
	.name = "slice",
	.operands = "[RUN]",
	.about = "Cuts the path into its stages (entry and exit, copy in, socket and UDP, IP and routing, netfilter, queueing, driver, transmit\n"
		 "completion, receive half) and says what each costs per packet, by samples of call chains: of a running server with -p, of the\n"
		 "ways of sending with the micro-benchmark, or of a run that is stored: a sampled one, or a bench whose instructions were counted.",
	.notes = "Examples:\n"
		 "  forecall slice -p $(pidof memcached) --path sendmsg\n"
		 "  forecall slice --way sendmsg,sendmmsg --group 100 --payload 300 -o slices\n"
		 "  forecall slice 7\n"
		 "  forecall lab run -k 6.12.117+deb12-cloud-amd64 -- bench --count yes --group 100 --payload 1000; forecall slice 8 --functions\n",
	.operands_max = 1,
};

struct arguments {
	uint64_t pid, group, payload, private_bytes, rounds, block_ms, server_cpu, peer_cpu, seed;
	const char *path, *ways, *topology, *clock, *output, *label;
	double seconds, rate;
	bool exact, functions;
};

/* ---- Showing ---- */

static void print_table(const struct slices *slices)
{
	char titles[1024] = "stage";

	for (size_t i = 0; i < slices->n; i++)
		snprintf(titles + strlen(titles), sizeof titles - strlen(titles), "|>%s", slices->way[i]);
	struct table *table = table_new(titles);
	for (int stage = 0; stage < SLICE_STAGE_MAX; stage++) {
		table_text(table, slice_stage_titles[stage]);
		for (size_t i = 0; i < slices->n; i++) {
			char share[FIGURE_TEXT];

			figure_percent(slices->slice[i].share[stage], share);
			if (isfinite(slices->slice[i].total_cyc.value))
				table_figure(table, slices->slice[i].cyc[stage]);
			else
				table_text(table, share);
		}
	}
	table_text(table, "the whole path");
	for (size_t i = 0; i < slices->n; i++)
		table_figure(table, slices->slice[i].total_cyc);
	table_print(table);
	table_free(table);
}

static json_t *slices_json(const struct slices *slices, const char *unit)
{
	json_t *list = json_array();

	for (size_t i = 0; i < slices->n; i++)
		json_array_append_new(list, json_pack("{ss so sI sI so}", "way", slices->way[i], "cycles_per_packet",
						      json_figure(slices->slice[i].total_cyc, unit), "packets",
						      (json_int_t)slices->slice[i].packets_n, "samples", (json_int_t)slices->slice[i].samples_n,
						      "stages", show_stages_json(&slices->slice[i], unit)));
	return list;
}

static int print(const struct cli *cli, struct store *store, const struct run_row *run, const struct slices *slices)
{
	struct warning_row *warnings;
	size_t n;
	int err = store_warnings(store, run->run, &warnings, &n);

	if (!err && cli->json) {
		err = json_print(json_pack("{sI ss ss so so}", "run", (json_int_t)run->run, "path", run->path, "clock", run->clock, "slices",
					   slices_json(slices, show_unit(store, run->run)), "warnings", json_warnings(warnings, n)));
	} else if (!err) {
		bool known = isfinite(slices->slice[0].total_cyc.value);

		printf("run %" PRId64 ": %s of %s, %.1f s, %s%s, clock %s at %.0f MHz\n\n", run->run, run->path, run->target, (double)run->wall_ns / 1e9,
		       known ? show_unit_text(store, run->run) : "share of the path (its packets are not counted)", known ? " per packet" : "", run->clock,
		       run->clock_hz / 1e6);
		print_table(slices);
		print_warnings(cli, warnings, n);
	}
	store_rows_free(warnings);
	return err;
}

/* Large, so it is not kept on the stack. */
static int slice_and_print(const struct cli *cli, struct store *store, const struct run_row *run, struct slices *slices, const char *output)
{
	int err = slices_load(store, run, slices);

	if (err == -ENOENT)
		return fail(err, "slice: run %" PRId64 " was not sampled; use `forecall slice -p PID`, or profile with --engine sample", run->run);
	if (err == -ENODATA)
		return fail(err, "slice: in run %" PRId64 " no sample lies inside %s: sample longer, or choose with --path", run->run, run->path);
	if (!err)
		err = print(cli, store, run, slices);
	return err || !output ? err : slice_picture(output, run->run, slices, &signals_stop);
}

/* A bench in which every instruction was counted. */
static int show_counts(const struct cli *cli, struct store *store, const struct run_row *run, const struct arguments *arguments)
{
	struct warning_row *warnings;
	size_t n;
	json_t *list;

	if (arguments->output)
		return fail(-EINVAL, "slice: --output draws sampled runs, and run %" PRId64 " is a counted bench; take --json, or `forecall compare` it", run->run);
	int err = store_warnings(store, run->run, &warnings, &n);
	if (!err && cli->json) {
		list = show_counted_json(store, run);
		err = list ? json_print(json_pack("{sI ss ss so so}", "run", (json_int_t)run->run, "path", run->path, "clock", run->clock, "slices",
						  list, "warnings", json_warnings(warnings, n))) : -EIO;
	} else if (!err) {
		err = show_counted(store, run, arguments->functions);
		print_warnings(cli, warnings, n);
	}
	store_rows_free(warnings);
	return err;
}

static int show_samples(const struct cli *cli, struct store *store, const struct run_row *row, const char *output)
{
	struct slices *slices = calloc(1, sizeof *slices);
	int err;

	if (!slices)
		return fail(-ENOMEM, "slice: out of memory");
	err = slice_and_print(cli, store, row, slices, output);
	free(slices);
	return err;
}

static int show(const struct cli *cli, struct store *store, int64_t run, const struct arguments *arguments)
{
	struct run_row *row = NULL;
	bool counted = false;
	int err = store_run(store, run, &row);

	if (!err)
		err = store_has_counted(store, run, &counted);
	if (!err && counted)
		err = show_counts(cli, store, row, arguments);
	else if (!err && arguments->functions)
		err = fail(-EINVAL, "slice: --functions shows counted benches, and run %" PRId64 " was sampled; make one in a guest with `bench --count yes`", run);
	else if (!err)
		err = show_samples(cli, store, row, arguments->output);
	store_rows_free(row);
	return err;
}

/* ---- Measuring ---- */

static int slice_server(const struct cli *cli, const struct arguments *arguments, struct store *store, int64_t *run)
{
	struct progress *progress = progress_new(cli, "slice");
	const struct profile_options options = {
		.pid = (pid_t)arguments->pid, .path = arguments->path, .clock = arguments->clock, .engine = "sample", .rate = arguments->rate,
		.seconds = arguments->seconds, .window_ms = 100, .seed = arguments->seed, .label = arguments->label, .stop = &signals_stop,
		.command_line = cli->command_line, .version = FORECALL_VERSION, .progress = progress_tick, .progress_context = progress,
		.drop_for = arguments->output ? NULL : cli->db, /* a picture may be wanted in another's folder */
	};
	int err = profile_run(store, &options, run);

	progress_free(progress);
	return err;
}

static int time_server(const struct cli *cli, const struct arguments *arguments, struct store *store, int64_t *run)
{
	struct progress *progress = progress_new(cli, "slice");
	const struct slice_exact_options options = {
		.pid = (pid_t)arguments->pid, .path = arguments->path, .seconds = arguments->seconds, .window_ms = 100, .clock = arguments->clock,
		.label = arguments->label, .command_line = cli->command_line, .version = FORECALL_VERSION, .stop = &signals_stop,
		.progress = progress_tick, .progress_context = progress,
	};
	int err = slice_exact_server(store, &options, run);

	progress_free(progress);
	return err;
}

static void say_absent(void *context, const char *way, const char *why)
{
	const struct cli *cli = context;

	if (!cli->quiet)
		fprintf(stderr, "slice: %s is left out: %s\n", way, why);
}

/* The ways of a list, in place, or with NULL all that this machine has. -EINVAL, said. */
static int choose_ways(const struct cli *cli, char *list, const char **ways, size_t *n)
{
	*n = 0;
	for (char *name; list && (name = strsep(&list, ","));) {
		if (!sender_find(name))
			return fail(-EINVAL, "slice: there is no way of sending \"%s\"; there are: %s", name, sender_names());
		if (*n < SLICE_WAYS_MAX)
			ways[(*n)++] = name;
	}
	if (*n)
		return 0;
	for (size_t i = 0; sender_way(i) && *n < SLICE_WAYS_MAX; i++) {
		const struct sender_ops *way = sender_way(i);
		const char *why = way->available();

		if (!why && way->traits & SENDER_THREAD)
			why = "a kernel thread does its sending, outside of calls";
		if (why)
			say_absent((void *)cli, way->name, why);
		else if (strcmp(way->name, "null"))
			ways[(*n)++] = way->name;
	}
	return 0;
}

static int slice_ways(const struct cli *cli, const struct arguments *arguments, struct store *store, int64_t *run)
{
	const char *ways[SLICE_WAYS_MAX];
	char names[1024];
	struct slice_ways_options options = {
		.ways = ways, .group = arguments->group, .payload_bytes = arguments->payload, .private_bytes = arguments->private_bytes,
		.block_ms = arguments->block_ms, .rounds = arguments->rounds, .server_cpu = (int)arguments->server_cpu,
		.peer_cpu = (int)arguments->peer_cpu, .exact = arguments->exact, .rate = arguments->rate, .seed = arguments->seed, .clock = arguments->clock,
		.label = arguments->label, .command_line = cli->command_line, .version = FORECALL_VERSION, .stop = &signals_stop,
		.absent = arguments->ways ? NULL : say_absent, .absent_context = (void *)cli, .progress = progress_tick,
	};

	snprintf(names, sizeof names, "%s", arguments->ways ? arguments->ways : "");
	int err = choose_ways(cli, arguments->ways ? names : NULL, ways, &options.ways_n);
	if (!err)
		err = topology_parse(arguments->topology, &options.topology);
	if (err)
		return err;
	struct progress *progress = progress_new(cli, "slice");
	options.progress_context = progress;
	err = slice_ways_run(store, &options, run);
	progress_free(progress);
	return err;
}

static int measure_and_show(const struct cli *cli, const struct arguments *arguments, const char *operand)
{
	struct store *store = NULL;
	uint64_t number = 0;
	int64_t run;

	if (operand && parse_u64(operand, 1, INT64_MAX, &number))
		return fail(-EINVAL, "slice: \"%s\" is no number of a run; `forecall runs list` shows them", operand);
	signals_install();
	int err = store_open(cli->db, operand ? STORE_READ : STORE_WRITE, &store);
	run = (int64_t)number;
	if (!err && !operand)
		err = !arguments->pid ? slice_ways(cli, arguments, store, &run)
				      : arguments->exact ? time_server(cli, arguments, store, &run) : slice_server(cli, arguments, store, &run);
	if (!err)
		err = show(cli, store, run, arguments);
	store_free(store);
	return err;
}

int cmd_slice(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = {.path = "sendmsg", .topology = "lo", .clock = "auto", .seconds = 10, .rate = SAMPLE_STAGES_HZ, .group = 100,
				      .payload = 1000, .private_bytes = 12, .rounds = 20, .block_ms = 200, .peer_cpu = sysconf(_SC_NPROCESSORS_ONLN) > 1, .seed = 1};
	const struct option_spec specs[] = {
		OPT_U64('p', "pid", "PID", &arguments.pid, 1, 4194304, "a running server, with its threads, children and later ones"),
		OPT_STRING('P', "path", "CALLS", &arguments.path, "the system calls of the path, by name, comma separated"),
		OPT_DOUBLE('s', "seconds", "N", &arguments.seconds, 0.1, 86400, "how long to watch it"),
		OPT_STRING('w', "way", "WAY,...", &arguments.ways, "the ways of sending; without it all that this machine has"),
		OPT_U64('g', "group", "N", &arguments.group, 1, 100000, "recipients per burst"),
		OPT_U64(0, "payload", "BYTES", &arguments.payload, 0, 65507, "bytes per datagram, private ones included"),
		OPT_U64(0, "private", "BYTES", &arguments.private_bytes, 0, 65507, "of these, private to each recipient"),
		OPT_WORD('t', "topology", "lo|veth|veth-rps", &arguments.topology, "what lies between sender and receivers"),
		OPT_U64(0, "rounds", "N", &arguments.rounds, SLICE_ROUNDS_MIN, 100000, "blocks of each way"),
		OPT_U64(0, "block", "MS", &arguments.block_ms, 1, 10000, "length of a block in ms"),
		OPT_U64(0, "cpu", "CPU", &arguments.server_cpu, 0, 1023, "where the sender runs"),
		OPT_U64(0, "peer-cpu", "CPU", &arguments.peer_cpu, 0, 1023, "where the receivers sleep"),
		OPT_FLAG('x', "exact", &arguments.exact, "time the stages by probes on kernel functions, where the kernel allows them"),
		OPT_FLAG(0, "functions", &arguments.functions, "of a counted bench: every function, too"),
		OPT_DOUBLE(0, "rate", "HZ", &arguments.rate, 10, 50000, "samples per second and CPU"),
		OPT_WORD(0, "clock", "auto|cycles|ref-cycles|tsc", &arguments.clock, "what cycles are counted in"),
		OPT_STRING('o', "output", "DIR", &arguments.output, "also draw a picture into this folder"),
		OPT_STRING(0, "label", "TEXT", &arguments.label, "free text to find the run by"),
		OPT_U64(0, "seed", "N", &arguments.seed, 0, UINT32_MAX, "of the order of the blocks and the period of the samples"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if ((argc > 0) + (arguments.pid > 0) + (arguments.ways != NULL) > 1)
		return options_misuse(&usage, "give only one of RUN, -p PID and --way");
	if (arguments.private_bytes > arguments.payload)
		return options_misuse(&usage, "the private bytes are part of the payload; make them fewer");
	if (arguments.functions && !argc)
		return options_misuse(&usage, "--functions shows counted benches: give the run of one");
	int err = measure_and_show(cli, &arguments, argc ? argv[0] : NULL);
	return err == -EINVAL ? CLI_USAGE : cli_status(err);
}
