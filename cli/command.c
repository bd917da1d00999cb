/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command.c: finds a sub-command by its name. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/nearest.h"
#include "cli/cli.h"

static int unknown(const struct command *commands, size_t commands_n, const char *prefix, const char *name)
{
	struct nearest near = { .word = name };

	for (size_t i = 0; i < commands_n; i++)
		if (commands[i].help)
			nearest_offer(&near, commands[i].name);
	if (near.best)
		return fail(CLI_USAGE, "there is no command \"%s%s\"; did you mean \"%s%s\"?", prefix, name, prefix, near.best);
	return fail(CLI_USAGE, "there is no command \"%s%s\"; see forecall %s--help", prefix, name, prefix);
}

int command_run(const struct command *commands, size_t commands_n, const char *prefix, struct cli *cli, int argc, char **argv)
{
	for (size_t i = 0; i < commands_n; i++)
		if (strcmp(commands[i].name, argv[0]) == 0)
			return commands[i].run(cli, argc, argv);
	return unknown(commands, commands_n, prefix, argv[0]);
}

void command_list(const struct command *commands, size_t commands_n)
{
	for (size_t i = 0; i < commands_n; i++)
		if (commands[i].help)
			printf("  %-10s %s\n", commands[i].name, commands[i].help);
}
