/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame.h: an Ethernet frame with one UDP datagram, built in user space. Pure. */
#ifndef WORKLOADS_FRAME_H
#define WORKLOADS_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/net.h"

struct link;
struct sender_message;

enum { FRAME_HEADERS_MAX = 14 + 40 + 8 }; /* Ethernet, IPv6, UDP */

/* The headers of all frames from one address to another; what a datagram adds is filled in by frame_write(). */
struct frame {
	uint8_t headers[FRAME_HEADERS_MAX];
	uint32_t headers_n;
	uint32_t ip_sum, udp_sum; /* of what is the same in each: not folded, in network order */
};

/* From link->source and `port` to `to`, by the link's device and neighbour. */
void frame_prepare(const struct link *link, uint16_t port, const union net_addr *to, struct frame *out);

/* The sum of bytes as the Internet checksum adds them up (RFC 1071), in network order, not folded; n up to 65535. */
uint32_t frame_sum(const void *bytes, size_t n);

/* The shared part of messages with its sum, so that it is added up once. Zeroed at first, and when the bytes change. */
struct frame_shared {
	const void *base;
	size_t n;
	uint32_t sum;
};

/* Writes the whole frame to `to` and returns its length. `id` becomes the identification of an IPv4 datagram. */
size_t frame_write(const struct frame *frame, const struct sender_message *message, struct frame_shared *shared, uint16_t id,
		   uint8_t *to);

#endif
