/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.c: addresses as text, and sockets bound to them. */
#include "workloads/net.h"

#include "base/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Splits "host:port" or "[host]:port" at its last colon; an IPv6 address without brackets is a host alone. */
static int split(const char *text, char *host, size_t host_bytes, const char **port)
{
	const char *colon = strrchr(text, ':'), *end = text + strlen(text);

	*port = NULL;
	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		*port = end[1] ? end + 2 : NULL;
	} else if (colon && colon == strchr(text, ':')) {
		end = colon;
		*port = colon + 1;
	}
	if ((size_t)(end - text) >= host_bytes)
		return -EINVAL;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = 0;
	return 0;
}

int net_parse(const char *text, union net_addr *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *port_text;
	union net_addr addr;
	uint64_t port = 0;
	int err = split(text, host, sizeof host, &port_text);

	if (!err && port_text)
		err = parse_u64(port_text, 0, UINT16_MAX, &port);
	if (err)
		return err;
	memset(&addr, 0, sizeof addr);
	if (inet_pton(AF_INET, host, &addr.in.sin_addr) == 1)
		addr.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &addr.in6.sin6_addr) == 1)
		addr.sa.sa_family = AF_INET6;
	else
		return -EINVAL;
	*out = addr;
	net_set_port(out, (uint16_t)port);
	return 0;
}

const char *net_format_host(const union net_addr *addr, char *text)
{
	const void *host = addr->sa.sa_family == AF_INET6 ? (const void *)&addr->in6.sin6_addr : &addr->in.sin_addr;

	if (!inet_ntop(addr->sa.sa_family, host, text, NET_TEXT_BYTES))
		snprintf(text, NET_TEXT_BYTES, "?");
	return text;
}

const char *net_format(const union net_addr *addr, char *text)
{
	char host[NET_TEXT_BYTES];

	net_format_host(addr, host);
	snprintf(text, NET_TEXT_BYTES, addr->sa.sa_family == AF_INET6 ? "[%.45s]:%u" : "%.45s:%u", host, net_port(addr));
	return text;
}

socklen_t net_len(const union net_addr *addr)
{
	return addr->sa.sa_family == AF_INET6 ? sizeof addr->in6 : sizeof addr->in;
}

uint16_t net_port(const union net_addr *addr)
{
	return ntohs(addr->sa.sa_family == AF_INET6 ? addr->in6.sin6_port : addr->in.sin_port);
}

void net_set_port(union net_addr *addr, uint16_t port)
{
	if (addr->sa.sa_family == AF_INET6)
		addr->in6.sin6_port = htons(port);
	else
		addr->in.sin_port = htons(port);
}

int net_compare(const union net_addr *a, const union net_addr *b)
{
	int order = (int)a->sa.sa_family - (int)b->sa.sa_family;

	if (!order)
		order = (int)net_port(a) - (int)net_port(b);
	if (!order)
		order = a->sa.sa_family == AF_INET6
				? memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr)
				: memcmp(&a->in.sin_addr, &b->in.sin_addr, sizeof a->in.sin_addr);
	return order;
}

int net_bind(int type, union net_addr *addr)
{
	socklen_t len = net_len(addr);
	int fd = socket(addr->sa.sa_family, type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -errno;
	if ((type & 15) == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, &addr->sa, len) || getsockname(fd, &addr->sa, &len)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* The number of the device that has this address; 0 when none has. */
static unsigned device_of(const union net_addr *host)
{
	struct ifaddrs *list, *at;
	unsigned device = 0;

	if (getifaddrs(&list))
		return 0;
	for (at = list; at && !device; at = at->ifa_next) {
		union net_addr addr;

		if (!at->ifa_addr || at->ifa_addr->sa_family != host->sa.sa_family)
			continue;
		memcpy(&addr, at->ifa_addr, net_len(host));
		net_set_port(&addr, net_port(host));
		if (!net_compare(&addr, host))
			device = if_nametoindex(at->ifa_name);
	}
	freeifaddrs(list);
	return device;
}

static int join(int fd, const union net_addr *group, unsigned device)
{
	struct group_req request = { .gr_interface = device };
	union net_addr bound = *group;
	int on = 1;

	if (group->sa.sa_family == AF_INET6)
		bound.in6.sin6_scope_id = device; /* a group of the link is of one device */
	memcpy(&request.gr_group, group, net_len(group));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) || bind(fd, &bound.sa, net_len(group)) ||
	    setsockopt(fd, group->sa.sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request))
		return -errno;
	return 0;
}

int net_join(const union net_addr *group, const union net_addr *host)
{
	unsigned device = device_of(host);
	int fd, err;

	if (!device)
		return -ENODEV;
	fd = socket(group->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = join(fd, group, device);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int net_sender(const union net_addr *to)
{
	int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}
