/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_lab.c: `forecall lab`: other kernels, and commands that run in them. */
#include "cli/cmd_lab.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"

static const struct command commands[] = {
	{ "kernels", "kernels that can be had and that are here; add and remove them", cmd_lab_kernels },
	{ "unpack", NULL, cmd_lab_unpack },
	{ "run", "boot a kernel and run a command in it", cmd_lab_run },
};

enum { COMMANDS_N = sizeof commands / sizeof *commands };

static void list_commands(void)
{
	printf("\nCommands (forecall lab COMMAND --help tells more):\n");
	command_list(commands, COMMANDS_N);
}

int cmd_lab(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "lab",
		.operands = "COMMAND [ARG...]",
		.about = "Boots other kernels in an emulator (QEMU, no virtualisation needed) and runs forecall in them.",
		.more = list_commands,
		.command = true,
		.operands_min = 1,
		.operands_max = -1,
	};
	int status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	return status == CLI_GO_ON ? command_run(commands, COMMANDS_N, "lab ", cli, argc, argv) : status;
}
