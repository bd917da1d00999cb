/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_validate.c: `forecall validate`: the whole experiment on the built-in live-broadcast server, and how right it was. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/signals.h"
#include "workloads/experiment.h"
#include "workloads/sender.h"
#include "version.h"

static const struct usage usage = {
	.name = "validate",
	.about = "Starts the built-in live-broadcast server, profiles it from outside, benches in its shape, predicts, lets it send by\n"
		 "the alternative at the same load, and compares; in short turns of each. Everything is kept in the store.",
	.notes = "Example:\n"
		 "  forecall validate --group 100 --payload 1000 --work 500 --with sendmmsg --topology veth\n",
};

struct arguments {
	const char *baseline, *with, *topology, *clock, *idle, *label;
	uint64_t group, payload, packets, work, window_ms, seed, rounds, calibration, server_cpu, peer_cpu;
	double seconds, observe, width;
	bool force;
};

static json_t *quality_json(const struct traffic_quality *q)
{
	return json_pack("{sI sI sI sf sf sf}", "clients", (json_int_t)q->clients_n, "packets", (json_int_t)q->packets_n, "lost",
			 (json_int_t)q->lost_n, "loss", q->loss, "rate_bps_min", q->rate_bps_min, "rate_bps_mean", q->rate_bps_mean);
}

static int show(const struct cli *cli, struct store *store, const struct arguments *arguments, const struct experiment *e)
{
	if (cli->json)
		return json_print(json_pack("{ss so sI sI sI so}", "path", arguments->baseline, "alternatives",
					    json_pack("[o]", show_answer_json(arguments->with, &e->answer, &e->observed)), "profile",
					    (json_int_t)e->profile, "bench", (json_int_t)e->bench, "observe", (json_int_t)e->observe, "quality", quality_json(&e->quality)));
	printf("ledger of run %" PRId64 " (raw, probes included)\n", e->profile);
	int err = show_ledger(store, e->profile);
	if (err)
		return err;
	printf("\nclients: %" PRIu64 ", packets lost: %" PRIu64 " of %" PRIu64 "\n", e->quality.clients_n, e->quality.lost_n,
	       e->quality.expected_n);
	struct warning_row *warnings = NULL;
	size_t warnings_n = 0;
	err = store_warnings(store, e->profile, &warnings, &warnings_n);
	if (!err)
		print_warnings(cli, warnings, warnings_n);
	store_rows_free(warnings);
	printf("\n");
	show_answer(arguments->baseline, arguments->with, &e->answer, &e->observed);
	return err;
}

static int run(const struct cli *cli, const struct arguments *arguments, enum topology_kind topology)
{
	struct progress *progress = progress_new(cli, "validate");
	const struct experiment_options options = {
		.setup = {
			.group = arguments->group,
			.payload_bytes = arguments->payload,
			.packets_per_s = arguments->packets,
			.work_ns = arguments->work,
			.way = arguments->baseline,
			.topology = topology,
			.server_cpu = (int)arguments->server_cpu,
			.peer_cpu = (int)arguments->peer_cpu,
		},
		.alternative = arguments->with,
		.clock = arguments->clock,
		.profile_seconds = arguments->seconds,
		.observe_seconds = arguments->observe > 0 ? arguments->observe : arguments->seconds,
		.halt = !strcmp(arguments->idle, "halt"),
		.rel_width = arguments->width,
		.max_rounds = arguments->rounds,
		.window_ms = (int)arguments->window_ms,
		.calibration_rounds = (int)arguments->calibration,
		.seed = arguments->seed,
		.force = arguments->force,
		.stop = &signals_stop,
		.progress = progress_tick,
		.progress_context = progress,
		.label = arguments->label,
		.command_line = cli->command_line,
		.version = FORECALL_VERSION,
	};
	struct experiment experiment;
	struct store *store = NULL;
	int err = store_open(cli->db, STORE_WRITE, &store);

	if (!err)
		err = experiment_run(store, &options, &experiment);
	progress_free(progress);
	if (err == -EINTR)
		fail(err, "validate: interrupted; the runs that were finished are kept");
	if (!err) {
		err = show(cli, store, arguments, &experiment);
		experiment_free(&experiment);
	}
	store_free(store);
	return err;
}

