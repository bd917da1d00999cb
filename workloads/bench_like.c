/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_like.c: from what a profile stored to what `bench --like` sends. */
#include "workloads/bench_like.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/answer.h"
#include "analyze/stats.h"
#include "analyze/store.h"
#include "base/err.h"

#define DATAGRAMS_SHARE 0.9 /* of the path calls: less are not those of a path on UDP sockets */
#define BUSY_SHARE 0.97 /* of a CPU: a server above it does not pause */
#define TRAIN_LEAST 2.0  /* bursts between two sleeps: fewer are taken for one */
#define TRAIN_MOST_NS 100000000 /* of a train with its pause: longer ones would make blocks that long */
#define KIND_SHARE 0.005 /* of the path calls: bursts that have less are counted among those that are most like them */

/* ---- Kinds of bursts ---- */

/* Sums over bursts of one kind. */
struct cell {
	double n, calls, bytes;
	int64_t burst_low, bytes_low;
	bool one_destination;
};

/* Whether most of the watched bursts of this length went to one destination; of any length where none of it was watched. */
static bool most_to_one(const struct shape_row *rows, size_t n, int64_t burst_low)
{
	double one[2] = {0}, several[2] = {0};

	for (size_t i = 0; i < n; i++)
		for (int any = 0; any < 2; any++)
			if (rows[i].destinations && (any ? rows[i].burst_low > 1 : rows[i].burst_low == burst_low))
				*(rows[i].destinations == 1 ? &one[any] : &several[any]) += (double)rows[i].n;
	int any = one[0] + several[0] <= 0;

	return one[any] > several[any];
}

static struct cell cell_of(const struct shape_row *rows, size_t n, const struct shape_row *row)
{
	bool one = row->destinations ? row->destinations == 1 : most_to_one(rows, n, row->burst_low);

	return (struct cell){.n = (double)row->n, .calls = (double)row->calls_n, .bytes = (double)row->bytes,
			     .burst_low = row->burst_low, .bytes_low = row->bytes_low, .one_destination = one && row->burst_low > 1};
}

static void add_cell(struct cell *to, const struct cell *from)
{
	to->n += from->n;
	to->calls += from->calls;
	to->bytes += from->bytes;
}

static int by_calls(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	return (x->calls < y->calls) - (x->calls > y->calls);
}

/* How much two kinds differ: powers of two of length and of bytes; going elsewhere counts as more than either. */
static double distance(const struct cell *a, const struct cell *b)
{
	return fabs(log2(a->calls / a->n) - log2(b->calls / b->n)) + fabs(log2(1 + a->bytes / a->calls) - log2(1 + b->bytes / b->calls)) +
	       (a->one_destination != b->one_destination ? 32 : 0);
}

static bool same_kind(const struct cell *a, const struct cell *b)
{
	return a->burst_low == b->burst_low && a->bytes_low == b->bytes_low && a->one_destination == b->one_destination;
}

/* Rows of one bucket that go to as many destinations are one kind, whether it was watched or not. */
static size_t gather(const struct shape_row *rows, size_t n, struct cell *cells)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		struct cell cell = cell_of(rows, n, &rows[i]);
		size_t at = 0;

		while (at < used && !same_kind(&cells[at], &cell))
			at++;
		if (at < used)
			add_cell(&cells[at], &cell);
		else
			cells[used++] = cell;
	}
	return used;
}

/* The kinds that matter, the rest among those that are nearest. Returns how many stay. */
static size_t merge(struct cell *cells, size_t n)
{
	double calls = 0;
	size_t kept = 0;

	qsort(cells, n, sizeof *cells, by_calls);
	for (size_t i = 0; i < n; i++)
		calls += cells[i].calls;
	while (kept < n && kept < BLOCK_KINDS_MAX && (!kept || cells[kept].calls >= KIND_SHARE * calls))
		kept++;
	for (size_t i = kept; i < n; i++) {
		size_t nearest = 0;

		for (size_t k = 1; k < kept; k++)
			if (distance(&cells[k], &cells[i]) < distance(&cells[nearest], &cells[i]))
				nearest = k;
		add_cell(&cells[nearest], &cells[i]);
	}
	return kept;
}

static struct block_kind kind_of(const struct cell *cell, double bursts)
{
	double weight = fmax(1, cell->n / bursts * BLOCK_WEIGHT_MAX);

	return (struct block_kind){.group = (uint64_t)llround(cell->calls / cell->n), .payload = (uint64_t)llround(cell->bytes / cell->calls),
				   .one_destination = cell->one_destination, .weight = (uint64_t)llround(weight)};
}

