/* SPDX-License-Identifier: GPL-2.0-or-later */
/* track.c: series out of the store, put in the order of versions, and searched for changes side by side. */
#include "analyze/track.h"

#include <errno.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze/benchmark.h"
#include "analyze/changepoint.h"
#include "analyze/kernelversion.h"
#include "analyze/stats.h"
#include "analyze/store.h"
#include "base/err.h"

#define ERROR_RATE 0.05

enum { SLOTS_MAX = 16, MACHINE_MAX = 256 };

/* ---- Series of runs that are new ---- */

/* Adds the figures of one run, each to its series. */
static int add_run(struct store *store, int64_t number)
{
	struct run_row *run = NULL;
	struct host_row *host = NULL;
	struct benchmark *benchmarks = NULL;
	size_t n = 0;
	int err = store_run(store, number, &run);

	if (!err)
		err = store_host_of(store, number, &host);
	if (!err)
		err = benchmark_of_run(store, run, host, &benchmarks, &n);
	for (size_t i = 0; i < n && !err; i++) {
		struct store_point point = { number, benchmarks[i].value };

		err = store_series_add(store, benchmarks[i].name, benchmarks[i].unit, benchmarks[i].cost, &point, 1);
	}
	if (!err)
		err = store_series_done(store, number);
	free(benchmarks);
	store_rows_free(host);
	store_rows_free(run);
	return err;
}

int track_update(struct store *store, const struct track_options *options)
{
	int64_t *runs;
	size_t n;
	int err = store_series_missing(store, &runs, &n);

	if (err || !n) {
		free(runs);
		return err;
	}
	err = store_begin(store);
	for (size_t i = 0; i < n && !err; i++) {
		if (options->progress)
			options->progress(options->progress_arg, (double)i / (double)n, "reading runs");
		err = add_run(store, runs[i]);
	}
	if (!err)
		err = store_commit(store);
	if (err)
		store_rollback(store);
	free(runs);
	return err;
}

/* ---- The axis: every run in the order of the lines ---- */

struct place {
	int64_t run, started_ns;
	const struct host_row *host;
	size_t machine; /* index into machines */
};

struct machine {
	char text[MACHINE_MAX];
	bool exact;
};

struct axis {
	struct place *places; /* by machine, then version, then time */
	size_t n;
	struct machine *machines;
	size_t machines_n;
	uint32_t *place_of; /* by run - first: its place + 1, 0: it has none */
	int64_t first;
	size_t room;
	bool by_date;
	struct host_row *hosts;
};

static const struct host_row *find_host(const struct host_row *hosts, size_t n, int64_t number)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (hosts[middle].host < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && hosts[low].host == number ? &hosts[low] : NULL;
}

/* What must be alike for figures to stand on one line, as text for the reader. */
static void describe(const struct host_row *host, const char *clock, bool by_date, struct machine *out)
{
	const char *flavour = by_date ? "" : kernelversion_flavour(host->kernel);

	out->exact = benchmark_exact(host);
	if (out->exact)
		snprintf(out->text, sizeof out->text, "%s%s%s, counted", flavour, *flavour ? ", " : "", host->arch);
	else
		snprintf(out->text, sizeof out->text, "%s%s%.60s, %.80s, %s", flavour, *flavour ? ", " : "", host->name, host->cpu_model, clock);
}

static int machine_of(struct axis *axis, const struct machine *machine, size_t *index)
{
	for (size_t i = 0; i < axis->machines_n; i++)
		if (!strcmp(axis->machines[i].text, machine->text)) {
			*index = i;
			return 0;
		}
	struct machine *more = realloc(axis->machines, (axis->machines_n + 1) * sizeof *more);
	if (!more)
		return fail(-ENOMEM, "track: out of memory");
	axis->machines = more;
	axis->machines[axis->machines_n] = *machine;
	*index = axis->machines_n++;
	return 0;
}

static int by_time(const struct place *x, const struct place *y)
{
	if (x->started_ns != y->started_ns)
		return x->started_ns < y->started_ns ? -1 : 1;
	return (x->run > y->run) - (x->run < y->run);
}

