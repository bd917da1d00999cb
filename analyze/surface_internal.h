/* SPDX-License-Identifier: GPL-2.0-or-later */
/* surface_internal.h: what a surface is made of, for the two files that make (surface.c) and ask it (surface_weigh.c). */
#ifndef ANALYZE_SURFACE_INTERNAL_H
#define ANALYZE_SURFACE_INTERNAL_H

#include "analyze/speedup.h"

#include <stddef.h>

enum { AXIS_GROUP, AXIS_PAYLOAD, AXIS_PRIVATE, AXES_N };

struct point {
	double at[AXES_N];
	double packets_n; /* that the baseline sent */
	struct speedup speedup;
};

struct axis {
	double *values; /* distinct, ascending */
	size_t n;
};

struct surface {
	struct point *points;
	size_t points_n;
	struct axis axes[AXES_N];
};

#endif
