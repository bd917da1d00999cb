/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_runs_show.c: `forecall runs show`: one run as it was measured, before anything is derived from it. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/store.h"
#include "cli/cli.h"
#include "cli/cmd_runs.h"
#include "cli/options.h"
#include "cli/print.h"

/* ---- The head: what was run, where ---- */

static void print_line(const char *name, const char *text)
{
	if (text && *text)
		printf("  %-9s %s\n", name, text);
}

static void print_run(const struct run_row *run)
{
	char marks[RUN_MARKS], started[RUN_STARTED];

	run_marks(run, marks);
	run_started(run, started);
	printf("run %lld: %s, %s, %s", (long long)run->run, run->kind, marks, started);
	if (run->wall_ns != STORE_NULL)
		printf(", %.1f s", (double)run->wall_ns / 1e9);
	putchar('\n');
	print_line("label", run->label);
	print_line("command", run->command);
	print_line("version", run->version);
	print_line("target", run->target);
	print_line("path", run->path);
	printf("  %-9s %s, %.4g GHz; engine %s; scope %s\n", "clock", run->clock, run->clock_hz / 1e9, run->engine, run->scope);
	print_line("topology", run->topology);
	print_line("idle", run->idle);
	print_line("way", run->way);
	if (run->like_run != STORE_NULL)
		printf("  %-9s run %lld\n", "like", (long long)run->like_run);
	if (!isnan(run->residue))
		printf("  %-9s %lld events; worst residue %.3g %%; steal %.1f ms\n", "lost", (long long)run->lost_n,
		       100 * run->residue, (double)run->steal_ns / 1e6);
}

static void print_host(const struct host_row *host)
{
	printf("  %-9s %s: %s, %lld CPUs%s%s; Linux %s %s\n", "host", host->name, host->cpu_model, (long long)host->cpus_n,
	       host->virt ? ", " : "", host->virt ? host->virt : "", host->kernel, host->arch);
}

static int show_head(const struct cli *cli, struct store *store, int64_t run)
{
	struct run_row *row = NULL;
	struct host_row *host = NULL;
	struct warning_row *warnings = NULL;
	size_t warnings_n = 0;
	int err = store_run(store, run, &row);

	if (!err)
		err = store_host_of(store, run, &host);
	if (!err)
		err = store_warnings(store, run, &warnings, &warnings_n);
	if (!err) {
		print_run(row);
		print_host(host);
		print_warnings(cli, warnings, warnings_n);
	}
	store_rows_free(row);
	store_rows_free(host);
	store_rows_free(warnings);
	return err;
}

/* ---- show ---- */

static int show_text(const struct cli *cli, struct store *store, int64_t run)
{
	int err = show_head(cli, store, run);

	return err ? err : run_tables(store, run);
}

static int show_json(struct store *store, int64_t run)
{
	json_t *object = NULL;
	int err = store_export(store, run, &object);

	return err ? err : json_print(object);
}

/* The run that was asked for, or the newest. */
static int run_wanted(struct store *store, const int64_t *runs, int runs_n, int64_t *run)
{
	struct run_row *last = NULL;
	int err = 0;

	if (runs_n)
		*run = runs[0];
	else
		err = store_last_run(store, NULL, &last);
	if (last)
		*run = last->run;
	store_rows_free(last);
	return err;
}

int cmd_runs_show(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "runs show",
		.operands = "[RUN]",
		.about = "Shows one run as it was measured, before anything is derived from it: host, windows, calls, threads, ledger\n"
			 "or points. Without RUN: the newest. --json prints what runs export writes.",
		.operands_max = 1,
	};
	struct store *store = NULL;
	int64_t *runs = NULL, run = 0;
	int err, status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	if (status == CLI_GO_ON)
		status = runs_of_operands(&usage, argc, argv, &runs);
	if (status != CLI_GO_ON)
		return status;
	err = store_open(cli->db, STORE_READ, &store);
	if (!err)
		err = run_wanted(store, runs, argc, &run);
	if (!err)
		err = cli->json ? show_json(store, run) : show_text(cli, store, run);
	store_free(store);
	free(runs);
	return cli_status(err);
}
