/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sender.c: the table of ways to send, and what they share: finding, opening, repeating a call, counting a loss. */
#include "workloads/sender.h"

#include "workloads/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

enum {
	TRIES_MAX = 8,		/* then the message is lost, so that one full queue cannot stop a server for good */
	WAIT_MS = 100,		/* for room in the socket's send buffer */
};

static const struct sender_ops *const ways[] = {
	&send_null,
	&send_sendmsg,
	&send_sendto,
	&send_write,
	&send_connected,
	&send_sendmmsg,
	&send_uring,
	&send_uring_sqpoll,
	&send_uring_zc,
	&send_uring_multi,
	&send_zerocopy,
	&send_gso,
	&send_multicast,
	&send_packet,
	&send_xdp,
	&send_sendgroup_bpf,
	&send_sendgroup,
	&send_setgrp,
	&send_setgrp_change,
};

enum { WAYS_N = sizeof ways / sizeof(const struct sender_ops *) };

const struct sender_ops *sender_way(size_t i)
{
	return i < WAYS_N ? ways[i] : NULL;
}

const struct sender_ops *sender_find(const char *name)
{
	const struct sender_ops *ops;

	for (size_t i = 0; (ops = sender_way(i)); i++)
		if (!strcmp(ops->name, name))
			return ops;
	return NULL;
}

const char *sender_names(void)
{
	static char text[512];
	const struct sender_ops *ops;
	size_t n = 0;

	for (size_t i = 0; (ops = sender_way(i)) && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "", ops->name);
	return text;
}

/* What the traits of a way say against it. NULL: nothing. */
static const char *conflict(const struct sender_ops *ops, const struct sender_config *config)
{
	if (ops->traits & SENDER_ONE_DESTINATION && !config->one_destination)
		return "it sends many packets to one recipient, and these go to several; use it for bursts to one destination";
	if (ops->traits & SENDER_SHARED_ONLY && config->private_bytes)
		return "all recipients get the same bytes from it, so none can be private; send without private bytes";
	return NULL;
}

bool sender_refused(const struct sender_ops *ops, const struct sender_config *config, char *why, size_t n)
{
	const char *reason = ops->available(), *verb = "is not available here";
	char own[256];

	if (!reason) {
		reason = conflict(ops, config);
		verb = "cannot send this";
	}
	if (!reason && ops->refuses && ops->refuses(config, own, sizeof own))
		reason = own;
	if (reason)
		snprintf(why, n, "%s %s: %s", ops->name, verb, reason);
	return reason != NULL;
}

int sender_open(const char *name, const struct sender_config *config, struct sender **out, char *why, size_t n)
{
	const struct sender_ops *ops = sender_find(name);
	int err;

	if (!ops) {
		snprintf(why, n, "no way of sending is called %.40s; give one of %s", name, sender_names());
		return -EINVAL;
	}
	if (sender_refused(ops, config, why, n))
		return -EOPNOTSUPP;
	err = ops->open(config, out);
	if (err)
		snprintf(why, n, "%s: cannot open: %s", name, strerror(-err));
	return err;
}

void sender_free(struct sender *sender)
{
	if (sender)
		sender->ops->free(sender);
}

size_t sender_batch(const struct sender_config *config)
{
	size_t batch = config->batch ? config->batch : config->group_max;

	if (batch > config->group_max)
		batch = config->group_max;
	if (batch > SENDER_BATCH_MAX)
		batch = SENDER_BATCH_MAX;
	return batch ? batch : 1;
}

const char *sender_always(void)
{
	return NULL;
}

bool sender_needs_ip(const struct sender_config *config, char *why, size_t n)
{
	if (!config->to || config->to->sa_family == AF_INET || config->to->sa_family == AF_INET6)
		return false;
	snprintf(why, n, "it sends only to IP addresses");
	return true;
}

void sender_copy_addr(const struct sockaddr *from, union net_addr *to)
{
	memset(to, 0, sizeof *to);
	memcpy(to, from, from->sa_family == AF_INET6 ? sizeof to->in6 : sizeof to->in);
}

bool sender_over_loopback(const struct sender_config *config)
{
	const struct sockaddr_in *in = (const void *)config->to;
	const struct sockaddr_in6 *in6 = (const void *)config->to;

	if (config->to && config->to->sa_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return config->to && config->to->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

int sender_again(struct sender *sender, int fd, int err, unsigned *tries)
{
	if (err != EINTR && err != EAGAIN && err != ENOBUFS)
		return 0;
	if (err != EINTR && ++*tries > TRIES_MAX)
		return 0;
	if (err == EAGAIN)
		poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, WAIT_MS);
	else if (err == ENOBUFS) /* a device queue is full: poll() knows only of the socket's own buffer */
		sched_yield();
	sender->counts.waits_n++;
	return 1;
}

void sender_lost(struct sender *sender, const struct sender_message *message, int err)
{
	sender->counts.errors_n++;
	if (sender->config.on_error)
		sender->config.on_error(sender->config.on_error_arg, message, err);
}
