/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group.h: the recipients of a group, prepared for sending. The server (livecast) and the micro-benchmark (groupsend)
 * send through this same code, so that what one measures holds for the other. */
#ifndef WORKLOADS_GROUP_H
#define WORKLOADS_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/net.h"
#include "workloads/sender.h"

struct rtp;
struct group;

enum { GROUP_MAX = 65536 };	/* recipients in one group */

/* Makes an empty group whose recipients get `head_bytes` before and `tail_bytes` after the shared payload. A head of at
 * least RTP_HEADER_BYTES begins with the recipient's own RTP header; all other private bytes are the pattern of the
 * recipient's SSRC (pattern.h), head and tail counted through. 0 or -ENOMEM; to be given to group_free(). */
int group_new(size_t head_bytes, size_t tail_bytes, struct group **out);
void group_free(struct group *group); /* accepts NULL */

/* Adds a recipient; `owner` is the caller's name for who asked for it. Its SSRC and the offsets of its sequence numbers
 * and timestamps follow from `ssrc`, so that a run can be repeated.
 * 0; -EEXIST when the address is in already; -ENOSPC at GROUP_MAX; -ENOMEM. */
int group_add(struct group *group, const union net_addr *addr, uint32_t owner, uint32_t ssrc);

/* Makes `n` of the one recipient that is in, so that each burst sends it n messages. 0 or -ENOMEM. */
int group_repeat(struct group *group, size_t n);

/* Takes out the recipient with this address if `owner` added it: 0, or -ENOENT. */
int group_remove(struct group *group, const union net_addr *addr, uint32_t owner);

/* Takes out all that `owner` added and returns how many these were. */
size_t group_remove_owner(struct group *group, uint32_t owner);

size_t group_size(const struct group *group);

/* The shared payload of the next bursts: stays the caller's, and in place until the last flush. */
void group_set_payload(struct group *group, const void *payload, size_t n);

/* The same with a payload of its own for each: the first at `payload`, the others at multiples of n bytes behind it. */
void group_set_payloads(struct group *group, const void *payload, size_t n);

/* Tells the sender of every recipient, so that the next burst makes nothing that will be kept. */
void group_prepare(const struct group *group, struct sender *sender);

/* Sends the payload to every recipient: `work` iterations of spin_run(), then its header, then push; at last flush.
 * `stream` is the header of the incoming packet, to which each recipient's offsets are added. */
void group_burst(struct group *group, struct sender *sender, const struct rtp *stream, uint64_t work);

#endif
