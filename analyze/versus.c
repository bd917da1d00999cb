/* SPDX-License-Identifier: GPL-2.0-or-later */
/* versus.c: pairs the benchmarks of two sides, refuses what cannot be compared, and corrects for how many there are. */
#include "analyze/versus.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/answer.h"
#include "analyze/difference.h"
#include "analyze/store.h"
#include "analyze/surface.h"
#include "base/err.h"

/* The figures of one benchmark on one side: neighbours in side->figures. */
struct slice {
	const struct side *side;
	size_t from, n;
};

static const struct side_figure *figure_at(const struct slice *slice, size_t i)
{
	return &slice->side->figures[slice->from + i];
}

static const struct side_run *run_at(const struct slice *slice, size_t i)
{
	return &slice->side->runs[figure_at(slice, i)->run];
}

/* The slice that begins at `from`. */
static struct slice slice_from(const struct side *side, size_t from)
{
	struct slice slice = { side, from, 1 };

	while (from + slice.n < side->figures_n && !strcmp(side->figures[from + slice.n].benchmark.name, side->figures[from].benchmark.name))
		slice.n++;
	return slice;
}

/* ---- What cannot be compared ---- */

/* Why the figures of two runs mean different things; NULL: they do not. */
static const char *apart(const struct side_run *x, const struct side_run *y)
{
	if (x->exact != y->exact)
		return "instructions against time";
	if (strcmp(x->run->clock, y->run->clock) != 0)
		return "another clock";
	if (strcmp(x->host->arch, y->host->arch) != 0)
		return "another architecture";
	if (strcmp(x->host->cpu_model, y->host->cpu_model) != 0)
		return "another processor";
	if (!x->host->virt != !y->host->virt)
		return "a virtual machine against a real one";
	return NULL;
}

static const char *refuse(const struct slice *a, const struct slice *b)
{
	const char *why = NULL;

	for (size_t i = 0; i < a->n && !why; i++)
		why = run_at(a, i)->run->unbalanced > 0 ? "a run is unbalanced" : apart(run_at(a, 0), run_at(a, i));
	for (size_t i = 0; i < b->n && !why; i++)
		why = run_at(b, i)->run->unbalanced > 0 ? "a run is unbalanced" : apart(run_at(a, 0), run_at(b, i));
	if (!why && a->n == 1 && b->n == 1 && !run_at(a, 0)->exact)
		why = "one run a side: nothing tells how much a run differs from the next";
	return why;
}

/* ---- Lines ---- */

static int values_of(const struct slice *slice, double **out)
{
	double *values = malloc(slice->n * sizeof *values);

	for (size_t i = 0; values && i < slice->n; i++)
		values[i] = figure_at(slice, i)->benchmark.value;
	*out = values;
	return values ? 0 : fail(-ENOMEM, "out of memory");
}

static int64_t started(const struct slice *slice, size_t i)
{
	return run_at(slice, i)->run->started_ns;
}

/* Whether the runs of both sides were taken by turns, A first or B first, on one machine: then each goes with its neighbour. A side's
 * figures are in the order of its runs. */
static bool by_turns(const struct slice *a, const struct slice *b)
{
	const struct slice *first = started(a, 0) < started(b, 0) ? a : b, *second = first == a ? b : a;

	for (size_t i = 0; i < a->n && a->n == b->n; i++) {
		if (strcmp(run_at(a, i)->host->name, run_at(b, i)->host->name) != 0 || started(first, i) >= started(second, i))
			return false;
		if (i + 1 < a->n && started(second, i) >= started(first, i + 1))
			return false;
	}
	return a->n == b->n && a->n >= 2;
}

