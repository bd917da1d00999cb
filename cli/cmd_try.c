/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_try.c: `forecall try`: runs a server with its sends ported from outside, to see what a port would do. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/cmd_try.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/signals.h"
#include "try/launch.h"

enum {
	DELAY_US = 200,
	COMPARE_DELAY_US = 20000, /* the guard, which a port in the source has not, wakes by it, beside the server and its clients */
};

static const struct usage usage = {
	.name = "try",
	.operands = "-- CMD [ARG...]",
	.about = "Starts a dynamically linked server with a library preloaded that ports it without its source: datagrams that a thread\n"
		 "sends in a row are held back and go to the kernel in one batch, before the thread makes another call, when the batch\n"
		 "is full, or when the bound on delay is near. Order, errors and number of the datagrams stay as they are.",
	.notes = "Examples:\n"
		 "  forecall try --with sendmmsg -- memcached -l 127.0.0.1 -U 11211 -u nobody\n"
		 "  forecall try --compare --load './load.sh' -- memcached -l 127.0.0.1 -U 11211 -u nobody\n"
		 "Keep the server in the foreground. Exit status 3: its sends could not be reached, or a datagram was lost.\n",
	.command = true,
	.operands_max = -1,
};

static void show_text(const struct launch *launch, const struct try_arguments *arguments)
{
	uint64_t n[TRY_COUNT_MAX];

	for (enum try_count i = 0; i < TRY_COUNT_MAX; i++)
		n[i] = launch_count(launch, i);
	printf("way %s: %" PRIu64 " sends seen, %" PRIu64 " held back and given in %" PRIu64 " batches of %.1f: %" PRIu64 " given, %" PRIu64
	       " refused, %" PRIu64 " lost\n",
	       arguments->with, n[TRY_SEEN], n[TRY_TAKEN], n[TRY_BATCHES], n[TRY_BATCHES] ? (double)n[TRY_TAKEN] / (double)n[TRY_BATCHES] : 0,
	       n[TRY_GIVEN], n[TRY_REFUSED], n[TRY_TAKEN] - n[TRY_GIVEN] - n[TRY_REFUSED]);
	printf("given before another call %" PRIu64 ", full %" PRIu64 ", for another socket %" PRIu64 ", for another thread %" PRIu64
	       ", by the bound on delay %" PRIu64 ", at an end %" PRIu64 "\n",
	       n[TRY_BEFORE], n[TRY_FULL], n[TRY_OTHER], n[TRY_THREAD], n[TRY_LATE], n[TRY_END]);
	printf("bound on delay %" PRIu64 " us: half of the batches within %.0f us, 99.9 %% within %.0f us, longest %.0f us; %" PRIu64
	       " of %" PRIu64 " beyond the bound\n",
	       arguments->delay_us, (double)launch_delay_ns(launch, 0.5) / 1e3, (double)launch_delay_ns(launch, 0.999) / 1e3,
	       (double)launch->page->delay_max_ns / 1e3, launch->page->over_n, n[TRY_BATCHES]);
}

static int show_json(const struct launch *launch, const struct try_arguments *arguments)
{
	json_t *counts = json_object();

	for (enum try_count i = 0; i < TRY_COUNT_MAX; i++)
		json_object_set_new(counts, try_count_names[i], json_integer((json_int_t)launch_count(launch, i)));
	return json_print(json_pack("{ss sI sI sI sI sI sI sI so}", "way", arguments->with, "batch", (json_int_t)arguments->batch, "delay_us",
				    (json_int_t)arguments->delay_us, "delay_max_ns", (json_int_t)launch->page->delay_max_ns, "delay_500_ns",
				    (json_int_t)launch_delay_ns(launch, 0.5), "delay_999_ns", (json_int_t)launch_delay_ns(launch, 0.999), "over",
				    (json_int_t)launch->page->over_n, "status", (json_int_t)launch->status, "counts", counts));
}

/* What went wrong, if anything did, and the status that says so. */
static int judge(const struct launch *launch, const char *command)
{
	uint64_t taken = launch_count(launch, TRY_TAKEN), lost = taken - launch_count(launch, TRY_GIVEN) - launch_count(launch, TRY_REFUSED);
	int status = CLI_DONE;

	if (!launch->page->processes_n)
		status = fail(CLI_GATE, "try: %s ran without the library: the loader did not take it", command);
	else if (!launch_count(launch, TRY_SEEN))
		status = fail(CLI_GATE, "try: no datagram that %s sent was seen: it sent none, or makes its system calls past the C library; "
					"`forecall profile -- %s` tells which",
			      command, command);
	if (lost)
		status = fail(CLI_GATE, "try: %" PRIu64 " datagrams were lost: their sockets were gone or would not take them", lost);
	if (launch->page->way_errno)
		fail(0, "try: the way could not be used: %s; sends went by sendmmsg instead", strerror((int)launch->page->way_errno));
	if (WIFSIGNALED(launch->status) && !signals_stop)
		fail(0, "try: %s was killed by signal %d", command, WTERMSIG(launch->status));
	else if (WIFEXITED(launch->status) && WEXITSTATUS(launch->status)) {
		int failed = fail(CLI_FAILED, "try: %s ended with status %d", command, WEXITSTATUS(launch->status));

		status = lost ? status : failed; /* that is more than a failure of its own */
	}
	return status;
}