int bench_like_kinds(const struct shape_row *rows, size_t n, struct block_kind kinds[BLOCK_KINDS_MAX], size_t *kinds_n)
{
	struct cell *cells = calloc(n + 1, sizeof *cells);
	double bursts = 0;

	*kinds_n = 0;
	if (!cells)
		return -ENOMEM;
	*kinds_n = merge(cells, gather(rows, n, cells));
	for (size_t i = 0; i < *kinds_n; i++)
		bursts += cells[i].n;
	for (size_t i = 0; i < *kinds_n; i++)
		kinds[i] = kind_of(&cells[i], bursts);
	free(cells);
	return 0;
}

static int read_kinds(struct store *store, int64_t profile, struct bench_like *like)
{
	struct shape_row *rows;
	size_t n;
	int err = store_shapes(store, profile, &rows, &n);

	if (!err)
		err = bench_like_kinds(rows, n, like->kinds, &like->kinds_n);
	store_rows_free(rows);
	return err;
}

/* Whether the path's calls sent datagrams, as the bench does: so many went out in the target's namespace meanwhile. */
static int sends_datagrams(struct store *store, int64_t profile, bool *out)
{
	struct block_row *blocks;
	double calls = 0, datagrams = 0;
	size_t n;
	int err = store_blocks(store, profile, &blocks, &n);

	for (size_t i = 0; i < n && !err; i++)
		if (blocks[i].dose == 1 && blocks[i].meter_udp != STORE_NULL) {
			calls += (double)blocks[i].calls_n;
			datagrams += (double)blocks[i].meter_udp;
		}
	store_rows_free(blocks);
	*out = calls > 0 && datagrams > DATAGRAMS_SHARE * calls;
	return err;
}

/*
 * What a path call cost in the profile, where it sent datagrams as the bench does; what is not known is 0. *outside_cyc: what the server did outside
 * of the path for each of its calls.
 */
static int read_cost(struct store *store, const struct run_row *run, struct bench_like *like, double *outside_cyc)
{
	struct fraction fraction;
	bool datagrams = false;
	int err = sends_datagrams(store, run->run, &datagrams);

	if (err)
		return err;
	err = answer_estimate(store, run, FRACTION_ASYNC_NONE, &fraction);
	if (err)
		return err == -ENOMEM ? err : 0;
	*outside_cyc = fmax(0, fraction.busy_cyc.value - fraction.path_cyc.value);
	if (datagrams && fraction.meter && fraction.path_cyc.low > 0) {
		like->wakes = run->waking_n > 0 ? (double)run->waking_n / (double)(run->waking_n + run->quiet_n) : 0;
		like->packet_cyc = fraction.path_cyc.value;
		like->packet_low_cyc = fraction.path_cyc.low;
	}
	fraction_free(&fraction);
	return 0;
}

/* ---- The middle of histograms ---- */

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

struct middle {
	double burst, bytes, gap_cyc, bursts_n;
	double train; /* mean; 0: no thread slept between bursts */
};

static double hist_mean(const struct hist_row *rows, size_t n)
{
	double all = 0, sum = 0;

	for (size_t i = 0; i < n; i++) {
		all += (double)rows[i].n;
		sum += (double)rows[i].total;
	}
	return all > 0 ? sum / all : 0;
}

