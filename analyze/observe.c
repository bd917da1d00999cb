/* SPDX-License-Identifier: GPL-2.0-or-later */
/* observe.c: compares the windows before and after a port. */
#include "analyze/observe.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/fraction.h"
#include "analyze/sampled.h"
#include "base/err.h"

#define CYCLES_TO_CHOOSE 20 /* fewer are all kept */
#define FULL_LOW 0.985      /* of a CPU: a window in which a thread had no time left */
#define FULL_HIGH 1.01
#define FULL_WINDOWS 0.1    /* share of such windows from which on time is no measure of the work */

enum work { WORK_OWN, WORK_UDP, WORK_WALL, WORK_MAX };

static const char *const work_names[WORK_MAX] = {
	[WORK_OWN] = "packet sent",
	[WORK_UDP] = "UDP datagram sent",
	[WORK_WALL] = "clock cycle",
};

/* Sums over the windows of one side in one cycle. */
struct sums {
	double cpu, work, async, async_work, windows;
};

struct side {
	double widen; /* for the cycles set aside and for moods: stats_trimmed(), stats_serial() */
	struct sums *cycles;
	size_t n;
	size_t windows_n;
};

static int belongs(const struct observe_side *side, const struct block_row *block)
{
	return !side->way || (block->way && !strcmp(block->way, side->way));
}

/* A side without sampled windows, which are of a server that is slowed, if it has others; never with those that the switches' records slowed, too.
 * Free out->blocks. */
static int undisturbed(const struct observe_side *in, struct observe_side *out)
{
	struct block_row *kept = calloc(in->blocks_n + 1, sizeof *kept);
	bool others = false;

	*out = (struct observe_side){.blocks = kept, .way = in->way};
	if (!kept)
		return -ENOMEM;
	for (size_t i = 0; i < in->blocks_n; i++)
		others |= in->blocks[i].sampled != 1 && !in->blocks[i].dose && in->blocks[i].cpu_cyc != STORE_NULL;
	for (size_t i = 0; i < in->blocks_n; i++)
		if (in->blocks[i].sampled != 1 || (!others && !sampled_tells_ontime(&in->blocks[i])))
			kept[out->blocks_n++] = in->blocks[i];
	return 0;
}

static double work_of(const struct block_row *block, enum work work)
{
	const int64_t values[WORK_MAX] = {
		[WORK_OWN] = block->meter_own,
		[WORK_UDP] = block->meter_udp,
		[WORK_WALL] = block->wall_cyc,
	};

	return values[work] == STORE_NULL ? NAN : (double)values[work];
}

static void add_block(struct sums *sums, const struct block_row *block, enum work work)
{
	double done = work_of(block, work);

	if (!block->dose && block->cpu_cyc != STORE_NULL) {
		sums->cpu += (double)block->cpu_cyc;
		sums->work += done;
		sums->windows++;
	} else if (block->dose && !isnan(done)) { /* the target did not end in it */
		sums->async += (double)(block->async_cyc - block->async_target_cyc);
		sums->async_work += done;
	}
}

static int side_sums(const struct observe_side *in, enum work work, struct side *out)
{
	int64_t last = -1;

	for (size_t i = 0; i < in->blocks_n; i++)
		if (in->blocks[i].cycle > last)
			last = in->blocks[i].cycle;
	out->n = (size_t)(last + 1);
	out->cycles = calloc(out->n + 1, sizeof *out->cycles);
	if (!out->cycles)
		return -ENOMEM;
	for (size_t i = 0; i < in->blocks_n; i++)
		if (belongs(in, &in->blocks[i]))
			add_block(&out->cycles[in->blocks[i].cycle], &in->blocks[i], work);
	for (size_t i = 0; i < out->n; i++)
		out->windows_n += (size_t)out->cycles[i].windows;
	return 0;
}

/* Cycles per unit of work over the cycles index[n]. */
static double cost(const struct side *side, const size_t *index, size_t n)
{
	struct sums sum = {0};

	for (size_t i = 0; i < n; i++) {
		const struct sums *one = &side->cycles[index[i]];

		sum.cpu += one->cpu;
		sum.work += one->work;
		sum.async += one->async;
		sum.async_work += one->async_work;
	}
	return sum.cpu / sum.work + (sum.async_work > 0 ? sum.async / sum.async_work : 0);
}

/* Whether both sides advanced by this measure at all. */
static int has_work(const struct observe_side *before, const struct observe_side *after, enum work work)
{
	const struct observe_side *sides[2] = {before, after};

	for (int i = 0; i < 2; i++) {
		double done = 0;

		for (size_t j = 0; j < sides[i]->blocks_n; j++) {
			const struct block_row *block = &sides[i]->blocks[j];

			if (belongs(sides[i], block) && !block->dose)
				done += work_of(block, work);
		}
		if (!(done > 0)) /* NAN: it could not be read everywhere */
			return 0;
	}
	return 1;
}

