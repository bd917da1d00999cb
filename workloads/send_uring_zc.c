/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_uring_zc.c: an io_uring whose messages the kernel sends from where they lie. A device that hands packets to a receiver on this
 * machine makes it copy all the same, which is counted. */
#include "workloads/uring.h"

static const struct uring_shape shape = { .zero_copy = true };

static const char *available(void)
{
	return uring_available(&shape);
}

static int open_sender(const struct sender_config *config, struct sender **out)
{
	return uring_open(&send_uring_zc, &shape, config, out);
}

const struct sender_ops send_uring_zc = {
	.name = "uring-zc",
	.help = "one socket, one io_uring submission per batch, without copying where the device allows",
	.traits = SENDER_BATCHES | SENDER_UNCOPIED,
	.available = available,
	.refuses = sender_needs_ip,
	.open = open_sender,
	.prepare = uring_prepare,
	.push = uring_push,
	.flush = uring_flush,
	.free = uring_free,
};