static int read_middle(struct store *store, int64_t profile, struct middle *middle)
{
	struct hist_row *burst = NULL, *bytes = NULL, *gap = NULL, *train = NULL;
	size_t burst_n = 0, bytes_n = 0, gap_n = 0, train_n = 0;
	int err = store_hist(store, profile, "burst", &burst, &burst_n);

	if (!err)
		err = store_hist(store, profile, "bytes", &bytes, &bytes_n);
	if (!err)
		err = store_hist(store, profile, "gap", &gap, &gap_n);
	if (!err)
		err = store_hist(store, profile, "train", &train, &train_n);
	if (!err && (!burst_n || !bytes_n))
		err = fail(-ENODATA, "bench: run %" PRId64 " has no bursts to be like; profile a server while it sends", profile);
	if (!err) {
		for (size_t i = 0; i < burst_n; i++)
			middle->bursts_n += (double)burst[i].n;
		middle->burst = hist_median(burst, burst_n, 1);
		middle->bytes = hist_mean(bytes, bytes_n);
		middle->train = hist_mean(train, train_n);
		middle->gap_cyc = gap_n ? hist_median(gap, gap_n, 0) : 0;
	}
	store_rows_free(burst);
	store_rows_free(bytes);
	store_rows_free(gap);
	store_rows_free(train);
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

/* Sums over the dose 1 windows. */
struct windows {
	double wall_cyc, target_cyc, calls_n;
};

static int read_windows(struct store *store, int64_t profile, struct windows *sum)
{
	struct block_row *blocks;
	size_t n;
	int err = store_blocks(store, profile, &blocks, &n);

	for (size_t i = 0; i < n && !err; i++)
		if (blocks[i].dose == 1) {
			sum->wall_cyc += (double)blocks[i].wall_cyc;
			sum->target_cyc += (double)blocks[i].target_cyc;
			sum->calls_n += (double)blocks[i].calls_n;
		}
	store_rows_free(blocks);
	return err;
}

/* How the bursts lie in time: from one to the next, and whether several follow each other without sleep. */
static void set_times(struct bench_like *like, const struct windows *sum, const struct middle *middle, double hz, double outside_cyc)
{
	double calls = middle->bursts_n > 0 ? sum->calls_n / middle->bursts_n : 1, train = middle->train;

	like->train = 1;
	if (!(middle->bursts_n > 0) || sum->target_cyc >= BUSY_SHARE * sum->wall_cyc)
		return;
	like->period_ns = (uint64_t)llround(sum->wall_cyc / hz * 1e9 / middle->bursts_n);
	if (train < TRAIN_LEAST || outside_cyc <= 0 || !like->period_ns)
		return;
	like->train = (uint64_t)llround(fmin(train, fmax(1, (double)TRAIN_MOST_NS / (double)like->period_ns)));
	like->between_ns = (uint64_t)llround(fmax(0, outside_cyc * calls / hz * 1e9 - (double)like->gap_ns * (calls - 1)));
}

/* Whether most of the bursts that were watched went to one destination; false where none was. */
static int to_one_destination(struct store *store, int64_t profile, bool *out)
{
	struct hist_row *rows;
	int64_t one = 0, all = 0;
	size_t n;
	int err = store_hist(store, profile, "destinations", &rows, &n);

	for (size_t i = 0; !err && i < n; i++) {
		one += rows[i].low == 1 ? rows[i].n : 0;
		all += rows[i].n;
	}
	*out = 2 * one > all;
	store_rows_free(rows);
	return err;
}

/* Whether all bursts go to one recipient each: as the options say, or as the profile does. */
static void set_destination(struct bench_like *like, bool most)
{
	bool all = most;

	for (size_t i = 0; i < like->kinds_n; i++) {
		like->kinds[i].one_destination |= like->one_destination;
		all &= like->kinds[i].group == 1 || like->kinds[i].one_destination;
	}
	like->one_destination |= all;
}

int bench_like(struct store *store, int64_t profile, struct bench_like *like)
{
	bool one_destination = false;
	struct run_row *run = NULL;
	struct middle middle = {0};
	struct windows windows = {0};
	double empty_cyc = 0, outside_cyc = 0;
	int err = store_run(store, profile, &run);

	if (!err)
		err = read_middle(store, profile, &middle);
	if (!err)
		err = to_one_destination(store, profile, &one_destination);
	if (!err)
		err = read_kinds(store, profile, like);
	if (!err)
		err = read_cost(store, run, like, &outside_cyc);
	if (!err)
		err = empty_gap_cyc(store, profile, &empty_cyc);
	if (!err)
		err = read_windows(store, profile, &windows);
	if (!err) {
		set_destination(like, one_destination);
		if (like->one_destination)
			like->private_bytes = 0; /* nobody whom they could be private to */
		like->group = (uint64_t)llround(fmax(1, middle.burst));
		like->payload_bytes = (uint64_t)llround(middle.bytes);
		like->gap_ns = (uint64_t)llround(fmax(0, middle.gap_cyc - empty_cyc) / run->clock_hz * 1e9);
		set_times(like, &windows, &middle, run->clock_hz, outside_cyc);
	}
	store_rows_free(run);
	return err;
}

double bench_like_misfit(const struct bench_like *like, const struct bench_touch *tried)
{
	bool by_packets = tried->receivers == BENCH_PROMPT || tried->receivers == BENCH_WORKING;
	double wakes = by_packets ? fmin(1, tried->sleeps) : 0;
	bool known = like->wakes > 0 && !(by_packets && isnan(tried->sleeps));

	return fabs(log(tried->packet_cyc / like->packet_cyc)) + (known ? fabs(wakes - like->wakes) : 0);
}
