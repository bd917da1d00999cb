/* SPDX-License-Identifier: GPL-2.0-or-later */
/* benchmark.c: names and figures of what a run measured. */
#include "analyze/benchmark.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/answer.h"
#include "analyze/stats.h"
#include "analyze/store.h"
#include "base/err.h"

enum { WAYS_MAX = 64 };

struct list {
	struct benchmark *at;
	size_t n, room;
	const struct run_row *run;
	const char *unit;
	double scale; /* cycles of the run's clock to `unit` */
};

bool benchmark_exact(const struct host_row *host)
{
	return host->cmdline && strstr(host->cmdline, "forecall.clock=icount");
}

static int add(struct list *list, const char *unit, double value, bool cost, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static int add(struct list *list, const char *unit, double value, bool cost, const char *fmt, ...)
{
	va_list args;

	if (!isfinite(value))
		return 0;
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 32;
		struct benchmark *more = realloc(list->at, room * sizeof *more);

		if (!more)
			return fail(-ENOMEM, "out of memory");
		list->at = more;
		list->room = room;
	}
	struct benchmark *benchmark = &list->at[list->n++];
	*benchmark = (struct benchmark){ .unit = unit, .value = value, .cost = cost };
	va_start(args, fmt);
	vsnprintf(benchmark->name, sizeof benchmark->name, fmt, args);
	va_end(args);
	return 0;
}

/* ---- Bench ---- */

static bool same_point(const struct bench_row *a, const struct bench_row *b)
{
	return a->group_size == b->group_size && a->payload_bytes == b->payload_bytes && a->private_bytes == b->private_bytes;
}

static double cost_of(const struct bench_row *row)
{
	return ((double)row->cpu_cyc + (row->async_cyc == STORE_NULL ? 0 : (double)row->async_cyc)) / (double)row->packets_n;
}

/* What the null sender cost in the round of `row`; NAN when it sent nothing there. rows[n] are of one point. */
static double null_cost(const struct bench_row *rows, size_t n, int64_t round)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].round == round && rows[i].packets_n > 0 && !strcmp(rows[i].way, "null"))
			return cost_of(&rows[i]);
	return NAN;
}

/* One way at one point: rows are in the order of their rounds, so those of a round are neighbours. */
static int add_way(struct list *list, const struct bench_row *rows, size_t n, const char *way, double *room)
{
	bool null = !strcmp(way, "null");
	size_t used = 0, from = 0;
	double median;

	for (size_t i = 0; i < n; i++) {
		if (rows[i].round != rows[from].round)
			from = i;
		if (strcmp(rows[i].way, way) != 0 || rows[i].packets_n <= 0)
			continue;
		size_t to = i;
		while (to < n && rows[to].round == rows[i].round)
			to++;
		double cost = cost_of(&rows[i]) - (null ? 0 : null_cost(rows + from, to - from, rows[i].round));
		if (isfinite(cost))
			room[used++] = cost;
	}
	if (!used || stats_median(room, used, &median))
		return 0;
	return add(list, list->unit, median * list->scale, !null, "bench/%s/%s/g%" PRId64 "/p%" PRId64 "/h%" PRId64,
		   list->run->topology ? list->run->topology : "lo", way, rows->group_size, rows->payload_bytes, rows->private_bytes);
}

/* The ways of rows[n], each once, in the order of their names. */
static size_t ways_of(const struct bench_row *rows, size_t n, const char **ways)
{
	size_t ways_n = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < ways_n && strcmp(ways[at], rows[i].way) < 0)
			at++;
		if ((at < ways_n && !strcmp(ways[at], rows[i].way)) || ways_n == WAYS_MAX)
			continue;
		memmove(ways + at + 1, ways + at, (ways_n - at) * sizeof *ways);
		ways[at] = rows[i].way;
		ways_n++;
	}
	return ways_n;
}

