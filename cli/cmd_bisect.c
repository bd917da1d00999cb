/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_bisect.c: `forecall bisect`: between which two kernels a cost rose, with as few guests as that takes. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/kernelversion.h"
#include "analyze/side.h"
#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/percent.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/self.h"
#include "cli/show_versus.h"
#include "cli/signals.h"
#include "lab/cache.h"

static const struct usage usage = {
	.name = "bisect",
	.about = "Finds the two neighbouring kernels of `lab kernels` between which a cost rose, by halving: each is booted in a guest that\n"
		 "counts instructions, so one run of the test tells. What was measured before is not measured again.",
	.notes = "Example:\n"
		 "  forecall bisect --good 6.1.0-47-cloud-amd64 --bad 6.12.117+deb12-cloud-amd64 --above 1% \\\n"
		 "      --test 'bench --group 100 --payload 1000 --rounds 10 --block 1 --width 0.2'\n"
		 "Exit status 3: the bad kernel is not worse than the good one by more than --above.\n",
};

enum { STEPS_MAX = 64, LABEL_BYTES = 256, TEST_BYTES = 1024 };

/* One kernel that was tested. */
struct step {
	size_t kernel; /* its place among the candidates */
	double value, change; /* of the benchmark that is followed; against the good kernel */
	bool booted;          /* else it was measured before */
};

struct bisect {
	struct cli *cli;
	struct kernels kernels; /* from good to bad, in the order of versions */
	const char *test, *pattern, *append;
	double above;
	char label[LABEL_BYTES]; /* tells the runs of this test */
	char name[BENCHMARK_NAME], unit[32]; /* what is followed */
	double good_value;
	struct step steps[STEPS_MAX];
	size_t steps_n;
	struct progress *progress;
};

/* ---- One kernel ---- */

/* Splits the test at blanks; words point into text[]. */
static void add_test(struct self_words *words, char *text)
{
	for (char *word; (word = strsep(&text, " \t"));)
		if (*word)
			self_add(words, word);
}

static int boot(const struct bisect *b, const struct kernel *kernel)
{
	struct self_words words = { .n = 0 };
	const char *const fixed[] = { "--db", b->cli->db, "lab", "run", "--kernel", kernel->name, "--arch", kernel->arch };
	char test[TEST_BYTES];
	struct self child;
	size_t which;
	int status = 0;

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		self_add(&words, fixed[i]);
	if (b->append) {
		self_add(&words, "--append");
		self_add(&words, b->append);
	}
	self_add(&words, "--");
	snprintf(test, sizeof test, "%s", b->test);
	add_test(&words, test);
	self_add(&words, "--label");
	self_add(&words, b->label);
	int err = self_start(&words, &child);
	if (err)
		return err;
	err = self_wait_any(&child, 1, &which, &status);
	if (!err && signals_stop)
		err = fail(-EINTR, "bisect: interrupted; the same command goes on with what was measured");
	else if (!err && status) {
		err = fail(-EIO, "bisect: the test failed with status %d on %s:", status, kernel->name);
		self_tell(&child);
	}
	self_free(&child);
	return err;
}

/* Whether there is a run of this test on the kernel. */
static int measured(const struct bisect *b, const struct kernel *kernel, bool *found)
{
	struct store *store = NULL;
	struct run_row *runs = NULL;
	size_t n = 0;
	int err = store_open(b->cli->db, STORE_WRITE, &store);

	*found = false;
	if (!err)
		err = store_runs(store, NULL, "complete", &runs, &n);
	for (size_t i = 0; i < n && !err && !*found; i++) {
		struct host_row *host = NULL;

		if (!runs[i].label || strcmp(runs[i].label, b->label) != 0)
			continue;
		err = store_host_of(store, runs[i].run, &host);
		*found = !err && !strcmp(host->kernel, kernel->name) && benchmark_exact(host);
		store_rows_free(host);
	}
	store_rows_free(runs);
	store_free(store);
	return err;
}

/* The figures of the test on a kernel: of all runs with the test's label those of this kernel, into side (side_free() it). */
static int figures_of(struct bisect *b, size_t kernel, struct side *side, bool *booted)
{
	char text[LABEL_BYTES + 8];
	bool found;
	int err = measured(b, &b->kernels.at[kernel], &found);

	progress_set(b->progress, (double)b->steps_n / (2 + ceil(log2((double)b->kernels.n))), b->kernels.at[kernel].name);
	*booted = !err && !found;
	if (!err && !found)
		err = boot(b, &b->kernels.at[kernel]);
	snprintf(text, sizeof text, "label:%s", b->label);
	if (!err)
		err = side_open(b->cli->db, text, side);
	if (err)
		return err;
	err = side_figures(side);
	if (err)
		side_free(side);
	return err;
}

