/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cast.h: what livecast does with a packet and with a request; it owns the group and the ways of sending, but reads no
 * socket (server.h does). */
#ifndef WORKLOADS_CAST_H
#define WORKLOADS_CAST_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/net.h"

struct cast;
struct control;

struct cast_config {
	int fd;			/* the one UDP socket that all ways send from; stays the caller's */
	const struct sockaddr *to; /* tells the device that the clients are behind; NULL: not known. Stays the caller's */
	const char *way;	/* to begin with */
	uint64_t batch;		/* messages per call of batched ways; 0: the whole group */
	uint64_t work_ns;	/* user work per recipient */
};

/* Says by fail() what is wrong; 0 or -errno. */
int cast_new(const struct cast_config *config, struct cast **out);
void cast_free(struct cast *cast); /* accepts NULL */

/* Sends one packet of the incoming stream to every client, each with its own RTP header. What is no RTP is counted and
 * dropped. `data` stays in place until this returns. */
void cast_packet(struct cast *cast, const uint8_t *data, size_t n);

/* How often a packet of the stream was sent to the clients, and the packets that the kernel took for them, by all ways. */
uint64_t cast_bursts(const struct cast *cast);
uint64_t cast_packets(const struct cast *cast);

/* Carries out a request and writes the answer, without a newline, into reply[n]. `owner` is the connection, `peer` its
 * address; NULL where it has none (stdin), which therefore cannot join. QUIT is only answered. */
void cast_command(struct cast *cast, const struct control *request, uint32_t owner, const union net_addr *peer,
		  char *reply, size_t n);

/* Takes all that a connection joined out of the group. */
void cast_leave(struct cast *cast, uint32_t owner);

#endif
