/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connected.h: what `connected` and `write` share: one connected socket per recipient, one call on it per message. */
#ifndef WORKLOADS_CONNECTED_H
#define WORKLOADS_CONNECTED_H

#include "workloads/flat.h"
#include "workloads/sockets.h"

#include <errno.h>
#include <stdlib.h>

struct connected_sender {
	struct sender sender;
	struct sockets *sockets;
	struct flat flat;
};

static inline int connected_open_as(const struct sender_ops *ops, const struct sender_config *config, struct sender **out)
{
	struct connected_sender *own = calloc(1, sizeof *own);
	int err = own ? sockets_new(config, &own->sockets) : -ENOMEM;

	if (err) {
		free(own);
		return err;
	}
	own->sender.ops = ops;
	own->sender.config = *config;
	*out = &own->sender;
	return 0;
}

/* The call on the connected socket `fd`, which is known when it is compiled: bytes sent, or -1 and errno. */
typedef ssize_t connected_call(int fd, const void *bytes, size_t n);

static inline __attribute__((always_inline)) void connected_push_by(struct sender *sender, const struct sender_message *message,
								   connected_call *call)
{
	struct connected_sender *own = (struct connected_sender *)sender;
	int fd = sockets_get(own->sockets, message), err = fd < 0 ? -fd : 0;
	unsigned tries = 0;
	size_t n;
	const void *bytes = flat_message(&own->flat, message, &n);

	if (!bytes)
		err = EMSGSIZE;
	while (!err) {
		sender->counts.calls_n++;
		if (call(fd, bytes, n) >= 0)
			break;
		err = errno;
		if (sender_again(sender, fd, err, &tries))
			err = 0;
	}
	if (err)
		sender_lost(sender, message, err);
	else
		sender->counts.packets_n++;
}

static inline void connected_prepare(struct sender *sender, const struct sender_message *message)
{
	sockets_get(((struct connected_sender *)sender)->sockets, message);
}

static inline void connected_flush(struct sender *sender)
{
	flat_forget(&((struct connected_sender *)sender)->flat);
}

static inline void connected_free(struct sender *sender)
{
	if (sender)
		sockets_free(((struct connected_sender *)sender)->sockets);
	free(sender);
}

#endif
