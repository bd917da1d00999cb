/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * count.h: how a guest has its emulator count the instructions of a piece of work, function by function: what lab/plugin (in the
 * emulator) and collect/count.c (in the guest) say to each other.
 *
 * The guest executes marks: instructions that do nothing and carry a number. The plugin sees them when it translates, so they cost one
 * instruction and change nothing that the guest could notice; where there is no plugin they are what they are. What is more than
 * a number lies in the last part of the memory that guest and host share (channel.h).
 */
#ifndef LAB_COUNT_H
#define LAB_COUNT_H

#include <stdint.h>

#include "lab/channel.h"

#define COUNT_MAGIC 0x746e756f63636572 /* set by the plugin when it begins */

enum {
	COUNT_FUNCTIONS_MAX = 262144,
	COUNT_ROWS_MAX = 262144,
	COUNT_STAGES_MAX = 16,
	COUNT_STAGE_USER = COUNT_STAGES_MAX - 1, /* outside of the kernel; all others are the guest's own numbers, 0 is none */
};

enum count_mark {
	COUNT_ON = 1, /* the functions are there: from soon on, windows are counted */
	COUNT_OFF,
	COUNT_BEGIN,  /* in user space: a window of the thread that executes this; others that run meanwhile are not in it */
	COUNT_END,
	COUNT_TAKE,   /* writes what was counted since the last one into rows[], and forgets it */
};

enum count_kind {
	COUNT_PLAIN,
	COUNT_INTERRUPT, /* the kernel's first function in an interrupt or exception */
	COUNT_VECTORS,	 /* stubs that lead to one, each of which may be the first instruction */
	COUNT_SWITCH,	 /* goes from one task's stack to another's: __switch_to_asm() */
	COUNT_RQ_CLOCK,	 /* has the clock read by which the scheduler charges its tasks, by a call: update_rq_clock() */
};

/* What begins at an address. They ascend; what lies before the first one is user space. */
struct count_function {
	uint64_t address;
	uint32_t kind;  /* enum count_kind */
	uint32_t stage; /* what is in it and in what it calls belongs to this stage; 0: to that of its caller */
};

struct count_row {
	uint32_t function; /* index */
	uint32_t stage;
	uint64_t insn_n;
};

struct count_area {
	uint64_t magic;
	uint64_t functions_n; /* of the guest's */
	uint64_t rows_n;      /* of the plugin's */
	uint64_t lost_n;      /* instructions that are in no row for want of room, and calls so deep that the stage of theirs may be wrong */
	struct count_function functions[COUNT_FUNCTIONS_MAX];
	struct count_row rows[COUNT_ROWS_MAX];
};

_Static_assert(sizeof(struct count_area) <= CHANNEL_COUNT_BYTES, "it has a place in the memory");

/* nopl N(%rax), of which no compiler makes one so long with such a number. */
#define COUNT_MARK_BASE 0x66636f00
#ifdef __x86_64__
#define COUNT_MARK(mark) __asm__ volatile(".byte 0x0f, 0x1f, 0x80; .long %c0" : : "i"(COUNT_MARK_BASE + (mark)) : "memory")
#else
#define COUNT_MARK(mark) ((void)(mark)) /* nothing counts there */
#endif

#endif
