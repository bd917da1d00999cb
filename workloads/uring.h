/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uring.h: what the io_uring ways share: push collects, flush submits a batch in one call and waits until the kernel has
 * answered every message and no longer reads any of them. A way differs only by its shape. */
#ifndef WORKLOADS_URING_H
#define WORKLOADS_URING_H

#include "workloads/sender.h"

struct uring_shape {
	unsigned setup;		/* IORING_SETUP_... it cannot do without */
	unsigned idle_ms;	/* with IORING_SETUP_SQPOLL: how long the kernel's thread spins before it sleeps */
	bool zero_copy;		/* IORING_OP_SENDMSG_ZC; with registered buffers IORING_OP_SEND_ZC */
	bool connected;		/* a socket per recipient instead of config.fd */
};

/* Whether the kernel takes such submissions: NULL, or why not (static text). */
const char *uring_available(const struct uring_shape *shape);

/* The rest of a way's operations. `shape` is static. */
int uring_open(const struct sender_ops *ops, const struct uring_shape *shape, const struct sender_config *config,
	       struct sender **out);
void uring_prepare(struct sender *sender, const struct sender_message *message);
void uring_push(struct sender *sender, const struct sender_message *message);
void uring_flush(struct sender *sender);
void uring_free(struct sender *sender);

#endif
