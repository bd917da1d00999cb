/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_setgrp.c: the earlier interface of the sendgroup module: a group is bound to the socket by SO_SETGRP, then one plain
 * send() reaches all of it. `setgrp` binds the group when it has changed, `setgrp-change` before each send. */
#include "kmod/include/sendgroup.h"
#include "workloads/net.h"
#include "workloads/sender.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bound_sender {
	struct sender sender;
	size_t n;		/* messages since the last flush */
	size_t bound_n;		/* recipients that are bound to the socket */
	size_t addr_bytes;	/* of each in addrs */
	bool changed;		/* not those that are bound */
	const struct sender_message **messages;
	unsigned char addrs[];	/* packed sockaddrs, as SO_SETGRP takes them */
};

static const char *bound_available(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int err = fd < 0 || setsockopt(fd, SOL_IP, SO_SETGRP, NULL, 0) ? errno : 0;

	if (fd >= 0)
		close(fd);
	return err ? "the sendgroup module is not loaded; build it with `make kmod KERNEL=$(uname -r)` and load it with insmod" : NULL;
}

static int open_as(const struct sender_ops *ops, const struct sender_config *config, struct sender **out)
{
	const size_t room = config->group_max ? config->group_max : 1;
	struct bound_sender *own = calloc(1, sizeof *own + room * sizeof(struct sockaddr_in6));

	if (own) {
		own->sender.ops = ops;
		own->sender.config = *config;
		own->messages = calloc(room, sizeof(const struct sender_message *));
	}
	if (!own || !own->messages) {
		sender_free(own ? &own->sender : NULL);
		return -ENOMEM;
	}
	*out = &own->sender;
	return 0;
}

static int bound_open(const struct sender_config *config, struct sender **out)
{
	return open_as(&send_setgrp, config, out);
}

static int change_open(const struct sender_config *config, struct sender **out)
{
	return open_as(&send_setgrp_change, config, out);
}

static void bound_push(struct sender *sender, const struct sender_message *message)
{
	struct bound_sender *own = (struct bound_sender *)sender;
	size_t i = own->n++;

	if (own->messages[i] == message)
		return;
	own->messages[i] = message;
	own->addr_bytes = message->addr_len;
	memcpy(own->addrs + i * own->addr_bytes, message->addr, own->addr_bytes);
	own->changed = true;
}

/* 0 or a positive errno. */
static int bind_group(struct bound_sender *own)
{
	if (!own->changed && own->n == own->bound_n && own->sender.ops != &send_setgrp_change)
		return 0;
	if (setsockopt(own->sender.config.fd, SOL_IP, SO_SETGRP, own->addrs, (socklen_t)(own->n * own->addr_bytes)))
		return errno;
	own->bound_n = own->n;
	own->changed = false;
	return 0;
}

static int send_once(struct bound_sender *own)
{
	const struct iovec *shared = &own->messages[0]->iov[0];

	own->sender.counts.calls_n++;
	return send(own->sender.config.fd, shared->iov_base, shared->iov_len, 0) < 0 ? errno : 0;
}

/* The interface tells only whether anybody was reached. */
static void bound_flush(struct sender *sender)
{
	struct bound_sender *own = (struct bound_sender *)sender;
	unsigned tries = 0;
	int err;

	if (!own->n)
		return;
	err = bind_group(own);
	if (!err)
		do
			err = send_once(own);
		while (err && sender_again(sender, sender->config.fd, err, &tries));
	for (size_t i = 0; err && i < own->n; i++)
		sender_lost(sender, own->messages[i], err);
	if (!err)
		sender->counts.packets_n += own->n;
	own->n = 0;
}

static void bound_free(struct sender *sender)
{
	struct bound_sender *own = (struct bound_sender *)sender;

	if (!own)
		return;
	setsockopt(sender->config.fd, SOL_IP, SO_SETGRP, NULL, 0); /* the socket stays the caller's */
	free(own->messages);
	free(own);
}

const struct sender_ops send_setgrp = {
	.name = "setgrp",
	.help = "the sendgroup module: a group bound to the socket, one send() for all",
	.traits = SENDER_BATCHES | SENDER_ONE_SOCKET | SENDER_SHARED_ONLY,
	.available = bound_available,
	.refuses = sender_needs_ip,
	.open = bound_open,
	.push = bound_push,
	.flush = bound_flush,
	.free = bound_free,
};

const struct sender_ops send_setgrp_change = {
	.name = "setgrp-change",
	.help = "the same with the group bound anew before each send",
	.traits = SENDER_BATCHES | SENDER_ONE_SOCKET | SENDER_SHARED_ONLY,
	.available = bound_available,
	.refuses = sender_needs_ip,
	.open = change_open,
	.push = bound_push,
	.flush = bound_flush,
	.free = bound_free,
};
