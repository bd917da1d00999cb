/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stages.c: finds the sliced ways of a store, and cuts a benchmark's figure as their samples are cut. */
#include "analyze/stages.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/benchmark.h"
#include "analyze/side.h"
#include "analyze/slices.h"
#include "analyze/store.h"
#include "base/err.h"

/* One way of one run. The slice is computed when it is asked for. */
struct entry {
	char benchmark[BENCHMARK_NAME];
	char *kernel, *way;
	struct stages_of of;
	bool computed, empty; /* empty: no sample lies inside the path, or too few windows */
};

/* A bench in which instructions were counted. Its rows are read when they are asked for. */
struct counted_run {
	int64_t run;
	char *kernel, *topology;
	struct bench_row *bench;
	size_t bench_n;
	struct counted_row *rows;
	size_t n;
	bool read;
};

/* A figure of one, taken apart. */
struct counted_entry {
	char benchmark[BENCHMARK_NAME];
	int64_t run;
	struct counted counted;
};

struct stages {
	struct store *store;
	struct entry *entries; /* oldest run first */
	size_t n;
	struct counted_run *runs; /* likewise */
	size_t runs_n;
	struct counted_entry **counted; /* those that were asked for */
	size_t counted_n;
};

/* ---- Names ---- */

/* The number behind "--NAME N", "--NAME=N" or "-L N" of a command line. */
static uint64_t number_of(const char *command, const char *name, char letter, uint64_t without)
{
	char words[3][40];
	const char *at;

	snprintf(words[0], sizeof words[0], " --%s ", name);
	snprintf(words[1], sizeof words[1], " --%s=", name);
	snprintf(words[2], sizeof words[2], " -%c ", letter);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if ((i < 2 || letter) && (at = strstr(command, words[i])))
			return strtoull(at + strlen(words[i]), NULL, 10);
	return without;
}

void stages_name(const char *command, const char *topology, const char *way, char *out, size_t size)
{
	snprintf(out, size, "bench/%s/%s/g%" PRIu64 "/p%" PRIu64 "/h%" PRIu64, topology ? topology : "lo", way, number_of(command, "group", 'g', 100),
		 number_of(command, "payload", 0, 1000), number_of(command, "private", 0, 12));
}

/* ---- Which there are ---- */

static struct entry *find_entry(const struct stages *s, int64_t run, const char *way)
{
	for (size_t i = s->n; i-- > 0 && s->entries[i].of.run == run;)
		if (!strcmp(s->entries[i].way, way))
			return &s->entries[i];
	return NULL;
}

static int add_entry(struct stages *s, const struct run_row *run, const char *kernel, const char *way)
{
	struct entry *more = realloc(s->entries, (s->n + 1) * sizeof *more);

	if (!more)
		return fail(-ENOMEM, "stages: out of memory");
	s->entries = more;
	more += s->n++;
	*more = (struct entry){ .kernel = strdup(kernel), .way = strdup(way), .of.run = run->run };
	if (!more->kernel || !more->way)
		return fail(-ENOMEM, "stages: out of memory");
	stages_name(run->command, run->topology, way, more->benchmark, sizeof more->benchmark);
	return 0;
}

/* Every way of a run on a machine that counts. */
static int add_run(struct stages *s, const struct run_row *run)
{
	struct host_row *host = NULL;
	struct block_row *blocks = NULL;
	size_t n = 0;
	int err = store_host_of(s->store, run->run, &host);

	if (!err && benchmark_exact(host))
		err = store_blocks(s->store, run->run, &blocks, &n);
	for (size_t i = 0; i < n && !err; i++)
		if (blocks[i].way && blocks[i].sampled == 1 && !find_entry(s, run->run, blocks[i].way))
			err = add_entry(s, run, host->kernel, blocks[i].way);
	store_rows_free(blocks);
	store_rows_free(host);
	return err;
}

/* A bench on a machine that counts, if something of it was. */
static int add_counted_run(struct stages *s, const struct run_row *run)
{
	struct host_row *host = NULL;
	bool has = false;
	int err = store_has_counted(s->store, run->run, &has);

	if (err || !has)
		return err;
	err = store_host_of(s->store, run->run, &host);
	struct counted_run *more = err ? NULL : realloc(s->runs, (s->runs_n + 1) * sizeof *more);
	if (more) {
		s->runs = more;
		more += s->runs_n++;
		*more = (struct counted_run){ .run = run->run, .kernel = strdup(host->kernel), .topology = strdup(run->topology ? run->topology : "lo") };
	}
	if (!err && (!more || !more->kernel || !more->topology))
		err = fail(-ENOMEM, "stages: out of memory");
	store_rows_free(host);
	return err;
}

static bool wanted(const struct run_row *run, const char *label, const char *suite)
{
	return (!label || (run->label && !strcmp(run->label, label))) && (!suite || (run->suite && !strncmp(run->suite, suite, strlen(suite))));
}

int stages_open(struct store *store, const char *label, const char *suite, struct stages **out)
{
	struct stages *s = calloc(1, sizeof *s);
	struct run_row *runs = NULL;
	size_t n = 0;

	*out = NULL;
	if (!s)
		return fail(-ENOMEM, "stages: out of memory");
	s->store = store;
	int err = store_runs(store, "slice", "complete", &runs, &n);
	for (size_t i = 0; i < n && !err; i++)
		if (wanted(&runs[i], label, suite))
			err = add_run(s, &runs[i]);
	store_rows_free(runs);
	runs = NULL;
	if (!err)
		err = store_runs(store, "bench", "complete", &runs, &n);
	for (size_t i = 0; i < n && !err; i++)
		if (wanted(&runs[i], label, suite))
			err = add_counted_run(s, &runs[i]);
	store_rows_free(runs);
	if (err)
		stages_free(s);
	else
		*out = s;
	return err;
}

