/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stages.h: where within the path a benchmark's figure lies: by the counts of the same bench (counted.h), which add up to it, or else by
 * the samples of the newest run of `forecall slice` of the same way, sizes and topology on the same kernel.
 *
 * Samples tell shares; the figure itself is that of the unsampled benchmark: stage = share x figure. Shares have intervals,
 * even where the figure has none.
 */
#ifndef ANALYZE_STAGES_H
#define ANALYZE_STAGES_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/counted.h"
#include "analyze/slice.h"

struct store;
struct stages; /* the sliced ways of a store */

/* Looks which of both kinds there are: of runs with this label, of the suite whose name or step begins so (NULL: any). 0 or -errno, said.
 * stages_free() it, before the store. */
int stages_open(struct store *store, const char *label, const char *suite, struct stages **out);

/* The same of the runs of one side of a comparison. */
struct side;
int stages_open_side(const struct side *side, struct stages **out);
void stages_free(struct stages *stages); /* accepts NULL */

/* The counts of a bench on a kernel (NULL: any), of the newest run; NULL when there are none, or when they cannot be read, which is said. Good until stages_free(). */
const struct counted *stages_counted(struct stages *stages, const char *benchmark, const char *kernel);

/* One benchmark's slice on a kernel. */
struct stages_of {
	struct slice slice;
	int64_t run;
};

/* NULL when there is none, which is no error. kernel NULL: of any. What it returns is good until stages_free(). */
const struct stages_of *stages_find(struct stages *stages, const char *benchmark, const char *kernel);

/* A stage's part of a figure `level` of the benchmark: share x level, the interval that of the share. */
struct figure stages_part(const struct stages_of *of, enum slice_stage stage, double level);

/* after - before. Half widths add up as squares, and are widened so that the intervals of tests_n such differences hold together in 95 %
 * (Bonferroni, for normal errors): one stage of eleven of many changes always seems to move. */
struct figure stages_difference(struct figure before, struct figure after, size_t tests_n);

/* The benchmark that a slice of this way belongs to, "bench/lo/sendmsg/g100/p1000/h12", from the command that made the run; what the
 * command does not say is as cli/cmd_slice.c has it. */
void stages_name(const char *command, const char *topology, const char *way, char *out, size_t size);

#endif
