/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_count.c: keeps the counts of each block until its point ends. */
#include "workloads/bench_count.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/counted.h"
#include "analyze/rows.h"
#include "base/err.h"
#include "collect/count.h"

/* One block. */
struct counts {
	int64_t round;
	const char *way;
	struct count_part *parts;
	size_t n;
};

struct bench_count {
	struct count *count;
	struct counts *blocks;
	size_t n, room;
};

int bench_count_open(struct bench_count **out)
{
	struct bench_count *count = calloc(1, sizeof *count);
	int err = count ? count_open(&count->count) : fail(-ENOMEM, "bench: out of memory");

	if (err) {
		free(count);
		return err;
	}
	*out = count;
	return 0;
}

static void forget(struct bench_count *count)
{
	for (size_t i = 0; i < count->n; i++)
		free(count->blocks[i].parts);
	count->n = 0;
}

void bench_count_free(struct bench_count *count)
{
	if (!count)
		return;
	forget(count);
	free(count->blocks);
	count_close(count->count);
	free(count);
}

int bench_count_block(struct bench_count *count, const struct bench_row *row)
{
	struct counts block = { .round = row->round, .way = row->way };
	int err = count_take(count->count, &block.parts, &block.n);

	if (err || !row->way) {
		free(block.parts);
		return err;
	}
	if (count->n == count->room) {
		size_t room = count->room ? 2 * count->room : 128;
		struct counts *more = realloc(count->blocks, room * sizeof *more);

		if (!more) {
			free(block.parts);
			return fail(-ENOMEM, "bench: out of memory");
		}
		count->blocks = more;
		count->room = room;
	}
	count->blocks[count->n++] = block;
	return 0;
}

static bool has_round(const int64_t *rounds, size_t n, int64_t round)
{
	for (size_t i = 0; i < n; i++)
		if (rounds[i] == round)
			return true;
	return false;
}

/* Whether a way's figure is from this round, or, of `null`, that of any way. */
static bool is_wanted(const struct bench_count *count, const struct counts *block, const struct bench_row *rows, size_t n)
{
	int64_t rounds[COUNTED_ROUNDS_MAX];

	for (size_t i = 0; i < count->n; i++) {
		const struct counts *other = &count->blocks[i];

		if (other->round != block->round || (strcmp(block->way, "null") != 0 && strcmp(block->way, other->way) != 0))
			continue;
		if (has_round(rounds, counted_rounds(rows, n, other->way, rounds), block->round))
			return true;
	}
	return false;
}

int bench_count_point(struct bench_count *count, const struct bench_row *rows, size_t n, int (*each)(void *arg, const struct counted_row *row), void *arg)
{
	int err = 0;

	for (size_t i = 0; i < count->n && !err; i++) {
		const struct counts *block = &count->blocks[i];

		if (!is_wanted(count, block, rows, n))
			continue;
		for (size_t j = 0; j < block->n && !err; j++)
			err = each(arg, &(struct counted_row){
						.run = STORE_NULL, .round = block->round, .way = block->way, .group_size = rows->group_size,
						.payload_bytes = rows->payload_bytes, .private_bytes = rows->private_bytes, .stage = block->parts[j].stage,
						.function = block->parts[j].function, .insn_n = (int64_t)block->parts[j].insn_n });
	}
	forget(count);
	return err;
}