/* Both ways must be ones that the server can send by. CLI_GO_ON or CLI_USAGE. */
static int check_ways(const struct arguments *arguments, enum topology_kind topology)
{
	const char *const names[2] = {arguments->baseline, arguments->with};
	char why[512];

	for (int i = 0; i < 2; i++) {
		const struct sender_ops *way = sender_find(names[i]);

		if (!way)
			return options_misuse(&usage, "--baseline and --with take a way of sending: %s", sender_names());
		if (traffic_refuses(topology, way, why, sizeof why))
			return options_misuse(&usage, "%s", why);
	}
	if (!strcmp(arguments->baseline, arguments->with))
		return options_misuse(&usage, "--with is the baseline itself: name another way");
	return CLI_GO_ON;
}

int cmd_validate(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = {
		.baseline = "sendmsg",
		.with = "sendmmsg",
		.topology = "lo",
		.clock = "auto",
		.idle = "poll",
		.group = 100,
		.payload = 1000,
		.packets = 200,
		.window_ms = 50,
		.seed = 1,
		.rounds = 20000,
		.peer_cpu = sysconf(_SC_NPROCESSORS_ONLN) > 1,
		.seconds = 10,
	};
	const struct option_spec specs[] = {
		OPT_STRING('b', "baseline", "WAY", &arguments.baseline, "how the server sends; also the path that is profiled"),
		OPT_STRING('w', "with", "WAY", &arguments.with, "the alternative"),
		OPT_U64('g', "group", "N", &arguments.group, 1, 100000, "clients of the server"),
		OPT_U64('p', "payload", "BYTES", &arguments.payload, 12, 65507, "bytes per datagram, RTP header included"),
		OPT_U64('r', "packets", "N", &arguments.packets, 1, 1000000, "packets per second of the stream"),
		OPT_U64(0, "work", "NS", &arguments.work, 0, 1000000000, "user work of the server per recipient"),
		OPT_WORD('t', "topology", "lo|veth|veth-rps|nic", &arguments.topology, "what lies between server and clients"),
		OPT_DOUBLE('s', "seconds", "N", &arguments.seconds, 1, 3600, "length of the profile, and of the observation"),
		OPT_DOUBLE(0, "observe", "N", &arguments.observe, 1, 3600, "length of the observation where it shall be another, in seconds"),
		OPT_U64(0, "window", "MS", &arguments.window_ms, 5, 10000, "length of one window in ms"),
		OPT_DOUBLE(0, "width", "W", &arguments.width, 1e-4, 1, "let the bench go on until s has this half width, relative; otherwise it ends with the observation"),
		OPT_U64(0, "rounds", "N", &arguments.rounds, 10, 100000, "most rounds of the bench"),
		OPT_U64(0, "calibration", "N", &arguments.calibration, 1, 1000, "how often the probes are timed for the profile; default: 96"),
		OPT_WORD(0, "clock", "auto|cycles|ref-cycles|tsc", &arguments.clock, "what cycles are read from"),
		OPT_WORD(0, "idle", "poll|halt", &arguments.idle, "whether idle CPUs are kept from halting, which makes less noise, or may"),
		OPT_U64(0, "cpu", "CPU", &arguments.server_cpu, 0, 1023, "where the server runs"),
		OPT_U64(0, "peer-cpu", "CPU", &arguments.peer_cpu, 0, 1023, "where its clients and the stream's source run"),
		OPT_STRING(0, "label", "TEXT", &arguments.label, "free text to find the runs by"),
		OPT_U64(0, "seed", "N", &arguments.seed, 0, UINT32_MAX, "of the order of the windows and blocks"),
		OPT_FLAG(0, "force", &arguments.force, "predict in spite of a refusal; the result is marked"),
		OPT_END,
	};
	enum topology_kind topology;
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (topology_parse(arguments.topology, &topology))
		return CLI_USAGE;
	status = check_ways(&arguments, topology);
	if (status != CLI_GO_ON)
		return status;
	signals_install();
	int err = run(cli, &arguments, topology);
	return err == -ECANCELED ? CLI_GATE : err == -EINVAL ? CLI_USAGE : cli_status(err);
}
