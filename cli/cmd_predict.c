/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_predict.c: `forecall predict`: r from f and s, of stored runs or given by hand. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/answer.h"
#include "analyze/store.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/predict_all.h"
#include "cli/print.h"
#include "cli/show.h"
#include "workloads/needs.h"

static const struct usage usage = {
	.name = "predict",
	.operands = "[RUN]",
	.about = "Predicts what a profiled server would gain: r = 1 / (1 - f + f/s + o). f is of the profile RUN (default: the newest),\n"
		 "s of a bench of the same machine. With --fraction and --speedup it computes from figures given by hand.",
	.notes = "Examples:\n"
		 "  forecall predict --with sendmmsg\n"
		 "  forecall predict --with all\n"
		 "  forecall predict --fraction 0.791 --speedup 1.664\n"
		 "Exit status 3: the prediction was refused; the reason was printed, and --force goes on in spite of it.\n",
	.operands_max = 1,
};

struct arguments {
	const char *with, *baseline, *async;
	struct predict_known known;
	uint64_t bench;
	double fraction, speedup, overhead;
	bool force;
};

static int by_hand(const struct cli *cli, const struct arguments *arguments)
{
	const struct predict_input input = {
		.calls_n = 1,
		.windows_n = PREDICT_WINDOWS_MIN,
		.fraction = {.figure = figure_exact(arguments->fraction)},
		.busiest = {.figure = figure_exact(NAN)},
		.speedup = {.figure = figure_exact(arguments->speedup)},
		.overhead = arguments->overhead,
	};
	struct answer answer = {.prediction = 0, .fraction.f = figure_exact(arguments->fraction), .speedup.s = figure_exact(arguments->speedup)};
	int err = predict_make(&input, &answer.predict);

	if (err)
		return err;
	if (cli->json)
		return json_print(json_pack("{s[o] s[]}", "alternatives", show_answer_json("given", &answer, NULL), "warnings"));
	show_answer("given", "given", &answer, NULL);
	return 0;
}

static int show(const struct cli *cli, struct store *store, const struct answer_options *options, const struct answer *answer)
{
	struct run_row *run;
	struct warning_row *warnings = NULL;
	size_t warnings_n = 0;
	int err = store_run(store, options->profile, &run);

	if (!err)
		err = store_warnings(store, options->profile, &warnings, &warnings_n);
	if (!err && cli->json)
		err = json_print(json_pack("{sI ss s[o] so}", "run", (json_int_t)options->profile, "path", run->path, "alternatives",
					   show_answer_json(options->alternative, answer, NULL), "warnings", json_warnings(warnings, warnings_n)));
	else if (!err) {
		show_answer(run->path, options->alternative, answer, NULL);
		print_warnings(cli, warnings, warnings_n);
	}
	store_rows_free(warnings);
	store_rows_free(run);
	return err;
}

/* The profile that is named, or the newest. */
static int choose_profile(struct store *store, const char *operand, int64_t *profile)
{
	struct run_row *run;
	uint64_t number;

	if (operand) {
		if (parse_u64(operand, 1, INT64_MAX, &number))
			return fail(-EINVAL, "predict: \"%s\" is no number of a run; `forecall runs list` shows them", operand);
		*profile = (int64_t)number;
		return 0;
	}
	int err = store_last_run(store, "profile", &run);
	if (!err)
		*profile = run->run;
	store_rows_free(run);
	return err;
}

/* Which way of sending stands for the path of the profile. */
static int choose_baseline(struct store *store, int64_t profile, const char *given, const char **baseline)
{
	struct run_row *run;

	*baseline = given;
	if (given)
		return 0;
	int err = store_run(store, profile, &run);
	if (!err) {
		*baseline = answer_baseline(run->path);
		if (!*baseline)
			err = fail(-EINVAL, "predict: no way of sending is known for the path %s: name one with --baseline", run->path);
	}
	store_rows_free(run);
	return err;
}

