/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state.h: what the library knows of the process it is in, and the page it shares with forecall.
 *
 * The process's memory (struct process, the queues, the table of descriptors) is wiped in a child by the kernel
 * (MADV_WIPEONFORK), however that came about: a child therefore has nothing to send that its parent also has, and every
 * part of the state is valid when it is all zero.
 */
#ifndef PRELOAD_STATE_H
#define PRELOAD_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "try/page.h"
#include "try/preload/lock.h"

enum { QUEUES_MAX = 512 }; /* threads beyond them send at once */

struct queue;

struct process {
	struct lock lock;     /* guards queues[] and the start of the guard */
	uint32_t queues_n;    /* slots of queues[] in use so far; only grows */
	struct queue *queues[QUEUES_MAX];
	uint32_t errors_n;    /* sockets that have an error to tell */
	uint32_t ended;       /* the process is at its end: nothing is held back any more */
	uint32_t pid;         /* whose the guard is: not that of a child that shares our memory (vfork) */
	uint32_t guard;       /* tid of the guard; 0 when there is none, cleared by the kernel when it ends */
	uint32_t guard_word;  /* what a guard that has nothing to do waits on; 1: it waits */
	uint32_t guard_quit;  /* it shall end */
	int32_t guard_slot;   /* its place in the page */
};

extern struct process *state_process; /* never NULL once state_ready() was called */
extern struct try_page *state_page;   /* never NULL then: without forecall's page one of our own, in which nothing is enabled */

/* Makes all that, once per image. Cheap when it is done already; callable from anywhere, also before our constructor ran. */
void state_open(void);

static inline void state_ready(void)
{
	if (__builtin_expect(!state_page, 0))
		state_open();
}

/* Memory of at least `size` bytes, zero, that a child gets wiped; NULL when there is none. Never freed. */
void *state_memory(size_t size);

/* CLOCK_MONOTONIC; without a system call. */
uint64_t state_now_ns(void);

/* The next cell of the page to count in. */
struct try_cell *state_cell(void);

/* Of a number in a cell one at a time is the writer: the thread, or whoever has its queue's lock. Only the last cell is shared. */
static inline void count(struct try_cell *cell, enum try_count what, uint64_t n)
{
	if (__builtin_expect(cell == &state_page->cells[TRY_CELLS - 1], 0))
		__atomic_fetch_add(&cell->n[what], n, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&cell->n[what], cell->n[what] + n, __ATOMIC_RELAXED);
}

static inline void count_delay(struct try_cell *cell, uint64_t ns)
{
	__atomic_fetch_add(&cell->delays_n[try_delay_bucket(ns)], 1, __ATOMIC_RELAXED);
}

/* The C library's function of that name, which ours stands in front of; ends the process, having said so, when there is none. */
void *state_real(const char *name);

#endif
