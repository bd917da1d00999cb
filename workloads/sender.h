/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sender.h: one way of sending the same payload to many recipients, behind one set of operations.
 *
 * Adding a way is one file send_<way>.c, one declaration at the end of this header and one row in sender.c. What a way
 * does in user space per packet stays as near as possible to `null`, so that a difference is the kernel's. */
#ifndef WORKLOADS_SENDER_H
#define WORKLOADS_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
	SENDER_PARTS = 3,	/* private head, shared payload, private tail */
	SENDER_BATCH_MAX = 1024, /* most messages that the kernel takes in one call (UIO_MAXIOV) */
};

/* One datagram to one recipient, prepared once and sent many times. It belongs to the caller; it and all that it points
 * at stay in place and unchanged from push to the next flush. */
struct sender_message {
	void *addr;		/* struct sockaddr_in or sockaddr_in6 of the recipient */
	socklen_t addr_len;
	uint32_t slot;		/* the caller's number of this recipient, below sender_config.group_max */
	uint32_t shared;	/* which part is the same for all recipients; the others are private to this one */
	size_t iov_n;		/* parts in use; empty private parts are left out */
	struct iovec iov[SENDER_PARTS];
};

struct sender_config {
	int fd;			/* an unconnected UDP socket; stays the caller's */
	size_t group_max;	/* most messages from one flush to the next */
	size_t batch;		/* messages per call of batched ways; 0: the whole group, at most SENDER_BATCH_MAX */
	bool registered;	/* io_uring ways: with registered files, and buffers where the way can */
	/* What is known of the messages beforehand; a way is refused that cannot send such. */
	size_t private_bytes;	/* of each message, private to its recipient */
	bool one_destination;	/* all messages from one flush to the next go to the same recipient */
	const struct sockaddr *to; /* a recipient, which tells the device that is between; NULL: not known yet */
	const struct sockaddr *multicast; /* group that all recipients have joined; NULL: none. Read until open() returns, as `to` */
	/* Told of every message that could not be sent, with a positive errno; may be NULL. */
	void (*on_error)(void *arg, const struct sender_message *message, int err);
	void *on_error_arg;
};

/* Every pushed message is in packets_n or in errors_n once flush has returned. */
struct sender_counts {
	uint64_t packets_n;	/* messages that the kernel took (null: that it would have been given) */
	uint64_t errors_n;	/* messages that it refused */
	uint64_t calls_n;	/* send calls made, repeated ones included */
	uint64_t waits_n;	/* calls repeated after EINTR, EAGAIN or ENOBUFS */
	uint64_t copied_n;	/* messages asked to be sent without a copy that the kernel said it copied all the same */
};

/* What a way asks of the messages between two flushes, and what it is: tells without a measurement whether it suits a
 * server. */
enum {
	SENDER_BATCHES = 1 << 0,	/* several messages per call: bursts of one gain nothing */
	SENDER_ONE_SOCKET = 1 << 1,	/* several messages per call only if they leave by one socket */
	SENDER_ONE_DESTINATION = 1 << 2, /* all go to one recipient */
	SENDER_SHARED_ONLY = 1 << 3,	/* nothing private: every recipient gets the same bytes */
	SENDER_CONNECTS = 1 << 4,	/* a socket of its own for each recipient, from which its messages come */
	SENDER_BOUND = 1 << 5,		/* not a drop-in for sendmsg(): a bound to compare with */
	SENDER_UNCOPIED = 1 << 7,	/* it saves the copy of the payload, where the device allows */
	SENDER_THREAD = 1 << 6,		/* a kernel thread of this process does a part of it: count that one's cycles too */
};

struct sender_ops;
union net_addr; /* net.h */

/* What all ways have in common; the first member of each way's own struct. */
struct sender {
	const struct sender_ops *ops;
	struct sender_config config;
	struct sender_counts counts;
};

struct sender_ops {
	const char *name;
	const char *help;	/* one line */
	unsigned traits;	/* SENDER_... */
	/* NULL when this machine has the way, else why not and what would change that (static text). */
	const char *(*available)(void);
	/* Whether this way cannot send what the configuration says: true with the reason in why[n], beyond what the traits
	 * tell. NULL: it can. */
	bool (*refuses)(const struct sender_config *config, char *why, size_t n);
	/* 0 and a sender to be given to free, or -errno. Prints nothing. */
	int (*open)(const struct sender_config *config, struct sender **out);
	/* Told of a recipient some time before it is first sent to, to make what the way keeps for each (a socket, a frame),
	 * which otherwise the first push makes. May be NULL. */
	void (*prepare)(struct sender *sender, const struct sender_message *message);
	/* Sends now or at the next flush. An error reaches this message only and is counted. */
	void (*push)(struct sender *sender, const struct sender_message *message);
	/* Returns when every pushed message is sent or counted as an error. */
	void (*flush)(struct sender *sender);
	void (*free)(struct sender *sender); /* accepts NULL */
};

