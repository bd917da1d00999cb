/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_write.c: write() on a connected socket per recipient: the way through the file layer that servers of many protocols use. */
#include "workloads/connected.h"

#include <unistd.h>

static ssize_t call(int fd, const void *bytes, size_t n)
{
	return write(fd, bytes, n);
}

static int open_sender(const struct sender_config *config, struct sender **out)
{
	return connected_open_as(&send_write, config, out);
}

static void push(struct sender *sender, const struct sender_message *message)
{
	connected_push_by(sender, message, call);
}

const struct sender_ops send_write = {
	.name = "write",
	.help = "a connected socket per recipient, one write() on each",
	.traits = SENDER_CONNECTS,
	.available = sender_always,
	.open = open_sender,
	.prepare = connected_prepare,
	.push = push,
	.flush = connected_flush,
	.free = connected_free,
};
