/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_store.c: what lies between the engine of the micro-benchmark and the store. */
#include "workloads/bench_store.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/stats.h"
#include "analyze/store.h"
#include "base/err.h"
#include "collect/clock.h"
#include "collect/host.h"

#define BUSY_SHARE 0.97 /* of a CPU: a server above it does not pause */

/* Rows of finished points, kept until the end: all of a run is written in one transaction. */
struct rows {
	struct bench_row *rows;
	size_t n, room;
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int keep_row(void *arg, const struct bench_row *row)
{
	struct rows *rows = arg;

	if (rows->n == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 1024;
		struct bench_row *more = realloc(rows->rows, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		rows->rows = more;
		rows->room = room;
	}
	rows->rows[rows->n++] = *row;
	return 0;
}

static int begin_run(struct store *store, const struct bench_store_options *options, const struct clock *clock, int64_t *run)
{
	struct host *host;
	struct run_row row;
	int64_t host_id = 0;
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
	row.target = "groupsend";
	row.path = options->bench.baseline;
	row.clock = clock_name(clock->kind);
	row.clock_hz = clock->hz;
	row.engine = "none";
	row.topology = topology_names[options->bench.topology];
	row.like_run = options->like_run;
	return store_run_begin(store, &row, run);
}

static int write_run(struct store *store, int64_t run, const struct rows *rows, int interrupted, int64_t wall_ns)
{
	const struct run_end end = {.state = interrupted ? "interrupted" : "complete", .wall_ns = wall_ns, .residue = NAN};
	int err = store_begin(store);

	for (size_t i = 0; i < rows->n && !err; i++) {
		rows->rows[i].run = run;
		err = store_add_bench(store, &rows->rows[i]);
	}
	if (!err && interrupted)
		err = store_add_warning(store, &(struct warning_row){.run = run, .code = "interrupted",
								     .text = "ended early on request: points that were not finished are missing"});
	if (!err)
		err = store_run_end(store, run, &end);
	if (!err)
		err = store_commit(store);
	if (err)
		store_rollback(store);
	return err;
}

int bench_store_run(struct store *store, const struct bench_store_options *options, int64_t *run)
{
	struct bench_options bench = options->bench;
	struct rows rows = {0};
	struct clock clock;
	int64_t start_ns = clock_ns(CLOCK_MONOTONIC);
	int err = clock_open(options->clock, &clock);

	if (err)
		return err;
	bench.clock_hz = clock.hz;
	bench.on_row = keep_row;
	bench.row_arg = &rows;
	err = begin_run(store, options, &clock, run);
	if (err) {
		clock_free(&clock);
		return err;
	}
	err = bench_run(&bench);
	int interrupted = err == -EINTR;
	if (interrupted)
		err = rows.n ? 0 : fail(-ENODATA, "bench: interrupted before a point was finished: nothing was stored");
	if (!err)
		err = write_run(store, *run, &rows, interrupted, clock_ns(CLOCK_MONOTONIC) - start_ns);
	if (err)
		store_delete(store, *run);
	free(rows.rows);
	clock_free(&clock);
	return err;
}

/* The value in the middle of a histogram, as the mean of the bucket that it falls into; calls: each weighs as its value. */
static double hist_median(const struct hist_row *rows, size_t n, int weighted)
{
	double all = 0, sum = 0;

	for (size_t i = 0; i < n; i++)
		all += (double)(weighted ? rows[i].total : rows[i].n);
	for (size_t i = 0; i < n; i++) {
		sum += (double)(weighted ? rows[i].total : rows[i].n);
		if (sum >= all / 2)
			return (double)rows[i].total / (double)rows[i].n;
	}
	return 0;
}

struct shape {
	double burst, bytes, gap_cyc, bursts_n;
};

static int read_shape(struct store *store, int64_t profile, struct shape *shape)
{
	struct hist_row *burst = NULL, *bytes = NULL, *gap = NULL;
	size_t burst_n = 0, bytes_n = 0, gap_n = 0;
	double bytes_sum = 0, calls = 0;
	int err = store_hist(store, profile, "burst", &burst, &burst_n);

	if (!err)
		err = store_hist(store, profile, "bytes", &bytes, &bytes_n);
	if (!err)
		err = store_hist(store, profile, "gap", &gap, &gap_n);
	if (!err && (!burst_n || !bytes_n))
		err = fail(-ENODATA, "bench: run %" PRId64 " has no bursts to be like; profile a server while it sends", profile);
	if (!err) {
		for (size_t i = 0; i < bytes_n; i++) {
			calls += (double)bytes[i].n;
			bytes_sum += (double)bytes[i].total;
		}
		for (size_t i = 0; i < burst_n; i++)
			shape->bursts_n += (double)burst[i].n;
		shape->burst = hist_median(burst, burst_n, 1);
		shape->bytes = bytes_sum / calls;
		shape->gap_cyc = gap_n ? hist_median(gap, gap_n, 0) : 0;
	}
	store_rows_free(burst);
	store_rows_free(bytes);
	store_rows_free(gap);
	return err;
}

/* What lies between two calls without any user work: V - W of the send call, with probes on system calls. */
static int empty_gap_cyc(struct store *store, int64_t profile, double *gap_cyc)
{
	struct calibration_row *rows;
	double *values;
	size_t n, used = 0;
	int err = store_calibrations(store, profile, &rows, &n);

	*gap_cyc = 0;
	if (err)
		return err;
	values = malloc((n + 1) * sizeof *values);
	for (size_t i = 0; i < n && values; i++)
		if (rows[i].dose == 1 && isfinite(rows[i].frame_cyc) && !strcmp(rows[i].call, "send") && !strcmp(rows[i].probes, "calls"))
			values[used++] = rows[i].call_cyc - rows[i].frame_cyc;
	if (used)
		stats_median(values, used, gap_cyc);
	free(values);
	store_rows_free(rows);
	return values ? 0 : -ENOMEM;
}

/* Length of the dose 1 windows together, ns, and the share of it in which the target was on a CPU. */
static int window_time(struct store *store, int64_t profile, double hz, double *window_ns, double *busy)
{
	struct block_row *blocks;
	size_t n;
	double wall = 0, target = 0;
	int err = store_blocks(store, profile, &blocks, &n);

	for (size_t i = 0; i < n && !err; i++)
		if (blocks[i].dose == 1) {
			wall += (double)blocks[i].wall_cyc;
			target += (double)blocks[i].target_cyc;
		}
	store_rows_free(blocks);
	*window_ns = wall / hz * 1e9;
	*busy = wall > 0 ? target / wall : 0;
	return err;
}

int bench_store_like(struct store *store, int64_t profile, struct bench_like *like)
{
	struct run_row *run = NULL;
	struct shape shape = {0};
	double empty_cyc = 0, window_ns = 0, busy = 0;
	int err = store_run(store, profile, &run);

	if (!err)
		err = read_shape(store, profile, &shape);
	if (!err)
		err = empty_gap_cyc(store, profile, &empty_cyc);
	if (!err)
		err = window_time(store, profile, run->clock_hz, &window_ns, &busy);
	if (!err) {
		like->group = (uint64_t)llround(fmax(1, shape.burst));
		like->payload_bytes = (uint64_t)llround(shape.bytes);
		like->gap_ns = (uint64_t)llround(fmax(0, shape.gap_cyc - empty_cyc) / run->clock_hz * 1e9);
		like->period_ns = busy < BUSY_SHARE && shape.bursts_n > 0 ? (uint64_t)llround(window_ns / shape.bursts_n) : 0;
	}
	store_rows_free(run);
	return err;
}
