/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * batch.h: joins neighbouring rounds of a micro-benchmark, so that an interval over a million blocks costs no more than one
 * over some hundred, and the blocks need not be in memory all at once.
 *
 * A batch is the sum of one or more neighbouring rounds of one point, in which null, base and alt each sent something; other
 * rounds (an interrupted run's last) are left out. A point has at most BATCHES_MAX of them: when there are more, neighbours are
 * joined two by two, so that all but the last hold equally many rounds. Up to BATCHES_MAX rounds nothing is joined.
 * To draw batches instead of rounds leaves the sums as they are, and the bootstrap over them is valid as before; drift that
 * lasts longer than a round is even told better (the batch means of C. Alexopoulos and A. Seila, Output data analysis, 1998).
 */
#ifndef ANALYZE_BATCH_H
#define ANALYZE_BATCH_H

#include <stddef.h>

struct batches;
struct bench_row;

#define BATCHES_MAX 200 /* even */

/* `base` and `alt` are kept by reference, also in the rows that come out. NULL when out of memory. */
struct batches *batches_new(const char *base, const char *alt);
void batches_free(struct batches *batches);

/* Adds a row; they come by point (group_size, payload_bytes, private_bytes), within it by round. Rows of other ways are passed
 * over. The first argument is a struct batches: a visitor of store_benches_of(). 0 or -ENOMEM, printed. */
int batches_add(void *batches, const struct bench_row *row);

/* Ends the last round. The batches: for each a row per way, `round` numbered from 0 within each point. They are good until
 * batches_free(). -ENOMEM, printed. */
int batches_rows(struct batches *batches, const struct bench_row **rows, size_t *n);

#endif
