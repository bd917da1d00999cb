/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slices.c: reads a sampled run and cuts its path into stages, way by way. */
#include "analyze/slices.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/sampled.h"
#include "analyze/store.h"
#include "base/err.h"

bool slices_counted(const struct slices *slices)
{
	for (size_t i = 0; i < slices->n; i++)
		if (!isfinite(slices->slice[i].total_cyc.value))
			return false;
	return slices->n > 0;
}

bool slices_seen(const struct slices *slices, enum slice_stage stage)
{
	for (size_t i = 0; i < slices->n; i++)
		if (slices->slice[i].share[stage].value > 0)
			return true;
	return false;
}

/* ---- Ways ---- */

/* The ways that its windows name, each once. They point into the rows. */
struct ways {
	const char *way[SLICES_MAX];
	size_t n;
};

static bool has_way(const struct ways *ways, const char *way)
{
	for (size_t i = 0; i < ways->n; i++)
		if (!strcmp(ways->way[i], way))
			return true;
	return false;
}

static struct ways find_ways(const struct slice_input *input)
{
	struct ways ways = { .n = 0 };

	for (size_t i = 0; i < input->blocks_n && ways.n < SLICES_MAX; i++)
		if (input->blocks[i].way && !has_way(&ways, input->blocks[i].way))
			ways.way[ways.n++] = input->blocks[i].way;
	return ways;
}

/* ---- Slices ---- */

/* Of one way, NULL: of all windows. */
static int add(struct slice_input *input, const char *way, const char *name, struct slices *out)
{
	input->way = way;
	int err = slice_compute(input, &out->slice[out->n]);

	if (err == -ENOENT || err == -ENODATA)
		return 0;
	if (err)
		return fail(err, "slice: out of memory");
	snprintf(out->way[out->n++], SLICES_WAY, "%s", name);
	return 0;
}

/* The dearest first: they were measured in random order. Those of which no cycles are known stay as they are. */
static void sort(struct slices *slices)
{
	for (size_t i = 1; i < slices->n; i++)
		for (size_t j = i; j > 0 && slices->slice[j].total_cyc.value > slices->slice[j - 1].total_cyc.value; j--) {
			struct slice slice = slices->slice[j];
			char way[SLICES_WAY];

			memcpy(way, slices->way[j], sizeof way);
			slices->slice[j] = slices->slice[j - 1];
			memcpy(slices->way[j], slices->way[j - 1], sizeof way);
			slices->slice[j - 1] = slice;
			memcpy(slices->way[j - 1], way, sizeof way);
		}
}

static int compute(struct slice_input *input, const struct run_row *run, struct slices *out)
{
	struct ways ways = find_ways(input);
	int err = ways.n ? 0 : add(input, NULL, run->path, out);

	for (size_t i = 0; i < ways.n && !err; i++)
		err = add(input, ways.way[i], ways.way[i], out);
	if (out->n)
		sort(out);
	return err || out->n ? err : -ENODATA;
}

/* What a slice is made of. Free blocks and samples by store_rows_free(), whatever is returned: 0; -ENOENT the run was not sampled; errors of the store. */
static int load_input(struct store *store, const struct run_row *run, struct slice_input *input, struct block_row **blocks, struct sample_row **samples)
{
	*input = (struct slice_input){.exact = !strcmp(run->engine, "exact"), .terms = sampled_terms_of(run)};
	*blocks = NULL;
	*samples = NULL;
	int err = store_samples(store, run->run, samples, &input->samples_n);

	if (!err && !input->samples_n)
		err = -ENOENT;
	if (!err)
		err = store_blocks(store, run->run, blocks, &input->blocks_n);
	input->blocks = *blocks;
	input->samples = *samples;
	return err;
}

int slices_load_one(struct store *store, const struct run_row *run, const char *way, struct slice *out)
{
	struct slice_input input;
	struct block_row *blocks;
	struct sample_row *samples;
	int err = load_input(store, run, &input, &blocks, &samples);

	input.way = way;
	if (!err)
		err = slice_compute(&input, out);
	store_rows_free(blocks);
	store_rows_free(samples);
	return err;
}

int slices_load(struct store *store, const struct run_row *run, struct slices *out)
{
	struct slice_input input;
	struct block_row *blocks;
	struct sample_row *samples;
	int err = load_input(store, run, &input, &blocks, &samples);

	out->n = 0;
	if (!err)
		err = compute(&input, run, out);
	store_rows_free(blocks);
	store_rows_free(samples);
	return err;
}
