/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flat.h: a message in one piece, for the calls that take one buffer. As a server would that keeps room for a head before
 * its packet: what is shared is copied once per flush, what is private once per recipient. */
#ifndef WORKLOADS_FLAT_H
#define WORKLOADS_FLAT_H

#include "workloads/sender.h"

#include <string.h>

enum { FLAT_BYTES = 65536 };	/* more than any datagram has */

/* Zeroed at first, and to be zeroed up to `bytes` (flat_forget()) by each flush: then the payload may change. */
struct flat {
	const void *shared;	/* the payload that lies in bytes[] */
	size_t shared_n, shared_at;
	uint8_t bytes[FLAT_BYTES];
};

static inline void flat_forget(struct flat *flat)
{
	flat->shared = NULL;
}

static inline void flat_put(struct flat *flat, size_t at, const struct iovec *part, bool is_shared)
{
	if (is_shared) {
		if (flat->shared == part->iov_base && flat->shared_n == part->iov_len && flat->shared_at == at)
			return;
		flat->shared = part->iov_base;
		flat->shared_n = part->iov_len;
		flat->shared_at = at;
	}
	if (part->iov_len)
		memcpy(flat->bytes + at, part->iov_base, part->iov_len);
}

/* The message's bytes, *n of them, good until the next call; NULL when it is larger than any datagram. */
static inline const void *flat_message(struct flat *flat, const struct sender_message *message, size_t *n)
{
	size_t at = 0;

	*n = sender_bytes(message);
	if (message->iov_n == 1)
		return message->iov[0].iov_base;
	if (*n > FLAT_BYTES)
		return NULL;
	for (size_t i = 0; i < message->iov_n; i++) {
		flat_put(flat, at, &message->iov[i], i == message->shared);
		at += message->iov[i].iov_len;
	}
	return flat->bytes;
}

#endif
