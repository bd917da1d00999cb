/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * count.c: a plugin of QEMU that counts a guest's instructions, between two marks, by stage and function (lab/count.h).
 *
 *   -plugin FILE,memory=PATH   PATH: the memory that host and guest share
 *
 * Until a guest asks for it, only the marks are looked for, in user space, when code is translated. While it counts, each instruction adds to
 * one number and each block tells where it is. The guest sees no difference: under icount, which QEMU counts by itself, it
 * executes the same instructions at the same times.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab/count.h"
#include "lab/flow.h"
#include "lab/plugin/qemu_plugin.h"

#define KERNEL 0xffff800000000000ULL /* addresses from here on */

enum {
	RECENT_MAX = 65536,
	MARK_BYTES = 7,
};

/* Blocks are never moved, and freed when counting ends. */
struct pool {
	struct pool *next;
	size_t n;
	struct flow_block blocks[1024];
};

/* What was counted since the scheduler last read its clock: whose it is, a switch of tasks decides (see own()). */
struct recent {
	uint32_t function, stage;
	uint64_t insn_n;
};

static struct {
	qemu_plugin_id_t id;
	struct count_area *area;
	size_t functions_n; /* 0: not counting */
	uint64_t *counts;   /* [COUNT_STAGES_MAX][functions_n] */
	struct pool *pool;

	uint64_t executed;  /* instructions, while counting */
	uint64_t lost_n;    /* calls too deep to follow, of the windows since the counts were taken */
	uint64_t seen;      /* of these, those that have been given to somebody */
	bool open;	    /* a window */
	struct flow flow;
	const struct flow_block *current; /* of whatever task */
	struct recent recent[RECENT_MAX];
	size_t recent_n;
	uint64_t stored_at; /* in a switch of tasks: where the stack of the one that leaves was stored */
} c;

/* Where a window begins: the rest of the block with the mark. */
static const struct flow_block user_space = { .stage = COUNT_STAGE_USER };

int qemu_plugin_version __attribute__((visibility("default"))) = QEMU_PLUGIN_VERSION;

/* ---- Counting ---- */

static void add(uint32_t stage, uint32_t function, uint64_t n)
{
	c.counts[(size_t)stage * c.functions_n + function] += n;
}

/* What was executed since the last time, by the block in work. */
static void account(void)
{
	uint64_t n = c.executed - c.seen;

	c.seen = c.executed;
	if (!n)
		return;
	uint32_t stage = c.flow.stage, function = c.current->function;

	if (!c.flow.away)
		add(stage, function, n);
	if (c.recent_n < RECENT_MAX)
		c.recent[c.recent_n++] = (struct recent){ function, stage, n };
}

/*
 * The scheduler charges the task that leaves until it last read its clock, and from there on the one that comes. What is counted here must
 * add up to the thread's CPU time, so what came since then changes hands.
 */
static void own(bool leaves)
{
	for (size_t i = 0; i < c.recent_n; i++) {
		const struct recent *r = &c.recent[i];

		add(r->stage, r->function, leaves ? -r->insn_n : r->insn_n);
	}
	c.recent_n = 0;
}

static void on_block(unsigned cpu, void *data)
{
	const struct flow_block *block = data;

	(void)cpu;
	if (!c.open)
		return;
	account();
	if (c.current->kind == COUNT_RQ_CLOCK && c.current->end == FLOW_CALL && block->begins)
		c.recent_n = 0; /* where it calls nobody it leaves the clock as it was */
	flow_step(&c.flow, block);
	c.current = block;
}

/* The task that leaves has its stack pointer stored, then that of the one that comes is loaded: their addresses tell tasks apart. */
static void on_switch(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
	bool was_away = c.flow.away;

	(void)cpu;
	(void)data;
	if (!c.open)
		return;
	if (qemu_plugin_mem_is_store(info)) {
		c.stored_at = address;
		return;
	}
	account();
	flow_switch(&c.flow, c.stored_at, address);
	if (was_away != c.flow.away)
		own(c.flow.away);
}

/* ---- Translations ---- */

static struct flow_block *new_block(void)
{
	if (!c.pool || c.pool->n == sizeof c.pool->blocks / sizeof *c.pool->blocks) {
		struct pool *pool = calloc(1, sizeof *pool);

		if (!pool)
			abort(); /* as QEMU does */
		pool->next = c.pool;
		c.pool = pool;
	}
	return &c.pool->blocks[c.pool->n++];
}

static void free_blocks(void)
{
	while (c.pool) {
		struct pool *next = c.pool->next;

		free(c.pool);
		c.pool = next;
	}
}

/* The function of an address, which is not before the first one. */
static uint32_t function_at(uint64_t address)
{
	const struct count_function *functions = c.area->functions;
	size_t low = 0, high = c.functions_n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		*(functions[middle].address <= address ? &low : &high) = middle;
	}
	return (uint32_t)low;
}

