/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_connected.c: send() on a connected socket per recipient, as many relays do: no address to check, no route to look up. */
#include "workloads/connected.h"

static ssize_t call(int fd, const void *bytes, size_t n)
{
	return send(fd, bytes, n, 0);
}

static int open_sender(const struct sender_config *config, struct sender **out)
{
	return connected_open_as(&send_connected, config, out);
}

static void push(struct sender *sender, const struct sender_message *message)
{
	connected_push_by(sender, message, call);
}

const struct sender_ops send_connected = {
	.name = "connected",
	.help = "a connected socket per recipient, one send() on each",
	.traits = SENDER_CONNECTS,
	.available = sender_always,
	.open = open_sender,
	.prepare = connected_prepare,
	.push = push,
	.flush = connected_flush,
	.free = connected_free,
};
