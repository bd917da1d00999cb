/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rank.h: which ways of sending suit a profiled server, which do not and why, and what limits those that do. Pure. */
#ifndef ANALYZE_RANK_H
#define ANALYZE_RANK_H

#include <stdbool.h>
#include <stddef.h>

struct hist_row;

/* What a way asks of the messages that it sends together. */
struct rank_needs {
	bool batches;         /* several messages per call */
	bool one_socket;      /* ... which all leave by one socket */
	bool one_destination; /* ... and go to one recipient */
	bool shared_only;     /* all recipients get the same bytes */
	bool uncopied;        /* it saves the copy of the payload, and little else */
	bool spins;           /* a thread of it spins between the sends */
	bool bound;           /* no drop-in, but a bound to compare with */
};

/* Whether a thread of the alternative spins between sends, so that it costs time, and the baseline sends one message a call. */
static inline bool rank_keeps_cost(const struct rank_needs *baseline, const struct rank_needs *alternative)
{
	return alternative->spins && !baseline->batches;
}

/* What is known of a profile's sends. */
struct rank_profile {
	double alone;           /* share of its sends that are not followed by another before another call: bursts of one */
	double burst;           /* length of the burst that the mean send is in */
	double bytes;           /* mean per send */
	double one_socket;      /* share of its bursts that used one socket; NAN: not recorded */
	double one_destination; /* share of its bursts that went to one destination; NAN: not recorded */
};

/* Fewer than this share of sends in bursts a batched way can use, or of bursts of the one kind: it does not apply. */
#define RANK_SHARE_MIN 0.5

/* From the histograms of burst length and of bytes per call; one_socket and one_destination become NAN. */
void rank_profile_read(const struct hist_row *bursts, size_t bursts_n, const struct hist_row *bytes, size_t bytes_n,
		       struct rank_profile *out);

/* Whether the way does not suit the server, with the reason in why[n]. What is not recorded is not held against it, but
 * named: then the result is true only where it is needed as an exception (one destination). */
bool rank_unsuited(const struct rank_needs *needs, const struct rank_profile *profile, char *why, size_t n);

struct rank_result {
	double fraction; /* f */
	double speedup, speedup_low, speedup_high;
	double bound; /* r as s grows without end */
};

/* What keeps a way that suits from gaining more, in a few words in text[n]. */
void rank_limit(const struct rank_needs *needs, const struct rank_profile *profile, const struct rank_result *result, char *text,
		size_t n);

#endif
