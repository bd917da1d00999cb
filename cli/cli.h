/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli.h: what a sub-command is, what it is given, and what it returns. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses of forecall, and what a sub-command returns. */
enum cli_status {
	CLI_GO_ON = -1, /* options_parse() only: nothing to end for */
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2, /* bad usage */
	CLI_GATE = 3,  /* a gate was not met: a regression found, a prediction refused, a machine that cannot measure */
};

/* What every sub-command understands, before or after its name. */
struct cli {
	const char *db; /* --db FILE, else $FORECALL_DB, else ./forecall.db; never NULL */
	bool json;      /* --json: print one JSON object on stdout instead of text */
	bool quiet;     /* --quiet: the result and errors only: no progress, no remarks */
	bool progress;  /* --progress: lines of progress on stderr where it is no terminal */
	const char *command_line; /* all words as typed, with blanks between them: kept with every run */
	const struct command *commands; /* the table of sub-commands */
	size_t commands_n;
};

struct command {
	const char *name; /* as typed; argv[0] of run() */
	const char *help; /* one line, no full stop; NULL: not listed */
	/* Returns an enum cli_status, after it printed why; it never exits. */
	int (*run)(struct cli *cli, int argc, char **argv);
};

/* Runs the command that argv[0] names. An unknown name is bad usage and is answered with the nearest one.
 * `prefix` stands before the name in messages: "" or "runs ". */
int command_run(const struct command *commands, size_t commands_n, const char *prefix, struct cli *cli, int argc, char **argv);

/* One line per command on stdout: its name and its help. */
void command_list(const struct command *commands, size_t commands_n);

/* The exit status for a result of the other parts: 0 is done, a negative errno (already printed) failed. */
static inline int cli_status(int err)
{
	return err < 0 ? CLI_FAILED : CLI_DONE;
}

/* The sub-commands, one per file cmd_<name>.c. */
int cmd_lab(struct cli *cli, int argc, char **argv);
int cmd_complete(struct cli *cli, int argc, char **argv);
int cmd_bench(struct cli *cli, int argc, char **argv);
int cmd_capacity(struct cli *cli, int argc, char **argv);
int cmd_validate(struct cli *cli, int argc, char **argv);
int cmd_observe(struct cli *cli, int argc, char **argv);
int cmd_predict(struct cli *cli, int argc, char **argv);
int cmd_profile(struct cli *cli, int argc, char **argv);
int cmd_doctor(struct cli *cli, int argc, char **argv);
int cmd_report(struct cli *cli, int argc, char **argv);
int cmd_runs(struct cli *cli, int argc, char **argv);
int cmd_util(struct cli *cli, int argc, char **argv);
int cmd_events(struct cli *cli, int argc, char **argv);
int cmd_slice(struct cli *cli, int argc, char **argv);
int cmd_compare(struct cli *cli, int argc, char **argv);
int cmd_suite(struct cli *cli, int argc, char **argv);
int cmd_bisect(struct cli *cli, int argc, char **argv);
int cmd_track(struct cli *cli, int argc, char **argv);
int cmd_score(struct cli *cli, int argc, char **argv);
int cmd_try(struct cli *cli, int argc, char **argv);

#endif
