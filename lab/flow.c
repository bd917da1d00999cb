/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow.c: the stack of a thread in the kernel, from the blocks that it executes. */
#include "lab/flow.h"

/* ---- Instructions ---- */

static bool is_prefix(uint8_t byte)
{
	return (byte & 0xf0) == 0x40 || (byte & 0xe7) == 0x26 || (byte >= 0x64 && byte <= 0x67) || byte == 0xf2 || byte == 0xf3;
}

enum flow_end flow_end_of(const uint8_t *code, size_t n)
{
	size_t i = 0;

	while (i < n && is_prefix(code[i]))
		i++;
	if (i == n)
		return FLOW_ON;
	switch (code[i]) {
	case 0xe8:
		return FLOW_CALL;
	case 0xff: /* call through a register or memory: /2, /3 */
		return i + 1 < n && ((code[i + 1] >> 3 & 7) == 2 || (code[i + 1] >> 3 & 7) == 3) ? FLOW_CALL : FLOW_ON;
	case 0xc2:
	case 0xc3:
	case 0xca:
	case 0xcb:
		return FLOW_RETURN;
	case 0xcf:
		return FLOW_INTERRUPT_RETURN;
	default:
		return FLOW_ON;
	}
}

/* ---- The stack ---- */

static void push(struct flow *flow, uint64_t back)
{
	if (flow->depth == FLOW_DEPTH_MAX) {
		flow->deep_n++;
		return;
	}
	flow->frames[flow->depth++] = (struct flow_frame){ .back = back, .last = flow->last, .stage = flow->stage };
	flow->interrupts_n += !back;
}

/* Back to the nearest caller that waits for this address, inside of the interrupt in work. A return that finds none is a jump. */
static void pop(struct flow *flow, uint64_t address)
{
	for (size_t i = flow->depth; i-- > 0 && flow->frames[i].back;) {
		if (flow->frames[i].back != address)
			continue;
		flow->stage = flow->frames[i].stage;
		flow->depth = i;
		return;
	}
}

static void pop_interrupt(struct flow *flow)
{
	while (flow->depth > 0 && flow->frames[flow->depth - 1].back)
		flow->depth--;
	if (!flow->depth) /* the way back to user space from a system call */
		return;
	flow->depth--;
	flow->interrupts_n--;
	flow->stage = flow->frames[flow->depth].stage;
	flow->last = flow->frames[flow->depth].last;
}

/* ---- Steps ---- */

/* Vectors lead on to functions of that kind, which then are no interrupts of their own. */
static bool is_interrupt(const struct flow *flow, const struct flow_block *block)
{
	bool from_stub = flow->last && flow->last->kind == COUNT_VECTORS;

	return (block->kind == COUNT_INTERRUPT && block->begins && !from_stub) || (block->kind == COUNT_VECTORS && !from_stub);
}

/* An exception ended the last block before its end, and it is gone on with. */
static bool goes_on(const struct flow_block *last, const struct flow_block *block)
{
	return last && block->first >= last->first && block->first < last->next && block->function == last->function;
}

static void follow(struct flow *flow, const struct flow_block *block)
{
	if (flow->last && flow->last->end == FLOW_INTERRUPT_RETURN) {
		pop_interrupt(flow);
		if (goes_on(flow->last, block))
			return;
	}
	if (flow->last && flow->last->end == FLOW_CALL)
		push(flow, flow->last->next);
	else if (flow->last && flow->last->end == FLOW_RETURN)
		pop(flow, block->first);
}

void flow_begin(struct flow *flow)
{
	*flow = (struct flow){ .stage = COUNT_STAGE_USER };
}

void flow_step(struct flow *flow, const struct flow_block *block)
{
	if (flow->away)
		return;
	if (is_interrupt(flow, block)) {
		push(flow, 0);
		flow->stage = block->stage;
	} else {
		follow(flow, block);
		if (block->stage == COUNT_STAGE_USER) {
			flow->depth = flow->interrupts_n = 0;
			flow->stage = COUNT_STAGE_USER;
		} else if (block->stage && !flow->interrupts_n) { /* all that an interrupt does is the interrupt's */
			flow->stage = block->stage;
		}
	}
	flow->last = block;
}

void flow_switch(struct flow *flow, uint64_t from, uint64_t to)
{
	if (!flow->own_task && !flow->away)
		flow->own_task = from;
	flow->away = to != flow->own_task;
}