static void describe(struct flow_block *block, const struct qemu_plugin_tb *tb, size_t n)
{
	const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, n - 1);
	size_t bytes = qemu_plugin_insn_size(last);

	block->first = qemu_plugin_tb_vaddr(tb);
	block->next = qemu_plugin_insn_vaddr(last) + bytes;
	block->stage = COUNT_STAGE_USER;
	if (block->first < KERNEL || block->first < c.area->functions[0].address)
		return;
	block->function = function_at(block->first);
	const struct count_function *function = &c.area->functions[block->function];
	block->stage = (uint8_t)(function->stage % COUNT_STAGE_USER);
	block->kind = (uint8_t)function->kind;
	block->begins = function->address == block->first;
	block->end = (uint8_t)flow_end_of(qemu_plugin_insn_data(last), bytes);
}

/* mov %rsp, N(%rdi) and mov N(%rsi), %rsp, by which __switch_to_asm() goes from one stack to the other. Only these are watched: QEMU 7.2 fails
 * where an instruction that is watched, and which it carries out by a function of its own, ends a translation. */
static bool changes_stacks(const struct qemu_plugin_insn *insn)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) < 4 || code[0] != 0x48)
		return false;
	return (code[1] == 0x89 && (code[2] & 0x3f) == 0x27) || (code[1] == 0x8b && (code[2] & 0x3f) == 0x26);
}

static void watch(struct qemu_plugin_tb *tb, size_t n)
{
	struct flow_block *block = new_block();

	describe(block, tb, n);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &c.executed, 1);
		if (block->kind == COUNT_SWITCH && changes_stacks(insn))
			qemu_plugin_register_vcpu_mem_cb(insn, on_switch, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
	}
}

/* ---- Marks ---- */

static void on_mark(unsigned cpu, void *data);

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (c.functions_n)
		watch(tb, n);
	for (size_t i = 0; i < n && qemu_plugin_tb_vaddr(tb) < KERNEL; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *code = qemu_plugin_insn_data(insn);
		uint32_t number;

		if (qemu_plugin_insn_size(insn) != MARK_BYTES || code[0] != 0x0f || code[1] != 0x1f || code[2] != 0x80)
			continue;
		memcpy(&number, code + 3, sizeof number);
		if (number > COUNT_MARK_BASE && number <= COUNT_MARK_BASE + COUNT_TAKE)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)(number - COUNT_MARK_BASE));
	}
}

/* Nothing of the translations is left: what begins now is what was asked for. */
static void on_reset(qemu_plugin_id_t id)
{
	free_blocks();
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
}

/* Also where it is on: who asked for that was killed, and his functions may not be today's. */
static void turn_on(void)
{
	uint64_t n = c.area->functions_n;

	c.open = false;
	c.functions_n = 0;
	c.lost_n = 0;
	if (!n || n > COUNT_FUNCTIONS_MAX)
		return;
	free(c.counts);
	c.counts = calloc(COUNT_STAGES_MAX * n, sizeof *c.counts);
	if (!c.counts)
		return;
	c.functions_n = n;
	qemu_plugin_reset(c.id, on_reset);
}

static void turn_off(void)
{
	if (!c.functions_n)
		return;
	c.functions_n = 0;
	c.open = false;
	qemu_plugin_reset(c.id, on_reset);
}

static void take(void)
{
	struct count_area *area = c.area;

	area->rows_n = 0;
	area->lost_n = c.lost_n;
	c.lost_n = 0;
	for (size_t i = 0; i < COUNT_STAGES_MAX * c.functions_n; i++) {
		if (!c.counts[i])
			continue;
		if (area->rows_n == COUNT_ROWS_MAX)
			area->lost_n += c.counts[i];
		else
			area->rows[area->rows_n++] =
				(struct count_row){ (uint32_t)(i % c.functions_n), (uint32_t)(i / c.functions_n), c.counts[i] };
		c.counts[i] = 0;
	}
}

static void begin(void)
{
	flow_begin(&c.flow);
	c.current = &user_space;
	c.recent_n = 0;
	c.seen = c.executed;
	c.open = c.functions_n > 0;
}

static void end(void)
{
	if (c.open) {
		account();
		c.lost_n += c.flow.deep_n;
	}
	c.open = false;
}

static void on_mark(unsigned cpu, void *data)
{
	(void)cpu;
	switch ((enum count_mark)(uintptr_t)data) {
	case COUNT_ON:
		turn_on();
		break;
	case COUNT_OFF:
		turn_off();
		break;
	case COUNT_BEGIN:
		begin();
		break;
	case COUNT_END:
		end();
		break;
	case COUNT_TAKE:
		take();
		break;
	}
}

/* ---- The plugin ---- */

static struct count_area *map(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, CHANNEL_COUNT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, CHANNEL_COUNT_AT);

	if (fd >= 0)
		close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "memory=", 7))
			c.area = map(argv[i] + 7);
	if (!c.area) {
		fputs("lab-count: the memory shared with the guest cannot be mapped\n", stderr);
		return -1;
	}
	c.id = id;
	c.area->magic = COUNT_MAGIC;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
