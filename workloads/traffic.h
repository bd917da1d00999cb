/* SPDX-License-Identifier: GPL-2.0-or-later */
/* traffic.h: a live broadcast for experiments: livecast, its source and its clients as child processes in a topology.
 *
 * The children die with the thread that started them. Only one thread at a time may use a struct traffic. */
#ifndef WORKLOADS_TRAFFIC_H
#define WORKLOADS_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "workloads/topology.h"

struct sender_ops; /* sender.h */
struct traffic;

struct livecast_setup {
	uint64_t group;		/* clients, at least 1 */
	uint64_t payload_bytes;	/* whole datagram as sent to a client, its RTP header of 12 bytes included */
	uint64_t packets_per_s;	/* of the incoming stream */
	uint64_t work_ns;	/* user work of the server per recipient */
	const char *way;	/* of sending, to begin with */
	enum topology_kind topology;
	int server_cpu;		/* of the server; -1: not pinned */
	int peer_cpu;		/* of source and clients, and where veth-rps steers to; -1: not pinned */
};

/* The service that the clients got, from first to last packet (summary.h). */
struct traffic_quality {
	uint64_t clients_n, silent_n, packets_n, expected_n, lost_n, duplicates_n, reordered_n;
	double loss;		/* lost_n / expected_n */
	double rate_bps_min, rate_bps_mean; /* per client */
	double jitter_ns_max;
};

/* Whether this server cannot be ported to a way of sending, which is nothing against benching it: true with the reason in why[n]. */
bool traffic_refuses(enum topology_kind topology, const struct sender_ops *way, char *why, size_t n);

/* Starts everything, and returns when all clients have joined and each has got its first packet. Says by fail() what is
 * wrong; 0 or -errno, and nothing runs on then. */
int traffic_livecast_start(const struct livecast_setup *setup, struct traffic **out);

/* The process of the server: the target of a profile. */
pid_t traffic_server_pid(const struct traffic *traffic);

/* From the next packet on: send by another way; work so long per recipient. By fail(); 0 or -errno. */
int traffic_send_way(struct traffic *traffic, const char *way);
int traffic_work(struct traffic *traffic, uint64_t work_ns);

/* Stops the incoming stream for a while, and with it all sending; lets it go on, and waits for the first burst. By fail(); 0 or -errno. */
int traffic_pause(struct traffic *traffic);
int traffic_resume(struct traffic *traffic);

/* Without asking the server (tally.h). Waits until it rests between two bursts, but not for ever; the packets that it had sent when
 * it last rested; waits until it has sent one more burst (by fail(): -ETIMEDOUT). */
void traffic_rest(struct traffic *traffic);
int64_t traffic_packets(struct traffic *traffic);
int traffic_burst(struct traffic *traffic);

/* Ends clients, source and server in this order and frees everything; `quality` may be NULL. Accepts NULL traffic.
 * By fail(): -ENODATA when no client got anything, or -errno. */
int traffic_stop(struct traffic *traffic, struct traffic_quality *quality);

#endif
