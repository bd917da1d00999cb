/* SPDX-License-Identifier: GPL-2.0-or-later */
/* speedup.c: the local speed-up s at one point of a micro-benchmark, with its interval. */
#include "analyze/speedup.h"

#include "analyze/rows.h"
#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_TO_CHOOSE 20 /* fewer are all kept */

enum { WAY_NULL, WAY_BASE, WAY_ALT, WAYS_N };

/* What the three ways cost and did in one round, or in a sum of rounds. */
struct round {
	int64_t number;
	double cyc[WAYS_N], packets[WAYS_N];
};

/* ---- From rows to rounds ---- */

static int by_number(const void *a, const void *b)
{
	const struct round *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static void take_row(struct round *round, const struct bench_row *row, int way)
{
	round->number = row->round;
	round->cyc[way] += (double)row->cpu_cyc + (row->async_cyc == STORE_NULL ? 0 : (double)row->async_cyc);
	round->packets[way] += (double)row->packets_n;
}

static void add_round(struct round *sum, const struct round *round)
{
	for (int way = 0; way < WAYS_N; way++) {
		sum->cyc[way] += round->cyc[way];
		sum->packets[way] += round->packets[way];
	}
}

static bool is_complete(const struct round *round)
{
	return round->packets[WAY_NULL] > 0 && round->packets[WAY_BASE] > 0 && round->packets[WAY_ALT] > 0;
}

/* Joins the entries of each round, and keeps the complete ones. `rounds` is sorted by number. */
static size_t join_rounds(struct round *rounds, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0, next; i < n; i = next) {
		struct round whole = rounds[i];

		for (next = i + 1; next < n && rounds[next].number == whole.number; next++)
			add_round(&whole, &rounds[next]);
		if (is_complete(&whole))
			rounds[kept++] = whole;
	}
	return kept;
}

/* The complete rounds of the rows; the caller frees. NULL when out of memory. */
static struct round *collect_rounds(const struct bench_row *rows, size_t n, const char *base, const char *alt, size_t *rounds_n)
{
	const char *ways[WAYS_N] = { [WAY_NULL] = "null", [WAY_BASE] = base, [WAY_ALT] = alt };
	struct round *rounds = calloc(n * WAYS_N + 1, sizeof *rounds);
	size_t taken = 0;

	if (!rounds)
		return NULL;
	for (size_t i = 0; i < n; i++)
		for (int way = 0; way < WAYS_N; way++) /* a way may be compared with itself */
			if (strcmp(rows[i].way, ways[way]) == 0)
				take_row(&rounds[taken++], &rows[i], way);
	qsort(rounds, taken, sizeof *rounds, by_number);
	*rounds_n = join_rounds(rounds, taken);
	return rounds;
}

size_t speedup_rounds(const struct bench_row *rows, size_t n, const char *base, const char *alt)
{
	size_t rounds_n = 0;

	free(collect_rounds(rows, n, base, alt, &rounds_n));
	return rounds_n;
}

/* ---- From rounds to s ---- */

static double cost(const struct round *sum, int way)
{
	return sum->cyc[way] / sum->packets[way];
}

/* Log of this round's own s; NAN when it has none. */
static double log_ratio(const struct round *round)
{
	double null = cost(round, WAY_NULL);

	return log((cost(round, WAY_BASE) - null) / (cost(round, WAY_ALT) - null));
}

/* Moves the rounds that something disturbed behind the others; *n becomes how many are left. *widen: stats_trimmed() and stats_serial(). */
static int set_outliers_aside(struct round *rounds, size_t *n, double *widen)
{
	double *ratios = malloc((*n + 1) * sizeof *ratios);
	bool *outlier = malloc((*n + 1) * sizeof *outlier);
	size_t outliers_n = 0, kept = 0;
	double serial = 1;
	int err = ratios && outlier ? 0 : -ENOMEM;

	for (size_t i = 0; i < *n && !err; i++)
		ratios[i] = log_ratio(&rounds[i]);
	if (!err)
		err = stats_outliers(ratios, *n, outlier, &outliers_n);
	*widen = 1;
	if (!err && *n >= ROUNDS_TO_CHOOSE)
		err = stats_trimmed(ratios, *n, outlier, widen);
	if (!err && *n >= ROUNDS_TO_CHOOSE)
		err = stats_serial(ratios, *n, outlier, &serial);
	*widen *= serial;
	if (!err && *n >= ROUNDS_TO_CHOOSE) {
		for (size_t i = 0; i < *n; i++)
			if (!outlier[i])
				rounds[kept++] = rounds[i];
		*n = kept;
	}
	free(ratios);
	free(outlier);
	return err;
}

static struct round sum_all(const struct round *rounds, size_t n)
{
	struct round sum = { 0 };

	for (size_t i = 0; i < n; i++)
		add_round(&sum, &rounds[i]);
	return sum;
}

static struct round sum_drawn(const struct round *rounds, const size_t *index, size_t n)
{
	struct round sum = { 0 };

	for (size_t i = 0; i < n; i++)
		add_round(&sum, &rounds[index[i]]);
	return sum;
}

static void resample(const struct round *rounds, size_t n, struct stats_rng *rng, size_t *index, struct speedup *out)
{
	for (size_t i = 0; i < out->rep_n; i++) {
		struct round sum;

		stats_resample(rng, NULL, n, index, n);
		sum = sum_drawn(rounds, index, n);
		out->base_rep[i] = cost(&sum, WAY_BASE) - cost(&sum, WAY_NULL);
		out->alt_rep[i] = cost(&sum, WAY_ALT) - cost(&sum, WAY_NULL);
	}
}

