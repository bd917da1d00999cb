/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_profile.c: `forecall profile`: watches a server and tells what share of its busy cycles a path takes. */
#include <errno.h>
#include <string.h>

#include "analyze/answer.h"
#include "analyze/store.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/percent.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/signals.h"
#include "collect/cpus.h"
#include "collect/calibrate.h"
#include "collect/profile.h"
#include "collect/scope.h"
#include "collect/sample.h"
#include "version.h"

#define BUDGET "5%"

static const struct usage usage = {
	.name = "profile",
	.operands = "[-- CMD [ARG...]]",
	.about = "Watches an unmodified server and accounts every busy cycle around one system-call path: f, the share of the path,\n"
		 "with the cost of the probes measured and taken out. Give the server by -p, by name,\n"
		 "by control group, by -C, or as a command after --. glibc's send() is the system call sendto.",
	.notes = "Examples:\n"
		 "  forecall profile -p $(pidof memcached) --path sendmsg\n"
		 "  forecall profile --comm nginx --path writev\n"
		 "  forecall profile -C 1 --path sendto,sendmsg --seconds 30\n"
		 "  forecall profile --path write -- redis-server --port 7000\n",
	.command = true,
	.operands_max = -1,
};

struct arguments {
	uint64_t pid;
	const char *comm, *cgroup, *unit;
	double wait;
	struct scope scope;
	const char *cpus, *path, *clock, *engine, *async, *events, *label, *budget;
	double seconds, rate;
	uint64_t window_ms, seed, calibration;
	struct option_list doses;
	uint8_t cpu_set[CPUS_MAX];
};

/* The doses of a cycle, if they were given, into `out`. CLI_GO_ON or CLI_USAGE. */
static int choose_doses(const struct arguments *arguments, uint8_t out[PROFILE_DOSES_MAX], struct profile_options *options)
{
	bool probed = arguments->doses.n == 0;

	if (arguments->doses.n > PROFILE_DOSES_MAX)
		return options_misuse(&usage, "--doses: %zu windows in a cycle are too many, %d is the most", arguments->doses.n, PROFILE_DOSES_MAX);
	for (size_t i = 0; i < arguments->doses.n; i++) {
		out[i] = (uint8_t)arguments->doses.value[i];
		probed |= out[i] == 1;
	}
	if (!probed)
		return options_misuse(&usage, "--doses: there is no 1 in it, and the ledger is made of dose 1");
	options->doses = out;
	options->doses_n = arguments->doses.n;
	return CLI_GO_ON;
}

/* The doses that somebody chose are kept, unless a budget was chosen, too. CLI_GO_ON or CLI_USAGE. */
static int choose_budget(const struct arguments *arguments, struct profile_options *options)
{
	const char *budget = arguments->budget ? arguments->budget : arguments->doses.n ? "100%" : BUDGET;
	double share;

	if (percent_parse(budget, &share) || !(share > 0))
		return options_misuse(&usage, "--budget %s: give per cent above 0, \"5%%\" or \"100%%\", which is no bound", budget);
	options->budget = share < 1 ? share : 0;
	return CLI_GO_ON;
}

/* The processes of a name, a control group or a unit. 0 or -errno, said. */
static int name_scope(struct arguments *arguments)
{
	if (arguments->comm)
		return scope_of_comm(arguments->comm, &arguments->scope);
	return arguments->cgroup ? scope_of_cgroup(arguments->cgroup, &arguments->scope) : scope_of_unit(arguments->unit, &arguments->scope);
}

/* Which of the scopes was given, into the options of the profile. CLI_GO_ON or CLI_USAGE. */
static int choose_scope(struct arguments *arguments, int argc, char **argv, struct profile_options *options)
{
	int named = (arguments->comm != NULL) + (arguments->cgroup != NULL) + (arguments->unit != NULL);
	int scopes = (arguments->pid > 0) + (arguments->cpus != NULL) + (argc > 0) + named;

	if (scopes != 1)
		return options_misuse(&usage, scopes ? "give only one of -p PID, -C CPUS, --comm, --cgroup, --unit and a command"
						     : "give a server: -p PID, -C CPUS, --comm NAME, --cgroup PATH, --unit UNIT, or -- CMD");
	if (named && strcmp(arguments->engine, "ledger"))
		return options_misuse(&usage, "--comm, --cgroup and --unit go with --engine ledger; to sample, give -p, -C or a command");
	if (arguments->cpus && parse_cpulist(arguments->cpus, arguments->cpu_set, CPUS_MAX))
		return options_misuse(&usage, "-C: \"%s\" is no list of CPUs such as 1 or 0-3,8", arguments->cpus);
	options->pid = (pid_t)arguments->pid;
	options->cpus = arguments->cpus ? arguments->cpu_set : NULL;
	options->command = argc ? argv : NULL;
	options->scope = named ? &arguments->scope : NULL;
	options->wait_seconds = arguments->wait;
	return named && name_scope(arguments) ? CLI_USAGE : CLI_GO_ON;
}

