/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_xdp.c: frames built in user space and handed to the device by an AF_XDP socket in copy mode, which every device has: with
 * `packet`, the other bound of going around the kernel's UDP and IP. Not a drop-in, for the same reasons. */
#include "workloads/frame.h"
#include "workloads/link.h"
#include "workloads/sender.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_xdp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif

enum {
	FRAMES = 2048,		/* in the area that is shared with the kernel, and in each ring; a power of two */
	KICK = 32,		/* frames that the kernel takes per call in copy mode */
};

/* One ring, as the kernel maps it. We write the producer of the TX ring and the consumer of the completion ring. */
struct ring {
	void *map;
	size_t bytes;
	uint32_t *producer, *consumer;
	void *entries;
};

/* A recipient's headers, and for which address they were made. */
struct route {
	union net_addr addr;	/* family 0: none yet */
	struct frame frame;
};

struct xdp_sender {
	struct sender sender;
	struct link link;	/* of all recipients */
	uint16_t port;		/* that config.fd has */
	int fd;
	uint8_t *area;
	size_t frame_bytes;
	struct ring tx, done;
	uint32_t produced, completed; /* frames so far; the next one is at produced % FRAMES of the area */
	uint16_t id;
	struct frame_shared shared;
	struct route routes[];
};

static const char *xdp_available(void)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), err = errno;

	if (fd >= 0)
		close(fd);
	if (fd >= 0)
		return NULL;
	return err == EPERM ? "it needs CAP_NET_RAW; run as root" : "this kernel has no AF_XDP; it needs CONFIG_XDP_SOCKETS";
}

static bool xdp_refuses(const struct sender_config *config, char *why, size_t n)
{
	if (sender_needs_ip(config, why, n))
		return true;
	if (!sender_over_loopback(config) || config->to->sa_family != AF_INET)
		return false;
	snprintf(why, n, "the kernel takes frames from 127.0.0.0/8 for forged ones and drops them; use ::1, --topology veth or a "
			 "network card");
	return true;
}

/* ---- The rings ---- */

static int map_ring(const struct xdp_sender *own, const struct xdp_ring_offset *at, size_t entry_bytes, off_t which, struct ring *out)
{
	out->bytes = at->desc + FRAMES * entry_bytes;
	out->map = mmap(NULL, out->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, own->fd, which);
	if (out->map == MAP_FAILED) {
		out->map = NULL;
		return -errno;
	}
	out->producer = (void *)((char *)out->map + at->producer);
	out->consumer = (void *)((char *)out->map + at->consumer);
	out->entries = (char *)out->map + at->desc;
	return 0;
}

static int share_area(struct xdp_sender *own)
{
	const int frames = FRAMES;
	struct xdp_umem_reg area = { .len = FRAMES * own->frame_bytes, .chunk_size = (uint32_t)own->frame_bytes };
	void *map = mmap(NULL, area.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (map == MAP_FAILED)
		return -errno;
	own->area = map;
	area.addr = (uint64_t)(uintptr_t)map;
	if (setsockopt(own->fd, SOL_XDP, XDP_UMEM_REG, &area, sizeof area) ||
	    setsockopt(own->fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &frames, sizeof frames) ||
	    setsockopt(own->fd, SOL_XDP, XDP_UMEM_FILL_RING, &frames, sizeof frames) ||
	    setsockopt(own->fd, SOL_XDP, XDP_TX_RING, &frames, sizeof frames))
		return -errno;
	return 0;
}

static int open_rings(struct xdp_sender *own)
{
	const struct sockaddr_xdp device = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY, .sxdp_ifindex = (uint32_t)own->link.device,
	};
	struct xdp_mmap_offsets at;
	socklen_t n = sizeof at;
	int err;

	own->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (own->fd < 0)
		return -errno;
	err = share_area(own);
	if (!err && getsockopt(own->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &n))
		err = -errno;
	if (!err)
		err = map_ring(own, &at.tx, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING, &own->tx);
	if (!err)
		err = map_ring(own, &at.cr, sizeof(uint64_t), XDP_UMEM_PGOFF_COMPLETION_RING, &own->done);
	if (!err && bind(own->fd, (const struct sockaddr *)&device, sizeof device))
		err = -errno;
	return err;
}

/* ---- Opening ---- */

static int set_up(struct xdp_sender *own)
{
	union net_addr to, addr = { 0 };
	socklen_t len = sizeof addr;
	int err;

	if (!own->sender.config.to)
		return -EDESTADDRREQ;
	sender_copy_addr(own->sender.config.to, &to);
	err = link_find(&to, &own->link);
	if (err)
		return err;
	own->frame_bytes = own->link.mtu_bytes + sizeof(struct ethhdr) <= 2048 ? 2048 : 4096;
	if (getsockname(own->sender.config.fd, &addr.sa, &len))
		return -errno;
	len = net_len(&addr);
	if (!net_port(&addr) && (bind(own->sender.config.fd, &addr.sa, len) || getsockname(own->sender.config.fd, &addr.sa, &len)))
		return -errno;
	own->port = net_port(&addr);
	return open_rings(own);
}

