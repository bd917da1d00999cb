/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.c: one question to rtnetlink for the route, one for the neighbour. */
#include "workloads/link.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { ANSWER_BYTES = 8192 };

struct question {
	struct nlmsghdr header;
	union {
		struct rtmsg route;
		struct ndmsg neighbour;
	};
	char attributes[64];
};

static void add_attribute(struct question *q, unsigned short type, const void *data, size_t n)
{
	struct rtattr *attribute = (void *)((char *)q + NLMSG_ALIGN(q->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(n);
	memcpy(RTA_DATA(attribute), data, n);
	q->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len));
}

/* Sends it and reads the one message that answers it into answer[ANSWER_BYTES]. */
static int ask(struct question *q, struct nlmsghdr *answer)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), err = 0;
	ssize_t n = -1;

	if (fd < 0)
		return -errno;
	q->header.nlmsg_flags |= NLM_F_REQUEST;
	if (send(fd, q, q->header.nlmsg_len, 0) >= 0)
		n = recv(fd, answer, ANSWER_BYTES, 0);
	if (n < 0)
		err = -errno;
	else if (!NLMSG_OK(answer, (uint32_t)n))
		err = -EPROTO;
	else if (answer->nlmsg_type == NLMSG_ERROR)
		err = ((const struct nlmsgerr *)NLMSG_DATA(answer))->error;
	close(fd);
	return err;
}

/* The attribute of that type among those that begin behind `skip` bytes, or NULL. */
static const void *find_attribute(const struct nlmsghdr *answer, size_t skip, unsigned short type, size_t bytes)
{
	const struct rtattr *a = (const void *)((const char *)NLMSG_DATA(answer) + NLMSG_ALIGN(skip));
	int left = (int)answer->nlmsg_len - (int)NLMSG_LENGTH(NLMSG_ALIGN(skip));

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == type && RTA_PAYLOAD(a) >= bytes)
			return RTA_DATA(a);
	return NULL;
}

static void *host_of(union net_addr *addr)
{
	return addr->sa.sa_family == AF_INET6 ? (void *)&addr->in6.sin6_addr : (void *)&addr->in.sin_addr;
}

static size_t host_bytes(const union net_addr *addr)
{
	return addr->sa.sa_family == AF_INET6 ? sizeof addr->in6.sin6_addr : sizeof addr->in.sin_addr;
}

/* Into link->device and ->source, and the address of the neighbour into *next. */
static int find_route(const union net_addr *to, struct link *link, union net_addr *next)
{
	struct question q = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof q.route), .nlmsg_type = RTM_GETROUTE },
		.route = { .rtm_family = (unsigned char)to->sa.sa_family, .rtm_dst_len = (unsigned char)(8 * host_bytes(to)) },
	};
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES] = { 0 };
	const struct nlmsghdr *a = (void *)answer;
	const void *device, *source, *gateway;
	int err;

	*next = *to;
	add_attribute(&q, RTA_DST, host_of(next), host_bytes(to));
	err = ask(&q, (void *)answer);
	if (err)
		return err;
	device = find_attribute(a, sizeof q.route, RTA_OIF, sizeof link->device);
	source = find_attribute(a, sizeof q.route, RTA_PREFSRC, host_bytes(to));
	gateway = find_attribute(a, sizeof q.route, RTA_GATEWAY, host_bytes(to));
	if (!device || !source)
		return -ENETUNREACH;
	memcpy(&link->device, device, sizeof link->device);
	link->source = *to;
	net_set_port(&link->source, 0);
	memcpy(host_of(&link->source), source, host_bytes(to));
	if (gateway)
		memcpy(host_of(next), gateway, host_bytes(to));
	return 0;
}

static int find_neighbour(const union net_addr *next, struct link *link)
{
	struct question q = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof q.neighbour), .nlmsg_type = RTM_GETNEIGH },
		.neighbour = { .ndm_family = (unsigned char)next->sa.sa_family, .ndm_ifindex = link->device },
	};
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES] = { 0 };
	union net_addr copy = *next;
	const void *mac;
	int err;

	add_attribute(&q, NDA_DST, host_of(&copy), host_bytes(next));
	err = ask(&q, (void *)answer);
	if (err)
		return err == -ENOENT ? -EHOSTUNREACH : err;
	mac = find_attribute((void *)answer, sizeof q.neighbour, NDA_LLADDR, LINK_MAC_BYTES);
	if (!mac)
		return -EHOSTUNREACH;
	memcpy(link->next_mac, mac, LINK_MAC_BYTES);
	return 0;
}

static int describe_device(struct link *link)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;
	struct ifreq request = { 0 };

	if (fd < 0)
		return -errno;
	if (!if_indextoname((unsigned)link->device, request.ifr_name) || ioctl(fd, SIOCGIFMTU, &request))
		err = -errno;
	link->mtu_bytes = (uint32_t)request.ifr_mtu;
	if (!err && ioctl(fd, SIOCGIFHWADDR, &request))
		err = -errno;
	close(fd);
	if (err)
		return err;
	link->loopback = request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
	if (!link->loopback && request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return -EPROTONOSUPPORT;
	memcpy(link->mac, request.ifr_hwaddr.sa_data, LINK_MAC_BYTES);
	return 0;
}

static int find(const union net_addr *to, struct link *out, union net_addr *next)
{
	int err;

	memset(out, 0, sizeof *out);
	err = find_route(to, out, next);
	return err ? err : describe_device(out);
}

int link_find(const union net_addr *to, struct link *out)
{
	union net_addr next;
	int err = find(to, out, &next);

	if (!err && !out->loopback)
		err = find_neighbour(&next, out);
	return err;
}

int link_find_device(const union net_addr *to, struct link *out)
{
	union net_addr next;
	int err = find(to, out, &next);

	return err == -EPROTONOSUPPORT ? 0 : err;
}
