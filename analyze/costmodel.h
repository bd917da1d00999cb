/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * costmodel.h: what a send to a group consists of, after the paper on sendgroup(): a mode switch (Cms), the copy of the payload
 * (Cmem, which grows with it) and the rest of the work (Csend).
 *
 * A call per recipient costs Cms + Cmem + Csend each. A call per group does the first two once, for G recipients:
 *     r = G (Cms + Cmem + Csend) / (Cms + Cmem + G Csend)
 * With c cycles per byte of which the shared ones are copied once, per packet:
 *     baseline     Cms + c payload + Csend
 *     alternative  (Cms + c shared) / G + c private + Csend
 * Both are linear in Cms, c and Csend, which are fitted to the net costs of both ways at all points together, by least
 * squares of the relative error. Intervals come from the points' replicates, which are fitted one by one.
 *
 * The model says what a way would cost that shares all it can. A way that saves less (sendmmsg copies the payload for everybody)
 * or something else (a route looked up once) does not follow it, which the residual tells.
 */
#ifndef ANALYZE_COSTMODEL_H
#define ANALYZE_COSTMODEL_H

#include "analyze/stats.h"

#include <stdbool.h>
#include <stddef.h>

struct speedup;

/* A mean relative residual above this, or a part below 0, is no fit. */
#define COSTMODEL_RESIDUAL_MAX 0.05

struct costmodel_point {
	double group, payload_bytes, private_bytes;
	const struct speedup *speedup; /* net costs of both ways; all points have equally many replicates, or none */
};

struct costmodel {
	struct figure mode_cyc; /* Cms */
	struct figure byte_cyc; /* c: Cmem is this times the bytes */
	struct figure send_cyc; /* Csend */
	double residual;        /* root of the mean square of fitted / measured - 1, over both ways at all points */
	double worst;           /* largest |fitted s / measured s - 1| */
	bool fits;
};

/* 0; -ENODATA when the points cannot tell the three apart: it takes two groups and two payloads, one group above 1; -EDOM
 * when a cost is not above 0; -ENOMEM. Prints nothing. */
int costmodel_fit(const struct costmodel_point *points, size_t n, struct costmodel *out);

/* s as the model has it. */
double costmodel_speedup(const struct costmodel *model, double group, double payload_bytes, double private_bytes);

#endif
