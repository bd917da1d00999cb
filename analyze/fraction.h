/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fraction.h: f, the share of a server's busy cycles that its path takes, with the cost of the probes taken out.
 *
 * Per path call, with n calls, by dose d of probes (docs/design.md derives it):
 *
 *   t_d   busy cycles of the target: its CPU time, or what the ledger has where that is more; t_0: CPU time, times what the ledger has more than that in the dose 1
 *         windows (time that a host stole). t_0 is measured in unprobed windows, over the calls that a work meter tells. The meter is the one that
 *         goes best with the calls in the probed windows.
 *   D     t_1 - t_0, what the probes cost in this target; d, what they should by calibration: `call` per system call,
 *         `softirq` per softirq, half of that per context switch. k = D / d: how much dearer they are here.
 *         Where the windows cannot tell k well (f small, few windows), it is drawn towards 1, as its variance against the
 *         spread of k among targets (0.25) says; t_0 is then t_1 - k d.
 *   e     `call` / 2 per late end of a call, `softirq` / 2 per late end of an interrupt (late_calls_n, late_irqs_n of table block): in the ledger, and not in the CPU
 *         time of probed windows, since the kernel charges a client that the target woke, and that preempts it on its way
 *         to user space, from the waking on. What the ledger has more than CPU time and k e is in unprobed windows, too.
 *   F     path_cyc / n + max(1, k) mode - k (inside + softirq (softirqs + switches / 2 in frames) / n)
 *   f     (F + a) / (t_0 + a'), a: network interrupts and softirqs outside frames, a': those of them outside the target.
 *
 * Where the clock counts instructions, k = 1 in F: they are the same ones as in the calibration, and what else k takes in, that a server does otherwise while
 * it is probed, is not in frames.
 *
 * `call`, `inside`, `softirq` and `mode` are the calibration's (probe_cost.h). Since k ties the whole of what the probes cost to
 * what the windows show, F is known as well as the part of it that falls outside frames.
 *
 * Without a meter or CPU time, t_0 = t_1 - (t_2 - t_1) linear: what the second dose cost tells the first's.
 * Interval: bootstrap over cycles of windows (STATS_REPLICATES), with the calibration off by its standard errors in each
 * replicate, widened as stats_widen() says. What is taken out of frames is off by another 6 %, the spread among targets whose sends were
 * timed by themselves: an error that no length of a profile makes smaller.
 */
#ifndef ANALYZE_FRACTION_H
#define ANALYZE_FRACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/rows.h"
#include "analyze/sampled.h"
#include "analyze/stats.h"

/*
 * Which interrupts outside frames count as the path's. Nothing tells whose packet a softirq handles; `auto` therefore takes the
 * network's for whole CPUs, which are the server's alone, and none for processes, whose machine may have other traffic. `own`
 * takes those of the network's that interrupted the target: they are in its CPU time, as in that of a bench.
 */
enum fraction_async {
	FRACTION_ASYNC_AUTO,
	FRACTION_ASYNC_NET,
	FRACTION_ASYNC_ALL,
	FRACTION_ASYNC_OWN,
	FRACTION_ASYNC_NONE,
	FRACTION_ASYNC_MAX
};

/* Name of each, as on the command line: auto, net, all, own, none. */
extern const char *const fraction_async_names[FRACTION_ASYNC_MAX];

/* What `async` means for a run of this scope ("process", "cpus"): itself, or what auto stands for. */
enum fraction_async fraction_async_of(const char *scope, enum fraction_async async);

enum fraction_meter { FRACTION_METER_UDP, FRACTION_METER_IO, FRACTION_METER_SWITCH, FRACTION_METER_WALL, FRACTION_METER_MAX };

struct fraction_input {
	const struct block_row *blocks; /* of one run (and one way of sending) */
	size_t blocks_n;
	const struct calibration_row *calibrations;
	size_t calibrations_n;
	const struct thread_row *threads; /* may be none: then there is no busiest thread */
	size_t threads_n;
	const struct sample_row *samples; /* of the sampled windows; only fraction_sampled() reads them */
	size_t samples_n;
	struct sampled_terms terms; /* of the run: sampled_terms_of() */
	enum fraction_async async; /* not auto: fraction_async_of() knows what it stands for */
	bool instructions; /* is what the clock counts (benchmark_exact()) */
	double once, twice; /* shares of the profile's time, calibration included, in which probes were attached once and twice; 0: by the windows */
	uint64_t seed;
};

struct fraction {
	struct figure f;       /* corrected */
	struct figure raw;     /* as the dose 1 ledger has it */
	struct figure busiest; /* f of the busiest thread; NAN when not known */
	struct figure probe_scale; /* k */
	struct figure linear;  /* t_0 extrapolated from doses 1 and 2, over t_0 as measured: 1 where the cost is linear */
	struct figure busy_cyc; /* t_0, per path call */
	struct figure path_cyc; /* F, per path call */
	struct figure added;     /* what the probes added to the target's CPU time while they were attached once: t_1 / t_0 - 1 */
	struct figure added_all; /* and over the whole profile, with its unprobed windows, those of the second dose and the calibration */
	struct figure added_cpu; /* `added` as a share of one CPU's time */
	double *f_rep, *busiest_rep; /* [rep_n], widened; freed by fraction_free() */
	size_t rep_n;
	int64_t busiest_tid;
	const char *meter;     /* name of the work meter; NULL when t_0 is extrapolated */
	double meter_error;    /* relative standard error of the meter's calls */
	double null_cyc, probed_cyc, frame_cyc; /* U, V, W of the null call: medians over rounds and CPUs */
	int64_t calls_n;       /* path calls counted, dose 1 and 2 */
	size_t probed_n, unprobed_n; /* windows */
	size_t once_n;       /* windows with the probes attached once */
	size_t unbound_n;    /* how many of these as many windows would have held if each cycle had been like the first: more where a budget
	                      * put unprobed windows between them */
	size_t cycles_n;   /* of windows, that count */
	enum fraction_async async; /* as it was estimated: set by answer_estimate() */
	size_t outliers_n; /* cycles set aside: something disturbed one dose more than the other (stats_outliers()) */
};

/*
 * 0, or: -ENOENT the target made no path call in any probed window (all figures 0 but for f itself, which is 0);
 * -ENODATA there are too few windows, or no calibration; -ENOMEM. Nothing is printed.
 */
int fraction_estimate(const struct fraction_input *input, struct fraction *out);

/* What probes of each dose (0, 1, 2) add to the target's CPU time while they are attached, as a share of it: a quick look at a profile
 * that is not at its end, without an interval. Errors as above. */
int fraction_added(const struct fraction_input *input, double added[3]);

void fraction_free(struct fraction *fraction);

/*
 * The same from samples of call chains: f = (P + a) / (B + a'), P the samples inside frames, B those of the target with what samples do not show (sampled.h),
 * a the ones in network interrupts and softirqs outside frames, a' those of them outside the target. Nothing is taken out: sampling slows everything alike.
 * Interval: bootstrap over the sampled windows and one more that holds half a sample inside frames and half a one outside, so that 0 or all of n
 * samples is no certainty; and f / (1 - f) is off by another 1.6 %, as it is among targets whose sends were timed by themselves; and what is not known of
 * context switches and sleeps (sampled_busy_error()) is in it. calls_n and probed_n are the samples inside frames and the sampled windows; what cannot be told from samples is NAN. Errors as above.
 */
int fraction_sampled(const struct fraction_input *input, struct fraction *out);

/*
 * Whether two engines that watched the same target agree: `difference` is a - b with the joint interval of both, which are independent.
 * True when it holds 0, or when one of them has no interval.
 */
bool fraction_agree(struct figure a, struct figure b, struct figure *difference);

#endif