/* The table of all ways: row i, or NULL behind the last one. */
const struct sender_ops *sender_way(size_t i);

/* The way of that name, or NULL. */
const struct sender_ops *sender_find(const char *name);

/* Every name, separated by ", ": for messages and help (static text). */
const char *sender_names(void);

/* Whether a way cannot be used here, or not for such messages: true with the reason in why[n]. config->fd is not used. */
bool sender_refused(const struct sender_ops *ops, const struct sender_config *config, char *why, size_t n);

/* Finds the way, checks that nothing speaks against it and opens it. Prints nothing; what is wrong is left in why[n]: -EINVAL
 * for an unknown way, -EOPNOTSUPP for one that is refused, -errno of open. */
int sender_open(const char *name, const struct sender_config *config, struct sender **out, char *why, size_t n);

void sender_free(struct sender *sender); /* accepts NULL */

static inline void sender_prepare(struct sender *sender, const struct sender_message *message)
{
	if (sender->ops->prepare)
		sender->ops->prepare(sender, message);
}

static inline void sender_push(struct sender *sender, const struct sender_message *message)
{
	sender->ops->push(sender, message);
}

static inline void sender_flush(struct sender *sender)
{
	sender->ops->flush(sender);
}

/* For the ways themselves. */

/* Puts into a zeroed header what differs from message to message. */
static inline void sender_fill(struct msghdr *header, const struct sender_message *message)
{
	header->msg_name = message->addr;
	header->msg_namelen = message->addr_len;
	header->msg_iov = (struct iovec *)message->iov;
	header->msg_iovlen = message->iov_n;
}

/* The message that a header was filled from. */
static inline const struct sender_message *sender_filled(const struct msghdr *header)
{
	return (const void *)((const char *)header->msg_iov - offsetof(struct sender_message, iov));
}

/* Bytes of a message. */
static inline size_t sender_bytes(const struct sender_message *message)
{
	size_t n = 0;

	for (size_t i = 0; i < message->iov_n; i++)
		n += message->iov[i].iov_len;
	return n;
}

/* Whether a message lies in so few pages that the kernel can send them without a copy: MAX_SKB_FRAGS, 17 unless it is built
 * otherwise. Larger ones it refuses (EMSGSIZE). */
static inline bool sender_fits_pages(const struct sender_message *message)
{
	size_t pages_n = 0;

	for (size_t i = 0; i < message->iov_n; i++)
		if (message->iov[i].iov_len)
			pages_n += (((uintptr_t)message->iov[i].iov_base & 4095) + message->iov[i].iov_len + 4095) / 4096;
	return pages_n <= 17;
}

/* Messages per call that `config` asks for, at least 1. */
size_t sender_batch(const struct sender_config *config);

/* available() of the ways that every kernel has. */
const char *sender_always(void);

/* refuses() of ways that only send to IP addresses. */
bool sender_needs_ip(const struct sender_config *config, char *why, size_t n);

/* Copies an IP address, which may be of any alignment. */
void sender_copy_addr(const struct sockaddr *from, union net_addr *to);

/* Whether a recipient is known, and the loopback device leads to it. */
bool sender_over_loopback(const struct sender_config *config);

/* After a call on socket `fd` failed with errno `err` for the `*tries`-th time: 1 when it should be made again (it was
 * interrupted, or the socket was full and this function has waited), 0 when the message is lost. The caller sets *tries to
 * 0 first. */
int sender_again(struct sender *sender, int fd, int err, unsigned *tries);

/* Counts a message that could not be sent and tells the caller of it. */
void sender_lost(struct sender *sender, const struct sender_message *message, int err);
extern const struct sender_ops send_xdp;

extern const struct sender_ops send_null, send_sendmsg, send_sendto, send_write, send_connected, send_sendmmsg,
	send_uring, send_uring_sqpoll, send_uring_zc, send_uring_multi, send_zerocopy, send_gso, send_multicast, send_packet, send_sendgroup_bpf,
	send_sendgroup, send_setgrp, send_setgrp_change;

#endif
