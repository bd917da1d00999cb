/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fraction_sample.c: f from samples of call chains. The formula stands in fraction.h. */
#include "analyze/fraction.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/sampled.h"
#include "analyze/store.h"

#define ODDS_SD 0.016 /* how samples weigh the path against all else differs by this much from target to target (docs/accuracy.md) */

/* Of one window, or of many; all members are doubles. */
struct sums {
	struct sample_sums of;
	double async, async_target;
};

static bool is(const char *word, const char *other)
{
	return word[0] == other[0] && !strcmp(word, other);
}

/* As measure_row_is_async() has it. */
static bool is_async(const struct sample_row *row, enum fraction_async async)
{
	if (async == FRACTION_ASYNC_NONE || is(row->call, "path") || (is(row->task, "other") && is(row->call, "call")))
		return false;
	if (async == FRACTION_ASYNC_OWN && !is(row->task, "target"))
		return false;
	if (async == FRACTION_ASYNC_ALL)
		return !is(row->hardirq, "none") || !is(row->softirq, "none");
	return is(row->hardirq, "net") || is(row->softirq, "net_rx") || is(row->softirq, "net_tx");
}

static void add_row(struct sums *sums, const struct sample_row *row, enum fraction_async async)
{
	bool outside = is_async(row, async);

	sampled_add_row(&sums->of, row);
	sums->async += outside ? (double)row->cyc : 0;
	sums->async_target += outside && sampled_is_target(row) ? (double)row->cyc : 0;
}

static void add_sums(struct sums *to, const struct sums *from)
{
	sampled_add(&to->of, &from->of);
	to->async += from->async;
	to->async_target += from->async_target;
}

/* Of the target's busy time as given. */
static double f_of(const struct sums *sums, double target)
{
	double busy = target + sums->async - sums->async_target;

	return busy > 0 ? (sums->of.path * sampled_missed(&sums->of) + sums->async) / busy : NAN;
}

static int by_block(const void *a, const void *b)
{
	const struct block_row *x = *(const struct block_row *const *)a, *y = *(const struct block_row *const *)b;

	return x->block < y->block ? -1 : x->block > y->block;
}

/* A window in which a process of the target ended does not know the CPU time, and counts for nothing where most do. */
static bool most_know_cpu(const struct fraction_input *input)
{
	size_t n = 0, know_n = 0;

	for (size_t i = 0; i < input->blocks_n; i++) {
		n += input->blocks[i].sampled == 1;
		know_n += input->blocks[i].sampled == 1 && input->blocks[i].cpu_cyc != STORE_NULL;
	}
	return 2 * know_n > n;
}

/* The sampled windows that count, in order, and their number. Caller frees. */
static const struct block_row **sampled_blocks(const struct fraction_input *input, size_t *n)
{
	const struct block_row **list = calloc(input->blocks_n + 1, sizeof *list);
	bool by_cpu = most_know_cpu(input);

	*n = 0;
	for (size_t i = 0; list && i < input->blocks_n; i++) {
		const struct block_row *block = &input->blocks[i];

		if (block->sampled == 1 && (block->cpu_cyc != STORE_NULL || (!by_cpu && block->target_cyc == STORE_NULL)))
			list[(*n)++] = block;
	}
	if (list)
		qsort(list, *n, sizeof *list, by_block);
	return list;
}

/* Sums by window, in the order of `blocks`, and behind them the half samples. */
static int window_sums(const struct fraction_input *input, struct sums **out, size_t *n, struct sampled_terms *terms, struct fraction *fraction)
{
	const struct block_row **blocks = sampled_blocks(input, n);
	struct sums *sums = calloc(*n + 1, sizeof *sums);
	struct sampled_presence seen = {0};
	double samples = 0, cyc = 0;
	int err = blocks && sums ? 0 : -ENOMEM;

	for (size_t i = 0; i < *n && !err; i++) {
		sums[i].of = sampled_window(blocks[i], input->terms.by_samples);
		if (!sampled_tells_ontime(blocks[i]))
			sampled_see_window(&seen, blocks[i]);
	}
	for (size_t i = 0; i < input->samples_n && !err; i++) {
		const struct sample_row *row = &input->samples[i];
		const struct block_row key = {.block = row->block}, *at = &key, *const *found = bsearch(&at, blocks, *n, sizeof *blocks, by_block);

		if (!found || sampled_tells_ontime(*found))
			continue;
		add_row(&sums[found - (const struct block_row *const *)blocks], row, input->async);
		sampled_see_row(&seen, row);
		samples += (double)row->samples_n;
		cyc += (double)row->cyc;
		fraction->calls_n += is(row->task, "target") && is(row->call, "path") ? row->samples_n : 0;
	}
	if (!err && samples > 0)
		sums[*n].of = (struct sample_sums){.target = cyc / samples, .path = cyc / samples / 2, .cpu = cyc / samples};
	terms->idle = sampled_idle(&seen);
	free(blocks);
	if (err) {
		free(sums);
		sums = NULL;
	}
	*out = sums;
	return err;
}

