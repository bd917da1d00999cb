/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage.h: the exact instrument beside the sampled one for `slice`: every stage of sending is timed, by probes on kernel functions
 * (fentry and fexit), which not every kernel allows.
 *
 * A probe costs more than many a stage lasts. Each piece of time has one probe's cost in it, so the pieces are counted, and what they cost is
 * told by blocks without probes (analyze/slice.h).
 */
#ifndef COLLECT_STAGE_H
#define COLLECT_STAGE_H

#include <stdint.h>
#include <sys/types.h>

#include "collect/sample_frames.h"

struct stage_timer;

/* Over all CPUs, since stage_begin(). */
struct stage_sums {
	uint64_t ns[SAMPLE_STAGE_MAX], pieces_n[SAMPLE_STAGE_MAX], frames_n, lost_n;
};

/* Loads the probes for the threads of one process, its children left out. path[ACCOUNT_CALLS_MAX]. -EPERM, said: no privilege, or a kernel
 * without fentry; -ENOENT, said: no BTF, or none of the functions. */
int stage_open(const uint8_t *path, pid_t pid, struct stage_timer **out);
void stage_free(struct stage_timer *stages); /* accepts NULL */

/* From here the stages are timed, until stage_end(), with *out for the time between. 0 or -errno, said. */
int stage_begin(struct stage_timer *stages);
void stage_end(struct stage_timer *stages, struct stage_sums *out);

#endif
