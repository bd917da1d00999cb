/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_model.h: the cost model of the paper, fitted to each way of a bench, as a table or a list. */
#ifndef CLI_BENCH_MODEL_H
#define CLI_BENCH_MODEL_H

#include <jansson.h>
#include <stddef.h>

struct bench_row;

/* A line for each alternative: Cms, Cmem per byte and Csend with their intervals, and how well the curve follows the points.
 * rows[n] are of one run, point by point. Nothing where the points cannot tell (one group or one payload). 0 or -errno, said. */
int bench_model_print(const struct bench_row *rows, size_t n, const char *base, const char *const *alternatives, size_t alternatives_n);

/* The same as a list of {"way", "mode_switch", "per_byte", "send", "residual", "worst", "fits"}, the first three in `unit`. NULL when out of memory. */
json_t *bench_model_json(const struct bench_row *rows, size_t n, const char *base, const char *const *alternatives, size_t alternatives_n,
			 const char *unit);

#endif
