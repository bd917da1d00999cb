/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_runs.c: `forecall runs`: what lies in the database. list and delete are here, the others have files of their own. */
#include "cli/cmd_runs.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/store.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"

/* ---- What the sub-commands share ---- */

int runs_of_operands(const struct usage *usage, int argc, char **argv, int64_t **runs)
{
	*runs = calloc(argc + 1, sizeof **runs);
	if (!*runs)
		return fail(CLI_FAILED, "%s: out of memory", usage->name);
	for (int i = 0; i < argc; i++) {
		uint64_t run;

		if (parse_u64(argv[i], 1, INT64_MAX, &run)) {
			free(*runs);
			*runs = NULL;
			options_misuse(usage, "\"%s\" is not the number of a run (forecall runs list shows them)", argv[i]);
			return CLI_USAGE;
		}
		(*runs)[i] = (int64_t)run;
	}
	return CLI_GO_ON;
}

void run_marks(const struct run_row *run, char out[RUN_MARKS])
{
	snprintf(out, RUN_MARKS, "%s%s%s%s", run->state, run->lost_n > 0 ? ", lost" : "", run->unbalanced > 0 ? ", unbalanced" : "",
		 run->steal_ns > 0 ? ", steal" : "");
}

void run_started(const struct run_row *run, char out[RUN_STARTED])
{
	time_t seconds = run->started_ns / 1000000000;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || strftime(out, RUN_STARTED, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		strcpy(out, "-");
}

json_t *run_json(const struct run_row *run)
{
	return json_pack("{sI ss ss so sI sI so so so ss so so so ss so ss so so so so sI so so sI}",
			 "run", (json_int_t)run->run, "kind", run->kind, "state", run->state, "label", json_text(run->label),
			 "host", (json_int_t)run->host, "started_ns", (json_int_t)run->started_ns,
			 "wall_ns", json_i64(run->wall_ns), "command", json_text(run->command), "version", json_text(run->version),
			 "scope", run->scope, "target", json_text(run->target), "pid", json_i64(run->pid), "path", json_text(run->path),
			 "clock", run->clock, "clock_hz", json_number(run->clock_hz), "engine", run->engine,
			 "topology", json_text(run->topology), "idle", json_text(run->idle), "way", json_text(run->way),
			 "like_run", json_i64(run->like_run),
			 "lost_n", (json_int_t)run->lost_n, "residue", json_number(run->residue),
			 "unbalanced", json_flag(run->unbalanced), "steal_ns", (json_int_t)run->steal_ns);
}

/* ---- list ---- */

static int print_list_json(const struct run_row *runs, size_t runs_n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < runs_n; i++)
		if (json_array_append_new(list, run_json(&runs[i])))
			return json_decref(list), json_print(NULL);
	return json_print(json_pack("{so}", "runs", list));
}

static void list_row(struct table *table, const struct run_row *run)
{
	char marks[RUN_MARKS], started[RUN_STARTED];

	run_marks(run, marks);
	run_started(run, started);
	table_i64(table, run->run);
	table_text(table, run->kind);
	table_text(table, started);
	if (run->wall_ns == STORE_NULL)
		table_text(table, NULL);
	else
		table_cell(table, "%.1f", (double)run->wall_ns / 1e9);
	table_text(table, run->path);
	table_text(table, run->clock);
	table_text(table, marks);
	table_text(table, run->label);
	table_cell(table, "%.60s", run->target);
}

static int print_list(const struct cli *cli, const struct run_row *runs, size_t runs_n)
{
	struct table *table = table_new(">run|kind|started|>seconds|path|clock|state|label|target");
	int err;

	for (size_t i = 0; i < runs_n; i++)
		list_row(table, &runs[i]);
	err = table_print(table);
	table_free(table);
	if (runs_n == 0 && !cli->quiet)
		printf("no runs in %s\n", cli->db);
	return err;
}