int stages_open_side(const struct side *side, struct stages **out)
{
	struct stages *s = calloc(1, sizeof *s);
	int err = 0;

	*out = NULL;
	if (!s)
		return fail(-ENOMEM, "stages: out of memory");
	s->store = side->store;
	for (size_t i = 0; i < side->runs_n && !err; i++) {
		const struct run_row *run = side->runs[i].run;

		if (!strcmp(run->kind, "slice"))
			err = add_run(s, run);
		else if (!strcmp(run->kind, "bench") && side->runs[i].exact)
			err = add_counted_run(s, run);
	}
	if (err)
		stages_free(s);
	else
		*out = s;
	return err;
}

void stages_free(struct stages *s)
{
	for (size_t i = 0; s && i < s->n; i++) {
		free(s->entries[i].kernel);
		free(s->entries[i].way);
	}
	for (size_t i = 0; s && i < s->counted_n; i++) {
		counted_free(&s->counted[i]->counted);
		free(s->counted[i]);
	}
	for (size_t i = 0; s && i < s->runs_n; i++) {
		free(s->runs[i].kernel);
		free(s->runs[i].topology);
		store_rows_free(s->runs[i].bench);
		store_rows_free(s->runs[i].rows);
	}
	if (s) {
		free(s->counted);
		free(s->runs);
		free(s->entries);
	}
	free(s);
}

/* ---- Figures ---- */

static void compute(const struct stages *s, struct entry *entry)
{
	struct run_row *run = NULL;
	int err = store_run(s->store, entry->of.run, &run);

	if (!err)
		err = slices_load_one(s->store, run, entry->way, &entry->of.slice);
	entry->computed = true;
	entry->empty = err != 0;
	store_rows_free(run);
}

const struct stages_of *stages_find(struct stages *s, const char *benchmark, const char *kernel)
{
	for (size_t i = s ? s->n : 0; i-- > 0;) {
		struct entry *entry = &s->entries[i];

		if (strcmp(entry->benchmark, benchmark) != 0 || (kernel && strcmp(entry->kernel, kernel) != 0))
			continue;
		if (!entry->computed)
			compute(s, entry);
		if (!entry->empty)
			return &entry->of;
	}
	return NULL;
}

/* "bench/TOPOLOGY/WAY/gGROUP/pPAYLOAD/hPRIVATE" apart. A way has no slash. */
static bool read_name(const char *benchmark, char topology[32], char way[64], int64_t point[3])
{
	return sscanf(benchmark, "bench/%31[^/]/%63[^/]/g%" SCNd64 "/p%" SCNd64 "/h%" SCNd64, topology, way, &point[0], &point[1], &point[2]) == 5;
}

static const struct counted *remember(struct stages *s, const char *benchmark, int64_t run, const struct counted *counted)
{
	struct counted_entry *entry = malloc(sizeof *entry);
	struct counted_entry **more = realloc(s->counted, (s->counted_n + 1) * sizeof *more);

	if (more)
		s->counted = more;
	if (!more || !entry) {
		free(entry);
		return NULL;
	}
	snprintf(entry->benchmark, sizeof entry->benchmark, "%s", benchmark);
	entry->run = run;
	entry->counted = *counted;
	s->counted[s->counted_n++] = entry;
	return &entry->counted;
}

static const struct counted *counted_of(struct stages *s, struct counted_run *run, const char *benchmark, const char *way, const int64_t point[3])
{
	struct counted counted;

	for (size_t i = 0; i < s->counted_n; i++)
		if (s->counted[i]->run == run->run && !strcmp(s->counted[i]->benchmark, benchmark))
			return &s->counted[i]->counted;
	if (!run->read && !store_benches(s->store, run->run, &run->bench, &run->bench_n))
		run->read = !store_counted(s->store, run->run, &run->rows, &run->n);
	if (!run->read || counted_compute(run->bench, run->bench_n, run->rows, run->n, way, point[0], point[1], point[2], &counted))
		return NULL;
	const struct counted *kept = remember(s, benchmark, run->run, &counted);
	if (!kept)
		counted_free(&counted);
	return kept;
}

const struct counted *stages_counted(struct stages *s, const char *benchmark, const char *kernel)
{
	char topology[32], way[64];
	int64_t point[3];

	if (!s || !read_name(benchmark, topology, way, point))
		return NULL;
	for (size_t i = s->runs_n; i-- > 0;) {
		struct counted_run *run = &s->runs[i];
		const struct counted *found = NULL;

		if ((!kernel || !strcmp(run->kernel, kernel)) && !strcmp(run->topology, topology))
			found = counted_of(s, run, benchmark, way, point);
		if (found)
			return found;
	}
	return NULL;
}

struct figure stages_part(const struct stages_of *of, enum slice_stage stage, double level)
{
	struct figure share = of->slice.share[stage];

	return (struct figure){ share.value * level, share.low * level, share.high * level };
}

struct figure stages_difference(struct figure before, struct figure after, size_t tests_n)
{
	double wider = gsl_cdf_ugaussian_Qinv(0.025 / (double)(tests_n ? tests_n : 1)) / gsl_cdf_ugaussian_Qinv(0.025);
	double value = after.value - before.value, half = wider * hypot(figure_half_width(before), figure_half_width(after));

	return (struct figure){ value, value - half, value + half };
}
