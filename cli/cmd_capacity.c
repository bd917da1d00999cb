/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_capacity.c: `forecall capacity`: the largest group that the built-in server serves, beside the predicted one. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "workloads/capacity_run.h"
#include "workloads/sender.h"
#include "workloads/traffic.h"
#include "version.h"

static const struct usage usage = {
	.name = "capacity",
	.about = "Finds the largest group of clients that the built-in live-broadcast server serves by a way of sending, so that every\n"
		 "client gets the quality asked: doubling until a group is not served, then bisection; two of at most three trials decide.\n"
		 "With --with also for an alternative, beside what is predicted: from a profile at 80 % of the capacity, or from --profile.",
	.notes = "Examples:\n"
		 "  forecall capacity\n"
		 "  forecall capacity --with sendmmsg --topology veth\n",
};

struct arguments {
	const char *baseline, *with, *topology, *clock, *label;
	uint64_t from, most, payload, packets, work, profile, server_cpu, peer_cpu;
	double quality, seconds, within, profile_seconds;
};

/* ---- What it prints ---- */

static json_t *way_json(const char *way, const struct trials *trials)
{
	return json_pack("{ss sI so so so sb sI}", "way", way, "served", (json_int_t)trials->served, "refused",
			 trials->refused ? json_i64(trials->refused) : json_null(), "cpu_share", json_number(trials->cpu_share), "saturation",
			 json_number(trials->saturation), "idle", trials->idle, "trials", (json_int_t)trials->n);
}

static json_t *error_json(const struct capacity_run *result)
{
	return json_number(result->predicted.value / result->observed.value - 1);
}

static int show_json(const struct arguments *arguments, const struct capacity_run *result)
{
	json_t *ways = json_pack("[o]", way_json(arguments->baseline, &result->before));

	if (result->after.n)
		json_array_append_new(ways, way_json(arguments->with, &result->after));
	return json_print(json_pack("{sI ss sf so so so so so}", "run", (json_int_t)result->run, "path", arguments->baseline, "quality", arguments->quality,
				    "ways", ways, "profile", json_i64(result->profile), "observed", json_figure(result->observed, "1"), "predicted",
				    json_figure(result->predicted, "1"), "error", error_json(result)));
}

static void way_row(struct table *table, const char *way, const struct trials *trials)
{
	table_text(table, way);
	table_i64(table, trials->served);
	table_i64(table, trials->refused ? trials->refused : STORE_NULL);
	table_cell(table, isnan(trials->cpu_share) ? "-" : "%.1f %%", 100 * trials->cpu_share);
	table_cell(table, isnan(trials->saturation) ? "-" : "%.0f", trials->saturation);
	table_i64(table, (int64_t)trials->n);
}

static int show_table(const struct arguments *arguments, const struct capacity_run *result)
{
	struct table *table = table_new("way|>clients served|>not served|>CPU|>CPU full at|>trials");

	way_row(table, arguments->baseline, &result->before);
	if (result->after.n)
		way_row(table, arguments->with, &result->after);
	int err = table_print(table);
	table_free(table);
	return err;
}

static void show_gain(const struct arguments *arguments, const struct capacity_run *result)
{
	char predicted[FIGURE_TEXT];

	if (!result->after.n || isnan(result->observed.value))
		return;
	printf("\ncapacity %s -> %s   observed %.3f (between %.3f and %.3f)", arguments->baseline, arguments->with, result->observed.value,
	       result->observed.low, result->observed.high);
	if (isfinite(result->predicted.value)) {
		figure_text(result->predicted, predicted);
		printf("   predicted %s (run %" PRId64 ")   error %+.2f %%", predicted, result->profile,
		       100 * (result->predicted.value / result->observed.value - 1));
	}
	putchar('\n');
}

static int show(const struct cli *cli, struct store *store, const struct arguments *arguments, const struct capacity_run *result)
{
	struct warning_row *warnings = NULL;
	size_t warnings_n;

	if (cli->json)
		return show_json(arguments, result);
	printf("every client shall get %.4g %% of the stream's rate; run %" PRId64 "\n", 100 * arguments->quality, result->run);
	int err = show_table(arguments, result);
	if (!err)
		err = store_warnings(store, result->run, &warnings, &warnings_n);
	if (err)
		return err;
	show_gain(arguments, result);
	print_warnings(cli, warnings, warnings_n);
	store_rows_free(warnings);
	return 0;
}

/* ---- What it does ---- */

