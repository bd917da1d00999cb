/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quality.h: how well one RTP stream arrived at one client: loss, duplicates, order and jitter. Pure. */
#ifndef WORKLOADS_QUALITY_H
#define WORKLOADS_QUALITY_H

#include <stdint.h>

struct rtp;

/* Zeroed at first. */
struct quality {
	uint64_t packets_n;	/* arrived, duplicates included */
	uint64_t duplicates_n;	/* of these, seen before */
	uint64_t reordered_n;	/* of these, behind a later one */
	uint64_t restarts_n;	/* jumps too far to be loss: the stream began anew */
	uint64_t closed_n;	/* packets that should have come before the last restart */
	int64_t first, top;	/* lowest and highest sequence number since then, without wrapping */
	uint64_t seen;		/* bit i: top - i has come */
	int64_t transit_ns;	/* arrival minus RTP time, of the packet before */
	uint32_t time;		/* RTP time of the packet before */
	int64_t time_ns;	/* the same in ns since the first, without wrapping */
	double jitter_ns;	/* RFC 3550, 6.4.1 */
};

enum { QUALITY_JUMP = 3000 };	/* MAX_DROPOUT of RFC 3550, A.1: a gap this wide is a restart */

/* Enters a packet that arrived at arrival_ns on any steady clock; clock_hz is that of the RTP timestamps. */
void quality_packet(struct quality *q, const struct rtp *header, int64_t arrival_ns, uint32_t clock_hz);

/* Packets that should have come since the first one: highest - lowest + 1, as in RFC 3550, A.3. */
uint64_t quality_expected(const struct quality *q);

/* Of these, those that did not come. */
uint64_t quality_lost(const struct quality *q);

#endif