static int compare_slices(const struct slice *a, const struct slice *b, size_t tests_n, struct versus_line *line)
{
	bool exact = run_at(a, 0)->exact && run_at(b, 0)->exact;
	double *x = NULL, *y = NULL;
	int err = values_of(a, &x);

	if (!err)
		err = values_of(b, &y);
	if (!err) {
		int code = !exact && by_turns(a, b) ? compare_pairs(x, y, a->n, tests_n, &line->comparison) :
						      compare_runs(x, a->n, y, b->n, exact, tests_n, &line->comparison);

		if (code == -EXDEV) /* counted, but not in the same state each time: another boot parameter, or a card */
			code = compare_runs(x, a->n, y, b->n, false, tests_n, &line->comparison);
		if (code == -ENOMEM)
			err = fail(code, "out of memory");
		line->compared = !code;
		if (code)
			line->refused = "a figure is not above 0";
	}
	free(x);
	free(y);
	return err;
}

static void count_alone(struct versus *v, const struct side *side, size_t *at, bool first)
{
	*at += slice_from(side, *at).n;
	*(first ? &v->only_a_n : &v->only_b_n) += 1;
}

/* Calls visit with every benchmark that both sides have. */
static int each_pair(struct versus *v, const struct side *a, const struct side *b,
		     int (*visit)(struct versus *v, const struct slice *a, const struct slice *b))
{
	int err = 0;

	v->only_a_n = v->only_b_n = 0;
	for (size_t i = 0, j = 0; (i < a->figures_n || j < b->figures_n) && !err;) {
		int order = i == a->figures_n ? 1 : j == b->figures_n ? -1 : strcmp(a->figures[i].benchmark.name, b->figures[j].benchmark.name);

		if (order) {
			count_alone(v, order < 0 ? a : b, order < 0 ? &i : &j, order < 0);
			continue;
		}
		struct slice x = slice_from(a, i), y = slice_from(b, j);
		err = visit(v, &x, &y);
		i += x.n;
		j += y.n;
	}
	return err;
}

static int add_line(struct versus *v, const struct slice *a, const struct slice *b)
{
	const struct benchmark *benchmark = &figure_at(b, 0)->benchmark;
	struct versus_line *more = realloc(v->lines, (v->lines_n + 1) * sizeof *more);

	if (!more)
		return fail(-ENOMEM, "out of memory");
	v->lines = more;
	v->lines[v->lines_n++] = (struct versus_line){ benchmark->name, benchmark->unit, benchmark->cost, refuse(a, b), false, { .a_n = 0 } };
	return 0;
}


static int fill_line(struct versus *v, const struct slice *a, const struct slice *b)
{
	struct versus_line *line = &v->lines[v->lines_n++];

	return line->compared ? compare_slices(a, b, v->compared_n, line) : 0;
}

int versus_make(const struct side *a, const struct side *b, const struct versus_options *options, struct versus *out)
{
	*out = (struct versus){ 0 };
	int err = difference_list(out, a, b);

	if (!err)
		err = each_pair(out, a, b, add_line);
	if (!err && !out->lines_n)
		err = fail(-ENODATA, "\"%s\" and \"%s\" have no benchmark in common: run the same suite on both (forecall suite run)", a->text, b->text);
	for (size_t i = 0; i < out->lines_n && !err; i++)
		out->compared_n += out->lines[i].compared = !out->lines[i].refused || options->force;
	if (!err) {
		out->lines_n = 0; /* counted up again, in the same order */
		err = each_pair(out, a, b, fill_line);
	}
	if (err)
		versus_free(out);
	return err;
}

void versus_free(struct versus *v)
{
	for (size_t i = 0; i < v->differences_n; i++) {
		free(v->differences[i].what);
		free(v->differences[i].a);
		free(v->differences[i].b);
	}
	free(v->differences);
	free(v->lines);
	*v = (struct versus){ 0 };
}

/* ---- A server ---- */

struct shape {
	struct hist_row *bursts, *bytes;
	size_t bursts_n, bytes_n;
};

