/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtp.h: the fixed header of RTP (RFC 3550, 5.1): written in place for each recipient, and read with every length
 * checked. Nothing else of RTP is needed to relay and to judge a stream. */
#ifndef WORKLOADS_RTP_H
#define WORKLOADS_RTP_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RTP_HEADER_BYTES = 12,
	RTP_TYPE_DYNAMIC = 96,	/* first payload type without a fixed meaning */
	RTP_CLOCK_HZ = 90000,	/* of our own generator's timestamps */
};

struct rtp {
	uint8_t type;		/* payload type, with the marker in the highest bit as on the wire */
	uint16_t sequence;
	uint32_t time;
	uint32_t ssrc;
};

static inline void rtp_put32(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 24);
	to[1] = (uint8_t)(value >> 16);
	to[2] = (uint8_t)(value >> 8);
	to[3] = (uint8_t)value;
}

static inline uint32_t rtp_get32(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Writes RTP_HEADER_BYTES: version 2, no padding, no extension, no sources. */
static inline void rtp_write(uint8_t *to, const struct rtp *header)
{
	rtp_put32(to, 0x80000000u | (uint32_t)header->type << 16 | header->sequence);
	rtp_put32(to + 4, header->time);
	rtp_put32(to + 8, header->ssrc);
}

/* Where the payload begins, behind contributing sources and extension; 0 when the packet is too short for them. */
static inline size_t rtp_payload_at(const uint8_t *data, size_t n)
{
	size_t at = RTP_HEADER_BYTES + 4 * (size_t)(data[0] & 15);

	if (!(data[0] & 0x10))
		return at <= n ? at : 0;
	if (at + 4 > n)
		return 0;
	at += 4 + 4 * (size_t)(rtp_get32(data + at) & 0xffff);
	return at <= n ? at : 0;
}

/* Reads a packet of n bytes: its header, and the payload's place and length without padding.
 * -EBADMSG when it is not RTP version 2 or shorter than it says. */
static inline int rtp_read(const uint8_t *data, size_t n, struct rtp *header, size_t *payload_at, size_t *payload_n)
{
	if (n < RTP_HEADER_BYTES || data[0] >> 6 != 2)
		return -EBADMSG;
	size_t at = rtp_payload_at(data, n), padding = data[0] & 0x20 ? data[n - 1] : 0;

	if (!at || padding > n - at || (data[0] & 0x20 && !padding))
		return -EBADMSG;
	header->type = data[1];
	header->sequence = (uint16_t)(data[2] << 8 | data[3]);
	header->time = rtp_get32(data + 4);
	header->ssrc = rtp_get32(data + 8);
	*payload_at = at;
	*payload_n = n - at - padding;
	return 0;
}

#endif