static int in_time(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->machine != y->machine ? (x->machine > y->machine) - (x->machine < y->machine) : by_time(x, y);
}

static int in_version(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = x->machine == y->machine && x->host != y->host ? kernelversion_compare(x->host->kernel, y->host->kernel) : 0;

	return order ? order : in_time(a, b);
}

static int index_places(struct axis *axis)
{
	int64_t last = 0;

	for (size_t i = 0; i < axis->n; i++) {
		axis->first = i && axis->first < axis->places[i].run ? axis->first : axis->places[i].run;
		last = last > axis->places[i].run ? last : axis->places[i].run;
	}
	axis->room = axis->n ? (size_t)(last - axis->first + 1) : 0;
	axis->place_of = calloc(axis->room + 1, sizeof *axis->place_of);
	if (!axis->place_of)
		return fail(-ENOMEM, "track: out of memory for run numbers from %lld to %lld", (long long)axis->first, (long long)last);
	for (size_t i = 0; i < axis->n; i++)
		axis->place_of[axis->places[i].run - axis->first] = (uint32_t)i + 1;
	return 0;
}

static int place_runs(struct axis *axis, const struct store_run_brief *runs, size_t n, size_t hosts_n)
{
	axis->places = calloc(n + 1, sizeof *axis->places);
	if (!axis->places)
		return fail(-ENOMEM, "track: out of memory");
	for (size_t i = 0; i < n; i++) {
		struct place *place = &axis->places[axis->n];
		const struct host_row *host = find_host(axis->hosts, hosts_n, runs[i].host);
		struct machine machine;

		if (!host)
			continue;
		*place = (struct place){ runs[i].run, runs[i].started_ns, host, 0 };
		bool known = i && runs[i].host == runs[i - 1].host && !strcmp(runs[i].clock, runs[i - 1].clock) && axis->n;
		if (known) {
			place->machine = place[-1].machine;
		} else {
			describe(host, runs[i].clock, axis->by_date, &machine);
			int err = machine_of(axis, &machine, &place->machine);

			if (err)
				return err;
		}
		axis->n++;
	}
	qsort(axis->places, axis->n, sizeof *axis->places, axis->by_date ? in_time : in_version);
	return index_places(axis);
}

static int axis_make(struct store *store, const struct track_options *options, struct axis *axis)
{
	struct store_run_brief *runs = NULL;
	size_t n = 0, hosts_n;
	int err = store_hosts(store, &axis->hosts, &hosts_n);

	axis->by_date = options->by_date;
	if (!err)
		err = store_run_briefs(store, options->label, options->suite, &runs, &n);
	if (!err)
		err = place_runs(axis, runs, n, hosts_n);
	free(runs);
	return err;
}

static void axis_free(struct axis *axis)
{
	free(axis->places);
	free(axis->machines);
	free(axis->place_of);
	store_rows_free(axis->hosts);
}

/* ---- One series ---- */

/* A series on its way through a thread. */
struct job {
	const struct axis *axis;
	double alpha, above;
	char name[BENCHMARK_NAME], unit[32];
	bool cost;
	struct store_point *points;
	size_t points_n, points_room;
	struct track_line *lines; /* what came out: one per machine at most */
	size_t lines_n;
	int err;
	pthread_t thread;
	bool running;
};

/* The figures of a line: x[i] was measured at place[i]. */
struct figures {
	double *x;
	const struct place **place;
	size_t n;
	size_t *edges; /* where a version begins */
	size_t edges_n;
};

static bool same_version(const struct place *x, const struct place *y)
{
	return x->host == y->host || !strcmp(x->host->kernel, y->host->kernel);
}

