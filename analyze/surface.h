/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * surface.h: s as a surface over group size, payload and private bytes, from all points of a bench run.
 *
 * Between points the net costs of baseline and alternative are interpolated, each linear in log(group), log(1 + payload)
 * and private bytes; s is their quotient. An axis with one value admits that value only. The points need not fill the
 * grid, but all corners around a place that is asked for must be there.
 */
#ifndef ANALYZE_SURFACE_H
#define ANALYZE_SURFACE_H

#include "analyze/speedup.h"

#include <stddef.h>
#include <stdint.h>

struct bench_row;
struct hist_row;
struct surface;

/* Share of a profile's packets that may lie outside the grid; they count as at its edge. Above it there is no answer. */
#define SURFACE_OUTSIDE_MAX 0.001

/* For the private bytes: the only size that was measured. -ERANGE from the functions below when there are several. */
#define SURFACE_PRIVATE_ONLY (-1.0)

/*
 * The surface of base against alt from rows[n], all of one bench run, in any order. Points without a round that has all
 * of null, base and alt are left out. Errors, printed: -ENODATA when none is left, -EDOM (speedup_compute()), -ENOMEM.
 */
int surface_new(const struct bench_row *rows, size_t n, const char *base, const char *alt, uint64_t seed, size_t rep_n,
		struct surface **out);
void surface_free(struct surface *surface);

/* How many points there are. */
size_t surface_points(const struct surface *surface);

/*
 * The three below fill *out, which the caller frees with speedup_free(). Replicate i of the result comes from replicate i of
 * every point; rounds_n is the fewest of a point that was used. Errors, printed: -ERANGE outside the grid (named with its
 * bounds), -ENODATA when a corner around the place was not measured, -EINVAL for a size that cannot be, -ENOMEM.
 */

/* At one place: group packets a burst, payload_bytes a packet, of which private_bytes are private to each recipient. */
int surface_at(const struct surface *surface, double group, double payload_bytes, double private_bytes, struct speedup *out);

/*
 * Weighted with a profile's histograms: s = sum(w c_base) / sum(w c_alt), total cost before over total cost after, where w is
 * the share of packets with this burst length (bursts[]: `total` packets of group total/n) and this size (bytes[]: `n`
 * packets of total/n bytes). Assumes that size and burst length are independent. -ENODATA when a histogram is empty.
 */
int surface_weigh(const struct surface *surface, const struct hist_row *bursts, size_t bursts_n, const struct hist_row *bytes,
		  size_t bytes_n, double private_bytes, struct speedup *out);

/* Weighted with the packets that the baseline sent at each point: for a bench that already has the profile's shape
 * (bench --like). With a single point, that point. */
int surface_own(const struct surface *surface, struct speedup *out);

#endif
