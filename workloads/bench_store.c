/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_store.c: what lies between the engine of the micro-benchmark and the store. */
#include "workloads/bench_store.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/stats.h"
#include "analyze/store.h"
#include "base/err.h"
#include "base/now.h"
#include "collect/clock.h"
#include "collect/host.h"

enum { TARGET_BYTES = 1024 };

/* Where finished points go, and those that were finished before. */
struct writer {
	struct store *store;
	int64_t run;
	const struct bench_options *bench;
	struct bench_row *rows; /* of the point in work */
	size_t n, room;
	struct bench_event_row *events; /* likewise */
	size_t events_n, events_room;
	struct counted_row *counted; /* likewise */
	size_t counted_n, counted_room;
	size_t points_n;        /* written */
	struct bench_row *old;  /* of the run that is resumed */
	size_t old_n;
	struct bench_event_row *old_events;
	size_t old_events_n;
	struct counted_row *old_counted;
	size_t old_counted_n;
};

static int keep_row(void *arg, const struct bench_row *row)
{
	struct writer *w = arg;

	if (w->n == w->room) {
		size_t room = w->room ? 2 * w->room : 1024;
		struct bench_row *more = realloc(w->rows, room * sizeof *more);

		if (!more)
			return fail(-ENOMEM, "bench: out of memory");
		w->rows = more;
		w->room = room;
	}
	w->rows[w->n++] = *row;
	return 0;
}

static int keep_event(void *arg, const struct bench_event_row *row)
{
	struct writer *w = arg;

	if (w->events_n == w->events_room) {
		size_t room = w->events_room ? 2 * w->events_room : 1024;
		struct bench_event_row *more = realloc(w->events, room * sizeof *more);

		if (!more)
			return fail(-ENOMEM, "bench: out of memory");
		w->events = more;
		w->events_room = room;
	}
	w->events[w->events_n++] = *row;
	return 0;
}

static int keep_counted(void *arg, const struct counted_row *row)
{
	struct writer *w = arg;

	if (w->counted_n == w->counted_room) {
		size_t room = w->counted_room ? 2 * w->counted_room : 4096;
		struct counted_row *more = realloc(w->counted, room * sizeof *more);

		if (!more)
			return fail(-ENOMEM, "bench: out of memory");
		w->counted = more;
		w->counted_room = room;
	}
	w->counted[w->counted_n++] = *row;
	return 0;
}

static int write_counted(struct writer *w, struct counted_row *rows, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		rows[i].run = w->run;
		err = store_add_counted(w->store, &rows[i]);
	}
	return err;
}

static int write_rows(struct writer *w, struct bench_row *rows, size_t n, struct bench_event_row *events, size_t events_n, struct counted_row *counted,
		      size_t counted_n)
{
	int err = store_begin(w->store);

	for (size_t i = 0; i < n && !err; i++) {
		rows[i].run = w->run;
		err = store_add_bench(w->store, &rows[i]);
	}
	for (size_t i = 0; i < events_n && !err; i++) {
		events[i].run = w->run;
		err = store_add_bench_event(w->store, &events[i]);
	}
	if (!err)
		err = write_counted(w, counted, counted_n);
	if (!err)
		err = store_commit(w->store);
	if (err)
		store_rollback(w->store);
	return err;
}

static int write_point(void *arg, const struct bench_point *point)
{
	struct writer *w = arg;
	int err = write_rows(w, w->rows, w->n, w->events, w->events_n, w->counted, w->counted_n);

	(void)point;
	w->n = 0;
	w->events_n = 0;
	w->counted_n = 0;
	w->points_n += !err;
	return err;
}

static int keep_touch(void *arg, const struct bench_touch *touch)
{
	const struct writer *w = arg;

	return store_add_footprint(w->store, &(struct footprint_row){.run = w->run, .receivers = bench_receivers_names[touch->receivers],
								     .bytes = (int64_t)touch->bytes, .packet_cyc = touch->packet_cyc,
								     .wanted_cyc = w->bench->like->packet_cyc, .used = touch->used,
								     .work_ns = touch->receivers == BENCH_WORKING ? (int64_t)touch->work_ns : STORE_NULL,
								     .sleeps = touch->sleeps,
								     .wanted_wakes = w->bench->like->wakes > 0 ? w->bench->like->wakes : NAN});
}

