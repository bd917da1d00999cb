/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turns.h: several measurements, each in a thread of its own, that take short turns: only one runs at a time, and what the machine
 * does for seconds on end falls on all of them alike.
 */
#ifndef WORKLOADS_TURNS_H
#define WORKLOADS_TURNS_H

#include <stdbool.h>
#include <stddef.h>

struct turns;

/* One of those who take turns. */
struct turns_part {
	int (*run)(void *context);   /* the measurement; calls turns_between() every now and then */
	int (*begin)(void *context); /* before each of its turns; may be NULL */
	int (*end)(void *context);   /* after each of its turns, but not once a part has failed; may be NULL */
	double share;                /* its turns last so many times turn_ms; 0: once */
};

enum { TURNS_PARTS_MAX = 4 };

/*
 * Runs all parts to their ends, the first one first; a turn lasts at least turn_ms. When one fails, the others' turns_between()
 * return -ECANCELED. Returns the first error, or 0. Without memory or threads: -ENOMEM or -errno, by fail().
 */
int turns_run(const struct turns_part *parts, size_t n, void *context, unsigned turn_ms);

/* Called by a part's thread: when its turn has lasted long enough, lets the others have theirs first. 0 when it goes on, or an
 * error for the caller to return. */
int turns_between(void);

/* Whether all others have come to their ends. */
bool turns_alone(void);

#endif