static int run(const struct cli *cli, const struct try_arguments *arguments, const struct launch_options *options, char *const *command)
{
	struct launch launch;
	int err = launch_start(options, command, &launch);

	if (err)
		return err == -EOPNOTSUPP ? CLI_GATE : CLI_FAILED;
	if (!cli->quiet && !cli->json)
		fprintf(stderr, "forecall: %s by %s, held back at most %" PRIu64 " us, %" PRIu64 " to a batch\n", command[0], arguments->with,
			arguments->delay_us, arguments->batch);
	err = launch_wait(&launch, &signals_stop);
	if (!err && cli->json)
		err = show_json(&launch, arguments);
	else if (!err)
		show_text(&launch, arguments);
	int status = err ? CLI_FAILED : judge(&launch, command[0]);
	launch_free(&launch);
	return status;
}

int cmd_try(struct cli *cli, int argc, char **argv)
{
	struct try_arguments arguments = {.with = "sendmmsg", .batch = 256, .clock = "auto", .idle = "poll", .seconds = 10, .wait = 20,
					  .settle = 1, .width = 0.005, .window_ms = 100, .rounds = 200, .seed = 1, .peer_cpu = sysconf(_SC_NPROCESSORS_ONLN) > 1};
	const struct option_spec specs[] = {
		OPT_WORD('w', "with", "sendmmsg|uring|sendgroup", &arguments.with, "the way in which batches go to the kernel"),
		OPT_U64('b', "batch", "N", &arguments.batch, 1, TRY_BATCH_MAX, "most datagrams to a batch"),
		OPT_U64('d', "delay", "US", &arguments.delay_us, 20, 1000000, "longest time in us that a datagram is held back: 200, with --compare 20000"),
		OPT_FLAG(0, "stream", &arguments.stream, "hold back writes on stream sockets, too; with uring"),
		OPT_FLAG(0, "compare", &arguments.compare, "profile it as it is, predict, and observe it without and with the library at work"),
		OPT_HEADING("With --compare:"),
		OPT_STRING('l', "load", "SHELL", &arguments.load, "keeps the server busy; started again whenever it ends"),
		OPT_STRING('P', "path", "CALLS", &arguments.path, "the system calls that are replaced; without it those that it sends by"),
		OPT_DOUBLE('s', "seconds", "N", &arguments.seconds, 1, 3600, "length of the profile, and of the observation"),
		OPT_DOUBLE(0, "observe", "N", &arguments.observe, 1, 3600, "length of the observation where it shall be another, in seconds"),
		OPT_DOUBLE(0, "wait", "S", &arguments.wait, 0.1, 3600, "how long to wait for its first sends"),
		OPT_DOUBLE(0, "settle", "S", &arguments.settle, 0, 3600, "and then, until the load is what it will be"),
		OPT_U64(0, "window", "MS", &arguments.window_ms, 5, 10000, "length of one window in ms"),
		OPT_DOUBLE(0, "width", "W", &arguments.width, 1e-4, 1, "stop the bench at this half width of s, relative"),
		OPT_U64(0, "rounds", "N", &arguments.rounds, 10, 100000, "most rounds of the bench"),
		OPT_WORD(0, "clock", "auto|cycles|ref-cycles|tsc", &arguments.clock, "what cycles are read from"),
		OPT_WORD(0, "idle", "poll|halt", &arguments.idle, "whether idle CPUs are kept from halting, which makes less noise, or may"),
		OPT_U64(0, "cpu", "CPU", &arguments.cpu, 0, 1023, "where the sender of the bench runs"),
		OPT_U64(0, "peer-cpu", "CPU", &arguments.peer_cpu, 0, 1023, "where its receivers sleep"),
		OPT_STRING(0, "label", "TEXT", &arguments.label, "free text to find the runs by"),
		OPT_U64(0, "seed", "N", &arguments.seed, 0, UINT32_MAX, "of the order of windows and blocks"),
		OPT_FLAG(0, "force", &arguments.force, "predict in spite of a refusal; the result is marked"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (!argc)
		return options_misuse(&usage, "give the server to start behind --");
	if (arguments.stream && strcmp(arguments.with, "uring"))
		return options_misuse(&usage, "--stream needs --with uring: no other way takes writes to several connections in one call");
	if (!strcmp(arguments.with, "sendgroup"))
		return options_misuse(&usage, "--with sendgroup: its call tells which datagrams went only when it returns, so that after a kill in its midst "
					      "none could be sent exactly once; take sendmmsg or uring here, and sendgroup in `forecall bench --like`");
	if (!arguments.delay_us)
		arguments.delay_us = arguments.compare ? COMPARE_DELAY_US : DELAY_US;
	if (arguments.load && !arguments.compare)
		return options_misuse(&usage, "--load goes with --compare");
	const struct launch_options options = {
		.way = (enum try_way)launch_way(arguments.with),
		.batch = (uint32_t)arguments.batch,
		.delay_ns = arguments.delay_us * 1000,
		.stream = arguments.stream,
		.enabled = !arguments.compare,
		.apart = arguments.compare || cli->json,
	};
	signals_install();
	return arguments.compare ? try_compare(cli, &arguments, &options, argv) : run(cli, &arguments, &options, argv);
}