/* Puts the values in the order of the axis; NAN where a run has none. The last of a run counts. */
static double *in_order(const struct job *job)
{
	const struct axis *axis = job->axis;
	double *values = malloc((axis->n + 1) * sizeof *values);

	for (size_t i = 0; values && i < axis->n; i++)
		values[i] = NAN;
	for (size_t i = 0; values && i < job->points_n; i++) {
		uint64_t at = (uint64_t)(job->points[i].run - axis->first);

		if (at < axis->room && axis->place_of[at])
			values[axis->place_of[at] - 1] = job->points[i].value;
	}
	return values;
}

static void find_edges(struct figures *f)
{
	f->edges_n = 0;
	for (size_t i = 0; i < f->n; i++)
		if (i == 0 || !same_version(f->place[i - 1], f->place[i]))
			f->edges[f->edges_n++] = i;
}

/* Of runs of one version without noise only the last is kept; whether any two differed. */
static bool keep_last(struct figures *f)
{
	bool differ = false;
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		bool again = kept && same_version(f->place[kept - 1], f->place[i]);

		differ |= again && f->x[kept - 1] != f->x[i];
		kept -= again;
		f->x[kept] = f->x[i];
		f->place[kept++] = f->place[i];
	}
	f->n = kept;
	return differ;
}

static struct track_mark mark_of(const struct figures *f, size_t from, size_t to, double *room)
{
	struct track_mark mark = { f->place[from]->host->kernel, f->place[from]->started_ns, to - from, 0, f->x[from], f->x[from] };

	for (size_t i = from; i < to; i++) {
		mark.low = f->x[i] < mark.low ? f->x[i] : mark.low;
		mark.high = f->x[i] > mark.high ? f->x[i] : mark.high;
	}
	memcpy(room, f->x + from, mark.n * sizeof *room);
	mark.median = gsl_stats_median(room, 1, mark.n);
	return mark;
}

/* The marks of a line: its versions, or stretches of time. */
static int add_marks(const struct job *job, const struct figures *f, struct track_line *line)
{
	bool by_date = job->axis->by_date;
	size_t most = f->n < TRACK_MARKS_MAX ? f->n : TRACK_MARKS_MAX;
	double *room = malloc((f->n + 1) * sizeof *room);

	line->marks_n = by_date ? most : f->edges_n;
	line->marks = calloc(line->marks_n + 1, sizeof *line->marks);
	for (size_t i = 0; room && line->marks && i < line->marks_n; i++) {
		size_t from = by_date ? i * f->n / most : f->edges[i];
		size_t to = by_date ? (i + 1) * f->n / most : i + 1 < f->edges_n ? f->edges[i + 1] : f->n;

		line->marks[i] = mark_of(f, from, to, room);
	}
	free(room);
	return line->marks && (room || !f->n) ? 0 : -ENOMEM;
}

static size_t mark_at(const struct job *job, const struct figures *f, const struct track_line *line, size_t at)
{
	size_t mark = 0;

	if (job->axis->by_date)
		return at * line->marks_n / f->n;
	while (mark + 1 < f->edges_n && f->edges[mark + 1] <= at)
		mark++;
	return mark;
}

static int add_changes(const struct job *job, const struct figures *f, const struct changepoint *found, size_t n, struct track_line *line)
{
	line->changes = calloc(n + 1, sizeof *line->changes);
	if (!line->changes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct place *before = f->place[found[i].at - 1], *after = f->place[found[i].at];
		double change = found[i].after / found[i].before - 1;

		if (fabs(change) <= job->above && job->above > 0)
			continue;
		line->changes[line->changes_n++] = (struct track_change){
			before->host->kernel, after->host->kernel, before->started_ns, after->started_ns, before->run, after->run,
			mark_at(job, f, line, found[i].at), found[i].before, found[i].after, change, found[i].p,
		};
	}
	return 0;
}

static int search(const struct job *job, struct figures *f, struct track_line *line)
{
	bool by_date = job->axis->by_date;
	struct changepoint *found = NULL;
	size_t n = 0;
	int err;

	line->points_n = f->n;
	if (line->exact && !by_date)
		line->mixed = keep_last(f);
	find_edges(f);
	if (line->exact)
		err = changepoint_steps(f->x, f->n, job->above, &found, &n);
	else
		err = changepoint_find(f->x, f->n, by_date ? NULL : f->edges, f->edges_n, job->alpha, &found, &n);
	if (!err)
		err = add_marks(job, f, line);
	if (!err)
		err = add_changes(job, f, found, n, line);
	free(found);
	return err;
}

