/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_sendmmsg.c: one sendmmsg() per batch of recipients on one socket: push collects, flush sends. */
#include "workloads/sender.h"

#include <errno.h>
#include <stdlib.h>

struct sendmmsg_sender {
	struct sender sender;
	size_t batch;		/* room in headers[] */
	size_t n;		/* headers filled since the last flush */
	struct mmsghdr headers[];
};

static int sendmmsg_open(const struct sender_config *config, struct sender **out)
{
	size_t batch = sender_batch(config);
	struct sendmmsg_sender *own = calloc(1, sizeof *own + batch * sizeof own->headers[0]);

	if (!own)
		return -ENOMEM;
	own->sender.ops = &send_sendmmsg;
	own->sender.config = *config;
	own->batch = batch;
	*out = &own->sender;
	return 0;
}

/* The kernel stops at the first message that it refuses and returns how many it took; only a call that begins with the
 * refused message says why. So that message is skipped after such a call, and the rest is sent. */
static void sendmmsg_flush(struct sender *sender)
{
	struct sendmmsg_sender *own = (struct sendmmsg_sender *)sender;
	size_t done = 0;
	unsigned tries = 0;

	while (done < own->n) {
		int sent = sendmmsg(sender->config.fd, own->headers + done, (unsigned)(own->n - done), 0);
		int err = errno;

		sender->counts.calls_n++;
		if (sent > 0) {
			sender->counts.packets_n += (unsigned)sent;
			done += (size_t)sent;
			tries = 0;
		} else if (!sender_again(sender, sender->config.fd, err, &tries)) {
			sender_lost(sender, sender_filled(&own->headers[done].msg_hdr), err);
			done++;
			tries = 0;
		}
	}
	own->n = 0;
}

static void sendmmsg_push(struct sender *sender, const struct sender_message *message)
{
	struct sendmmsg_sender *own = (struct sendmmsg_sender *)sender;

	sender_fill(&own->headers[own->n++].msg_hdr, message);
	if (own->n == own->batch)
		sendmmsg_flush(sender);
}

static void sendmmsg_free(struct sender *sender)
{
	free(sender);
}

const struct sender_ops send_sendmmsg = {
	.name = "sendmmsg",
	.help = "one socket, one sendmmsg() per batch of recipients",
	.traits = SENDER_BATCHES | SENDER_ONE_SOCKET,
	.available = sender_always,
	.open = sendmmsg_open,
	.push = sendmmsg_push,
	.flush = sendmmsg_flush,
	.free = sendmmsg_free,
};