static int begin_run(struct store *store, const struct bench_store_options *options, const struct clock *clock, int64_t *run)
{
	struct host *host;
	char target[TARGET_BYTES] = "";
	struct run_row row;
	int64_t host_id = 0;

	if (options->commands)
		snprintf(target, sizeof target, "%s | %s", options->commands->baseline, options->commands->alternative);
	int err = host_read(&host);

	if (err)
		return err;
	err = store_host(store, host_row(host), &host_id);
	host_free(host);
	if (err)
		return err;
	store_null_run(&row);
	row.kind = "bench";
	row.label = options->label;
	row.host = host_id;
	row.started_ns = clock_ns(CLOCK_REALTIME);
	row.command = options->command_line;
	row.version = options->version;
	row.scope = "process";
	row.target = options->commands ? target : "groupsend";
	row.path = options->bench.baseline;
	row.clock = clock_name(clock->kind);
	row.clock_hz = clock->hz;
	row.engine = "none";
	row.topology = options->commands ? NULL : topology_names[options->bench.topology];
	row.idle = options->idle;
	row.like_run = options->like_run;
	return store_run_begin(store, &row, run);
}

static int end_run(struct writer *w, int interrupted, const char *clock_doubt, int64_t wall_ns)
{
	const struct run_end end = {.state = interrupted ? "interrupted" : "complete", .wall_ns = wall_ns, .residue = NAN};
	int err = store_begin(w->store);

	if (!err && interrupted)
		err = store_add_warning(w->store, &(struct warning_row){.run = w->run, .code = "interrupted",
									.text = "ended early on request: points that were not finished are missing; "
										"bench --resume goes on with it"});
	if (!err && clock_doubt)
		err = store_add_warning(w->store, &(struct warning_row){.run = w->run, .code = "clock", .text = clock_doubt});
	if (!err)
		err = store_run_end(w->store, w->run, &end);
	if (!err)
		err = store_commit(w->store);
	if (err)
		store_rollback(w->store);
	return err;
}

/* ---- Going on with a bench ---- */

static bool has_way(const struct writer *w, const char *way, const int64_t point[3])
{
	for (size_t i = 0; i < w->old_n; i++)
		if (w->old[i].group_size == point[0] && w->old[i].payload_bytes == point[1] && w->old[i].private_bytes == point[2] &&
		    !strcmp(w->old[i].way, way))
			return true;
	return false;
}

/* Points are written whole, so one row of each way is enough. */
static bool is_done(void *arg, uint64_t group, uint64_t payload_bytes, uint64_t private_bytes)
{
	const struct writer *w = arg;
	const int64_t point[3] = {(int64_t)group, (int64_t)payload_bytes, (int64_t)private_bytes};
	bool done = has_way(w, "null", point) && has_way(w, w->bench->baseline, point);

	for (size_t i = 0; done && i < w->bench->alternatives_n; i++)
		done = has_way(w, w->bench->alternatives[i], point);
	return done;
}

static int same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* What is measured now and what was measured then must be one bench. */
static int check_same(struct store *store, int64_t old_id, int64_t new_id)
{
	struct run_row *old = NULL, *new = NULL;
	const char *what = NULL;
	int err = store_run(store, old_id, &old);

	if (!err)
		err = store_run(store, new_id, &new);
	if (!err) {
		if (strcmp(old->kind, "bench") != 0 || !strcmp(old->state, "complete"))
			what = "it is no bench that was left unfinished";
		else if (old->host != new->host)
			what = "it is of another machine or kernel";
		else if (!same_text(old->path, new->path) || !same_text(old->clock, new->clock) || !same_text(old->topology, new->topology) ||
			 !same_text(old->idle, new->idle) || old->like_run != new->like_run)
			what = "its baseline, clock, topology, idle state or profile was another; `forecall runs show` tells";
		if (what)
			err = fail(-EINVAL, "bench: run %" PRId64 " cannot be resumed: %s", old_id, what);
	}
	store_rows_free(old);
	store_rows_free(new);
	return err;
}

static bool is_benched(const struct bench_options *bench, const char *way)
{
	bool known = !strcmp(way, "null") || !strcmp(way, bench->baseline);

	for (size_t i = 0; i < bench->alternatives_n && !known; i++)
		known = !strcmp(way, bench->alternatives[i]);
	return known;
}

