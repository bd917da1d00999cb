/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_bench.c: `forecall bench`: the micro-benchmark of ways of sending, over a grid or in the shape of a profile. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "analyze/speedup.h"
#include "analyze/store.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/bench_model.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/show_bench_events.h"
#include "cli/show_like.h"
#include "cli/signals.h"
#include "collect/count.h"
#include "collect/idle.h"
#include "workloads/bench_like.h"
#include "workloads/bench_store.h"
#include "workloads/sender.h"
#include "version.h"

static const struct usage usage = {
	.name = "bench",
	.about = "Measures what sending costs per packet by one way against others, every way of a round in random order, until the\n"
		 "95 % interval of s is as narrow as asked. Over a grid, or with --like in the shape of a profile: its bursts,\n"
		 "sizes, pauses and gaps. Receivers sleep on another CPU.",
	.notes = "Examples:\n"
		 "  forecall bench --baseline sendmsg --alternative sendmmsg --group 1,10,100,1000 --payload 100,1000\n"
		 "  forecall bench --like 3\n"
		 "  forecall bench --baseline-cmd './old --count 100000' --alternative-cmd './new --count 100000'\n",
};

struct arguments {
	const char *baseline, *alternatives, *topology, *clock, *events, *label, *baseline_cmd, *alternative_cmd;
	struct option_list groups, payloads, privates;
	uint64_t like, resume, batch, rounds, block_ms, seed, server_cpu, peer_cpu;
	double width;
	const char *count;
	bool one_destination, registered;
	struct bench_like shape; /* of the profile `like` */
};

/* Splits "a,b" in place into names[] and checks each. */
static int split_ways(char *text, const char **names, size_t *n)
{
	char *rest = text, *name;

	*n = 0;
	if (!strcmp(text, "all"))
		return CLI_GO_ON; /* add_all() */
	while ((name = strsep(&rest, ","))) {
		if (!bench_way(name))
			return options_misuse(&usage, "there is no way of sending \"%s\"; there are: %s", name, sender_names());
		if (*n == BENCH_WAYS_MAX - 2)
			return options_misuse(&usage, "at most %d alternatives at once", BENCH_WAYS_MAX - 2);
		names[(*n)++] = name;
	}
	return CLI_GO_ON;
}

/* For "all": every way that can send the grid here; what is left out is named. */
static void add_all(const struct bench_options *bench, const char **names, size_t *n)
{
	const struct sender_ops *ops;
	char why[512];

	for (size_t i = 0; (ops = sender_way(i)) && *n < BENCH_WAYS_MAX - 2; i++) {
		if (ops == &send_null || !strcmp(ops->name, bench->baseline))
			continue;
		if (bench_refuses(bench, ops, why, sizeof why))
			warn("left out: %s", why);
		else
			names[(*n)++] = ops->name;
	}
}

/* Two commands take the place of the ways. */
static void use_commands(struct bench_store_options *options, const struct commands_options *commands, const char **names)
{
	names[0] = COMMANDS_ALTERNATIVE;
	options->commands = commands;
	options->bench.baseline = COMMANDS_BASELINE;
	options->bench.alternatives_n = 1;
}

static json_t *point_json(const struct bench_row *row, const char *way, const struct speedup *s, const char *unit)
{
	return json_pack("{ss sI sI sI sI sI so so so}", "way", way, "group", (json_int_t)row->group_size, "payload",
			 (json_int_t)row->payload_bytes, "private", (json_int_t)row->private_bytes, "rounds", (json_int_t)s->rounds_n, "outliers", (json_int_t)s->outliers_n, "speedup",
			 json_figure(s->s, "1"), "cycles_per_packet", json_figure(s->alt_cyc, unit), "cycles_per_packet_baseline",
			 json_figure(s->base_cyc, unit));
}

