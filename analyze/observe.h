/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * observe.h: r as it was observed: busy cycles per unit of work before / after.
 *
 * Per side, from windows: (CPU time of unprobed windows + network interrupts elsewhere) per unit of work, the latter from the
 * probed windows where there are any. The unit is one packet by the target's own count, where it has told that on both sides
 * (workloads/tally.h). Else it is one UDP datagram sent in the target's namespace, or one clock cycle of time (right when clients set
 * the pace): of the two the one that gives the narrower interval, but not time where the target used up a CPU in more than a tenth of
 * the windows. Others may send in the same namespace, a target may send something else than UDP, and copies that are made behind the
 * socket are not counted there.
 * Cycles whose own r is an outlier are set aside (of two runs, those whose own cost is), and counted.
 * Interval: bootstrap over cycles of windows, widened for how few they are and for those set aside; where both sides were measured in one
 * run, a cycle is kept whole.
 */
#ifndef ANALYZE_OBSERVE_H
#define ANALYZE_OBSERVE_H

#include <stddef.h>

#include "analyze/rows.h"
#include "analyze/stats.h"

struct observe_side {
	const struct block_row *blocks;
	size_t blocks_n;
	const char *way; /* only windows of this way; NULL: all */
};

struct observe {
	struct figure r;      /* before / after */
	struct figure before, after; /* cycles per unit of work */
	const char *work;     /* what a unit is */
	size_t windows_n;     /* unprobed windows, both sides, of the cycles that count */
	size_t outliers_n;    /* cycles set aside: something disturbed the machine (stats_outliers()) */
};

/* `paired`: both sides are of the same run, and cycles mean the same on both. 0, or, said: -ENODATA a side has too few
 * unprobed windows with work in them; -ENOMEM. */
int observe_compare(const struct observe_side *before, const struct observe_side *after, int paired, struct observe *out);

#endif