static int show(const struct cli *cli, struct store *store, int64_t run, enum fraction_async async)
{
	struct fraction fraction;
	int err = answer_fraction(store, run, async, &fraction);

	if (err)
		return err;
	err = cli->json ? json_print(show_profile_json(store, run, &fraction)) : show_profile(cli, store, run, &fraction);
	fraction_free(&fraction);
	return err;
}

static enum fraction_async async_of(const char *name)
{
	for (enum fraction_async async = 0; async < FRACTION_ASYNC_MAX; async++)
		if (!strcmp(name, fraction_async_names[async]))
			return async;
	return FRACTION_ASYNC_AUTO;
}

int cmd_profile(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = {.path = "sendmsg", .clock = "auto", .engine = "ledger", .async = "auto", .seconds = 10, .wait = 60, .rate = SAMPLE_HZ, .window_ms = 100, .seed = 1,
				      .calibration = CALIBRATE_ROUNDS};
	const struct option_spec specs[] = {
		OPT_U64('p', "pid", "PID", &arguments.pid, 1, 4194304, "the process, with its threads, children and later ones"),
		OPT_STRING(0, "comm", "NAME", &arguments.comm, "every process of this name, also those that are started meanwhile"),
		OPT_STRING(0, "cgroup", "PATH", &arguments.cgroup, "every process of this control group, likewise"),
		OPT_STRING(0, "unit", "UNIT", &arguments.unit, "every process of this systemd unit, likewise"),
		OPT_DOUBLE(0, "wait", "S", &arguments.wait, 0, 86400, "how long to wait for the first of these"),
		OPT_STRING('C', "cpus", "CPUS", &arguments.cpus, "everything that runs on these CPUs: 1 or 0-3,8"),
		OPT_STRING('P', "path", "CALLS", &arguments.path, "the system calls that would be replaced, by name, comma separated"),
		OPT_DOUBLE('s', "seconds", "N", &arguments.seconds, 0.1, 86400, "how long to measure"),
		OPT_U64(0, "window", "MS", &arguments.window_ms, 5, 60000, "length of one window in ms"),
		OPT_LIST(0, "doses", "N,...", &arguments.doses, 0, 2, "how often each probe is attached in the windows of a cycle; without it 1,0,1,0,2"),
		OPT_STRING(0, "budget", "PERCENT", &arguments.budget, "what the probes may add to the server's own CPU time, over the whole profile; without it " BUDGET
			   ", with --doses 100%, which is no bound"),
		OPT_U64(0, "calibration", "N", &arguments.calibration, 1, 1000, "how often the probes are timed, before and behind the profile"),
		OPT_WORD(0, "clock", "auto|cycles|ref-cycles|tsc", &arguments.clock, "what cycles are read from; auto takes what the machine has"),
		OPT_WORD(0, "engine", "ledger|sample|both", &arguments.engine, "trace every event, sample call chains, or both by turns"),
		OPT_STRING('e', "event", "NAME,...", &arguments.events, "count these in every row of the ledger too: at most 4; see forecall events"),
		OPT_DOUBLE(0, "rate", "HZ", &arguments.rate, 10, 50000, "samples per second and CPU"),
		OPT_WORD(0, "async", "auto|net|all|own|none", &arguments.async, "interrupts outside the calls that count as the path's"),
		OPT_STRING(0, "label", "TEXT", &arguments.label, "free text to find the run by"),
		OPT_U64(0, "seed", "N", &arguments.seed, 0, UINT32_MAX, "of the order of the windows"),
		OPT_END,
	};
	struct profile_options options = {.stop = &signals_stop, .version = FORECALL_VERSION};
	uint8_t doses[PROFILE_DOSES_MAX];
	struct store *store = NULL;
	int64_t run;

	int status = options_parse(cli, &usage, specs, &argc, &argv);
	if (status == CLI_GO_ON)
		status = choose_scope(&arguments, argc, argv, &options);
	if (status == CLI_GO_ON)
		status = choose_doses(&arguments, doses, &options);
	if (status == CLI_GO_ON)
		status = choose_budget(&arguments, &options);
	if (status != CLI_GO_ON)
		return status;
	struct progress *progress = progress_new(cli, "profile");
	options.path = arguments.path;
	options.drop_for = cli->db;
	options.clock = arguments.clock;
	options.engine = arguments.engine;
	options.rate = arguments.rate;
	options.events = arguments.events;
	options.seconds = arguments.seconds;
	options.window_ms = (int)arguments.window_ms;
	options.seed = arguments.seed;
	options.calibration_rounds = (int)arguments.calibration;
	options.label = arguments.label;
	options.command_line = cli->command_line;
	options.progress = progress_tick;
	options.progress_context = progress;
	signals_install();
	int err = store_open(cli->db, STORE_WRITE, &store);
	if (!err)
		err = profile_run(store, &options, &run);
	progress_free(progress);
	if (!err)
		err = show(cli, store, run, async_of(arguments.async));
	store_free(store);
	return err == -EINVAL ? CLI_USAGE : cli_status(err);
}
