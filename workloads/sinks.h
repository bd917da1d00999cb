/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sinks.h: thousands of UDP clients in one thread: sleeping in epoll_wait(), draining with recvmmsg(), judging what came. */
#ifndef WORKLOADS_SINKS_H
#define WORKLOADS_SINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/net.h"
#include "workloads/quality.h"

struct sinks;

/*
 * What experiments moderate by. Clients on this machine that wake for every packet make a send pay for waking them, or not when
 * they are still busy with the packet before; which of the two it is feeds back on itself (who pays for wake-ups sends later, and
 * finds sleepers again) and lasts for seconds, so that the same send costs 5,300 or 7,900 cycles. Clients of a real server wake
 * on machines of their own. 100 us are some 40 sends: less than the default buffer of a socket holds.
 */
enum { SINKS_MODERATE_US = 100 };

struct sinks_config {
	union net_addr listen;	/* first port; port 0: wherever `count` ports in a row are free */
	uint64_t count;
	union net_addr multicast; /* group and port that every client joins besides; family 0: none */
	bool plain;		/* count packets and bytes only: what comes is not RTP */
	bool verify;		/* also check every byte against pattern.h; the sender is groupsend or livecast --produce */
	/* Private bytes around the payload, for verify. With a head shorter than an RTP header what comes is not RTP: then the
	 * payload's counter stands for the sequence number, and client i has the private bytes of SSRC i + 1. */
	uint64_t head_bytes, tail_bytes;
	uint64_t clock_hz;	/* of the RTP timestamps */
	uint64_t receive_buffer_bytes; /* of each socket; 0: the system's default */
	uint64_t moderate_us;	/* after each drain, sleep so long before looking again: at most one wake-up per round; 0: no */
	uint64_t linger_us;	/* after each drain, look again and again for so long before sleeping: a client that is awake; 0: no */
	uint64_t work_ns;	/* after each drain, work for so long in the mean before looking again: what comes meanwhile wakes nobody; 0: no */
};

/* One client. Packets that are no RTP or too short are malformed; those with a wrong byte are corrupt, and so are those
 * whose payload's counter does not advance with their sequence number. */
struct sink {
	int fd, group_fd;	/* the latter for the multicast group, else -1 */
	uint64_t packets_n, bytes, malformed_n, corrupt_n;
	int64_t first_ns, last_ns; /* arrival of the first and the last packet; CLOCK_MONOTONIC */
	struct quality quality;
	uint32_t ssrc;		/* of the packet before */
	uint16_t ahead;		/* how far the counter in its payload was ahead of its sequence number */
	bool verified;		/* whether `ssrc` and `ahead` hold something yet */
};

/* Opens all sockets. Says by fail() what is wrong; 0 or -errno. */
int sinks_new(const struct sinks_config *config, struct sinks **out);
void sinks_free(struct sinks *sinks); /* accepts NULL */

/* The address of the first socket. */
const union net_addr *sinks_addr(const struct sinks *sinks);

/* Also wakes sinks_wait() when fd becomes readable. 0 or -errno. */
int sinks_watch(struct sinks *sinks, int fd);

/* Sleeps until something comes, and drains it. *watched becomes a watched descriptor that is readable, or -1.
 * Says by fail() what is wrong; 0 or -errno. */
int sinks_wait(struct sinks *sinks, int *watched);

/* Takes what has come without waiting: at the end, so that nothing that was delivered is missed. */
void sinks_drain(struct sinks *sinks);

/* How many clients have got at least one packet. */
size_t sinks_reached(const struct sinks *sinks);

/* Client i, below config.count. */
const struct sink *sinks_get(const struct sinks *sinks, size_t i);

#endif
