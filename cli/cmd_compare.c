/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_compare.c: `forecall compare`: two kernels, runs, labels or databases against each other, with a gate. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/store.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/percent.h"
#include "cli/show_versus.h"

static const struct usage usage = {
	.name = "compare",
	.operands = "A B",
	.about = "Sets two sides beside each other: first what differs between their machines, then the change of every benchmark that both\n"
		 "have, from A to B, with intervals that hold together in 95 %. A and B are each a kernel (as uname -r), a label, a suite\n"
		 "(send@1), runs (7, 7-12), or such in another database (FILE, FILE:SELECTOR).",
	.notes = "Examples:\n"
		 "  forecall compare 6.1.0-47-cloud-amd64 6.12.117+deb12-cloud-amd64\n"
		 "  forecall compare before after --fail-above 2% --format github\n"
		 "  forecall compare old.db new.db --profile 3\n"
		 "Exit status 3: the gate was not met; the lines that failed say FAILS.\n",
	.operands_min = 2,
	.operands_max = 2,
};

struct arguments {
	const char *above, *format, *way;
	uint64_t profile;
	bool force, all;
};

typedef int show_function(const struct cli *cli, const struct show_versus *show);

static show_function *format_of(const struct cli *cli, const char *name)
{
	static const struct {
		const char *name;
		show_function *show;
	} formats[] = {
		{ "text", show_versus_text }, { "github", show_versus_github }, { "junit", show_versus_junit },
		{ "json", show_versus_json }, { "md", show_versus_md },
	};

	for (size_t i = 0; i < sizeof formats / sizeof *formats && !cli->json; i++)
		if (!strcmp(formats[i].name, name))
			return formats[i].show;
	return show_versus_json;
}

static bool gate_failed(const struct show_versus *show)
{
	for (size_t i = 0; i < show->versus->lines_n; i++)
		if (versus_fails(show, &show->versus->lines[i]))
			return true;
	return false;
}

static int compare(const struct cli *cli, const struct arguments *arguments, struct show_versus *show, struct side *a, struct side *b)
{
	struct versus_server server;
	struct versus versus = { 0 };
	int status = CLI_DONE, err = side_figures(a);

	if (!err)
		err = side_figures(b);
	if (!err)
		err = versus_make(a, b, &(struct versus_options){ .force = arguments->force }, &versus);
	if (!err && arguments->profile) {
		show->profile = (int64_t)arguments->profile;
		show->server = &server;
		err = versus_server(a, b, cli->db, show->profile, arguments->way, &server);
	}
	show->a = a;
	show->b = b;
	show->versus = &versus;
	if (!err)
		err = format_of(cli, arguments->format)(cli, show);
	if (!err && gate_failed(show))
		status = CLI_GATE;
	versus_free(&versus);
	show->versus = NULL;
	show->server = NULL;
	return err == -EINVAL ? CLI_USAGE : err ? CLI_FAILED : status;
}

int cmd_compare(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = { .format = "text" };
	const struct option_spec specs[] = {
		OPT_STRING(0, "fail-above", "PERCENT", &arguments.above, "a gate: fail when a benchmark costs more than this more, \"2%\""),
		OPT_WORD(0, "format", "text|github|junit|json|md", &arguments.format, "how to print it"),
		OPT_U64(0, "profile", "RUN", &arguments.profile, 1, 1e15, "what the change does to this profiled server: f and busy cycles"),
		OPT_STRING(0, "way", "WAY", &arguments.way, "the way that stands for its path; default: the one with its name"),
		OPT_FLAG(0, "all", &arguments.all, "benchmarks that did not change, too"),
		OPT_FLAG(0, "force", &arguments.force, "compare what is refused, too; it is marked"),
		OPT_END,
	};
	struct show_versus show = { .above = NAN };
	struct side a = { 0 }, b = { 0 };
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (arguments.above && percent_parse(arguments.above, &show.above))
		return options_misuse(&usage, "--fail-above %s: give per cent, \"2%%\" or \"0.5\"", arguments.above);
	show.all = arguments.all;
	int err = side_open(cli->db, argv[0], &a);
	if (!err)
		err = side_open(cli->db, argv[1], &b);
	status = err == -EINVAL ? CLI_USAGE : err ? CLI_FAILED : compare(cli, &arguments, &show, &a, &b);
	side_free(&a);
	side_free(&b);
	return status;
}
