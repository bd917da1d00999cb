/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_sendto.c: one sendto() per recipient on one socket, from one buffer into which each recipient's head is written. */
#include "workloads/flat.h"
#include "workloads/sender.h"

#include <errno.h>
#include <stdlib.h>

struct sendto_sender {
	struct sender sender;
	struct flat flat;
};

static int sendto_open(const struct sender_config *config, struct sender **out)
{
	struct sendto_sender *own = calloc(1, sizeof *own);

	if (!own)
		return -ENOMEM;
	own->sender.ops = &send_sendto;
	own->sender.config = *config;
	*out = &own->sender;
	return 0;
}

static void sendto_push(struct sender *sender, const struct sender_message *message)
{
	struct sendto_sender *own = (struct sendto_sender *)sender;
	unsigned tries = 0;
	size_t n;
	const void *bytes = flat_message(&own->flat, message, &n);
	int err = bytes ? 0 : EMSGSIZE;

	while (bytes) {
		sender->counts.calls_n++;
		if (sendto(sender->config.fd, bytes, n, 0, message->addr, message->addr_len) >= 0)
			break;
		err = errno;
		if (!sender_again(sender, sender->config.fd, err, &tries))
			break;
		err = 0;
	}
	if (err)
		sender_lost(sender, message, err);
	else
		sender->counts.packets_n++;
}

static void sendto_flush(struct sender *sender)
{
	flat_forget(&((struct sendto_sender *)sender)->flat);
}

static void sendto_free(struct sender *sender)
{
	free(sender);
}

const struct sender_ops send_sendto = {
	.name = "sendto",
	.help = "one socket, one sendto() per recipient, each message in one buffer",
	.available = sender_always,
	.open = sendto_open,
	.push = sendto_push,
	.flush = sendto_flush,
	.free = sendto_free,
};