static int add_point(struct list *list, const struct bench_row *rows, size_t n)
{
	const char *ways[WAYS_MAX];
	size_t ways_n = ways_of(rows, n, ways);
	double *room = malloc(n * sizeof *room);
	int err = 0;

	if (!room) {
		fail(-ENOMEM, "out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < ways_n && !err; i++)
		err = add_way(list, rows, n, ways[i], room);
	free(room);
	return err;
}

static int add_bench(struct store *store, struct list *list)
{
	struct bench_row *rows;
	size_t n;
	int err = store_benches(store, list->run->run, &rows, &n);

	for (size_t from = 0, to; from < n && !err; from = to) {
		for (to = from; to < n && same_point(&rows[from], &rows[to]);)
			to++;
		err = add_point(list, rows + from, to - from);
	}
	store_rows_free(rows);
	return err;
}

/* ---- Profile ---- */

static int add_call(struct list *list, const struct calibration_row *rows, size_t n, const char *call)
{
	double *values = malloc((n + 1) * sizeof *values), median;
	size_t used = 0;
	int err = 0;

	if (!values)
		return fail(-ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (rows[i].dose == 0 && !strcmp(rows[i].call, call))
			values[used++] = rows[i].call_cyc;
	if (used && !stats_median(values, used, &median))
		err = add(list, list->unit, median * list->scale, true, "call/%s", call);
	free(values);
	return err;
}

static int add_calls(struct store *store, struct list *list)
{
	struct calibration_row *rows;
	size_t n;
	int err = store_calibrations(store, list->run->run, &rows, &n);

	if (!err)
		err = add_call(list, rows, n, "null");
	if (!err)
		err = add_call(list, rows, n, "send");
	store_rows_free(rows);
	return err;
}

/* The program's name without its folder and arguments, or that of the scope (`comm NAME`, `cgroup PATH`), and the way of sending. */
static void target_name(const struct run_row *run, char *out, size_t size)
{
	bool scope = !strncmp(run->target, "comm ", 5) || !strncmp(run->target, "cgroup ", 7);
	const char *target = scope ? strchr(run->target, ' ') + 1 : run->target;
	size_t length = scope ? strlen(target) : strcspn(target, " "), name = length;

	while (name > 0 && target[name - 1] != '/')
		name--;
	snprintf(out, size, "%.*s%s%s", (int)(length - name < 64 ? length - name : 64), target + name, run->way ? "-" : "", run->way ? run->way : "");
}

static int add_fraction(struct store *store, struct list *list, const char *target)
{
	struct fraction fraction;
	const char *path = list->run->path;
	int err = answer_fraction(store, list->run->run, FRACTION_ASYNC_AUTO, &fraction);

	if (err)
		return err == -ENODATA ? 0 : err;
	err = add(list, "1", fraction.f.value, false, "profile/%s/%s/f", target, path);
	if (!err && fraction.calls_n)
		err = add(list, list->unit, fraction.busy_cyc.value * list->scale, true, "profile/%s/%s/busy", target, path);
	if (!err && fraction.calls_n)
		err = add(list, list->unit, fraction.path_cyc.value * list->scale, true, "profile/%s/%s/path", target, path);
	fraction_free(&fraction);
	return err;
}

static int add_predictions(struct store *store, struct list *list, const char *target)
{
	struct prediction_row *rows;
	size_t n;
	int err = store_predictions(store, list->run->run, &rows, &n);

	for (size_t i = 0; i < n && !err; i++) {
		bool last = !rows[i].forced;

		for (size_t j = i + 1; j < n && last; j++)
			last = rows[j].forced || strcmp(rows[i].alternative, rows[j].alternative) != 0;
		if (last)
			err = add(list, "1", rows[i].predicted, false, "predict/%s/%s/%s/r", target, rows[i].path, rows[i].alternative);
	}
	store_rows_free(rows);
	return err;
}

static int add_profile(struct store *store, struct list *list)
{
	char target[BENCHMARK_NAME];
	int err = add_calls(store, list);

	target_name(list->run, target, sizeof target);
	if (!err)
		err = add_fraction(store, list, target);
	if (!err)
		err = add_predictions(store, list, target);
	return err;
}

int benchmark_of_run(struct store *store, const struct run_row *run, const struct host_row *host, struct benchmark **out, size_t *n)
{
	bool cycles = strcmp(run->clock, "tsc") != 0;
	struct list list = { .run = run };
	int err = 0;

	list.unit = benchmark_exact(host) ? "instructions" : cycles ? "cycles" : "ns";
	list.scale = cycles ? 1 : 1e9 / run->clock_hz;
	if (!strcmp(run->kind, "bench"))
		err = add_bench(store, &list);
	else if (!strcmp(run->kind, "profile"))
		err = add_profile(store, &list);
	if (err) {
		free(list.at);
		list = (struct list){ 0 };
	}
	*out = list.at;
	*n = list.n;
	return err;
}
