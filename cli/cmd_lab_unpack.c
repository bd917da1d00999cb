/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_lab_unpack.c: `forecall lab unpack`: packages of another architecture into a folder. For make lab-arm64, so not in
 * --help. */
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cmd_lab.h"
#include "cli/options.h"
#include "lab/apt.h"

int cmd_lab_unpack(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "lab unpack",
		.operands = "DIR PACKAGE...",
		.about = "Downloads packages of the Debian archive and unpacks them into a folder that is there. Nothing is installed.",
		.operands_min = 2,
		.operands_max = -1,
	};
	const char *arch = "arm64";
	const struct option_spec options[] = {
		OPT_WORD(0, "arch", "amd64|arm64", &arch, "their architecture"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, options, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	return cli_status(apt_unpack(arch, (const char *const *)argv + 1, (size_t)argc - 1, argv[0]));
}