/* The figure `name` on a kernel; the last run counts. -ENODATA, said, when there is none. */
static int value_of(const struct bisect *b, const struct side *side, size_t kernel, const char *name, double *value)
{
	bool found = false;

	for (size_t i = 0; i < side->figures_n; i++) {
		const struct side_figure *figure = &side->figures[i];

		if (strcmp(figure->benchmark.name, name) != 0 || strcmp(side->runs[figure->run].host->kernel, b->kernels.at[kernel].name) != 0)
			continue;
		*value = figure->benchmark.value;
		found = true;
	}
	return found ? 0 : fail(-ENODATA, "bisect: the test told nothing of %s on %s", name, b->kernels.at[kernel].name);
}

static int keep_step(struct bisect *b, size_t kernel, double value, bool booted)
{
	if (b->steps_n == STEPS_MAX)
		return fail(-E2BIG, "bisect: too many kernels");
	b->steps[b->steps_n++] = (struct step){ kernel, value, value / b->good_value - 1, booted };
	return 0;
}

static int test_kernel(struct bisect *b, size_t kernel, bool *bad)
{
	struct side side;
	double value = NAN;
	bool booted;
	int err = figures_of(b, kernel, &side, &booted);

	if (err)
		return err;
	err = value_of(b, &side, kernel, b->name, &value);
	side_free(&side);
	if (!err)
		err = keep_step(b, kernel, value, booted);
	*bad = !err && value / b->good_value - 1 > b->above;
	return err;
}

/* ---- Both ends ---- */

/* The cost that rose most from good to bad among those of the pattern: that is what is followed. */
static int choose_benchmark(struct bisect *b, const struct side *side, size_t good, size_t bad)
{
	double most = -INFINITY;

	for (size_t i = 0; i < side->figures_n; i++) {
		const struct benchmark *benchmark = &side->figures[i].benchmark;
		double x = 0, y = 0;

		if (!benchmark->cost || strcmp(side->runs[side->figures[i].run].host->kernel, b->kernels.at[good].name) != 0)
			continue;
		if (b->pattern && strcmp(b->pattern, benchmark->name) != 0)
			continue;
		int err = value_of(b, side, good, benchmark->name, &x);
		if (!err)
			err = value_of(b, side, bad, benchmark->name, &y);
		if (err)
			return err;
		if (!(x > 0) || y / x - 1 <= most)
			continue;
		most = y / x - 1;
		b->good_value = x;
		snprintf(b->name, sizeof b->name, "%s", benchmark->name);
		snprintf(b->unit, sizeof b->unit, "%s", benchmark->unit);
	}
	return *b->name ? 0 : fail(-ENODATA, "bisect: the test stored no cost%s%s; give one like `bench --group 100 --payload 1000`", b->pattern ? " called " : "",
				   b->pattern ? b->pattern : "");
}

static int test_ends(struct bisect *b, bool *bad)
{
	size_t last = b->kernels.n - 1;
	struct side side;
	bool booted_good, booted_bad;
	double value = NAN;
	int err = figures_of(b, 0, &side, &booted_good);

	if (err)
		return err;
	side_free(&side);
	err = figures_of(b, last, &side, &booted_bad);
	if (err)
		return err;
	err = choose_benchmark(b, &side, 0, last);
	if (!err)
		err = value_of(b, &side, last, b->name, &value);
	side_free(&side);
	if (!err)
		err = keep_step(b, 0, b->good_value, booted_good);
	if (!err)
		err = keep_step(b, last, value, booted_bad);
	*bad = !err && value / b->good_value - 1 > b->above;
	return err;
}

/* Halves until good and bad are neighbours. */
static int halve(struct bisect *b, size_t *good, size_t *bad)
{
	*good = 0;
	*bad = b->kernels.n - 1;
	while (*bad - *good > 1) {
		size_t middle = (*good + *bad) / 2;
		bool worse;
		int err = test_kernel(b, middle, &worse);

		if (err)
			return err;
		*(worse ? bad : good) = middle;
	}
	return 0;
}

/* ---- Kernels ---- */

static int by_version(const void *a, const void *b)
{
	return kernelversion_compare(((const struct kernel *)a)->name, ((const struct kernel *)b)->name);
}

/* The cached kernels of good's architecture and flavour, from good to bad. */
static int choose_kernels(struct bisect *b, const char *good, const char *bad)
{
	struct kernels cached = { 0 };
	int err = cache_list(&cached);
	const struct kernel *first = err ? NULL : kernels_find(&cached, good, NULL), *last = err ? NULL : kernels_find(&cached, bad, NULL);

	if (!err && (!first || !last)) {
		fail(-ENOENT, "bisect: there is no kernel %s here; `forecall lab kernels add %s` fetches it", first ? bad : good, first ? bad : good);
		err = -ENOENT;
	}
	if (!err && kernelversion_compare(first->name, last->name) >= 0)
		err = fail(-EINVAL, "bisect: %s does not come before %s", first->name, last->name);
	for (size_t i = 0; i < cached.n && !err; i++) {
		const struct kernel *kernel = &cached.at[i];

		if (!strcmp(kernel->arch, first->arch) && !strcmp(kernelversion_flavour(kernel->name), kernelversion_flavour(first->name)) &&
		    kernelversion_compare(kernel->name, first->name) >= 0 && kernelversion_compare(kernel->name, last->name) <= 0)
			err = kernels_add(&b->kernels, kernel->name, kernel->arch);
	}
	if (!err && (b->kernels.n < 2 || strcmp(kernelversion_flavour(first->name), kernelversion_flavour(last->name)) != 0))
		err = fail(-EINVAL, "bisect: %s and %s are of two flavours, whose settings differ: take two of one", first->name, last->name);
	if (!err)
		qsort(b->kernels.at, b->kernels.n, sizeof *b->kernels.at, by_version);
	free(cached.at);
	return err;
}