/* To widen base and alt in their logarithms is to widen s in its logarithm, so the replicates still pair. */
static int widen(struct speedup *out, double by)
{
	int err = stats_widen_log(out->base_rep, out->rep_n, out->base_cyc.value, out->rounds_n);

	if (!err)
		err = stats_widen_log(out->alt_rep, out->rep_n, out->alt_cyc.value, out->rounds_n);
	if (!err)
		err = stats_stretch_log(out->base_rep, out->rep_n, out->base_cyc.value, by);
	return err ? err : stats_stretch_log(out->alt_rep, out->rep_n, out->alt_cyc.value, by);
}

static int bootstrap(const struct round *rounds, uint64_t seed, double by, struct speedup *out)
{
	struct stats_rng *rng = stats_rng_new(seed);
	size_t *index = malloc(out->rounds_n * sizeof *index);
	int err = rng && index ? 0 : -ENOMEM;

	if (!err) {
		resample(rounds, out->rounds_n, rng, index, out);
		err = widen(out, by);
	}
	free(index);
	stats_rng_free(rng);
	return err;
}

int speedup_alloc(struct speedup *speedup, size_t rep_n)
{
	double *memory = rep_n ? malloc(3 * rep_n * sizeof *memory) : NULL;

	if (rep_n && !memory)
		return -ENOMEM;
	speedup->rep_n = rep_n;
	speedup->s_rep = memory;
	speedup->base_rep = memory ? memory + rep_n : NULL;
	speedup->alt_rep = memory ? memory + 2 * rep_n : NULL;
	return 0;
}

int speedup_divide(struct speedup *speedup)
{
	int err;

	if (!(speedup->base_cyc.value > 0) || !(speedup->alt_cyc.value > 0))
		return -EDOM;
	speedup->s = figure_exact(speedup->base_cyc.value / speedup->alt_cyc.value);
	if (speedup->rep_n == 0)
		return 0;
	for (size_t i = 0; i < speedup->rep_n; i++)
		speedup->s_rep[i] = speedup->base_rep[i] / speedup->alt_rep[i];
	err = stats_interval(speedup->base_rep, speedup->rep_n, speedup->base_cyc.value, &speedup->base_cyc);
	if (!err)
		err = stats_interval(speedup->alt_rep, speedup->rep_n, speedup->alt_cyc.value, &speedup->alt_cyc);
	if (!err)
		err = stats_interval(speedup->s_rep, speedup->rep_n, speedup->s.value, &speedup->s);
	return err;
}

static struct figure scaled(struct figure figure, double by)
{
	return (struct figure){ figure.value * by, figure.low * by, figure.high * by };
}

void speedup_rebase(struct speedup *speedup, double base_cyc)
{
	const double by = base_cyc / speedup->base_cyc.value;

	speedup->base_cyc = scaled(speedup->base_cyc, by);
	speedup->s = scaled(speedup->s, by);
	for (size_t i = 0; i < speedup->rep_n; i++) {
		speedup->base_rep[i] *= by;
		speedup->s_rep[i] *= by;
	}
}

static int compute(struct round *rounds, size_t n, uint64_t seed, size_t rep_n, struct speedup *out)
{
	size_t all_n = n;
	double by;
	int err = set_outliers_aside(rounds, &n, &by);

	if (!err)
		err = speedup_alloc(out, n > 1 ? rep_n : 0);
	if (err)
		return err;
	struct round sum = sum_all(rounds, n);
	out->rounds_n = n;
	out->outliers_n = all_n - n;
	out->null_cyc = cost(&sum, WAY_NULL);
	out->base_cyc = figure_exact(cost(&sum, WAY_BASE) - out->null_cyc);
	out->alt_cyc = figure_exact(cost(&sum, WAY_ALT) - out->null_cyc);
	if (out->rep_n)
		err = bootstrap(rounds, seed, by, out);
	if (!err)
		err = speedup_divide(out);
	return err;
}

static int explain(int err, const struct bench_row *row, const char *base, const char *alt)
{
	if (err == -EDOM)
		return fail(err, "speedup: at group %" PRId64 ", payload %" PRId64 " %s or %s costs no more than the null sender; "
			    "repeat the bench on a quiet machine, with more rounds", row->group_size, row->payload_bytes, base, alt);
	return err == -ENOMEM ? fail(err, "speedup: out of memory") : err;
}

int speedup_compute(const struct bench_row *rows, size_t n, const char *base, const char *alt, uint64_t seed, size_t rep_n,
		    struct speedup *out)
{
	size_t rounds_n = 0;
	struct round *rounds = collect_rounds(rows, n, base, alt, &rounds_n);
	int err;

	*out = (struct speedup){ 0 };
	if (!rounds)
		return fail(-ENOMEM, "speedup: out of memory");
	if (rounds_n == 0) {
		free(rounds);
		return fail(-ENODATA, "speedup: the bench has no round with all of null, %s and %s; run `forecall bench --baseline %s "
			    "--alternative %s`", base, alt, base, alt);
	}
	err = compute(rounds, rounds_n, seed, rep_n, out);
	free(rounds);
	if (err) {
		speedup_free(out);
		return explain(err, rows, base, alt);
	}
	return 0;
}

void speedup_free(struct speedup *speedup)
{
	free(speedup->s_rep); /* the three share one piece of memory */
	*speedup = (struct speedup){ 0 };
}

struct sampled speedup_sampled(const struct speedup *speedup)
{
	return (struct sampled){ .figure = speedup->s, .rep = speedup->s_rep, .rep_n = speedup->rep_n };
}

bool speedup_narrow(const struct speedup *speedup, double width)
{
	return figure_narrower(speedup->s, width);
}
