/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe_cost.h: what the probes cost, from the calibration rows of a profile.
 *
 * U: cycles per call without probes, V: with them, W: as the ledger sees it; n the null call, s the send call, which runs one
 * softirq; c with probes on system calls only, a on everything, 2 twice.
 *
 *   mode    = 0.9 U_n           the rest of a null call is the kernel's own cycles between the probes
 *   sent    = V_sa - U_s        one system call and one softirq, probed; U_s is the mean of before and after
 *   outside = V_sa - W_sa - mode   the part of `sent` before and behind the frame
 *   softirq = V_sa - V_sc
 *   call    = sent - softirq
 *   inside  = call - outside    = W_sa - (U_s - mode) - softirq
 *   linear  = (V_sa - U_s) / (V_sa2 - V_sa)
 *
 * `outside` is a difference within one row, so that the machine's drift from row to row does not enter it; `sent` is not, and
 * is therefore timed more often than the rest. Each figure is a median over rounds and CPUs.
 */
#ifndef ANALYZE_PROBE_COST_H
#define ANALYZE_PROBE_COST_H

#include <stddef.h>

struct calibration_row;
struct stats_rng;

/* What is timed, in cycles; all members are doubles. */
struct probe_timing {
	double null_u, null_v, null_w; /* U, V, W of the null call */
	double mode, sent, outside, softirq, linear;
};

/* Cycles; what is charged to a target. */
struct probe_cost {
	double mode;    /* of a call outside the two probes: the mode switch, and the caller's few instructions */
	double call;    /* one system call, probed */
	double inside;  /* the part of it that falls into the frame */
	double softirq; /* one softirq, probed; half of it for any other single event */
	double linear;  /* first dose over second */
};

/* The timing and its standard errors, member by member: 0; -ENODATA when the rows do not hold a null call under doses 0, 1
 * and 2; -ENOMEM. Without a send call (no loopback device) the null call stands for it, and for the softirq. */
int probe_timing(const struct calibration_row *rows, size_t n, struct probe_timing *timing, struct probe_timing *errors);

struct probe_cost probe_cost(const struct probe_timing *timing);

/* As probe_cost(), with every timing off by its error: what the costs might be, too. */
struct probe_cost probe_cost_draw(const struct probe_timing *timing, const struct probe_timing *errors, struct stats_rng *rng);

#endif
