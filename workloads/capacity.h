/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capacity.h: the largest group that livecast serves with the quality asked, by trials: doubling until a group is not served, then bisection. */
#ifndef WORKLOADS_CAPACITY_H
#define WORKLOADS_CAPACITY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/traffic.h"

struct trial_row; /* analyze/rows.h */

enum { CAPACITY_MOST = 50000 }; /* clients: they have a port each */

/* Whether a group is served. 0 or -errno, which ends the search. */
typedef int capacity_try(void *context, uint64_t group, bool *served);

/*
 * Searches from `from` up (or down) to 1..most: *served is the largest group that was served, 0: none; *refused the smallest that was not, 0:
 * none up to most. Ends when they are at most within * served apart, or neighbours. Errors of serves() end it.
 */
int capacity_bisect(uint64_t from, uint64_t most, double within, capacity_try *serves, void *context, uint64_t *served, uint64_t *refused);

struct capacity_options {
	struct livecast_setup setup; /* its group: where the search begins */
	uint64_t most;      /* clients */
	double quality;     /* share of the stream's rate that every client must get */
	double seconds;     /* of a trial */
	double within;      /* see above */
	const volatile sig_atomic_t *stop; /* ends it with -EINTR; NULL: none does */
	void (*progress)(void *context, double done, const char *text); /* may be NULL */
	void *progress_context;
	double from, to;    /* what part of the whole this is, for progress */
};

/* Trials, in their order; `trial` is numbered, `run` not set, `way` is static text or that of the setup. All zero: none. */
struct capacity_trials {
	struct trial_row *rows;
	size_t n, room;
};

/* Adds the trials of one way: a group is served when two of at most three trials say so. 0; -EINTR; or as traffic.h, said. */
int capacity_search(const struct capacity_options *options, struct capacity_trials *trials);

void capacity_free(struct capacity_trials *trials);

#endif