static void xdp_free(struct sender *sender)
{
	struct xdp_sender *own = (struct xdp_sender *)sender;

	if (!own)
		return;
	if (own->tx.map)
		munmap(own->tx.map, own->tx.bytes);
	if (own->done.map)
		munmap(own->done.map, own->done.bytes);
	if (own->fd >= 0)
		close(own->fd);
	if (own->area)
		munmap(own->area, FRAMES * own->frame_bytes);
	free(own);
}

static int xdp_open(const struct sender_config *config, struct sender **out)
{
	struct xdp_sender *own = calloc(1, sizeof *own + config->group_max * sizeof own->routes[0]);
	int err;

	if (!own)
		return -ENOMEM;
	own->sender.ops = &send_xdp;
	own->sender.config = *config;
	own->fd = -1;
	err = set_up(own);
	if (err)
		xdp_free(&own->sender);
	else
		*out = &own->sender;
	return err;
}

/* ---- Sending ---- */

/* Headers for the message's recipient: 0, or -errno where he is not behind this sender's device. */
static int find_route(struct xdp_sender *own, const struct sender_message *message, struct frame **out)
{
	struct route *r = &own->routes[message->slot];
	const union net_addr *addr = message->addr;
	struct link link;
	int err;

	*out = &r->frame;
	if (r->addr.sa.sa_family == addr->sa.sa_family && !net_compare(&r->addr, addr))
		return 0;
	err = link_find(addr, &link);
	if (err)
		return err;
	if (link.device != own->link.device)
		return -EHOSTUNREACH;
	frame_prepare(&link, own->port, addr, &r->frame);
	r->addr = *addr;
	return 0;
}

static void xdp_prepare(struct sender *sender, const struct sender_message *message)
{
	struct frame *frame;

	find_route((struct xdp_sender *)sender, message, &frame);
}

/* Takes back the frames that the kernel has done with: their places in the area become free. */
static void reap(struct xdp_sender *own)
{
	uint32_t done = __atomic_load_n(own->done.producer, __ATOMIC_ACQUIRE);

	own->completed = done;
	__atomic_store_n(own->done.consumer, done, __ATOMIC_RELEASE);
}

/* The kernel takes some frames per call, and says EAGAIN while there are more. */
static void kick(struct xdp_sender *own, uint32_t room)
{
	unsigned tries = 0;

	while (reap(own), own->produced - own->completed > room) {
		int err;

		own->sender.counts.calls_n++;
		err = sendto(own->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? errno : 0;
		if (err && err != EAGAIN && err != EBUSY && !sender_again(&own->sender, own->fd, err, &tries))
			break;
	}
}

static void xdp_push(struct sender *sender, const struct sender_message *message)
{
	struct xdp_sender *own = (struct xdp_sender *)sender;
	struct frame *frame;
	struct xdp_desc *entry;
	int err = find_route(own, message, &frame);

	if (!err && sender_bytes(message) + frame->headers_n - sizeof(struct ethhdr) > own->link.mtu_bytes)
		err = -EMSGSIZE; /* fragments are the kernel's work */
	if (!err && own->produced - own->completed == FRAMES)
		kick(own, FRAMES - KICK);
	if (!err && own->produced - own->completed == FRAMES)
		err = -ENOBUFS;
	if (err) {
		sender_lost(sender, message, -err);
		return;
	}
	entry = (struct xdp_desc *)own->tx.entries + own->produced % FRAMES;
	entry->addr = own->produced % FRAMES * own->frame_bytes;
	entry->len = (uint32_t)frame_write(frame, message, &own->shared, htons(own->id++), own->area + entry->addr);
	entry->options = 0;
	__atomic_store_n(own->tx.producer, ++own->produced, __ATOMIC_RELEASE);
	own->sender.counts.packets_n++;
}

static void xdp_flush(struct sender *sender)
{
	struct xdp_sender *own = (struct xdp_sender *)sender;

	kick(own, 0);
	own->shared = (struct frame_shared){ 0 };
}

const struct sender_ops send_xdp = {
	.name = "xdp",
	.help = "frames built in user space, sent by an AF_XDP socket in copy mode; a bound, no drop-in",
	.traits = SENDER_BATCHES | SENDER_ONE_SOCKET | SENDER_BOUND,
	.available = xdp_available,
	.refuses = xdp_refuses,
	.open = xdp_open,
	.prepare = xdp_prepare,
	.push = xdp_push,
	.flush = xdp_flush,
	.free = xdp_free,
};