/* ---- Result ---- */

static int show_text(const struct bisect *b, bool found, size_t good, size_t bad)
{
	struct table *table = table_new("kernel|>value|unit|>against the good one||");
	size_t booted = 0;

	for (size_t i = 0; i < b->steps_n; i++) {
		char change[CHANGE_TEXT];

		versus_change(figure_exact(b->steps[i].change), change);
		table_text(table, b->kernels.at[b->steps[i].kernel].name);
		table_cell(table, "%.6g", b->steps[i].value);
		table_text(table, b->unit);
		table_text(table, change);
		table_text(table, b->steps[i].change > b->above ? "bad" : "good");
		table_text(table, b->steps[i].booted ? "" : "measured before");
		booted += b->steps[i].booted;
	}
	printf("%s\n", b->name);
	int err = table_print(table);
	table_free(table);
	if (found)
		printf("last good: %s, first bad: %s (%zu of %zu kernels booted)\n", b->kernels.at[good].name, b->kernels.at[bad].name, booted, b->kernels.n);
	else
		printf("%s is not worse by more than %g %%\n", b->kernels.at[b->kernels.n - 1].name, 100 * b->above);
	return err;
}

static int show_json(const struct bisect *b, bool found, size_t good, size_t bad)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < b->steps_n; i++)
		json_array_append_new(steps, json_pack("{ss so so sb sb}", "kernel", b->kernels.at[b->steps[i].kernel].name, "value",
						       json_number(b->steps[i].value), "change", json_number(b->steps[i].change), "bad",
						       b->steps[i].change > b->above, "booted", b->steps[i].booted));
	return json_print(json_pack("{ss ss so so so sI}", "benchmark", b->name, "unit", b->unit, "last_good", json_text(found ? b->kernels.at[good].name : NULL),
				    "first_bad", json_text(found ? b->kernels.at[bad].name : NULL), "steps", steps, "kernels", (json_int_t)b->kernels.n));
}

static int bisect(struct bisect *b, const char *good_name, const char *bad_name, bool *found)
{
	size_t good = 0, bad = 0;
	int err = choose_kernels(b, good_name, bad_name);

	if (!err)
		err = test_ends(b, found);
	if (!err && *found)
		err = halve(b, &good, &bad);
	progress_free(b->progress);
	if (err)
		return err;
	return b->cli->json ? show_json(b, *found, good, bad) : show_text(b, *found, good, bad);
}

int cmd_bisect(struct cli *cli, int argc, char **argv)
{
	struct bisect b = { .cli = cli, .above = 0.01 };
	const char *good = NULL, *bad = NULL, *above = NULL;
	const struct option_spec specs[] = {
		OPT_STRING(0, "good", "KERNEL", &good, "the older kernel, on which the cost was low"),
		OPT_STRING(0, "bad", "KERNEL", &bad, "the newer one"),
		OPT_STRING(0, "test", "COMMAND", &b.test, "a command of forecall that stores a bench or a profile"),
		OPT_STRING(0, "above", "PERCENT", &above, "a kernel is bad when the cost is this much above the good one's; without it 1%"),
		OPT_STRING(0, "benchmark", "NAME", &b.pattern, "the cost to follow; without it the one that rose most"),
		OPT_STRING(0, "append", "WORDS", &b.append, "add to the guests' kernel command line"),
		OPT_END,
	};
	bool found = false;
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (!good || !bad || !b.test)
		return options_misuse(&usage, "needs --good, --bad and --test");
	if (above && percent_parse(above, &b.above))
		return options_misuse(&usage, "--above %s: give per cent, \"1%%\"", above);
	if (strlen(b.test) >= TEST_BYTES)
		return options_misuse(&usage, "the test is longer than %d bytes", TEST_BYTES);
	snprintf(b.label, sizeof b.label, "bisect %s%s%.*s", b.append ? b.append : "", b.append ? " " : "", LABEL_BYTES / 2, b.test);
	signals_install();
	b.progress = progress_new(cli, "bisect");
	int err = bisect(&b, good, bad, &found);
	free(b.kernels.at);
	return err == -EINVAL ? CLI_USAGE : err ? CLI_FAILED : found ? CLI_DONE : CLI_GATE;
}