static void point_row(struct table *table, const struct bench_row *row, const char *way, const struct speedup *s)
{
	table_text(table, way);
	table_i64(table, row->group_size);
	table_i64(table, row->payload_bytes);
	table_i64(table, row->private_bytes);
	table_i64(table, (int64_t)s->rounds_n);
	table_i64(table, (int64_t)s->outliers_n);
	table_cell(table, "%.0f", s->null_cyc);
	table_figure(table, s->base_cyc);
	table_figure(table, s->alt_cyc);
	table_figure(table, s->s);
}

static int same_point(const struct bench_row *a, const struct bench_row *b)
{
	return a->group_size == b->group_size && a->payload_bytes == b->payload_bytes && a->private_bytes == b->private_bytes;
}

/* Every point of the run with every alternative, into the table or the list. */
static int show_points(const struct bench_row *rows, size_t n, const struct bench_options *bench, const char *unit, struct table *table, json_t *list)
{
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from; to < n && same_point(&rows[from], &rows[to]);)
			to++;
		for (size_t i = 0; i < bench->alternatives_n; i++) {
			struct speedup s;
			int err = speedup_compute(rows + from, to - from, bench->baseline, bench->alternatives[i], STATS_SEED,
						  STATS_REPLICATES, &s);

			if (err)
				return err;
			if (list)
				json_array_append_new(list, point_json(&rows[from], bench->alternatives[i], &s, unit));
			else
				point_row(table, &rows[from], bench->alternatives[i], &s);
			speedup_free(&s);
		}
	}
	return 0;
}

static int show(const struct cli *cli, struct store *store, int64_t run, int64_t like_run, const struct bench_options *bench)
{
	struct bench_row *rows = NULL;
	struct warning_row *warnings = NULL;
	size_t n, warnings_n;
	json_t *list = cli->json ? json_array() : NULL;
	const char *unit = show_unit(store, run);
	char titles[160];
	snprintf(titles, sizeof titles, "way|>group|>payload|>private|>rounds|>set aside|>null|>baseline|>%s per packet|>s", show_unit_text(store, run));
	struct table *table = table_new(titles);
	int err = store_benches(store, run, &rows, &n);

	if (!err)
		err = store_warnings(store, run, &warnings, &warnings_n);
	if (!err)
		err = show_points(rows, n, bench, unit, table, list);
	if (!err && !list && bench->like)
		err = show_like(store, run, like_run, bench->like);
	if (!err && list)
		err = json_print(json_pack("{sI ss ss sO so so so so}", "run", (json_int_t)run, "path", bench->baseline, "topology",
					   topology_names[bench->topology], "points", list, "warnings", json_warnings(warnings, warnings_n), "models",
					   bench_model_json(rows, n, bench->baseline, bench->alternatives, bench->alternatives_n, unit), "events",
					   show_bench_events_json(store, run), "like",
					   bench->like ? show_like_json(store, run, like_run, bench->like) : json_null()));
	else if (!err)
		err = table_print(table);
	if (!err && !list)
		err = bench_model_print(rows, n, bench->baseline, bench->alternatives, bench->alternatives_n);
	if (!err && !list)
		err = show_bench_events(store, run);
	if (!err && !list)
		print_warnings(cli, warnings, warnings_n);
	json_decref(list);
	table_free(table);
	store_rows_free(rows);
	store_rows_free(warnings);
	return err;
}

/* `ways` is where the alternatives are named; with "all" there are none yet. */
/* Idle processors halt, or are kept from it, as while the profile was made. */
static int idle_as_in(struct store *store, int64_t profile, const char **idle, int *held)
{
	struct run_row *run = NULL;
	int err = store_run(store, profile, &run);

	if (!err && run->idle) {
		*held = idle_hold();
		*idle = *held < 0 ? NULL : IDLE_POLL;
		if (*held < 0)
			warn("bench: idle CPUs cannot be kept from halting as in run %" PRId64 ": %s", profile, strerror(-*held));
	}
	store_rows_free(run);
	return err;
}

