/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_null.c: everything but the call: what the harness itself costs, to be taken off every other way. */
#include "workloads/sender.h"

#include <errno.h>
#include <stdlib.h>

struct null_sender {
	struct sender sender;
	struct msghdr header;
};

static int null_open(const struct sender_config *config, struct sender **out)
{
	struct null_sender *null = calloc(1, sizeof *null);

	if (!null)
		return -ENOMEM;
	null->sender.ops = &send_null;
	null->sender.config = *config;
	*out = &null->sender;
	return 0;
}

static void null_push(struct sender *sender, const struct sender_message *message)
{
	struct null_sender *null = (struct null_sender *)sender;

	sender_fill(&null->header, message);
	__asm__ volatile("" : : "r"(&null->header) : "memory"); /* the stores are made, as for a call */
	sender->counts.calls_n++;
	sender->counts.packets_n++;
}

static void null_flush(struct sender *sender)
{
	(void)sender;
}

static void null_free(struct sender *sender)
{
	free(sender);
}

const struct sender_ops send_null = {
	.name = "null",
	.help = "everything but the call: the harness's own cost",
	.available = sender_always,
	.open = null_open,
	.push = null_push,
	.flush = null_flush,
	.free = null_free,
};