/* Cost of a packet by `way` in the shape of the server, ns; *bench is false when the run is no bench of it. */
static int shaped_cost(struct store *store, const struct run_row *run, const char *way, const struct shape *shape, double *cost, bool *bench)
{
	struct bench_row *rows = NULL;
	struct surface *surface = NULL;
	struct speedup speedup;
	size_t n = 0;
	int err = strcmp(run->kind, "bench") ? 0 : store_benches(store, run->run, &rows, &n);

	*bench = n && speedup_rounds(rows, n, way, way) > 0;
	if (!err && *bench)
		err = surface_new(rows, n, way, way, STATS_SEED, 0, &surface);
	if (!err && *bench)
		err = surface_weigh(surface, shape->bursts, shape->bursts_n, shape->bytes, shape->bytes_n, SURFACE_PRIVATE_ONLY, &speedup);
	if (!err && *bench) {
		*cost = speedup.base_cyc.value / run->clock_hz * 1e9;
		speedup_free(&speedup);
	}
	surface_free(surface);
	store_rows_free(rows);
	return err;
}

/* The costs of all benches of a side, into costs[runs_n]. */
static int side_costs(const struct side *side, const char *way, const struct shape *shape, double *costs, size_t *n)
{
	int err = 0;

	*n = 0;
	for (size_t i = 0; i < side->runs_n && !err; i++) {
		bool bench;

		err = shaped_cost(side->store, side->runs[i].run, way, shape, &costs[*n], &bench);
		*n += !err && bench;
	}
	if (!err && !*n)
		err = fail(-ENODATA, "\"%s\" has no bench of %s, so nothing tells what the profile's server pays; run the suite there", side->text, way);
	return err;
}

static int compare_costs(const struct side *a, const struct side *b, const char *way, const struct shape *shape, struct comparison *out)
{
	double *x = malloc((a->runs_n + 1) * sizeof *x), *y = malloc((b->runs_n + 1) * sizeof *y);
	size_t x_n = 0, y_n = 0;
	bool exact = a->runs[0].exact && b->runs[0].exact;
	int err = -ENOMEM;

	if (x && y)
		err = side_costs(a, way, shape, x, &x_n);
	else
		fail(err, "out of memory");
	if (!err)
		err = side_costs(b, way, shape, y, &y_n);
	if (!err) {
		err = compare_runs(x, x_n, y, y_n, exact, 1, out);
		if (err == -EXDEV)
			err = compare_runs(x, x_n, y, y_n, false, 1, out);
		if (err)
			err = fail(err, "a cost of %s is not above 0: the bench is too short or disturbed", way);
	}
	free(x);
	free(y);
	return err;
}

static int read_profile(struct store *store, int64_t profile, const char **way, char *path, size_t size, struct shape *shape, struct figure *f)
{
	struct run_row *run = NULL;
	struct fraction fraction;
	int err = store_run(store, profile, &run);

	if (!err && strcmp(run->kind, "profile"))
		err = fail(-EINVAL, "run %" PRId64 " is no profile; `forecall runs list --kind profile` shows those there are", profile);
	if (!err) {
		snprintf(path, size, "%s", *way ? *way : answer_baseline(run->path) ? answer_baseline(run->path) : "");
		*way = path;
		if (!*path)
			err = fail(-EINVAL, "no way of sending is known for the path %s: name one with --way", run->path);
	}
	if (!err)
		err = store_hist(store, profile, "burst", &shape->bursts, &shape->bursts_n);
	if (!err)
		err = store_hist(store, profile, "bytes", &shape->bytes, &shape->bytes_n);
	if (!err)
		err = answer_fraction(store, profile, FRACTION_ASYNC_AUTO, &fraction);
	if (!err) {
		*f = fraction.f;
		fraction_free(&fraction);
	}
	store_rows_free(run);
	return err;
}

int versus_server(const struct side *a, const struct side *b, const char *db, int64_t profile, const char *way, struct versus_server *out)
{
	struct shape shape = { 0 };
	struct store *store;
	char path[64];
	int err = store_open(db, STORE_READ, &store);

	if (!err)
		err = read_profile(store, profile, &way, path, sizeof path, &shape, &out->fraction);
	if (!err)
		err = compare_costs(a, b, way, &shape, &out->path);
	if (!err && compare_server(out->fraction, out->path.change, &out->after))
		err = fail(-EDOM, "f of run %" PRId64 " is not within 0 and 1: profile longer", profile);
	store_rows_free(shape.bursts);
	store_rows_free(shape.bytes);
	store_free(store);
	return err;
}