/* Opens the database to keep the prediction in; one that is not there is an error, and is not made. */
static int open_existing(const char *db, struct store **store)
{
	int err = store_open(db, STORE_READ, store);

	if (err)
		return err;
	store_free(*store);
	return store_open(db, STORE_WRITE, store);
}

static int from_store(const struct cli *cli, const struct arguments *arguments, const char *operand)
{
	struct answer_options options = {
		.bench = arguments->bench ? (int64_t)arguments->bench : STORE_NULL,
		.alternative = arguments->with,
		.speedup = arguments->speedup,
		.overhead = arguments->overhead,
		.force = arguments->force,
	};
	struct answer answer;
	struct store *store = NULL;
	int64_t calls_n = 0;
	bool all = !strcmp(arguments->with, "all");
	int err = open_existing(cli->db, &store);

	while (options.async < FRACTION_ASYNC_MAX && strcmp(arguments->async, fraction_async_names[options.async]))
		options.async++;
	if (!err)
		err = choose_profile(store, operand, &options.profile);
	if (!err)
		err = answer_calls(store, options.profile, &calls_n);
	if (!err && !calls_n && isnan(arguments->speedup)) {
		options.speedup = 1; /* it will be refused, whatever s is: no bench is asked for */
	} else if (!err && isnan(arguments->speedup)) {
		err = choose_baseline(store, options.profile, arguments->baseline, &options.baseline);
		if (!err && options.bench == STORE_NULL && !all)
			err = answer_choose_bench(store, options.profile, options.baseline, options.alternative, &options.bench);
	}
	if (!err && all && calls_n) {
		err = predict_all(cli, store, &options, &arguments->known);
	} else if (!err) {
		options.keeps_cost = sender_keeps_cost(options.baseline, options.alternative);
		err = answer_predict(store, &options, &answer);
		if (!err) {
			err = show(cli, store, &options, &answer);
			answer_free(&answer);
		}
	}
	store_free(store);
	return err;
}

int cmd_predict(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = {.with = "sendmmsg", .async = "auto", .fraction = NAN, .speedup = NAN};
	const struct option_spec specs[] = {
		OPT_STRING('w', "with", "WAY", &arguments.with, "the alternative: a way of sending that was benched, or all"),
		OPT_STRING(0, "baseline", "WAY", &arguments.baseline, "the way that stands for the path; default: the one with its name"),
		OPT_U64(0, "bench", "RUN", &arguments.bench, 1, 1e15, "the bench to take s from; default: the newest made like the profile"),
		OPT_DOUBLE(0, "fraction", "F", &arguments.fraction, 0, 1, "f, by hand"),
		OPT_DOUBLE(0, "speedup", "S", &arguments.speedup, 1e-9, 1e9, "s, by hand; with --fraction, or with the f of RUN"),
		OPT_DOUBLE(0, "overhead", "O", &arguments.overhead, 0, 1e9, "cost of the port elsewhere, as a fraction of the busy cycles"),
		OPT_WORD(0, "async", "auto|net|all|own|none", &arguments.async, "interrupts outside the calls that count as the path's"),
		OPT_WORD(0, "sockets", "one|many", &arguments.known.sockets, "with all: how many sockets a burst uses, where you know"),
		OPT_WORD(0, "destinations", "one|many", &arguments.known.destinations, "with all: to how many a burst goes"),
		OPT_FLAG(0, "force", &arguments.force, "predict in spite of a refusal; the result is marked"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (!strcmp(arguments.with, "all") && !isnan(arguments.speedup))
		return options_misuse(&usage, "--with all takes s from benches; leave out --speedup");
	if (!isnan(arguments.fraction) && (isnan(arguments.speedup) || argc))
		return options_misuse(&usage, "--fraction goes with --speedup and without RUN");
	int err = isnan(arguments.fraction) ? from_store(cli, &arguments, argc ? argv[0] : NULL) : by_hand(cli, &arguments);
	return err == -ECANCELED || err == -ERANGE ? CLI_GATE : err == -EINVAL ? CLI_USAGE : cli_status(err);
}
