/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slices.h: what one sampled run tells of the stages of its path: a slice for each way of sending, or a single one where it has none. */
#ifndef ANALYZE_SLICES_H
#define ANALYZE_SLICES_H

#include <stdbool.h>
#include <stddef.h>

#include "analyze/slice.h"

struct run_row;
struct store;

enum { SLICES_MAX = 32, SLICES_WAY = 64 };

struct slices {
	struct slice slice[SLICES_MAX];
	char way[SLICES_MAX][SLICES_WAY]; /* what sent: a way of sending, or the path of a run without ways */
	size_t n; /* the dearest first */
};

/* Whether packets are known for all of them, so that each has cycles per packet and not only shares of the path. */
bool slices_counted(const struct slices *slices);

/* Whether any of them has samples in the stage. */
bool slices_seen(const struct slices *slices, enum slice_stage stage);

/* Of the run. Ways of which no sample lies inside the path, or that have too few windows, are left out: `null` never enters the kernel.
 * 0; -ENOENT the run was not sampled, -ENODATA none is left, both without a word; other errors are said. */
int slices_load(struct store *store, const struct run_row *run, struct slices *out);

/* Of one way of sending, NULL: of the whole run. 0; -ENOENT the run was not sampled, or errors of slice_compute(), without a word; errors of the store. */
int slices_load_one(struct store *store, const struct run_row *run, const char *way, struct slice *out);

#endif
