/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_multicast.c: one packet to an IP multicast group that all recipients have joined: the bound that sending to a group one
 * by one is compared with. It needs receivers that join and a network that forwards, so it is no drop-in. */
#include "workloads/link.h"
#include "workloads/sender.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct multicast_sender {
	struct sender sender;
	union net_addr group;
	size_t n;
	const struct sender_message *messages[]; /* those that one packet reaches; all have the same bytes */
};

/* Packets that this socket sends to the group leave by the device that leads to the recipients; without one, by the system's
 * default. */
static int choose_device(int fd, const struct sockaddr *to)
{
	union net_addr addr;
	struct link link;
	int err;

	if (!to)
		return 0;
	sender_copy_addr(to, &addr);
	err = link_find_device(&addr, &link);
	if (err)
		return err;
	if (to->sa_family == AF_INET6)
		err = setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &link.device, sizeof link.device);
	else
		err = setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &(struct ip_mreqn){ .imr_ifindex = link.device },
				 sizeof(struct ip_mreqn));
	return err ? -errno : 0;
}

/* Whether there is a route to the group: 0 or -errno. Sends nothing. */
static int find_route(const struct sender_config *config)
{
	union net_addr group;
	int fd, err;

	sender_copy_addr(config->multicast, &group);
	fd = net_sender(&group);
	if (fd < 0)
		return fd;
	err = choose_device(fd, config->to);
	if (!err && connect(fd, &group.sa, net_len(&group)))
		err = -errno;
	close(fd);
	return err;
}

static bool multicast_refuses(const struct sender_config *config, char *why, size_t n)
{
	int err;

	if (sender_needs_ip(config, why, n))
		return true;
	if (config->one_destination) {
		snprintf(why, n, "all packets go to one recipient, which is no group");
		return true;
	}
	if (!config->multicast || (config->to && config->to->sa_family != config->multicast->sa_family)) {
		snprintf(why, n, "the recipients have joined no group of their own address family; name one with --multicast, here and "
				 "of the receivers");
		return true;
	}
	err = config->to ? find_route(config) : 0;
	if (err)
		snprintf(why, n, "no route leads to the group by the device of the recipients (%s); over ::1 use --topology veth, else: "
				 "ip route add multicast GROUP dev DEVICE", strerror(-err));
	return err;
}

static int multicast_open(const struct sender_config *config, struct sender **out)
{
	struct multicast_sender *own;
	int err;

	err = choose_device(config->fd, config->to);
	if (err)
		return err;
	own = calloc(1, sizeof *own + config->group_max * sizeof(struct sender_message *));
	if (!own)
		return -ENOMEM;
	own->sender.ops = &send_multicast;
	own->sender.config = *config;
	sender_copy_addr(config->multicast, &own->group);
	*out = &own->sender;
	return 0;
}

static void multicast_push(struct sender *sender, const struct sender_message *message)
{
	struct multicast_sender *own = (struct multicast_sender *)sender;

	own->messages[own->n++] = message;
}

static int send_once(struct multicast_sender *own)
{
	struct msghdr header = { 0 };
	unsigned tries = 0;
	int err;

	sender_fill(&header, own->messages[0]);
	header.msg_name = &own->group;
	header.msg_namelen = net_len(&own->group);
	do {
		own->sender.counts.calls_n++;
		err = sendmsg(own->sender.config.fd, &header, 0) < 0 ? errno : 0;
	} while (err && sender_again(&own->sender, own->sender.config.fd, err, &tries));
	return err;
}

static void multicast_flush(struct sender *sender)
{
	struct multicast_sender *own = (struct multicast_sender *)sender;
	int err = own->n ? send_once(own) : 0;

	if (!err)
		sender->counts.packets_n += own->n;
	for (size_t i = 0; err && i < own->n; i++)
		sender_lost(sender, own->messages[i], err);
	own->n = 0;
}

static void multicast_free(struct sender *sender)
{
	free(sender);
}

const struct sender_ops send_multicast = {
	.name = "multicast",
	.help = "one packet to a multicast group that the recipients have joined; a bound, no drop-in",
	.traits = SENDER_BATCHES | SENDER_SHARED_ONLY | SENDER_BOUND,
	.available = sender_always,
	.refuses = multicast_refuses,
	.open = multicast_open,
	.push = multicast_push,
	.flush = multicast_flush,
	.free = multicast_free,
};
