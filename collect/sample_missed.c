/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_missed.c: the neighbours of each expiry. The formula stands in sample_missed.h. */
#include "collect/sample_missed.h"

#include <math.h>

#define LATE 0.25    /* of a period: a sample comes at most so much late */
#define ODDS_SD 0.02 /* of odds, over machines */

void missed_break(struct missed *missed)
{
	missed->time_ns = 0;
	missed->follows = false;
}

static struct missed_between *between(struct missed *missed, bool target)
{
	return target ? &missed->targets : &missed->others;
}

/* The last sample has neighbours on both sides. */
static void count_last(struct missed *missed, bool target)
{
	struct missed_between *of = between(missed, target);

	if (!missed->follows || missed->before != target)
		return;
	of->target_n += missed->target;
	of->other_n += !missed->target;
}

static bool apart(double gap_ns, double periods_ns, double period_ns)
{
	return fabs(gap_ns - periods_ns) <= LATE * period_ns;
}

bool missed_sample(struct missed *missed, uint64_t time_ns, double period_ns, bool target)
{
	double gap_ns = missed->time_ns ? (double)(time_ns - missed->time_ns) : 0;
	bool next = apart(gap_ns, period_ns, period_ns), one_missed = apart(gap_ns, 2 * period_ns, period_ns) && missed->target == target;

	if (next)
		count_last(missed, target);
	if (one_missed)
		between(missed, target)->missed_n++;
	missed->before = missed->target;
	missed->follows = next;
	missed->target = target;
	missed->time_ns = time_ns;
	return one_missed && target;
}

uint64_t missed_seen_n(const struct missed *cpus, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += cpus[i].targets.missed_n;
	return sum;
}

double missed_odds(const struct missed *cpus, size_t n)
{
	double missed = 0, target = 0, variance = 0; /* of what is missed; counts are Poisson's */

	for (size_t i = 0; i < n; i++) {
		const struct missed_between *t = &cpus[i].targets, *o = &cpus[i].others;
		double odds = o->other_n ? (double)o->missed_n / (double)o->other_n : 0;

		missed += (double)t->missed_n - (double)t->other_n * odds;
		target += (double)t->target_n;
		variance += (double)t->missed_n;
		if (o->other_n)
			variance += (double)t->other_n * odds * odds + (double)t->other_n * (double)t->other_n * odds * (1 + odds) / (double)o->other_n;
	}
	if (!(missed > 0) || !(target > 0))
		return 0;
	/* the mean of what is normal with a standard deviation of ODDS_SD about 0, once it was seen with that variance */
	return missed / target * ODDS_SD * ODDS_SD / (ODDS_SD * ODDS_SD + variance / (target * target));
}
