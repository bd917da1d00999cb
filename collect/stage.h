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

struct stages;

/* Over all CPUs, since stages_begin(). */
struct stage_sums {
	uint64_t ns[SAMPLE_STAGE_MAX], pieces_n[SAMPLE_STAGE_MAX], frames_n, lost_n;
};

/* Loads the probes for the threads of one process, its children left out. path[ACCOUNT_CALLS_MAX]. -EPERM, said: no privilege, or a kernel
 * without fentry; -ENOENT, said: no BTF, or none of the functions. */
int stages_open(const uint8_t *path, pid_t pid, struct stages **out);
void stages_free(struct stages *stages); /* accepts NULL */

/* From here the stages are timed, until stages_end(), with *out for the time between. 0 or -errno, said. */
int stages_begin(struct stages *stages);
void stages_end(struct stages *stages, struct stage_sums *out);

/* How many of the functions this kernel has. */
int stages_functions(const struct stages *stages);

#endif
