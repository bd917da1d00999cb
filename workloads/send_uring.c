/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_uring.c: an io_uring with one submission per batch of recipients on one socket. */
#include "workloads/uring.h"

static const struct uring_shape shape = { .setup = 0 };

static const char *available(void)
{
	return uring_available(&shape);
}

static int open_sender(const struct sender_config *config, struct sender **out)
{
	return uring_open(&send_uring, &shape, config, out);
}

const struct sender_ops send_uring = {
	.name = "uring",
	.help = "one socket, one io_uring submission per batch of recipients",
	.traits = SENDER_BATCHES,
	.available = available,
	.open = open_sender,
	.prepare = uring_prepare,
	.push = uring_push,
	.flush = uring_flush,
	.free = uring_free,
};
