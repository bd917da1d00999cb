/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tally.h: what a server has done so far, in memory that it shares with whoever measures it. It is read without asking: no system
 * call and no wake-up of the server falls into what is measured.
 *
 * A server's CPU time and its count go together only where it rests: within a burst the one runs ahead of the other, by as much as
 * its way of sending makes of a burst in one go.
 */
#ifndef WORKLOADS_TALLY_H
#define WORKLOADS_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Written by the server alone. */
struct tally {
	_Atomic uint64_t begun_n;   /* times that it took up work */
	_Atomic uint64_t rested_n;  /* times that it was through: the same number, while it waits for more */
	_Atomic uint64_t bursts_n, packets_n; /* sent until it last rested */
};

/* One of the measuring side. */
struct tally_shared {
	struct tally *tally;
	int fd;
	char path[48]; /* under which the server opens it, while this process lives */
};

/* By fail(); 0 or -errno. */
int tally_new(struct tally_shared *out);
void tally_free(struct tally_shared *shared); /* accepts one that is zeroed */

/* The server's side: never given back. By fail(); 0 or -errno. */
int tally_open(const char *path, struct tally **out);

/* Both accept NULL: nobody measures. */
static inline void tally_begin(struct tally *tally)
{
	if (tally)
		atomic_store_explicit(&tally->begun_n, tally->begun_n + 1, memory_order_release);
}

static inline void tally_rest(struct tally *tally, uint64_t bursts_n, uint64_t packets_n)
{
	if (!tally)
		return;
	atomic_store_explicit(&tally->bursts_n, bursts_n, memory_order_relaxed);
	atomic_store_explicit(&tally->packets_n, packets_n, memory_order_relaxed);
	atomic_store_explicit(&tally->rested_n, tally->begun_n, memory_order_release);
}

static inline bool tally_rests(const struct tally *tally)
{
	return atomic_load_explicit(&tally->rested_n, memory_order_acquire) == atomic_load_explicit(&tally->begun_n, memory_order_acquire);
}

#endif