static int run(const struct cli *cli, struct arguments *arguments, struct bench_store_options *options, const char **ways)
{
	struct store *store = NULL;
	int64_t id;
	int held = -1;
	int err = store_open(cli->db, STORE_WRITE, &store);

	if (!err && arguments->like) {
		options->like_run = (int64_t)arguments->like;
		options->bench.like = &arguments->shape;
		options->bench.match_receivers = true;
		err = bench_like(store, options->like_run, &arguments->shape);
		if (!err)
			err = idle_as_in(store, options->like_run, &options->idle, &held);
	}
	if (!err && !options->bench.alternatives_n)
		add_all(&options->bench, ways, &options->bench.alternatives_n);
	if (!err)
		err = bench_store_run(store, options, &id);
	idle_release(held);
	progress_free(options->bench.progress_arg);
	if (!err)
		err = show(cli, store, id, options->like_run, &options->bench);
	store_free(store);
	return err;
}

int cmd_bench(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = {
		.baseline = "sendmsg",
		.alternatives = "sendmmsg",
		.topology = "lo",
		.clock = "auto",
		.count = "no",
		.groups = {{1, 10, 100, 1000}, 4},
		.payloads = {{100, 1000}, 2},
		.privates = {{12}, 1},
		.rounds = 200,
		.block_ms = 20,
		.seed = 1,
		.peer_cpu = sysconf(_SC_NPROCESSORS_ONLN) > 1,
		.width = 0.01,
	};
	const struct option_spec specs[] = {
		OPT_STRING('b', "baseline", "WAY", &arguments.baseline, "the way of sending that is compared with"),
		OPT_STRING('a', "alternative", "WAY,...", &arguments.alternatives, "the ways that are compared; all: every way that can send this here"),
		OPT_STRING(0, "baseline-cmd", "CMD", &arguments.baseline_cmd, "instead of ways: a command of your own that does the work as it is"),
		OPT_STRING(0, "alternative-cmd", "CMD", &arguments.alternative_cmd, "and one that does the same work as it would be"),
		OPT_LIST('g', "group", "N,...", &arguments.groups, 1, 100000, "recipients per burst"),
		OPT_LIST('p', "payload", "BYTES,...", &arguments.payloads, 0, 65507, "bytes per datagram, private ones included"),
		OPT_LIST(0, "private", "BYTES,...", &arguments.privates, 0, 65507, "of these, private to each recipient"),
		OPT_FLAG(0, "one-destination", &arguments.one_destination, "each burst goes to one recipient; with --private 0"),
		OPT_U64(0, "batch", "N", &arguments.batch, 1, SENDER_BATCH_MAX, "messages per call of batched ways; default: the group"),
		OPT_FLAG(0, "registered", &arguments.registered, "io_uring ways with registered files, and buffers where they can"),
		OPT_U64('l', "like", "RUN", &arguments.like, 1, 1e15, "copy the shape of this profile instead of a grid"),
		OPT_U64(0, "resume", "RUN", &arguments.resume, 1, 1e15, "go on with this bench, which was interrupted; give its other options again"),
		OPT_WORD('t', "topology", "lo|veth|veth-rps|sink|nic", &arguments.topology, "what lies between sender and receivers"),
		OPT_DOUBLE(0, "width", "W", &arguments.width, 1e-4, 1, "stop at this half width of the interval of s, relative"),
		OPT_U64(0, "rounds", "N", &arguments.rounds, BENCH_ROUNDS_MIN, 100000, "most rounds per point"),
		OPT_U64(0, "block", "MS", &arguments.block_ms, 1, 10000, "length of a block in ms"),
		OPT_WORD(0, "clock", "auto|cycles|ref-cycles|tsc", &arguments.clock, "what cycles are counted in"),
		OPT_STRING('e', "event", "NAME,...", &arguments.events, "count these of the sending thread in every block too: at most 4; see forecall events"),
		OPT_WORD(0, "count", "no|auto|yes", &arguments.count, "count every instruction by stage and function; auto: where that can be"),
		OPT_U64(0, "cpu", "CPU", &arguments.server_cpu, 0, 1023, "where the sender runs"),
		OPT_U64(0, "peer-cpu", "CPU", &arguments.peer_cpu, 0, 1023, "where the receivers sleep"),
		OPT_STRING(0, "label", "TEXT", &arguments.label, "free text to find the run by"),
		OPT_U64(0, "seed", "N", &arguments.seed, 0, UINT32_MAX, "of the order of the blocks"),
		OPT_END,
	};
	const char *ways[BENCH_WAYS_MAX];
	char names[1024];
	size_t ways_n;
	enum topology_kind topology;

	int status = options_parse(cli, &usage, specs, &argc, &argv);
	if (status != CLI_GO_ON)
		return status;
	snprintf(names, sizeof names, "%s", arguments.alternatives);
	status = split_ways(names, ways, &ways_n);
	if (status != CLI_GO_ON)
		return status;
	if (!bench_way(arguments.baseline))
		return options_misuse(&usage, "there is no way of sending \"%s\"; there are: %s", arguments.baseline, sender_names());
	if (topology_parse(arguments.topology, &topology))
		return CLI_USAGE;
	if (!arguments.baseline_cmd != !arguments.alternative_cmd)
		return options_misuse(&usage, "--baseline-cmd and --alternative-cmd go together");
	if (arguments.baseline_cmd && (arguments.like || arguments.resume))
		return options_misuse(&usage, "commands of your own are neither shaped after a profile nor resumed");
	if (arguments.baseline_cmd && arguments.events)
		return options_misuse(&usage, "--event counts in groupsend: it does not go with commands of your own; `perf stat` counts those");
	if (arguments.one_destination)
		arguments.privates = (struct option_list){{0}, 1}; /* nobody whom they could be private to */
	bool count = !strcmp(arguments.count, "yes") || (!strcmp(arguments.count, "auto") && !arguments.baseline_cmd && count_possible());
	if (count && arguments.baseline_cmd)
		return options_misuse(&usage, "--count counts what groupsend sends: it does not go with commands of your own");
	signals_install();
	struct bench_store_options options = {
		.bench = {
			.baseline = arguments.baseline,
			.alternatives = ways,
			.alternatives_n = ways_n,
			.groups = arguments.groups.value,
			.groups_n = arguments.groups.n,
			.payloads = arguments.payloads.value,
			.payloads_n = arguments.payloads.n,
			.privates = arguments.privates.value,
			.privates_n = arguments.privates.n,
			.one_destination = arguments.one_destination,
			.batch = arguments.batch,
			.registered = arguments.registered,
			.events = arguments.events,
			.count = count,
			.topology = topology,
			.server_cpu = (int)arguments.server_cpu,
			.peer_cpu = (int)arguments.peer_cpu,
			.block_ms = arguments.block_ms,
			.rel_width = arguments.width,
			.max_rounds = arguments.rounds,
			.seed = arguments.seed,
			.stop = &signals_stop,
			.on_progress = progress_tick,
			.progress_arg = progress_new(cli, "bench"),
		},
		.clock = arguments.clock,
		.like_run = STORE_NULL,
		.resume_run = arguments.resume ? (int64_t)arguments.resume : STORE_NULL,
		.label = arguments.label,
		.command_line = cli->command_line,
		.version = FORECALL_VERSION,
	};
	struct commands_options commands = {
		.baseline = arguments.baseline_cmd,
		.alternative = arguments.alternative_cmd,
		.cpu = (int)arguments.server_cpu,
		.rel_width = arguments.width,
		.max_rounds = arguments.rounds,
		.seed = arguments.seed,
		.stop = &signals_stop,
		.on_progress = progress_tick,
		.progress_arg = options.bench.progress_arg,
	};
	arguments.shape = (struct bench_like){.private_bytes = arguments.privates.value[0], .one_destination = arguments.one_destination};
	if (arguments.baseline_cmd)
		use_commands(&options, &commands, ways);
	int err = run(cli, &arguments, &options, ways);
	return err == -EINVAL ? CLI_USAGE : cli_status(err);
}
