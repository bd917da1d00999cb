/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch.c: joins neighbouring rounds of a micro-benchmark into batches, as their rows come by. */
#include "analyze/batch.h"

#include "analyze/rows.h"
#include "base/err.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WAYS_MAX 3

struct batches {
	const char *ways[WAYS_MAX]; /* null, base, alt: each once */
	size_t ways_n;
	struct bench_row round[WAYS_MAX]; /* the round that comes by; packets_n 0: this way has sent nothing in it */
	struct bench_row *rows; /* of the batches: ways_n for each */
	size_t rows_n, rows_room;
	size_t point_at;   /* the row at which the batches of this point begin */
	size_t point_n;    /* batches of this point */
	size_t size, fill; /* rounds in a batch of this point, and in its last one so far */
};

static void add_way(struct batches *batches, const char *way)
{
	for (size_t i = 0; i < batches->ways_n; i++)
		if (strcmp(batches->ways[i], way) == 0)
			return;
	batches->ways[batches->ways_n++] = way;
}

struct batches *batches_new(const char *base, const char *alt)
{
	struct batches *batches = calloc(1, sizeof *batches);

	if (!batches)
		return NULL;
	add_way(batches, "null");
	add_way(batches, base);
	add_way(batches, alt); /* a way may be compared with itself */
	return batches;
}

void batches_free(struct batches *batches)
{
	if (batches)
		free(batches->rows);
	free(batches);
}

/* Adds what a row counted to a sum. */
static void add_counts(struct bench_row *sum, const struct bench_row *row)
{
	sum->packets_n += row->packets_n;
	sum->errors_n += row->errors_n;
	sum->cpu_cyc += row->cpu_cyc;
	sum->preempt_n += row->preempt_n;
	if (row->async_cyc != STORE_NULL)
		sum->async_cyc = (sum->async_cyc == STORE_NULL ? 0 : sum->async_cyc) + row->async_cyc;
}

static bool same_point(const struct bench_row *a, const struct bench_row *b)
{
	return a->group_size == b->group_size && a->payload_bytes == b->payload_bytes && a->private_bytes == b->private_bytes;
}

/* ---- From rounds to batches ---- */

static struct bench_row *batch_row(const struct batches *batches, size_t batch, size_t way)
{
	return &batches->rows[batches->point_at + batch * batches->ways_n + way];
}

/* Joins the batches of this point, of which there are evenly many, two by two. */
static void halve(struct batches *batches)
{
	batches->point_n /= 2;
	for (size_t i = 0; i < batches->point_n; i++)
		for (size_t way = 0; way < batches->ways_n; way++) {
			struct bench_row sum = *batch_row(batches, 2 * i, way);

			add_counts(&sum, batch_row(batches, 2 * i + 1, way));
			sum.round = (int64_t)i;
			*batch_row(batches, i, way) = sum;
		}
	batches->rows_n = batches->point_at + batches->point_n * batches->ways_n;
	batches->size *= 2;
	batches->fill = batches->size;
}

static int make_room(struct batches *batches)
{
	size_t room = batches->rows_room ? 2 * batches->rows_room : (size_t)BATCHES_MAX * WAYS_MAX;
	struct bench_row *rows;

	if (batches->rows_n + batches->ways_n <= batches->rows_room)
		return 0;
	rows = realloc(batches->rows, room * sizeof *rows);
	if (!rows)
		return fail(-ENOMEM, "batch: out of memory");
	batches->rows = rows;
	batches->rows_room = room;
	return 0;
}

/* The round becomes the first of a new batch. */
static int open_batch(struct batches *batches)
{
	int err = make_room(batches);

	if (err)
		return err;
	for (size_t way = 0; way < batches->ways_n; way++) {
		struct bench_row *row = &batches->rows[batches->rows_n + way];

		*row = batches->round[way];
		row->round = (int64_t)batches->point_n;
	}
	batches->rows_n += batches->ways_n;
	batches->point_n++;
	batches->fill = 1;
	return 0;
}

/* Its last batch counts as full, so that its first round opens one. */
static void begin_point(struct batches *batches)
{
	batches->point_at = batches->rows_n;
	batches->point_n = 0;
	batches->size = batches->fill = 1;
}

static int add_round(struct batches *batches)
{
	if (batches->point_n == 0 || !same_point(&batches->round[0], &batches->rows[batches->point_at]))
		begin_point(batches);
	else if (batches->fill == batches->size && batches->point_n == BATCHES_MAX)
		halve(batches);
	if (batches->fill == batches->size)
		return open_batch(batches);
	for (size_t way = 0; way < batches->ways_n; way++)
		add_counts(batch_row(batches, batches->point_n - 1, way), &batches->round[way]);
	batches->fill++;
	return 0;
}

/* ---- From rows to rounds ---- */

static int end_round(struct batches *batches)
{
	bool whole = true;
	int err = 0;

	for (size_t way = 0; way < batches->ways_n; way++)
		whole &= batches->round[way].packets_n > 0;
	if (whole)
		err = add_round(batches);
	for (size_t way = 0; way < batches->ways_n; way++)
		batches->round[way].packets_n = 0;
	return err;
}

/* Whether a row is of another round than the one that comes by. */
static bool begins_round(const struct batches *batches, const struct bench_row *row)
{
	for (size_t way = 0; way < batches->ways_n; way++)
		if (batches->round[way].packets_n > 0)
			return batches->round[way].round != row->round || !same_point(&batches->round[way], row);
	return false;
}

int batches_add(void *context, const struct bench_row *row)
{
	struct batches *batches = context;
	int err = begins_round(batches, row) ? end_round(batches) : 0;

	for (size_t way = 0; way < batches->ways_n && !err; way++)
		if (row->packets_n > 0 && strcmp(row->way, batches->ways[way]) == 0) {
			batches->round[way] = *row;
			batches->round[way].way = batches->ways[way];
		}
	return err;
}

int batches_rows(struct batches *batches, const struct bench_row **rows, size_t *n)
{
	int err = end_round(batches);

	*rows = batches->rows;
	*n = batches->rows_n;
	return err;
}
