/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_like.h: the shape of a profile, for `bench --like`. */
#ifndef WORKLOADS_BENCH_LIKE_H
#define WORKLOADS_BENCH_LIKE_H

#include <stdint.h>

#include "workloads/bench.h"

struct shape_row; /* analyze/rows.h */
struct store;

/*
 * The shape of a profile: its bursts by length, size and destinations together (table `shape`; the median burst length and mean bytes
 * per call besides, which name the point), median time between the calls of a burst (with what the probes and the mode switch add
 * taken out), the time from one burst to the next, 0 where the server was too busy to pause (no idle time on its CPU), how many bursts
 * follow each other before it sleeps and what lies between these, and what a path call cost. private_bytes is left as it is, since a
 * profile does not know it, but becomes 0 where all bursts go to one destination; one_destination stays true where it was.
 * -ENODATA, said, when the profile has no bursts.
 */
int bench_like(struct store *store, int64_t profile, struct bench_like *like);

/* The kinds of bursts in a profile's rows of `shape`: at most BLOCK_KINDS_MAX, the largest by calls; each of the other rows counts for the
 * kind that is most like it, so that bursts, calls and bytes add up to what they were. -ENOMEM. */
int bench_like_kinds(const struct shape_row *rows, size_t n, struct block_kind kinds[BLOCK_KINDS_MAX], size_t *kinds_n);

/*
 * How unlike the clients of the profile receivers are that were tried: the logarithm of what a packet of the baseline costs with them over what a path call
 * did, and where it is known how many calls wake one, the share of packets that do less the share of calls, both without sign, added. What a wake-up
 * costs is about as much as the rest of a packet, so that both are of one kind. Receivers that are awake, or look by a timer, are woken by none.
 */
double bench_like_misfit(const struct bench_like *like, const struct bench_touch *tried);

#endif
