/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * budget.h: which windows a profile measures so that its probes add no more than a share of the target's own CPU time, in the mean
 * over the whole of it.
 *
 * What a probed window adds is known after the first cycle (struct budget.added). From then on as many unprobed windows are put between
 * the probed ones as the budget takes: they cost nothing, and tell T without probes. Windows of the second dose, which add twice as
 * much and only check that the first one is understood, are left out of three cycles of four before any unprobed one is added.
 */
#ifndef COLLECT_BUDGET_H
#define COLLECT_BUDGET_H

#include <stdint.h>

struct measure_step;

enum { BUDGET_DOSES = 3, BUDGET_STEPS_MAX = 256 };

struct budget {
	double share;               /* of the target's own CPU time, as 0.05; 0: no bound */
	double added[BUDGET_DOSES]; /* what probes of each dose add to the target's CPU time while they are attached; 0: not known yet */
	double other_ns;            /* time of the profile outside the windows: the calibration, also the part of it that is to come */
	double other_attached_ns[BUDGET_DOSES]; /* of it, with probes attached */
	double between_ns;          /* how long what comes behind each cycle took last: samples, where both engines measure */
	struct budget_windows {
		double n, ns, attached_ns; /* windows so far; their time, with attaching and detaching; of it, with probes attached */
	} windows[BUDGET_DOSES];
};

/* Counts a window that was measured. */
void budget_window(struct budget *budget, int dose, double ns, double attached_ns);

/* Counts what was done behind a cycle, without probes. */
void budget_between(struct budget *budget, double ns);

/* What has been added so far, and will be by the calibration, as a share of the target's own CPU time. */
double budget_spent(const struct budget *budget);

/*
 * The windows of the next cycle into out[BUDGET_STEPS_MAX], of which steps[n] is the whole; returns how many. `cycles_n` are behind
 * it. Where the time that is left, in ns, does not hold it, only unprobed windows come, as many as fit: none is the end of the
 * measurement. The first four cycles do not give way, and are whole where time is short: with less a prediction is refused.
 */
int budget_plan(const struct budget *budget, const struct measure_step *steps, int n, int64_t cycles_n, double left_ns, struct measure_step *out);

#endif