static int cmd_list(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "runs list",
		.about = "Lists the runs of the database, oldest first.",
	};
	const char *kind = NULL, *state = NULL;
	const struct option_spec options[] = {
		OPT_WORD(0, "kind", "profile|bench|observe|slice|capacity", &kind, "only runs of this kind"),
		OPT_WORD(0, "state", "complete|interrupted|incomplete", &state, "only runs in this state"),
		OPT_END,
	};
	struct store *store = NULL;
	struct run_row *runs = NULL;
	size_t runs_n = 0;
	int err, status = options_parse(cli, &usage, options, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	err = store_open(cli->db, STORE_READ, &store);
	if (!err)
		err = store_runs(store, kind, state, &runs, &runs_n);
	if (!err)
		err = cli->json ? print_list_json(runs, runs_n) : print_list(cli, runs, runs_n);
	store_rows_free(runs);
	store_free(store);
	return cli_status(err);
}

/* ---- delete ---- */

static int print_deleted(const struct cli *cli, const int64_t *runs, int runs_n)
{
	json_t *list = json_array();

	for (int i = 0; i < runs_n; i++)
		json_array_append_new(list, json_integer(runs[i]));
	if (cli->json)
		return json_print(json_pack("{so}", "deleted", list));
	json_decref(list);
	for (int i = 0; i < runs_n && !cli->quiet; i++)
		printf("deleted run %lld\n", (long long)runs[i]);
	return 0;
}

/* Whether all the runs are there. */
static int look_up(const char *db, const int64_t *runs, int runs_n)
{
	struct store *store = NULL;
	int err = store_open(db, STORE_READ, &store);

	for (int i = 0; i < runs_n && !err; i++) {
		struct run_row *row;

		err = store_run(store, runs[i], &row);
		store_rows_free(row);
	}
	store_free(store);
	return err;
}

/* A wrong number among them deletes nothing, and a database that is not there is not made: all are looked up first. */
static int delete_all(const char *db, const int64_t *runs, int runs_n)
{
	struct store *store = NULL;
	int err = look_up(db, runs, runs_n);

	if (!err)
		err = store_open(db, STORE_WRITE, &store);
	for (int i = 0; i < runs_n && !err; i++)
		err = store_delete(store, runs[i]);
	store_free(store);
	return err;
}

static int cmd_delete(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "runs delete",
		.operands = "RUN...",
		.about = "Deletes runs with all their counts and the predictions that were made from them. With one wrong number\n"
			 "nothing is deleted.",
		.operands_min = 1,
		.operands_max = -1,
	};
	int64_t *runs = NULL;
	int err, status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	if (status == CLI_GO_ON)
		status = runs_of_operands(&usage, argc, argv, &runs);
	if (status != CLI_GO_ON)
		return status;
	err = delete_all(cli->db, runs, argc);
	if (!err)
		err = print_deleted(cli, runs, argc);
	free(runs);
	return cli_status(err);
}

/* ---- runs ---- */

static const struct command commands[] = {
	{ "list", "the runs of the database", cmd_list },
	{ "show", "one run: its host, its counts, its warnings", cmd_runs_show },
	{ "export", "write runs as JSON, one a line", cmd_runs_export },
	{ "import", "add runs that export wrote", cmd_runs_import },
	{ "delete", "delete runs and their predictions", cmd_delete },
};

enum { COMMANDS_N = sizeof commands / sizeof *commands };

static void list_commands(void)
{
	printf("\nCommands (forecall runs COMMAND --help tells more):\n");
	command_list(commands, COMMANDS_N);
}

int cmd_runs(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "runs",
		.operands = "[COMMAND] [ARG...]",
		.about = "Shows and moves what lies in the database. Without a command: list.",
		.more = list_commands,
		.command = true,
		.operands_max = -1,
	};
	char *list[] = { "list", NULL };
	int status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	return argc ? command_run(commands, COMMANDS_N, "runs ", cli, argc, argv) : cmd_list(cli, 1, list);
}