/* Resamples the n windows and the half samples behind them; `all` is their sum. */
static int resample(const struct sums *sums, size_t n, const struct sums *all, const struct sampled_terms *terms, uint64_t seed, double value, double *rep)
{
	struct stats_rng *rng = stats_rng_new(seed ? seed : STATS_SEED);
	size_t *index = malloc((n + 1) * sizeof *index);
	int err = rng && index ? 0 : -ENOMEM;

	for (size_t i = 0; i < STATS_REPLICATES && !err; i++) {
		struct sums total = {0};

		err = stats_resample(rng, NULL, n + 1, index, n + 1);
		for (size_t j = 0; j <= n && !err; j++)
			add_sums(&total, &sums[index[j]]);
		if (!(total.of.switches.on > 0)) /* windows that tell it are few */
			total.of.switches = all->of.switches;
		double f = f_of(&total, sampled_busy(&total.of, terms));
		rep[i] = isfinite(f) ? f : value;
	}
	free(index);
	stats_rng_free(rng);
	return err;
}

static double thread_total(const struct thread_row *t)
{
	return (double)(t->user_cyc + t->path_cyc + t->call_cyc + t->kernel_cyc + t->irq_cyc + t->unknown_cyc);
}

/* f of the thread with the most samples, times what corrects that of all threads; its interval is that of the whole, in proportion. */
static void busiest(const struct fraction_input *input, double correction, struct fraction *out)
{
	const struct thread_row *best = NULL;

	for (size_t i = 0; i < input->threads_n; i++)
		if (!best || thread_total(&input->threads[i]) > thread_total(best))
			best = &input->threads[i];
	if (!best || thread_total(best) <= 0 || out->f.value <= 0)
		return;
	double f = fmin(1, correction * (double)best->path_cyc / thread_total(best));
	out->busiest_tid = best->tid;
	for (size_t i = 0; i < out->rep_n; i++)
		out->busiest_rep[i] = fmin(1, out->f_rep[i] / out->f.value * f);
	if (stats_interval(out->busiest_rep, out->rep_n, f, &out->busiest))
		out->busiest = figure_exact(f);
}

static int replicate(const struct fraction_input *input, const struct sums *sums, size_t n, const struct sums *all, const struct sampled_terms *terms,
		     struct fraction *out)
{
	double moods = 1; /* as of the ledger's f */

	out->f_rep = malloc(STATS_REPLICATES * sizeof *out->f_rep);
	out->busiest_rep = malloc(STATS_REPLICATES * sizeof *out->busiest_rep);
	if (!out->f_rep || !out->busiest_rep)
		return -ENOMEM;
	out->rep_n = STATS_REPLICATES;
	double by_odds = ODDS_SD * out->f.value * (1 - out->f.value);
	double busy = sampled_busy(&all->of, terms), by_busy = busy > 0 ? out->f.value * sampled_busy_error(&all->of, terms) / busy : 0;
	int err = resample(sums, n, all, terms, input->seed, out->f.value, out->f_rep);
	if (!err)
		err = stats_widen(out->f_rep, out->rep_n, out->f.value, n);
	if (!err)
		err = stats_serial_ratio(&sums->of.path, &sums->of.target, sizeof *sums / sizeof(double), n, &moods);
	if (!err)
		stats_stretch(out->f_rep, out->rep_n, out->f.value, moods);
	if (!err)
		err = stats_put_off(out->f_rep, out->rep_n, hypot(by_odds, by_busy));
	for (size_t i = 0; i < out->rep_n && !err; i++)
		out->f_rep[i] = fmin(1, fmax(0, out->f_rep[i]));
	if (!err)
		err = stats_interval(out->f_rep, out->rep_n, out->f.value, &out->f);
	if (!err && busy > 0)
		busiest(input, sampled_missed(&all->of) * all->of.target / busy, out);
	return err;
}

int fraction_sampled(const struct fraction_input *input, struct fraction *out)
{
	const struct figure unknown = {NAN, NAN, NAN};
	struct sums *sums, total = {0};
	size_t n;

	*out = (struct fraction){.busiest = unknown, .probe_scale = unknown, .linear = unknown, .busy_cyc = unknown, .path_cyc = unknown,
				 .added = unknown, .added_all = unknown, .added_cpu = unknown,
				 .null_cyc = NAN, .probed_cyc = NAN, .frame_cyc = NAN};
	struct sampled_terms terms = input->terms;
	int err = window_sums(input, &sums, &n, &terms, out);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		add_sums(&total, &sums[i]);
	out->probed_n = out->cycles_n = n;
	double busy = sampled_busy(&total.of, &terms), seen = sampled_target(&total.of);
	out->f.value = f_of(&total, busy);
	if (out->f.value > 1)
		out->f.value = 1;
	if (n < 2 || !isfinite(out->f.value))
		err = -ENODATA;
	else if (!out->calls_n && total.async <= 0)
		err = -ENOENT;
	else
		err = replicate(input, sums, n, &total, &terms, out);
	out->raw = busy != seen ? figure_exact(f_of(&total, seen)) : out->f;
	free(sums);
	if (err)
		fraction_free(out);
	if (err == -ENOENT)
		out->f = out->raw = (struct figure){0};
	return err;
}

bool fraction_agree(struct figure a, struct figure b, struct figure *difference)
{
	double gap = a.value - b.value;

	*difference = figure_exact(gap);
	if (!figure_has_interval(a) || !figure_has_interval(b))
		return true;
	difference->low = gap - hypot(a.value - a.low, b.high - b.value);
	difference->high = gap + hypot(a.high - a.value, b.value - b.low);
	return difference->low <= 0 && difference->high >= 0;
}