static int run(const struct cli *cli, const struct arguments *arguments, enum topology_kind topology)
{
	struct progress *progress = progress_new(cli, "capacity");
	const struct capacity_run_options options = {
		.search = {
			.setup = {
				.group = arguments->from,
				.payload_bytes = arguments->payload,
				.packets_per_s = arguments->packets,
				.work_ns = arguments->work,
				.way = arguments->baseline,
				.topology = topology,
				.server_cpu = (int)arguments->server_cpu,
				.peer_cpu = (int)arguments->peer_cpu,
			},
			.most = arguments->most,
			.quality = arguments->quality,
			.seconds = arguments->seconds,
			.within = arguments->within,
		},
		.alternative = arguments->with,
		.profile = arguments->profile ? (int64_t)arguments->profile : STORE_NULL,
		.profile_seconds = arguments->profile_seconds,
		.clock = arguments->clock,
		.stop = &signals_stop,
		.progress = progress_tick,
		.progress_context = progress,
		.label = arguments->label,
		.command_line = cli->command_line,
		.version = FORECALL_VERSION,
	};
	struct capacity_run result;
	struct store *store = NULL;
	int err = store_open(cli->db, STORE_WRITE, &store);

	if (!err)
		err = capacity_run(store, &options, &result);
	progress_free(progress);
	if (err == -EINTR)
		fail(err, "capacity: interrupted; nothing of the search was stored");
	if (!err)
		err = show(cli, store, arguments, &result);
	store_free(store);
	return err;
}

/* A way must be one that the server can send by. CLI_GO_ON or CLI_USAGE. */
static int check_way(const char *name, enum topology_kind topology)
{
	const struct sender_ops *way = sender_find(name);
	char why[512];

	if (!way)
		return options_misuse(&usage, "--baseline and --with take a way of sending: %s", sender_names());
	return traffic_refuses(topology, way, why, sizeof why) ? options_misuse(&usage, "%s", why) : CLI_GO_ON;
}

int cmd_capacity(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = {
		.baseline = "sendmsg",
		.topology = "lo",
		.clock = "auto",
		.from = 128,
		.most = CAPACITY_MOST,
		.payload = 1000,
		.packets = 200,
		.peer_cpu = sysconf(_SC_NPROCESSORS_ONLN) > 1,
		.quality = 0.99,
		.seconds = 2,
		.within = 0.02,
		.profile_seconds = 10,
	};
	const struct option_spec specs[] = {
		OPT_STRING('b', "baseline", "WAY", &arguments.baseline, "how the server sends"),
		OPT_STRING('w', "with", "WAY", &arguments.with, "an alternative to set beside it"),
		OPT_DOUBLE(0, "quality", "SHARE", &arguments.quality, 0.01, 1, "of the stream's rate that every client shall get"),
		OPT_DOUBLE('s', "seconds", "N", &arguments.seconds, 0.2, 3600, "length of a trial"),
		OPT_DOUBLE(0, "within", "W", &arguments.within, 1e-4, 1, "end when the groups served and not served are so close, relative"),
		OPT_U64(0, "from", "N", &arguments.from, 1, CAPACITY_MOST, "clients to begin with"),
		OPT_U64(0, "most", "N", &arguments.most, 1, CAPACITY_MOST, "clients to try at most"),
		OPT_U64('p', "payload", "BYTES", &arguments.payload, 12, 65507, "bytes per datagram, RTP header included"),
		OPT_U64('r', "packets", "N", &arguments.packets, 1, 1000000, "packets per second of the stream"),
		OPT_U64(0, "work", "NS", &arguments.work, 0, 1000000000, "user work of the server per recipient"),
		OPT_WORD('t', "topology", "lo|veth|veth-rps", &arguments.topology, "what lies between server and clients"),
		OPT_U64(0, "profile", "RUN", &arguments.profile, 1, 1e15, "take the prediction made from this profile, make none"),
		OPT_DOUBLE(0, "profile-seconds", "N", &arguments.profile_seconds, 1, 3600, "length of the profile that is made, and of its observation"),
		OPT_WORD(0, "clock", "auto|cycles|ref-cycles|tsc", &arguments.clock, "what cycles are read from"),
		OPT_U64(0, "cpu", "CPU", &arguments.server_cpu, 0, 1023, "where the server runs"),
		OPT_U64(0, "peer-cpu", "CPU", &arguments.peer_cpu, 0, 1023, "where its clients and the stream's source run"),
		OPT_STRING(0, "label", "TEXT", &arguments.label, "free text to find the run by"),
		OPT_END,
	};
	enum topology_kind topology;
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (topology_parse(arguments.topology, &topology))
		return CLI_USAGE;
	status = check_way(arguments.baseline, topology);
	if (status == CLI_GO_ON && arguments.with)
		status = check_way(arguments.with, topology);
	if (status != CLI_GO_ON)
		return status;
	if (arguments.with && !strcmp(arguments.with, arguments.baseline))
		return options_misuse(&usage, "--with is the baseline itself: name another way");
	if (arguments.profile && !arguments.with)
		return options_misuse(&usage, "--profile is for a prediction: say of which way (--with)");
	signals_install();
	return cli_status(run(cli, &arguments, topology));
}
