/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_complete.c: `forecall complete`: the words that completion/forecall.bash offers. Not for people, so not in --help. */
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/store.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "collect/syscalls.h"
#include "lab/cache.h"
#include "workloads/sender.h"

static void print_ways(void)
{
	for (size_t i = 0; sender_way(i); i++)
		puts(sender_way(i)->name);
}

static void print_calls(void)
{
	for (int nr = 0; nr < ACCOUNT_CALLS_MAX; nr++)
		if (!strchr(syscalls_name(nr), ' ')) /* "nr 512" has no name */
			puts(syscalls_name(nr));
}

static int print_runs(const struct cli *cli)
{
	struct store *store = NULL;
	struct run_row *runs = NULL;
	size_t runs_n = 0;
	int err = store_open(cli->db, STORE_READ, &store);

	if (!err)
		err = store_runs(store, NULL, NULL, &runs, &runs_n);
	for (size_t i = 0; i < runs_n; i++)
		printf("%lld\n", (long long)runs[i].run);
	store_rows_free(runs);
	store_free(store);
	return err;
}

static int print_kernels(void)
{
	struct kernels kernels;
	int err = cache_list(&kernels);

	for (size_t i = 0; i < kernels.n; i++)
		puts(kernels.at[i].name);
	free(kernels.at);
	return err;
}

int cmd_complete(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "complete",
		.operands = "ways|calls|runs|kernels",
		.about = "Prints words for the completion of command lines, one a line.",
		.operands_min = 1,
		.operands_max = 1,
	};
	int status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (strcmp(argv[0], "runs") == 0)
		return cli_status(print_runs(cli));
	if (strcmp(argv[0], "kernels") == 0)
		return cli_status(print_kernels());
	if (strcmp(argv[0], "ways") == 0)
		print_ways();
	else if (strcmp(argv[0], "calls") == 0)
		print_calls();
	else
		return options_misuse(&usage, "\"%s\" is none of %s", argv[0], usage.operands);
	return CLI_DONE;
}
