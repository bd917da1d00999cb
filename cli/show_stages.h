/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_stages.h: where within the path a counted figure changed: which stages and functions moved, by the counts of both sides, or else by their
 * samples. */
#ifndef CLI_SHOW_STAGES_H
#define CLI_SHOW_STAGES_H

#include <jansson.h>
#include <stddef.h>

struct stages;

/* A figure of a benchmark on two kernels. NULL for a kernel: whatever the stages are of. */
struct stages_change {
	const char *benchmark, *unit, *kernel_before, *kernel_after;
	double before, after;
};

/*
 * A table of what moved, for the changes of changes[n] of which both sides tell; nothing when none does. Of counts: every stage that moved,
 * and the functions that did most. Of samples: the stages that moved by more than their intervals allow, which hold together in 95 %.
 * `other`: where the stages of the second side are; NULL: in `stages` too. 0 or -errno, said.
 */
int show_stages_moved(struct stages *stages, struct stages *other, const struct stages_change *changes, size_t n);

/* For many changes: a row for each that was counted on both sides, with what every stage moved by, and the functions that moved most in the median over
 * them all. Nothing when none was counted. 0 or -errno, said. */
int show_stages_matrix(struct stages *stages, struct stages *other, const struct stages_change *changes, size_t n);

/* Every stage on both sides, a list of {"stage", "before", "after", "moved"}; json null when one was neither counted nor sampled. */
json_t *show_stages_change_json(struct stages *stages, struct stages *other, const struct stages_change *change);

/* Every function that differs between both sides, a list of {"stage", "function", "before", "after", "moved"}; json null when one was not counted. */
json_t *show_functions_change_json(struct stages *stages, struct stages *other, const struct stages_change *change);

#endif
