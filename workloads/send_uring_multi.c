/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_uring_multi.c: one io_uring submission for many connected sockets, which sendmmsg() cannot do. */
#include "workloads/uring.h"

static const struct uring_shape shape = { .connected = true };

static const char *available(void)
{
	return uring_available(&shape);
}

static int open_sender(const struct sender_config *config, struct sender **out)
{
	return uring_open(&send_uring_multi, &shape, config, out);
}

const struct sender_ops send_uring_multi = {
	.name = "uring-multi",
	.help = "a connected socket per recipient, one io_uring submission for many of them",
	.traits = SENDER_BATCHES | SENDER_CONNECTS,
	.available = available,
	.open = open_sender,
	.prepare = uring_prepare,
	.push = uring_push,
	.flush = uring_flush,
	.free = uring_free,
};