/* The line of one machine, whose runs lie at [from, to) of the axis. */
static int make_line(struct job *job, const double *values, size_t from, size_t to, struct figures *f)
{
	const struct axis *axis = job->axis;
	struct track_line *line = &job->lines[job->lines_n];

	f->n = 0;
	for (size_t i = from; i < to; i++)
		if (isfinite(values[i])) {
			f->x[f->n] = values[i];
			f->place[f->n++] = &axis->places[i];
		}
	if (!f->n)
		return 0;
	const struct machine *machine = &axis->machines[axis->places[from].machine];
	*line = (struct track_line){ .name = strdup(job->name), .unit = strdup(job->unit), .machine = machine->text, .cost = job->cost, .exact = machine->exact };
	job->lines_n++;
	return line->name && line->unit ? search(job, f, line) : -ENOMEM;
}

static int make_lines(struct job *job, const double *values, struct figures *f)
{
	const struct axis *axis = job->axis;
	int err = 0;

	for (size_t from = 0, to; from < axis->n && !err; from = to) {
		for (to = from; to < axis->n && axis->places[to].machine == axis->places[from].machine;)
			to++;
		err = make_line(job, values, from, to, f);
	}
	return err;
}

static void *job_run(void *arg)
{
	struct job *job = arg;
	size_t n = job->axis->n + 1;
	double *values = in_order(job);
	struct figures f = { .x = malloc(n * sizeof *f.x), .place = malloc(n * sizeof(struct place *)), .edges = malloc(n * sizeof *f.edges) };

	job->lines = calloc(job->axis->machines_n + 1, sizeof *job->lines);
	job->lines_n = 0;
	job->err = values && f.x && f.place && f.edges && job->lines ? make_lines(job, values, &f) : -ENOMEM;
	free(values);
	free(f.x);
	free(f.place);
	free(f.edges);
	return NULL;
}

/* ---- All series ---- */

struct work {
	struct track *track;
	struct job jobs[SLOTS_MAX];
	size_t slots_n, next, done, all;
	const struct track_options *options;
};

static int collect(struct track *track, struct job *job)
{
	struct track_line *more;
	int err = job->err;

	if (err)
		return fail(err, "track: %s: %s", job->name, err == -ENOMEM ? "out of memory" : strerror(-err));
	more = realloc(track->lines, (track->lines_n + job->lines_n + 1) * sizeof *more);
	if (!more)
		return fail(-ENOMEM, "track: out of memory");
	track->lines = more;
	for (size_t i = 0; i < job->lines_n; i++) {
		track->points_n += job->lines[i].points_n;
		track->lines[track->lines_n++] = job->lines[i];
	}
	return 0;
}

static void line_free(struct track_line *line)
{
	free(line->name);
	free(line->unit);
	free(line->marks);
	free(line->changes);
}

/* Waits for a slot's thread and takes its lines over; in the order of the series, as slots are used in turn. */
static int finish(struct work *work, struct job *job)
{
	int err = 0;

	if (!job->running)
		return 0;
	pthread_join(job->thread, NULL);
	job->running = false;
	err = collect(work->track, job);
	for (size_t i = 0; err && i < job->lines_n; i++)
		line_free(&job->lines[i]);
	free(job->lines);
	job->lines = NULL;
	return err;
}

static int copy_points(struct job *job, const struct store_point *points, size_t n)
{
	if (n > job->points_room) {
		free(job->points);
		job->points = malloc(n * sizeof *job->points);
		job->points_room = job->points ? n : 0;
	}
	if (n > job->points_room)
		return fail(-ENOMEM, "track: out of memory");
	if (n)
		memcpy(job->points, points, n * sizeof *points);
	job->points_n = n;
	return 0;
}

