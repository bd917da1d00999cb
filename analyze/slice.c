/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice.c: stages of a path from samples. The formulas stand in slice.h. */
#include "analyze/slice.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/sampled.h"
#include "analyze/store.h"

const char *const slice_stage_names[SLICE_STAGE_MAX] = {
	[SLICE_ENTRY] = "entry",         [SLICE_COPY] = "copy",   [SLICE_SOCKET] = "socket", [SLICE_IP] = "ip",
	[SLICE_NETFILTER] = "netfilter", [SLICE_QUEUE] = "queue", [SLICE_DRIVER] = "driver", [SLICE_COMPLETION] = "completion",
	[SLICE_RECEIVE] = "receive",     [SLICE_INTERRUPT] = "interrupt", [SLICE_OTHER] = "other",
};

const char *const slice_stage_titles[SLICE_STAGE_MAX] = {
	[SLICE_ENTRY] = "entry and exit",
	[SLICE_COPY] = "copy in",
	[SLICE_SOCKET] = "socket and UDP",
	[SLICE_IP] = "IP and routing",
	[SLICE_NETFILTER] = "netfilter",
	[SLICE_QUEUE] = "queueing",
	[SLICE_DRIVER] = "driver",
	[SLICE_COMPLETION] = "transmit completion",
	[SLICE_RECEIVE] = "receive half",
	[SLICE_INTERRUPT] = "interrupts",
	[SLICE_OTHER] = "other",
};

/* Sums of one window, or of many. */
struct sums {
	struct sample_sums of;
	double stage[SLICE_STAGE_MAX], packets;
	double pieces[SLICE_STAGE_MAX], untimed_cpu, untimed_packets; /* exact */
};

/* One evaluation. */
struct result {
	double share[SLICE_STAGE_MAX], cyc[SLICE_STAGE_MAX], total;
};

#define SUMS_N (sizeof(struct sums) / sizeof(double))
#define RESULT_N (sizeof(struct result) / sizeof(double))

static void add_sums(struct sums *to, const struct sums *from)
{
	for (size_t i = 0; i < SUMS_N; i++)
		((double *)to)[i] += ((const double *)from)[i];
}

static struct result evaluate_exact(const struct sums *s)
{
	double pieces = 0, more = s->of.cpu / s->packets - s->untimed_cpu / s->untimed_packets;
	struct result r = {.total = 0};

	for (int i = 0; i < SLICE_STAGE_MAX; i++)
		pieces += s->pieces[i];
	double probe = fmax(0, more) * s->packets / pieces;
	for (int i = 0; i < SLICE_STAGE_MAX; i++) {
		r.cyc[i] = (s->stage[i] - probe * s->pieces[i]) / s->packets;
		r.total += r.cyc[i];
	}
	for (int i = 0; i < SLICE_STAGE_MAX; i++)
		r.share[i] = r.cyc[i] / r.total;
	return r;
}

static struct result evaluate_sampled(const struct sums *s, const struct sampled_terms *terms)
{
	struct result r;
	double cpu = sampled_cpu(&s->of, terms), busy = sampled_busy(&s->of, terms);
	double per_cyc = s->packets > 0 ? sampled_missed(&s->of) * cpu / busy / s->packets : NAN;

	for (int i = 0; i < SLICE_STAGE_MAX; i++) {
		r.share[i] = s->stage[i] / s->of.path;
		r.cyc[i] = s->stage[i] * per_cyc;
	}
	r.total = s->of.path * per_cyc;
	return r;
}

static enum slice_stage stage_of(const char *name)
{
	enum slice_stage stage = 0;

	while (stage < SLICE_OTHER && strcmp(slice_stage_names[stage], name))
		stage++;
	return stage;
}

/* The windows of the way, by number of block: sums[number], wanted[number]. */
struct windows {
	struct sums *sums;
	char *wanted;
	size_t room;              /* numbers below it */
	struct sample_sums timed; /* all that tell how long the target ran: none of those wanted */
	struct sampled_presence seen;
	struct sampled_terms terms;
};

static bool is_wanted(const struct block_row *block, const struct slice_input *input)
{
	if (input->way && (!block->way || strcmp(block->way, input->way)))
		return false;
	return input->exact ? block->dose == 1 : block->sampled == 1;
}

static int windows_of(const struct slice_input *input, struct windows *w)
{
	int64_t last = -1;

	for (size_t i = 0; i < input->blocks_n; i++)
		if (input->blocks[i].block > last)
			last = input->blocks[i].block;
	w->room = (size_t)(last + 1);
	w->sums = calloc(w->room + 1, sizeof *w->sums);
	w->wanted = calloc(w->room + 1, 1);
	if (!w->sums || !w->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < input->blocks_n; i++) {
		const struct block_row *block = &input->blocks[i];
		const struct sample_sums of = sampled_window(block, input->terms.by_samples);

		if (!is_wanted(block, input))
			continue;
		if (sampled_tells_ontime(block)) {
			sampled_add(&w->timed, &of);
			continue;
		}
		w->wanted[block->block] = 1;
		sampled_see_window(&w->seen, block);
		w->sums[block->block].of = of;
		w->sums[block->block].packets = block->meter_udp == STORE_NULL ? NAN : (double)block->meter_udp;
	}
	return 0;
}

