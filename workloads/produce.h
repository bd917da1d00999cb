/* SPDX-License-Identifier: GPL-2.0-or-later */
/* produce.h: the generator of a live stream: RTP packets at an even rate, with a payload that can be verified. */
#ifndef WORKLOADS_PRODUCE_H
#define WORKLOADS_PRODUCE_H

#include <stdint.h>

#include "workloads/net.h"

enum { PRODUCE_PERIOD_MAX_NS = 1000000000 }; /* a packet a second at least */

struct produce_config {
	union net_addr to;
	uint64_t datagram_bytes; /* the RTP header included */
	uint64_t rate_bps;	/* of these datagrams; used while packets_per_s is 0 */
	uint64_t packets_per_s;	/* 0: what rate_bps makes */
	uint64_t packets_n;	/* then end; 0: until SIGINT or SIGTERM */
};

/* Sends the stream, each packet at its absolute time, then prints {"packets": N, "errors": N} to stdout. Fails when
 * nobody listens. Says by fail() what is wrong; 0 or -errno. */
int produce_run(const struct produce_config *config);

#endif
