/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_report.c: `forecall report`: a page about stored runs. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/store.h"
#include "cli/cli.h"
#include "cli/cmd_runs.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "reports/report.h"

static const struct usage usage = {
	.name = "report",
	.operands = "[RUN...]",
	.about = "Writes one page that needs nothing else (no network, no server): what the server would gain, how sure that is, what was\n"
		 "observed, where the cycles go, and how it was measured. Its pictures are also there as SVG, PNG and CSV files.\n"
		 "RUN: the runs to report, with those that their predictions rest on; default: every complete run.",
	.notes = "Examples:\n"
		 "  forecall report && xdg-open forecall-report/index.html\n"
		 "  forecall report 7 -o /var/www/html/gain\n"
		 "The pictures are drawn by gnuplot. Files of an earlier report in DIR are replaced, other files there stay.\n",
	.operands_max = -1,
};

static int show(const struct cli *cli, const char *dir, const struct report_result *result)
{
	if (cli->json)
		return json_print(json_pack("{so sI sI sI sI}", "report", json_text(dir), "runs", (json_int_t)result->runs_n, "predictions",
					    (json_int_t)result->predictions_n, "observed", (json_int_t)result->observed_n, "pictures",
					    (json_int_t)result->pictures_n));
	printf("%s/index.html: %zu runs, %zu predictions, %zu of them observed, %zu pictures\n", dir, result->runs_n, result->predictions_n,
	       result->observed_n, result->pictures_n);
	return 0;
}

int cmd_report(struct cli *cli, int argc, char **argv)
{
	struct report_options options = { .dir = "forecall-report", .stop = &signals_stop, .progress = progress_tick };
	const struct option_spec specs[] = {
		OPT_STRING('o', "output", "DIR", &options.dir, "the folder to write; it is made if need be"),
		OPT_END,
	};
	struct report_result result;
	struct store *store = NULL;
	int64_t *runs;
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status == CLI_GO_ON)
		status = runs_of_operands(&usage, argc, argv, &runs);
	if (status != CLI_GO_ON)
		return status;
	signals_install();
	struct progress *progress = progress_new(cli, "report");
	options.runs = runs;
	options.runs_n = (size_t)argc;
	options.progress_arg = progress;
	int err = store_open(cli->db, STORE_READ, &store);
	if (!err)
		err = report_write(store, &options, &result);
	progress_free(progress);
	if (!err)
		err = show(cli, options.dir, &result);
	store_free(store);
	free(runs);
	return cli_status(err);
}
