/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_report.c: `forecall report`: a page about stored runs, or the same in other formats. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/store.h"
#include "cli/cli.h"
#include "cli/cmd_runs.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "reports/report.h"
#include "workloads/needs.h"

static const struct usage usage = {
	.name = "report",
	.operands = "[RUN...]",
	.about = "Writes one page that needs nothing else (no network, no server): what the server would gain, how sure that is, what was\n"
		 "observed, where the cycles go, what a packet costs, and how it was measured. Its pictures are also there as SVG, PNG, PDF\n"
		 "and CSV files. Or writes the same as one document, or draws its main picture in the terminal.\n"
		 "RUN: the runs to report, with those that their predictions rest on; default: every run that came to an end.",
	.notes = "Examples:\n"
		 "  forecall report && xdg-open forecall-report/index.html\n"
		 "  forecall report 7 -o /var/www/html/gain\n"
		 "  forecall report --format md | gh issue comment 12 --body-file -\n"
		 "  forecall report --terminal\n"
		 "The pictures are drawn by gnuplot, a PDF is printed by chromium. Files of an earlier report in DIR are replaced, other files\n"
		 "there stay.\n",
	.operands_max = -1,
};

struct arguments {
	const char *to, *format;
	bool terminal, sixel;
};

static int show(const struct cli *cli, const char *to, enum report_format format, const struct report_result *result)
{
	if (cli->json)
		return json_print(json_pack("{so ss sI sI sI sI}", "report", json_text(to), "format", report_formats[format], "runs",
					    (json_int_t)result->runs_n, "predictions", (json_int_t)result->predictions_n, "observed",
					    (json_int_t)result->observed_n, "pictures", (json_int_t)result->pictures_n));
	printf("%s%s: %zu runs, %zu predictions, %zu of them observed, %zu pictures\n", to, format == REPORT_HTML ? "/index.html" : "", result->runs_n,
	       result->predictions_n, result->observed_n, result->pictures_n);
	return 0;
}

static enum report_format format_of(const char *name)
{
	enum report_format format = REPORT_HTML;

	while (format < REPORT_FORMATS - 1 && strcmp(name, report_formats[format]))
		format++;
	return format;
}

static int run(const struct cli *cli, const struct arguments *arguments, struct report_options *options)
{
	enum report_format format = format_of(arguments->format);
	bool to_stdout = !arguments->to && format != REPORT_HTML && format != REPORT_PDF;
	struct report_result result;
	struct store *store = NULL;
	int err = store_open(cli->db, STORE_READ, &store);

	options->to = arguments->to ? arguments->to : format == REPORT_HTML ? "forecall-report" : format == REPORT_PDF ? "forecall-report.pdf" : NULL;
	if (!err && (arguments->terminal || arguments->sixel))
		err = report_show(store, options, arguments->sixel);
	else if (!err)
		err = report_write(store, format, options, &result);
	progress_free(options->progress_arg);
	if (!err && !to_stdout && !arguments->terminal && !arguments->sixel)
		err = show(cli, options->to, format, &result);
	store_free(store);
	return err;
}

int cmd_report(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = { .format = "html" };
	const struct option_spec specs[] = {
		OPT_STRING('o', "output", "PATH", &arguments.to,
			   "html: the folder to write (default forecall-report); else the file (default stdout; pdf: forecall-report.pdf)"),
		OPT_WORD('f', "format", "html|md|json|csv|pdf", &arguments.format, "a page with pictures, or one document"),
		OPT_FLAG(0, "terminal", &arguments.terminal, "draw the main picture, r over s, in the terminal"),
		OPT_FLAG(0, "sixel", &arguments.sixel, "the same as an image, for terminals that know sixels"),
		OPT_END,
	};
	struct report_options options = { .needs = sender_needs, .stop = &signals_stop, .progress = progress_tick };
	int64_t *runs;
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status == CLI_GO_ON && (arguments.terminal || arguments.sixel) && arguments.to)
		status = options_misuse(&usage, "--terminal and --sixel draw on stdout: leave out --output");
	if (status == CLI_GO_ON)
		status = runs_of_operands(&usage, argc, argv, &runs);
	if (status != CLI_GO_ON)
		return status;
	signals_install();
	options.runs = runs;
	options.runs_n = (size_t)argc;
	options.progress_arg = progress_new(cli, "report");
	int err = run(cli, &arguments, &options);
	free(runs);
	return cli_status(err);
}
