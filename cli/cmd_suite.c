/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_suite.c: `forecall suite`: named sets of benchmarks, on this kernel or on others. */
#include "cli/cmd_suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/signals.h"

enum { LOCK_WAIT_MS = 200 };

/* ---- list ---- */

static int list_row(struct table *table, json_t *list, const char *folder, const char *file)
{
	char path[PATH_MAX];
	struct suite suite;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	if (suite_read(path, false, "@ways", &suite))
		return 0; /* said */
	table_text(table, suite.name);
	table_i64(table, suite.version);
	table_i64(table, (int64_t)suite.steps_n);
	table_i64(table, suite.passes);
	table_text(table, suite.about);
	json_array_append_new(list, json_pack("{so sI sI sI so so}", "suite", json_text(suite.name), "version", (json_int_t)suite.version, "steps",
					      (json_int_t)suite.steps_n, "passes", (json_int_t)suite.passes, "about", json_text(suite.about), "file",
					      json_text(suite.path)));
	suite_free(&suite);
	return 1;
}

static int list_folder(struct table *table, json_t *list, const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort), found = 0;

	for (int i = 0; i < n; free(entries[i++])) {
		const char *dot = strrchr(entries[i]->d_name, '.');

		if (dot && !strcmp(dot, ".conf"))
			found += list_row(table, list, folder, entries[i]->d_name);
	}
	if (n >= 0)
		free(entries);
	return found;
}

static int cmd_list(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "suite list",
		.about = "Lists the suites there are. A suite is a file NAME.conf; suites/send.conf says how one is written.",
	};
	struct table *table = table_new("suite|>version|>steps|>passes|about");
	json_t *list = json_array();
	int status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	for (size_t i = 0; status == CLI_GO_ON && suite_folder(i); i++)
		if (list_folder(table, list, suite_folder(i)))
			break;
	if (status == CLI_GO_ON && cli->json)
		status = cli_status(json_print(json_pack("{sO}", "suites", list)));
	else if (status == CLI_GO_ON)
		status = cli_status(table_print(table));
	json_decref(list);
	table_free(table);
	return status;
}

/* ---- run ---- */

/*
 * One suite at a time runs into a database: a second one would run the same steps again, and take the first one's runs for its own. The
 * lock is the kernel's, on the file (SQLite's are of another kind), so it is gone with the process however it ends. The database is made
 * where there is none yet. *fd -1: it cannot be locked, as on a file system without locks.
 */
static int lock_database(const struct cli *cli, int *fd)
{
	struct store *store = NULL;
	int err = store_open(cli->db, STORE_WRITE, &store);

	store_free(store);
	if (err)
		return err;
	*fd = open(cli->db, O_RDWR | O_CLOEXEC);
	for (bool told = false; *fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB); told = true) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0; /* a file system without locks: as if there was nobody else */
		if (!told)
			warn("suite: another suite runs into %s; waiting for its end", cli->db);
		poll(NULL, 0, LOCK_WAIT_MS);
		if (signals_stop) {
			close(*fd);
			return fail(-EINTR, "suite: interrupted before anything was run");
		}
	}
	return 0;
}

static int cmd_run(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "suite run",
		.operands = "NAME",
		.about = "Runs a suite on this kernel, or with --kernel in a guest for each kernel, where instructions are counted: several guests\n"
			 "side by side. What was run already is not run again: an interrupted suite goes on where it was. NAME may be a file.",
		.notes = "Examples:\n"
			 "  forecall suite run send --label before\n"
			 "  forecall suite run send --kernel all-cached && forecall track --above 0.2%\n",
		.operands_min = 1,
		.operands_max = 1,
	};
	struct option_strings kernels = { 0 };
	struct suite_options options = { 0 };
	uint64_t passes = 0, jobs = 0;
	const struct option_spec specs[] = {
		OPT_STRINGS('k', "kernel", "NAME", &kernels, "a kernel of `lab kernels`, a pattern, or all-cached; may come again"),
		OPT_U64('j', "jobs", "N", &jobs, 1, 64, "guests at once; default: as many as there are processors"),
		OPT_STRING(0, "append", "WORDS", &options.append, "add to the guests' kernel command line; needs --label"),
		OPT_U64(0, "passes", "N", &passes, 1, SUITE_PASSES_MAX, "how often everything is measured; default: as the suite says"),
		OPT_FLAG(0, "again", &options.again, "measure once more, behind what is there"),
		OPT_STRING(0, "label", "TEXT", &options.label, "free text to find the runs by"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (options.append && (!options.label || !kernels.n))
		return options_misuse(&usage, "--append needs --kernel, and --label to tell its runs from others of these kernels");
	if (kernels.n && (passes || options.again))
		return options_misuse(&usage, "--passes and --again are for this machine: in guests instructions are counted, which are the same each time");
	options.passes = (unsigned)passes;
	options.jobs = (unsigned)jobs;
	signals_install();
	int lock, err = lock_database(cli, &lock);
	if (err)
		return cli_status(err);
	err = kernels.n ? suite_run_guests(cli, argv[0], &kernels, &options) : suite_run_here(cli, argv[0], &options);
	if (lock >= 0)
		close(lock);
	return err == -EINVAL ? CLI_USAGE : cli_status(err);
}

/* ---- suite ---- */

static const struct command commands[] = {
	{ "list", "the suites there are", cmd_list },
	{ "run", "run a suite, on this kernel or in guests", cmd_run },
};

enum { COMMANDS_N = sizeof commands / sizeof *commands };

static void list_commands(void)
{
	printf("\nCommands (forecall suite COMMAND --help tells more):\n");
	command_list(commands, COMMANDS_N);
}

int cmd_suite(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "suite",
		.operands = "[COMMAND] [ARG...]",
		.about = "Named, versioned sets of benchmarks and profiles, to be run alike on many kernels and days. Without a command: list.",
		.more = list_commands,
		.command = true,
		.operands_max = -1,
	};
	char *list[] = { "list", NULL };
	int status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	return argc ? command_run(commands, COMMANDS_N, "suite ", cli, argc, argv) : cmd_list(cli, 1, list);
}
