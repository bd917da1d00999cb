/* SPDX-License-Identifier: GPL-2.0-or-later */
/* topology.h: what lies between sender and receivers: the loopback device, two network namespaces joined by veth, or a device
 * that drops all.
 *
 * The namespaces have no name in the file system: open descriptors of this process are all that holds them. The kernel
 * removes them, with their devices, when the process that made them ends in whatever way and its children have ended;
 * nothing can be left behind, and nothing that exists already is changed. `nsenter --net=/proc/PID/fd/N` looks inside. */
#ifndef WORKLOADS_TOPOLOGY_H
#define WORKLOADS_TOPOLOGY_H

#include <stdint.h>

struct topology;

enum topology_kind {
	TOPOLOGY_LO,		/* both sides here, on 127.0.0.1 and ::1 */
	TOPOLOGY_VETH,		/* two namespaces; the sender's CPU does the receive half too */
	TOPOLOGY_VETH_RPS,	/* the same, the receive half steered to another CPU (rps_cpus of the receiving device) */
	TOPOLOGY_SINK,		/* a namespace with a device that drops what is sent (sink.h); there are no receivers */
	TOPOLOGY_NIC,		/* the two cards of a guest of the lab, one in the namespace WIRE_PEER_NS (lab/wire.h) */
	TOPOLOGY_KIND_MAX,
};

enum topology_side {
	TOPOLOGY_SERVER,	/* 198.18.0.1, fd00::1 */
	TOPOLOGY_PEER,		/* 198.18.0.2, fd00::2 */
	TOPOLOGY_SIDE_MAX,
};

/* Names as the user writes them: lo, veth, veth-rps, sink, nic. */
extern const char *const topology_names[TOPOLOGY_KIND_MAX];

/* The kind of that name: 0 or -EINVAL, said by fail(). */
int topology_parse(const char *name, enum topology_kind *out);

/* Makes it, with addresses and neighbours set, ready for the first packet. peer_cpu is where veth-rps steers to (at
 * least 0 then). All but lo need root and ip(8). Says by fail() what is wrong; 0 or -errno. */
int topology_new(enum topology_kind kind, int peer_cpu, struct topology **out);

/* Gives up this process's hold. Accepts NULL. */
void topology_free(struct topology *topology);

/* The address of a side, as text. */
const char *topology_host(const struct topology *topology, enum topology_side side);
const char *topology_host6(const struct topology *topology, enum topology_side side);

/* Packets that the sink has dropped so far. 0 or -errno. */
int topology_dropped(const struct topology *topology, uint64_t *packets_n);

/* Moves the calling thread to a side, for good: meant for a child between fork and exec, and may be called there. Prints
 * nothing. 0 or -errno. */
int topology_enter(const struct topology *topology, enum topology_side side);

#endif