/* Work per clock cycle of one side. */
static double rate_of(const struct observe_side *side, enum work work)
{
	double done = 0, wall = 0;

	for (size_t j = 0; j < side->blocks_n; j++) {
		if (!belongs(side, &side->blocks[j]) || side->blocks[j].dose)
			continue;
		done += work_of(&side->blocks[j], work);
		wall += work_of(&side->blocks[j], WORK_WALL);
	}
	return wall > 0 ? done / wall : 0;
}

/* Two ways in one server, under one load, send alike. When the kernel's count of datagrams falls to less than a third, the
 * alternative's do not pass there (copies that are made behind the socket, frames): it is no measure of the work then. */
static int counts_both(const struct observe_side *before, const struct observe_side *after, enum work work)
{
	return work != WORK_UDP || rate_of(after, work) * 3 > rate_of(before, work);
}

/* A target that uses up a CPU does what it can, not what its clients ask: for both ways its cycles per time are the same. */
static int is_full(const struct observe_side *side)
{
	size_t n = 0, full_n = 0;

	for (size_t i = 0; i < side->blocks_n; i++) {
		const struct block_row *block = &side->blocks[i];
		double share = (double)block->cpu_cyc / (double)block->wall_cyc;

		if (!belongs(side, block) || block->dose || block->cpu_cyc == STORE_NULL)
			continue;
		n++;
		full_n += share > FULL_LOW && share < FULL_HIGH;
	}
	return (double)full_n > FULL_WINDOWS * (double)n;
}

static int bootstrap(const struct side *before, const struct side *after, int paired, double *reps[3])
{
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	size_t *b = malloc((before->n + 1) * sizeof *b), *a = malloc((after->n + 1) * sizeof *a);
	int err = rng && a && b ? 0 : -ENOMEM;

	for (size_t i = 0; i < STATS_REPLICATES && !err; i++) {
		err = stats_resample(rng, NULL, before->n, b, before->n);
		if (!err && !paired)
			err = stats_resample(rng, NULL, after->n, a, after->n);
		if (err)
			break;
		reps[1][i] = cost(before, b, before->n);
		reps[2][i] = cost(after, paired ? b : a, after->n);
		reps[0][i] = reps[1][i] / reps[2][i];
		for (int j = 0; j < 3; j++) /* a resample without a window of one side has no value of its own */
			if (!(isfinite(reps[j][i]) && reps[j][i] > 0))
				reps[j][i] = i ? reps[j][i - 1] : 1;
	}
	free(a);
	free(b);
	stats_rng_free(rng);
	return err;
}

static double whole(const struct side *side, size_t *index)
{
	for (size_t i = 0; i < side->n; i++)
		index[i] = i;
	return cost(side, index, side->n);
}

static int figures(const struct side *before, const struct side *after, int paired, struct observe *out)
{
	size_t n = before->n < after->n ? before->n : after->n, room = before->n > after->n ? before->n : after->n;
	size_t *index = malloc((room + 1) * sizeof *index);
	double *memory = malloc(3 * STATS_REPLICATES * sizeof *memory);
	int err = index && memory ? 0 : -ENOMEM;

	if (!err) {
		double *reps[3] = {memory, memory + STATS_REPLICATES, memory + 2 * STATS_REPLICATES};
		struct figure *to[3] = {&out->r, &out->before, &out->after};
		double b = whole(before, index), a = whole(after, index);
		double values[3] = {b / a, b, a};

		err = bootstrap(before, after, paired, reps);
		for (int j = 0; j < 3 && !err; j++) {
			err = stats_widen_log(reps[j], STATS_REPLICATES, values[j], n);
			if (!err)
				err = stats_stretch_log(reps[j], STATS_REPLICATES, values[j], fmax(before->widen, after->widen));
			if (!err)
				err = stats_interval(reps[j], STATS_REPLICATES, values[j], to[j]);
		}
	}
	free(index);
	free(memory);
	return err;
}

static double log_cost(const struct sums *cycle)
{
	return log(cycle->cpu / cycle->work);
}

/* Takes the cycles that are outliers by `x` out of a side. */
static void drop_outliers(struct side *side, const bool *outlier)
{
	size_t kept = 0;

	for (size_t i = 0; i < side->n; i++)
		if (!outlier[i])
			side->cycles[kept++] = side->cycles[i];
	side->n = kept;
	side->windows_n = 0;
	for (size_t i = 0; i < kept; i++)
		side->windows_n += (size_t)side->cycles[i].windows;
}

/* Marks outliers among the cycles of one side, by cost, or of both, by the ratio of their costs (`other` not NULL), and drops
 * them. Cycles that miss a window of one side have no ratio and go too. */
