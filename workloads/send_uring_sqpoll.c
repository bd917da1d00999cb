/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_uring_sqpoll.c: an io_uring whose submissions a kernel thread picks up. The thread is one of this process: its cycles count, also those
 * in which it spins for the next submission, so it is sent to sleep as soon as can be asked for (1 ms). */
#include "workloads/uring.h"

#include <liburing.h>

static const struct uring_shape shape = { .setup = IORING_SETUP_SQPOLL, .idle_ms = 1 };

static const char *available(void)
{
	return uring_available(&shape);
}

static int open_sender(const struct sender_config *config, struct sender **out)
{
	return uring_open(&send_uring_sqpoll, &shape, config, out);
}

const struct sender_ops send_uring_sqpoll = {
	.name = "uring-sqpoll",
	.help = "the same with a kernel thread that submits; its cycles are the process's",
	.traits = SENDER_BATCHES | SENDER_THREAD,
	.available = available,
	.open = open_sender,
	.prepare = uring_prepare,
	.push = uring_push,
	.flush = uring_flush,
	.free = uring_free,
};
