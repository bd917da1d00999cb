/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audience.h: a topology with sleeping receivers on its far side: what a micro-benchmark sends to. */
#ifndef WORKLOADS_AUDIENCE_H
#define WORKLOADS_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/net.h"
#include "workloads/topology.h"

struct audience;

struct audience_config {
	enum topology_kind topology;
	uint64_t clients;	/* ports in a row */
	uint64_t moderate_us;	/* after each look they sleep so long (sinks.h); 0: they wake for every packet */
	uint64_t linger_us;	/* before they sleep they look again and again for so long: clients that are awake */
	uint64_t work_ns;	/* after each look they work for so long in the mean */
	int peer_cpu;		/* where the receivers stay; -1: anywhere */
	bool ipv6;
	bool verify;		/* they check every byte, where each datagram has these private bytes around the payload */
	uint64_t head_bytes, tail_bytes;
	union net_addr multicast; /* group that they join; family 0: none */
};

/* Makes the topology, starts one `receivers` on its far side and waits until its sockets are open; a sink has none. By fail();
 * 0 or -errno. */
int audience_new(const struct audience_config *config, struct audience **out);

/* The address of the first receiver. */
const union net_addr *audience_addr(const struct audience *audience);

/* How often the receivers have slept until now: each time but the last, a packet woke them. -1: there are none, or that is not to be read. */
int64_t audience_sleeps(const struct audience *audience);

/* Moves the calling thread to the near side. By fail(); 0 or -errno. */
int audience_enter(const struct audience *audience);

/* Ends and frees it; accepts NULL. With must_have_data it is an error, -ENODATA by fail(), that nothing came, or not what was
 * to be verified. */
int audience_free(struct audience *audience, bool must_have_data);

#endif