static int set_outliers_aside(struct side *side, struct side *other, size_t *outliers_n)
{
	double *x = malloc((side->n + 1) * sizeof *x);
	bool *outlier = malloc((side->n + 1) * sizeof *outlier);
	double serial = 1;
	size_t n = 0;
	int err = x && outlier ? 0 : -ENOMEM;

	for (size_t i = 0; i < side->n && !err; i++)
		x[i] = log_cost(&side->cycles[i]) - (other ? log_cost(&other->cycles[i]) : 0);
	side->widen = 1;
	if (!err && side->n >= CYCLES_TO_CHOOSE) {
		err = stats_outliers(x, side->n, outlier, &n);
		if (!err)
			err = stats_trimmed(x, side->n, outlier, &side->widen);
		if (!err)
			err = stats_serial(x, side->n, outlier, &serial);
		side->widen *= serial;
		if (!err && other)
			drop_outliers(other, outlier);
		if (!err)
			drop_outliers(side, outlier);
	}
	*outliers_n += n;
	free(x);
	free(outlier);
	return err;
}

static int set_both_aside(struct side *before, struct side *after, int paired, size_t *outliers_n)
{
	*outliers_n = 0;
	if (paired)
		return set_outliers_aside(before, after, outliers_n);
	int err = set_outliers_aside(before, NULL, outliers_n);
	return err ? err : set_outliers_aside(after, NULL, outliers_n);
}

static bool ran(const struct side *side)
{
	for (size_t i = 0; i < side->n; i++)
		if (side->cycles[i].cpu > 0)
			return true;
	return false;
}

static bool knows_async(const struct side *side)
{
	for (size_t i = 0; i < side->n; i++)
		if (side->cycles[i].async_work > 0)
			return true;
	return false;
}

static void forget_async(struct side *side)
{
	for (size_t i = 0; i < side->n; i++)
		side->cycles[i].async = side->cycles[i].async_work = 0;
}

static int compare_by(enum work work, const struct observe_side *before, const struct observe_side *after, int paired,
		      struct observe *out)
{
	struct side b = {0}, a = {0};
	int err = side_sums(before, work, &b);

	if (!err)
		err = side_sums(after, work, &a);
	if (!err && b.windows_n && a.windows_n && (!ran(&b) || !ran(&a)))
		err = fail(-ENODATA, "observe: the target did nothing in any unprobed window; take longer windows (--window), or give it more work");
	paired = paired && b.n == a.n;
	if (!err && !(knows_async(&b) && knows_async(&a))) { /* one side was measured without probes: interrupts elsewhere are in neither then */
		forget_async(&b);
		forget_async(&a);
	}
	size_t outliers_n = 0;
	if (!err)
		err = set_both_aside(&b, &a, paired, &outliers_n);
	*out = (struct observe){.work = work_names[work], .windows_n = b.windows_n + a.windows_n, .outliers_n = outliers_n};
	if (!err && (b.windows_n < 2 || a.windows_n < 2))
		err = fail(-ENODATA, "observe: too few unprobed windows (%zu before, %zu after); measure longer (--seconds)", b.windows_n,
			   a.windows_n);
	if (!err)
		err = figures(&b, &a, paired, out);
	free(b.cycles);
	free(a.cycles);
	return err;
}

static int compare(const struct observe_side *before, const struct observe_side *after, int paired, struct observe *out)
{
	struct observe best = {.r = {NAN, NAN, NAN}};
	int err = 0;

	if (has_work(before, after, WORK_OWN)) /* the target itself says what it has done: no need to guess */
		return compare_by(WORK_OWN, before, after, paired, out);
	for (enum work work = WORK_UDP; work < WORK_MAX && !err; work++) {
		if (!has_work(before, after, work) || (paired && !counts_both(before, after, work)))
			continue;
		if (work == WORK_WALL && !isnan(best.r.value) && (is_full(before) || is_full(after)))
			continue;
		err = compare_by(work, before, after, paired, out);
		if (!err && (isnan(best.r.value) || figure_half_width(out->r) / out->r.value < figure_half_width(best.r) / best.r.value))
			best = *out;
	}
	if (!err && isnan(best.r.value))
		err = fail(-ENODATA, "observe: there are no windows of both sides to compare");
	if (!err && best.work == work_names[WORK_WALL] && (is_full(before) || is_full(after)))
		warn("observe: the target uses up its CPU and no meter tells what it does, so it spends the same cycles per time whatever a send costs: r observed says "
		     "nothing; give it a load that leaves it time");
	*out = best;
	return err;
}

int observe_compare(const struct observe_side *before, const struct observe_side *after, int paired, struct observe *out)
{
	struct observe_side b, a = {0};
	int err = undisturbed(before, &b);

	if (!err)
		err = undisturbed(after, &a);
	if (!err)
		err = compare(&b, &a, paired, out);
	free((void *)b.blocks);
	free((void *)a.blocks);
	return err;
}