static bool was_benched(const struct writer *w, const char *way)
{
	for (size_t i = 0; i < w->old_n; i++)
		if (!strcmp(w->old[i].way, way))
			return true;
	return false;
}

static int refuse_way(int64_t old, const char *way, const char *what)
{
	return fail(-EINVAL, "bench: run %" PRId64 " cannot be resumed: it measured %s%s; name the alternatives that it had (`forecall runs show %" PRId64 "`)", old, what,
		    way, old);
}

/* A point is of the rounds that measured all of its ways, so none can be added to it later, or left out. */
static int check_ways(const struct writer *w, int64_t old)
{
	for (size_t i = 0; i < w->old_n; i++)
		if (!is_benched(w->bench, w->old[i].way))
			return refuse_way(old, w->old[i].way, "also ");
	for (size_t i = 0; w->old_n && i < w->bench->alternatives_n; i++)
		if (!was_benched(w, w->bench->alternatives[i]))
			return refuse_way(old, w->bench->alternatives[i], "no ");
	return 0;
}

/* The new run takes the points over, in which they are safe before the old run is deleted. */
static int take_over(struct writer *w, int64_t old)
{
	int err = check_same(w->store, old, w->run);

	if (!err)
		err = store_benches(w->store, old, &w->old, &w->old_n);
	if (!err)
		err = store_bench_events(w->store, old, &w->old_events, &w->old_events_n);
	if (!err)
		err = store_counted(w->store, old, &w->old_counted, &w->old_counted_n);
	if (!err && w->old_n && (w->old_counted_n > 0) != w->bench->count)
		err = fail(-EINVAL, "bench: run %" PRId64 " cannot be resumed: its instructions were %scounted; say --count %s", old,
			   w->old_counted_n ? "" : "not ", w->old_counted_n ? "yes" : "no");
	if (!err)
		err = check_ways(w, old);
	if (!err)
		err = write_rows(w, w->old, w->old_n, w->old_events, w->old_events_n, w->old_counted, w->old_counted_n);
	if (!err)
		err = store_delete(w->store, old);
	w->points_n += !err && w->old_n > 0;
	return err;
}

/* Commands have one point: its rounds are written when they are over, or when they are interrupted. */
static int run_commands(struct writer *w, const struct bench_options *bench, const struct commands_options *commands)
{
	struct commands_options own = *commands;

	own.clock_hz = bench->clock_hz;
	own.on_row = keep_row;
	own.row_arg = w;
	int err = commands_run(&own);
	int write_err = w->n && (!err || err == -EINTR) ? write_point(w, NULL) : 0;

	return write_err ? write_err : err;
}

static int run_and_write(struct writer *w, struct bench_options *bench, const struct commands_options *commands, const char *clock_doubt)
{
	int64_t start_ns = now_ns();
	int err = commands ? run_commands(w, bench, commands) : bench_run(bench);
	int interrupted = err == -EINTR;

	if (interrupted)
		err = w->points_n ? 0 : fail(-ENODATA, "bench: interrupted before a point was finished: nothing was stored");
	return err ? err : end_run(w, interrupted, clock_doubt, now_ns() - start_ns);
}

int bench_store_run(struct store *store, const struct bench_store_options *options, int64_t *run)
{
	struct bench_options bench = options->bench;
	struct writer w = {.store = store, .bench = &options->bench};
	struct clock clock;
	bool resumes = options->resume_run != STORE_NULL && options->resume_run != 0;
	int err = clock_open(options->clock, &clock);

	if (err)
		return err;
	bench.clock_hz = clock.hz;
	bench.on_row = keep_row;
	bench.on_event = keep_event;
	bench.on_counted = keep_counted;
	bench.on_point = write_point;
	bench.on_touch = keep_touch;
	bench.touch_arg = bench.row_arg = bench.point_arg = bench.done_arg = &w;
	*run = 0;
	err = begin_run(store, options, &clock, run);
	w.run = *run;
	if (!err && resumes) {
		bench.is_done = is_done;
		err = take_over(&w, options->resume_run);
	}
	if (!err)
		err = run_and_write(&w, &bench, options->commands, clock.doubt);
	if (err && w.run && !w.points_n)
		store_delete(store, w.run);
	store_rows_free(w.old);
	store_rows_free(w.old_events);
	store_rows_free(w.old_counted);
	free(w.counted);
	free(w.events);
	free(w.rows);
	clock_free(&clock);
	return err;
}
