/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_count.h: what the blocks of a point counted (collect/count.h), until it is known which of them are the figure (analyze/counted.h). */
#ifndef WORKLOADS_BENCH_COUNT_H
#define WORKLOADS_BENCH_COUNT_H

#include <stddef.h>

struct bench_count;
struct bench_row;
struct counted_row;

/* Has the emulator count from here on. -ENOTSUP, said, where none can; -errno, said. */
int bench_count_open(struct bench_count **out);
void bench_count_free(struct bench_count *count); /* accepts NULL */

/* A block has ended: takes what it counted; of one that is no row (row->way NULL), to forget it. 0 or -errno, said. */
int bench_count_block(struct bench_count *count, const struct bench_row *row);

/* A point has ended, whose rows these are: hands over the counts of each way in the rounds that are its median, and of `null` in these. `run`
 * is not set; texts are good until bench_count_free(). Then they are forgotten. An error of `each` ends it and is returned. */
int bench_count_point(struct bench_count *count, const struct bench_row *rows, size_t n, int (*each)(void *arg, const struct counted_row *row), void *arg);

#endif
