/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group.c: recipients with their prepared messages, in the order in which they came, and a search tree by address. */
#include "workloads/group.h"

#include "workloads/pattern.h"
#include "workloads/rtp.h"
#include "workloads/spin.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

struct recipient {
	union net_addr addr;	/* first: the search tree compares by it */
	uint32_t owner;
	uint32_t ssrc;
	uint32_t time_offset;
	uint16_t sequence_offset;
	struct sender_message message;
	uint8_t private[];	/* head, then tail */
};

struct group {
	size_t head_bytes, tail_bytes;
	const void *payload;
	size_t payload_n;
	struct recipient **recipients;
	size_t n, room;
	void *by_addr;
};

static int compare(const void *a, const void *b)
{
	return net_compare(a, b);
}

int group_new(size_t head_bytes, size_t tail_bytes, struct group **out)
{
	struct group *group = calloc(1, sizeof *group);

	if (!group)
		return -ENOMEM;
	group->head_bytes = head_bytes;
	group->tail_bytes = tail_bytes;
	*out = group;
	return 0;
}

void group_free(struct group *group)
{
	if (!group)
		return;
	while (group->n) {
		struct recipient *last = group->recipients[--group->n];

		tdelete(last, &group->by_addr, compare);
		free(last);
	}
	free(group->recipients);
	free(group);
}

size_t group_size(const struct group *group)
{
	return group->n;
}

static void prepare_message(const struct group *group, struct recipient *r)
{
	struct sender_message *m = &r->message;

	m->addr = &r->addr;
	m->addr_len = net_len(&r->addr);
	if (group->head_bytes)
		m->iov[m->iov_n++] = (struct iovec){ r->private, group->head_bytes };
	m->shared = (uint32_t)m->iov_n;
	m->iov[m->iov_n++] = (struct iovec){ (void *)group->payload, group->payload_n };
	if (group->tail_bytes)
		m->iov[m->iov_n++] = (struct iovec){ r->private + group->head_bytes, group->tail_bytes };
}

static struct recipient *recipient_new(const struct group *group, const union net_addr *addr, uint32_t owner,
				       uint32_t ssrc)
{
	size_t private_bytes = group->head_bytes + group->tail_bytes;
	struct recipient *r = calloc(1, sizeof *r + private_bytes);

	if (!r)
		return NULL;
	r->addr = *addr;
	r->owner = owner;
	r->ssrc = ssrc;
	r->time_offset = ssrc * 2654435761u;
	r->sequence_offset = (uint16_t)(r->time_offset >> 16);
	pattern_fill(r->private, private_bytes, ssrc);
	prepare_message(group, r);
	return r;
}

static int make_room(struct group *group)
{
	if (group->n < group->room)
		return 0;
	if (group->n == GROUP_MAX)
		return -ENOSPC;
	size_t room = group->room ? 2 * group->room : 64;
	struct recipient **more = reallocarray(group->recipients, room, sizeof(struct recipient *));

	if (!more)
		return -ENOMEM;
	group->recipients = more;
	group->room = room;
	return 0;
}

int group_add(struct group *group, const union net_addr *addr, uint32_t owner, uint32_t ssrc)
{
	int err = make_room(group);
	struct recipient *r;

	if (err)
		return err;
	if (tfind(addr, &group->by_addr, compare))
		return -EEXIST;
	r = recipient_new(group, addr, owner, ssrc);
	if (!r || !tsearch(r, &group->by_addr, compare)) {
		free(r);
		return -ENOMEM;
	}
	r->message.slot = (uint32_t)group->n;
	group->recipients[group->n++] = r;
	return 0;
}

int group_repeat(struct group *group, size_t n)
{
	int err = 0;

	while (!err && group->n < n) {
		const struct recipient *first = group->recipients[0];
		struct recipient *r = NULL;

		err = make_room(group);
		if (!err)
			r = recipient_new(group, &first->addr, first->owner, first->ssrc);
		if (!err && !r)
			err = -ENOMEM;
		if (err)
			return err;
		r->message.slot = (uint32_t)group->n;
		group->recipients[group->n++] = r;
	}
	return 0;
}

/* The last recipient moves into the gap, so that the array stays dense. */
static void remove_at(struct group *group, size_t i)
{
	struct recipient *gone = group->recipients[i];

	tdelete(gone, &group->by_addr, compare);
	free(gone);
	if (i != --group->n) {
		group->recipients[i] = group->recipients[group->n];
		group->recipients[i]->message.slot = (uint32_t)i;
	}
}

int group_remove(struct group *group, const union net_addr *addr, uint32_t owner)
{
	void *node = tfind(addr, &group->by_addr, compare);
	struct recipient *r = node ? *(struct recipient **)node : NULL;

	if (!r || r->owner != owner)
		return -ENOENT;
	remove_at(group, r->message.slot);
	return 0;
}

size_t group_remove_owner(struct group *group, uint32_t owner)
{
	size_t before = group->n;

	for (size_t i = group->n; i-- > 0;)
		if (group->recipients[i]->owner == owner)
			remove_at(group, i);
	return before - group->n;
}

void group_set_payload(struct group *group, const void *payload, size_t n)
{
	if (payload == group->payload && n == group->payload_n)
		return;
	group->payload = payload;
	group->payload_n = n;
	for (size_t i = 0; i < group->n; i++)
		group->recipients[i]->message.iov[group->recipients[i]->message.shared] = (struct iovec){ (void *)payload, n };
}

void group_set_payloads(struct group *group, const void *payload, size_t n)
{
	group->payload = NULL;
	for (size_t i = 0; i < group->n; i++) {
		struct sender_message *m = &group->recipients[i]->message;

		m->iov[m->shared] = (struct iovec){ (char *)payload + i * n, n };
	}
}

void group_prepare(const struct group *group, struct sender *sender)
{
	for (size_t i = 0; i < group->n; i++)
		sender_prepare(sender, &group->recipients[i]->message);
}

static void write_header(struct recipient *r, const struct rtp *stream)
{
	rtp_write(r->private, &(struct rtp){
		.type = stream->type,
		.sequence = (uint16_t)(stream->sequence + r->sequence_offset),
		.time = stream->time + r->time_offset,
		.ssrc = r->ssrc,
	});
}

void group_burst(struct group *group, struct sender *sender, const struct rtp *stream, uint64_t work)
{
	for (size_t i = 0; i < group->n; i++) {
		struct recipient *r = group->recipients[i];

		spin_run(work);
		if (group->head_bytes >= RTP_HEADER_BYTES)
			write_header(r, stream);
		sender_push(sender, &r->message);
	}
	sender_flush(sender);
}
