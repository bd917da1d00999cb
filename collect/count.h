/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * count.h: the instructions of bursts, counted exactly by the emulator of a guest of the lab (lab/count.h): by function, and by the stage of
 * sending that the function was called in. No probe is in the guest's kernel, and nothing it does takes longer.
 *
 * What is counted are the windows between COUNT_MARK(COUNT_BEGIN) and COUNT_MARK(COUNT_END), which the thread that sends executes.
 */
#ifndef COLLECT_COUNT_H
#define COLLECT_COUNT_H

#include <stddef.h>
#include <stdint.h>

struct count;

/* Instructions of one function, called within one stage. */
struct count_part {
	const char *stage;    /* entry, copy, ... as sample_stage_names[]; "user": in user space, of no function */
	const char *function; /* of the kernel, "" in user space; until count_close() */
	uint64_t insn_n;
};

/* Whether this machine is a guest that can be counted. */
int count_possible(void);

/* Tells the emulator this kernel's functions, and has it count. -ENOTSUP, said, where there is none; -errno, said. */
int count_open(struct count **out);
void count_close(struct count *count); /* accepts NULL */

/* What the windows held since the last call: *parts[*n], which the caller frees. 0; -EOVERFLOW, said, when some of it is lost; -ENOMEM, said. */
int count_take(struct count *count, struct count_part **parts, size_t *n);

#endif