/* The timed window of a cycle gets what its untimed ones took. */
static void pair_windows(const struct slice_input *input, const struct windows *w)
{
	for (size_t i = 0; i < input->blocks_n; i++) {
		const struct block_row *untimed = &input->blocks[i];

		if (untimed->dose || untimed->cpu_cyc == STORE_NULL || untimed->meter_udp == STORE_NULL)
			continue;
		for (size_t j = 0; j < input->blocks_n; j++) {
			const struct block_row *timed = &input->blocks[j];

			if (timed->cycle != untimed->cycle || !w->wanted[timed->block] || (timed->way && untimed->way && strcmp(timed->way, untimed->way)))
				continue;
			w->sums[timed->block].untimed_cpu += (double)untimed->cpu_cyc;
			w->sums[timed->block].untimed_packets += (double)untimed->meter_udp;
		}
	}
}

static void add_samples(const struct slice_input *input, struct windows *w, struct slice *out)
{
	for (size_t i = 0; i < input->samples_n; i++) {
		const struct sample_row *row = &input->samples[i];

		if (row->block < 0 || (size_t)row->block >= w->room || !w->wanted[row->block])
			continue;
		sampled_add_row(&w->sums[row->block].of, row);
		sampled_see_row(&w->seen, row);
		if (strcmp(row->task, "target") || strcmp(row->call, "path"))
			continue;
		w->sums[row->block].stage[stage_of(row->stage)] += (double)row->cyc;
		w->sums[row->block].pieces[stage_of(row->stage)] += (double)row->samples_n;
		out->samples_n += row->samples_n;
	}
}

/* The wanted windows moved to the front; how many. */
static size_t gather(struct windows *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->room; i++)
		if (w->wanted[i])
			w->sums[n++] = w->sums[i];
	return n;
}

/* The windows of `index`, or the first n, and what all together tell of how long the target ran. */
static struct sums total_of(const struct windows *w, const size_t *index, size_t n)
{
	struct sums total = {.of = w->timed};

	for (size_t i = 0; i < n; i++)
		add_sums(&total, &w->sums[index ? index[i] : i]);
	return total;
}

/* rep[RESULT_N][STATS_REPLICATES] */
static int resample(const struct windows *w, size_t n, const struct slice_input *input, double *rep)
{
	struct stats_rng *rng = stats_rng_new(input->seed ? input->seed : STATS_SEED);
	size_t *index = malloc(n * sizeof *index);
	int err = rng && index ? 0 : -ENOMEM;

	for (size_t i = 0; i < STATS_REPLICATES && !err; i++) {
		err = stats_resample(rng, NULL, n, index, n);
		if (err)
			break;
		const struct sums total = total_of(w, index, n);
		struct result r = input->exact ? evaluate_exact(&total) : evaluate_sampled(&total, &w->terms);
		for (size_t j = 0; j < RESULT_N; j++)
			rep[j * STATS_REPLICATES + i] = ((double *)&r)[j];
	}
	free(index);
	stats_rng_free(rng);
	return err;
}

/* A value without an interval where a resample had none: a stage that is nearly never seen, packets that are not known. */
static struct figure figure_of(double *rep, double value, size_t windows_n)
{
	struct figure figure = figure_exact(value);

	if (!isfinite(value) || stats_widen(rep, STATS_REPLICATES, value, windows_n) ||
	    stats_interval(rep, STATS_REPLICATES, value, &figure))
		return figure_exact(value);
	figure.low = fmax(0, figure.low);
	return figure;
}

static int figures(const struct windows *w, size_t n, const struct slice_input *input, struct slice *out)
{
	double *rep = malloc(RESULT_N * STATS_REPLICATES * sizeof *rep);
	const struct sums total = total_of(w, NULL, n);
	int err = rep ? resample(w, n, input, rep) : -ENOMEM;
	struct result r = input->exact ? evaluate_exact(&total) : evaluate_sampled(&total, &w->terms);

	for (int i = 0; i < SLICE_STAGE_MAX && !err; i++) {
		out->share[i] = figure_of(rep + (size_t)i * STATS_REPLICATES, r.share[i], n);
		out->cyc[i] = figure_of(rep + (size_t)(SLICE_STAGE_MAX + i) * STATS_REPLICATES, r.cyc[i], n);
	}
	if (!err)
		out->total_cyc = figure_of(rep + (size_t)(2 * SLICE_STAGE_MAX) * STATS_REPLICATES, r.total, n);
	out->packets_n = isfinite(total.packets) ? (int64_t)total.packets : 0;
	free(rep);
	return err;
}

int slice_compute(const struct slice_input *input, struct slice *out)
{
	struct windows w = {0};

	*out = (struct slice){0};
	int err = windows_of(input, &w);
	if (!err) {
		if (input->exact)
			pair_windows(input, &w);
		add_samples(input, &w, out);
		w.terms = input->terms;
		w.terms.idle = sampled_idle(&w.seen);
		out->windows_n = gather(&w);
		if (!out->samples_n)
			err = -ENOENT;
		else if (out->windows_n < 2)
			err = -ENODATA;
		else
			err = figures(&w, out->windows_n, input, out);
	}
	free(w.sums);
	free(w.wanted);
	return err;
}
