/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_sendmsg.c: one sendmsg() per recipient on one socket: how most servers send to a group, the baseline. */
#include "workloads/sender.h"

#include <errno.h>
#include <stdlib.h>

struct sendmsg_sender {
	struct sender sender;
	struct msghdr header;
};

static int sendmsg_open(const struct sender_config *config, struct sender **out)
{
	struct sendmsg_sender *own = calloc(1, sizeof *own);

	if (!own)
		return -ENOMEM;
	own->sender.ops = &send_sendmsg;
	own->sender.config = *config;
	*out = &own->sender;
	return 0;
}

static void sendmsg_push(struct sender *sender, const struct sender_message *message)
{
	struct sendmsg_sender *own = (struct sendmsg_sender *)sender;
	unsigned tries = 0;

	sender_fill(&own->header, message);
	for (;;) {
		sender->counts.calls_n++;
		if (sendmsg(sender->config.fd, &own->header, 0) >= 0)
			break;
		int err = errno;

		if (!sender_again(sender, sender->config.fd, err, &tries)) {
			sender_lost(sender, message, err);
			return;
		}
	}
	sender->counts.packets_n++;
}

static void sendmsg_flush(struct sender *sender)
{
	(void)sender;
}

static void sendmsg_free(struct sender *sender)
{
	free(sender);
}

const struct sender_ops send_sendmsg = {
	.name = "sendmsg",
	.help = "one socket, one sendmsg() per recipient",
	.available = sender_always,
	.open = sendmsg_open,
	.push = sendmsg_push,
	.flush = sendmsg_flush,
	.free = sendmsg_free,
};
