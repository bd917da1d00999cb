/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_stages.h: where within the path a counted figure changed: which stages moved, by the samples of both sides. */
#ifndef CLI_SHOW_STAGES_H
#define CLI_SHOW_STAGES_H

#include <jansson.h>
#include <stddef.h>

struct stages;

/* A figure of a benchmark on two kernels. */
struct stages_change {
	const char *benchmark, *unit, *kernel_before, *kernel_after;
	double before, after;
};

/* A table of the stages that moved by more than their intervals allow, which hold together in 95 %, for the changes of changes[n] that were sliced on
 * both; nothing when none was. 0 or -errno, said. */
int show_stages_moved(struct stages *stages, const struct stages_change *changes, size_t n);

/* Every stage on both sides, a list of {"stage", "before", "after", "moved"}; json null when one was not sliced. */
json_t *show_stages_change_json(struct stages *stages, const struct stages_change *change);

#endif
