/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_missed.c: the neighbours of each expiry. */
#include "collect/sample_missed.h"

#include <math.h>

#define LATE 0.25 /* of a period: a sample comes at most so much late */

void missed_break(struct missed *missed)
{
	missed->time_ns = 0;
	missed->follows = false;
}

/* The last sample has neighbours on both sides, which found the same. */
static void count_last(struct missed *missed, enum missed_who around)
{
	struct missed_counts *counts = &missed->counts;

	if (around == MISSED_TARGET)
		++*(missed->last == MISSED_IDLE ? &counts->between_idle_n : &counts->between_n);
	else if (around == MISSED_IDLE)
		counts->idle_n += missed->last == MISSED_IDLE;
}

static bool apart(double gap_ns, double periods_ns, double period_ns)
{
	return fabs(gap_ns - periods_ns) <= LATE * period_ns;
}

bool missed_sample(struct missed *missed, uint64_t time_ns, double period_ns, enum missed_who who)
{
	double gap_ns = missed->time_ns ? (double)(time_ns - missed->time_ns) : 0;
	bool next = apart(gap_ns, period_ns, period_ns), one_missed = apart(gap_ns, 2 * period_ns, period_ns) && missed->last == who;

	if (next && missed->follows && missed->before == who)
		count_last(missed, who);
	missed->counts.idle_missed_n += one_missed && who == MISSED_IDLE;
	missed->before = missed->last;
	missed->follows = next;
	missed->last = who;
	missed->time_ns = time_ns;
	missed->target |= who == MISSED_TARGET;
	return one_missed && who == MISSED_TARGET;
}

void missed_take(struct missed *missed, struct missed_counts *sum)
{
	const struct missed_counts *counts = &missed->counts;

	if (missed->target) {
		sum->between_n += counts->between_n;
		sum->between_idle_n += counts->between_idle_n;
		sum->idle_n += counts->idle_n;
		sum->idle_missed_n += counts->idle_missed_n;
	}
	missed->counts = (struct missed_counts){0};
	missed->target = false;
}
