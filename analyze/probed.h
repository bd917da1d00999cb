/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probed.h: sums of a profile's windows by dose of probes, and what they say of a path call's time and of the probes' cost: t, D, d and k of fraction.h. */
#ifndef ANALYZE_PROBED_H
#define ANALYZE_PROBED_H

#include <stdbool.h>

#include "analyze/fraction.h"
#include "analyze/rows.h"

struct probe_cost;

#define PROBED_DOSES 3

/* Over windows of one dose. All members are doubles. */
struct probed_sums {
	double calls, other, switches, frame_switches, late_calls, late_irqs, softirqs, frame_softirqs;
	double target, path, async, async_target, cpu;
	double meter[FRACTION_METER_MAX];
	double windows;
};

/* One cycle, or a resample of many: what a single evaluation of the formulas needs. */
struct probed {
	struct probed_sums dose[PROBED_DOSES];
};

/* Whether what the window's dose must know is there, and nothing else went on in it. */
bool probed_usable(const struct block_row *block);

/* Whether most dose 1 windows know the CPU time. */
bool probed_by_cpu(const struct fraction_input *input);

/* Whether a window is usable and, `by_cpu`, knows the CPU time. One in which a process of the target ended does not: its calls count, its time says nothing. */
bool probed_tells(const struct block_row *block, bool by_cpu);

/* Adds a window that tells. */
void probed_add_block(struct probed *to, const struct block_row *block, enum fraction_async async);
void probed_add(struct probed *to, const struct probed *from);

/* The work meter that goes best with the calls, FRACTION_METER_MAX if none can be used. *error: relative standard error of the calls that it tells, or INFINITY. */
enum fraction_meter probed_meter(const struct fraction_input *input, double *error);

/* t of a dose whose calls are counted; by the ledger alone where there is no CPU time. */
double probed_busy(const struct probed *sums, int dose);

/* t_0 as measured in unprobed windows; NAN without a meter. */
double probed_t0(const struct probed *sums, const struct probe_cost *cost, enum fraction_meter meter, double scale);

/* t_0 as doses 1 and 2 extrapolate to it. */
double probed_t0_linear(const struct probed *sums, const struct probe_cost *cost);

/* d: what the probes should cost per path call in the dose 1 windows. */
double probed_expected(const struct probed_sums *once, const struct probe_cost *cost);

/* k as these windows alone have it. */
double probed_scale(const struct probed *sums, const struct probe_cost *cost, enum fraction_meter meter);

#endif
