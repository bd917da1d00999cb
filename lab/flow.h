/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow.h: follows one thread through the kernel, block of instructions by block, and knows for each the stage that it belongs to: that of
 * the innermost function on the stack which has one, as in a sampled call chain (collect/sample_frames.h).
 *
 * Nothing is read of the guest but which instructions it executes. A call puts the address behind it on a stack of our own; a return is
 * to one of these addresses, the nearest, so that returns that are none (the kernel's retpolines) and calls that never return
 * do no harm. An interrupt may come between any two instructions: it is known by the function that it begins with, and ends by its own return.
 */
#ifndef LAB_FLOW_H
#define LAB_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/count.h"

/* How a block ends. */
enum flow_end {
	FLOW_ON, /* with the next address, or a jump */
	FLOW_CALL,
	FLOW_RETURN,
	FLOW_INTERRUPT_RETURN,
};

/* Instructions that follow each other and are executed in this order. */
struct flow_block {
	uint64_t first, next; /* address of the first instruction, and behind the last one */
	uint32_t function;    /* index; not of user space */
	uint8_t stage;	      /* of the function; COUNT_STAGE_USER in user space */
	uint8_t kind;	      /* of the function: enum count_kind */
	uint8_t end;	      /* enum flow_end */
	bool begins;	      /* first is where the function begins */
};

/* How the last instruction of a block ends it: code[n] is that instruction, of x86-64. */
enum flow_end flow_end_of(const uint8_t *code, size_t n);

enum { FLOW_DEPTH_MAX = 512 };

struct flow_frame {
	uint64_t back;		       /* where it returns to; 0: an interrupt */
	const struct flow_block *last; /* of an interrupt: the block before it */
	uint8_t stage;		       /* of who called, or was interrupted */
};

struct flow {
	const struct flow_block *last; /* NULL: none yet */
	struct flow_frame frames[FLOW_DEPTH_MAX];
	size_t depth, interrupts_n;
	uint8_t stage;	   /* of the block in work */
	uint64_t deep_n;   /* calls deeper than frames[]: their stage may be wrong */
	uint64_t own_task; /* whoever executed the first block; 0 until it is known */
	bool away;	   /* another task runs */
};

/* A thread, that is in user space. */
void flow_begin(struct flow *flow);

/* The next block that is executed, of whatever task; it stays the caller's, and in place. Its stage is flow->stage, unless flow->away. */
void flow_step(struct flow *flow, const struct flow_block *block);

/* Within a block of COUNT_SWITCH: the processor goes from one task to another. The numbers are the caller's, not 0. */
void flow_switch(struct flow *flow, uint64_t from, uint64_t to);

#endif
