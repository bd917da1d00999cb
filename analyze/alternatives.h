/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alternatives.h: what each way of sending that was benched would gain for a profile: predictions (predict.h) that nobody asked for, and that
 * are not kept in the store.
 *
 * Of the benches that are comparable (predict_refusals() holds nothing against them) a way is taken from the newest made like the profile, else
 * from the newest over a grid that has it and the baseline, as `forecall predict --with all` chooses.
 */
#ifndef ANALYZE_ALTERNATIVES_H
#define ANALYZE_ALTERNATIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/rank.h"
#include "analyze/stats.h"

struct fraction;
struct run_row;
struct store;

enum { ALTERNATIVE_WAY = 32, ALTERNATIVE_TEXT = 320, ALTERNATIVES_GRIDS = 16 /* benches over a grid that are looked at: the newest */ };

/* One way, for one profile. */
struct alternative {
	char way[ALTERNATIVE_WAY];
	int64_t bench;
	bool bound;                       /* no drop-in, but a bound to compare with */
	struct figure speedup, predicted; /* NAN where the bench does not tell it, or the way does not suit the profile */
	char text[ALTERNATIVE_TEXT];      /* then why; else what limits it */
};

/* What a way asks of the messages that it sends together; false: there is no such way. */
typedef bool alternatives_needs(const char *way, struct rank_needs *out);

struct alternatives;

/* Made of benches among runs[n], which are by number and stay the caller's, as the store does. NULL, said, when out of memory. */
struct alternatives *alternatives_new(struct store *store, const struct run_row *const *runs, size_t n, alternatives_needs *needs);
void alternatives_free(struct alternatives *alternatives); /* accepts NULL */

/*
 * The ways for a profile with this f, the one of the largest r first, those without r at the end; free() them. None, which is no error, where
 * predict would refuse the profile itself, or its path stands for no way. 0 or -errno, said.
 */
int alternatives_of(struct alternatives *alternatives, const struct run_row *profile, const struct fraction *fraction, struct alternative **out,
		    size_t *n);

/* What is known of a profile's sends, from its histograms. 0 or -errno, said. */
int alternatives_profile(struct store *store, int64_t profile, struct rank_profile *out);

#endif
