/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c: the table of sub-commands, and what comes in front of them on the command line. The only file that exits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "version.h"

static const struct command commands[] = {
	{ "profile", "watch a server: what share of its busy cycles a path takes", cmd_profile },
	{ "bench", "measure ways of sending against each other", cmd_bench },
	{ "predict", "what a profiled server would gain", cmd_predict },
	{ "slice", "cut the path into its stages, and say what each costs per packet", cmd_slice },
	{ "observe", "measure a ported server, and set it beside the prediction", cmd_observe },
	{ "validate", "the whole experiment on the built-in server, and how right it was", cmd_validate },
	{ "try", "run a server with its sends ported from outside", cmd_try },
	{ "capacity", "the largest group that the built-in server serves, beside the predicted one", cmd_capacity },
	{ "report", "a page to look at, with pictures: gain, certainty, cycles, machine", cmd_report },
	{ "runs", "list, show, export, import and delete runs", cmd_runs },
	{ "score", "how well past predictions held", cmd_score },
	{ "lab", "boot another kernel and run any forecall command in it", cmd_lab },
	{ "suite", "named sets of benchmarks, run alike on many kernels and days", cmd_suite },
	{ "compare", "kernels, runs or databases against each other, with a gate", cmd_compare },
	{ "bisect", "between which two kernels a cost rose, with as few guests as that takes", cmd_bisect },
	{ "track", "benchmarks over kernel versions or dates, and where they changed", cmd_track },
	{ "util", "how busy each processor is, with interrupts and processes apart", cmd_util },
	{ "events", "list the events that this machine counts", cmd_events },
	{ "doctor", "what this machine can measure, and what is missing", cmd_doctor },
	{ "complete", NULL, cmd_complete },
};

enum { COMMANDS_N = sizeof commands / sizeof *commands };

static void list_commands(void)
{
	printf("\nCommands (forecall COMMAND --help tells more):\n");
	command_list(commands, COMMANDS_N);
}

static const struct usage usage = {
	.name = "",
	.operands = "COMMAND [ARG...]",
	.about = "Tells what a server would gain if one of its system-call paths were replaced, before a line is ported.",
	.more = list_commands,
	.notes = "Exit status: 0 done, 1 failed, 2 bad usage, 3 a gate was not met.\n",
	.command = true,
	.operands_max = -1,
};

static int help(struct cli *cli, int argc, char **argv);

static int run(struct cli *cli, int argc, char **argv)
{
	bool version = false;
	const struct option_spec options[] = {
		OPT_FLAG('V', "version", &version, "print the version"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, options, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (version)
		return printf("forecall %s\n", FORECALL_VERSION) < 0 ? CLI_FAILED : CLI_DONE;
	if (argc == 0)
		return options_misuse(&usage, "needs a command");
	if (strcmp(argv[0], "help") == 0)
		return help(cli, argc, argv);
	return command_run(commands, COMMANDS_N, "", cli, argc, argv);
}

/* "forecall help predict" is "forecall predict --help", and "forecall help" is "forecall --help". */
static int help(struct cli *cli, int argc, char **argv)
{
	char *args[] = { argc > 1 ? argv[1] : argv[0], "--help", NULL };

	return argc > 1 ? command_run(commands, COMMANDS_N, "", cli, 2, args) : run(cli, 2, args);
}

/* What was printed may still be in a buffer: a full disk or a closed pipe shows only now. */
static int close_stdout(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fail(0, "cannot write to stdout: %m");
	return status == CLI_DONE ? CLI_FAILED : status;
}

/* The words with blanks between them, cut where the text is full. */
static void join(int argc, char **argv, char *text, size_t size)
{
	size_t used = 0;

	*text = 0;
	for (int i = 0; i < argc && used < size - 1; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "", argv[i]);
}

int main(int argc, char **argv)
{
	char command_line[4096];
	const char *db = getenv("FORECALL_DB");
	struct cli cli = {
		.db = db && *db ? db : "./forecall.db",
		.command_line = command_line,
		.commands = commands,
		.commands_n = COMMANDS_N,
	};

	join(argc, argv, command_line, sizeof command_line);

	return close_stdout(run(&cli, argc, argv));
}