static int start(void *context, const char *name, const char *unit, bool cost, const struct store_point *points, size_t n)
{
	struct work *work = context;
	struct job *job = &work->jobs[work->next++ % work->slots_n];
	int err = finish(work, job);

	if (!err)
		err = copy_points(job, points, n);
	if (err)
		return err;
	snprintf(job->name, sizeof job->name, "%s", name);
	snprintf(job->unit, sizeof job->unit, "%s", unit);
	job->cost = cost;
	if (work->options->progress)
		work->options->progress(work->options->progress_arg, (double)work->done++ / (double)work->all, name);
	err = pthread_create(&job->thread, NULL, job_run, job);
	if (err)
		return fail(-err, "track: cannot start a thread: %s", strerror(err));
	job->running = true;
	return 0;
}

static int search_all(struct store *store, const struct track_options *options, const struct axis *axis, struct track *track)
{
	long processors = options->threads_n ? options->threads_n : sysconf(_SC_NPROCESSORS_ONLN);
	struct work *work = calloc(1, sizeof *work);
	int err = work ? store_series_count(store, options->pattern, &work->all) : fail(-ENOMEM, "track: out of memory");

	if (!work)
		return err;
	work->track = track;
	work->options = options;
	work->slots_n = processors < 1 ? 1 : processors > SLOTS_MAX ? SLOTS_MAX : (size_t)processors;
	for (size_t i = 0; i < work->slots_n; i++) {
		work->jobs[i].axis = axis;
		work->jobs[i].above = options->above;
		work->jobs[i].alpha = ERROR_RATE / (double)(work->all * axis->machines_n + !work->all);
	}
	if (!err)
		err = store_series_each(store, options->pattern, start, work);
	for (size_t i = 0; i < work->slots_n; i++) {
		int finished = finish(work, &work->jobs[(work->next + i) % work->slots_n]);

		err = err ? err : finished;
	}
	for (size_t i = 0; i < work->slots_n; i++)
		free(work->jobs[i].points);
	free(work);
	return err;
}

static int by_kernel(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Kernels of all places, on whatever machine: *n of them. */
static int count_kernels(const struct axis *axis, size_t *n)
{
	const char **kernels = calloc(axis->n + 1, sizeof *kernels);

	*n = 0;
	if (!kernels)
		return fail(-ENOMEM, "track: out of memory");
	for (size_t i = 0; i < axis->n; i++)
		kernels[i] = axis->places[i].host->kernel;
	qsort(kernels, axis->n, sizeof *kernels, by_kernel);
	for (size_t i = 0; i < axis->n; i++)
		*n += !i || strcmp(kernels[i - 1], kernels[i]);
	free(kernels);
	return 0;
}

int track_make(struct store *store, const struct track_options *options, struct track *out)
{
	struct axis *axis = calloc(1, sizeof *axis);

	*out = (struct track){ .memory = axis, .by_date = options->by_date };
	if (!axis)
		return fail(-ENOMEM, "track: out of memory");
	int err = axis_make(store, options, axis);
	if (!err)
		err = search_all(store, options, axis, out);
	if (!err && !out->lines_n)
		err = fail(-ENOENT, "track: no benchmark matches; `forecall suite run` measures some, and without PATTERN, --label and --suite all "
				    "there are would be taken");
	if (!err)
		err = count_kernels(axis, &out->kernels_n);
	out->runs_n = axis->n;
	if (err)
		track_free(out);
	return err;
}

void track_free(struct track *track)
{
	for (size_t i = 0; i < track->lines_n; i++)
		line_free(&track->lines[i]);
	free(track->lines);
	if (track->memory)
		axis_free(track->memory);
	free(track->memory);
	*track = (struct track){ 0 };
}

const struct track_change *track_first_bad(const struct track_line *line, double above)
{
	for (size_t i = 0; i < line->changes_n && line->cost; i++)
		if (line->changes[i].change > above)
			return &line->changes[i];
	return NULL;
}
