/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_packet.c: frames built in user space and put into a ring that a packet socket sends from (PACKET_MMAP): the bound of what
 * going around the kernel's UDP and IP can give. Not a drop-in: no fragments, no routes that change, no firewall, no errors
 * from recipients, and it needs CAP_NET_RAW. */
#include "workloads/frame.h"
#include "workloads/link.h"
#include "workloads/sender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	FRAME_AT = TPACKET_ALIGN(sizeof(struct tpacket2_hdr)), /* where the kernel expects a frame's first byte */
	BLOCK_BYTES = 1 << 18,	/* of the ring; holds at least one frame of the largest MTU */
	RING_BYTES_MAX = 1 << 23,
};

/* A recipient's headers, and for which address they were made. */
struct route {
	union net_addr addr;	/* family 0: none yet */
	struct frame frame;
};

struct packet_sender {
	struct sender sender;
	struct link link;	/* of all recipients */
	uint16_t port;		/* that config.fd has */
	int fd;
	uint8_t *ring;
	size_t ring_bytes, frame_bytes, frames_n;
	size_t at, n;		/* next frame to be filled, and how many wait to be sent */
	size_t batch;
	uint16_t id;
	struct frame_shared shared;
	const struct sender_message **messages; /* of each frame of the ring */
	struct route routes[];
};

static const char *packet_available(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), err = errno;

	if (fd >= 0)
		close(fd);
	if (fd >= 0)
		return NULL;
	return err == EPERM ? "it needs CAP_NET_RAW; run as root" : "this kernel has no packet sockets; it needs CONFIG_PACKET";
}

static bool packet_refuses(const struct sender_config *config, char *why, size_t n)
{
	if (sender_needs_ip(config, why, n))
		return true;
	if (!sender_over_loopback(config) || config->to->sa_family != AF_INET)
		return false;
	snprintf(why, n, "the kernel takes frames from 127.0.0.0/8 for forged ones and drops them; use ::1, --topology veth or a "
			 "network card");
	return true;
}

/* ---- The ring ---- */

static int map_ring(struct packet_sender *own)
{
	size_t per_block = BLOCK_BYTES / own->frame_bytes;
	size_t blocks = (own->batch + per_block - 1) / per_block;

	if (blocks * BLOCK_BYTES > RING_BYTES_MAX)
		blocks = RING_BYTES_MAX / BLOCK_BYTES;
	own->frames_n = blocks * per_block;
	own->ring_bytes = blocks * BLOCK_BYTES;
	struct tpacket_req request = {
		.tp_block_size = BLOCK_BYTES, .tp_block_nr = (unsigned)blocks, .tp_frame_size = (unsigned)own->frame_bytes,
		.tp_frame_nr = (unsigned)own->frames_n,
	};
	void *ring;

	if (setsockopt(own->fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof request))
		return -errno;
	ring = mmap(NULL, own->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, own->fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	own->ring = ring;
	own->at = own->n = 0;
	return 0;
}

static int open_ring(struct packet_sender *own)
{
	const struct sockaddr_ll device = { .sll_family = AF_PACKET, .sll_ifindex = own->link.device }; /* protocol 0: receives nothing */
	int version = TPACKET_V2, on = 1, err = 0;

	own->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (own->fd < 0)
		return -errno;
	if (setsockopt(own->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
	    setsockopt(own->fd, SOL_PACKET, PACKET_LOSS, &on, sizeof on))
		err = -errno;
	if (!err)
		err = map_ring(own);
	if (!err && bind(own->fd, (const struct sockaddr *)&device, sizeof device))
		err = -errno;
	return err;
}

static void close_ring(struct packet_sender *own)
{
	if (own->ring)
		munmap(own->ring, own->ring_bytes);
	own->ring = NULL;
	if (own->fd >= 0)
		close(own->fd);
	own->fd = -1;
}

static struct tpacket2_hdr *frame_at(const struct packet_sender *own, size_t i)
{
	size_t per_block = BLOCK_BYTES / own->frame_bytes;

	return (void *)(own->ring + i / per_block * BLOCK_BYTES + i % per_block * own->frame_bytes);
}

/* ---- Opening ---- */

/* The port that packets of config.fd would come from; a socket without one gets one. */
static int take_port(struct packet_sender *own)
{
	union net_addr addr = { 0 };
	socklen_t len = sizeof addr;

	if (getsockname(own->sender.config.fd, &addr.sa, &len))
		return -errno;
	if (!net_port(&addr)) {
		len = net_len(&addr);
		if (bind(own->sender.config.fd, &addr.sa, len) || getsockname(own->sender.config.fd, &addr.sa, &len))
			return -errno;
	}
	own->port = net_port(&addr);
	return 0;
}

/* The ring, on the device that leads to this recipient. */
static int set_up(struct packet_sender *own, const union net_addr *to)
{
	int err = link_find(to, &own->link);

	if (err)
		return err;
	for (own->frame_bytes = 2048; own->frame_bytes < FRAME_AT + sizeof(struct ethhdr) + own->link.mtu_bytes;)
		own->frame_bytes *= 2;
	err = open_ring(own);
	if (err)
		close_ring(own);
	return err;
}

static int open_now(struct packet_sender *own)
{
	union net_addr to;
	int err;

	own->messages = calloc(RING_BYTES_MAX / 2048, sizeof *own->messages);
	if (!own->messages)
		return -ENOMEM;
	err = take_port(own);
	if (err || !own->sender.config.to)
		return err; /* the first recipient will tell the device */
	sender_copy_addr(own->sender.config.to, &to);
	return set_up(own, &to);
}

static void packet_free(struct sender *sender)
{
	struct packet_sender *own = (struct packet_sender *)sender;

	if (!own)
		return;
	close_ring(own);
	free(own->messages);
	free(own);
}

static int packet_open(const struct sender_config *config, struct sender **out)
{
	struct packet_sender *own = calloc(1, sizeof *own + config->group_max * sizeof own->routes[0]);
	int err;

	if (!own)
		return -ENOMEM;
	own->sender.ops = &send_packet;
	own->sender.config = *config;
	own->batch = sender_batch(config);
	own->fd = -1;
	err = open_now(own);
	if (err)
		packet_free(&own->sender);
	else
		*out = &own->sender;
	return err;
}

/* ---- Sending ---- */

/* Headers for the message's recipient: 0, or -errno where it is not behind this sender's device. */
static int find_route(struct packet_sender *own, const struct sender_message *message, struct frame **out)
{
	struct route *r = &own->routes[message->slot];
	const union net_addr *addr = message->addr;
	struct link link;
	int err;

	*out = &r->frame;
	err = own->ring ? 0 : set_up(own, addr);
	if (err)
		return err;
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

static void packet_prepare(struct sender *sender, const struct sender_message *message)
{
	struct frame *frame;

	find_route((struct packet_sender *)sender, message, &frame);
}

/* Enters what became of the frames that were handed over. Returns how many the kernel has not looked at. */
static size_t settle(struct packet_sender *own, int err)
{
	size_t first = (own->at + own->frames_n - own->n) % own->frames_n, left = 0;

	for (size_t i = 0; i < own->n; i++) {
		size_t at = (first + i) % own->frames_n;
		uint32_t status = __atomic_load_n(&frame_at(own, at)->tp_status, __ATOMIC_ACQUIRE);

		if (status & TP_STATUS_SEND_REQUEST) {
			sender_lost(&own->sender, own->messages[at], err);
			left++;
		} else {
			own->sender.counts.packets_n++;
		}
	}
	own->n = 0;
	return left;
}

/* With PACKET_LOSS the kernel passes over a frame that it cannot send; what it has not come to after all tries is lost. Then its
 * place in the ring and ours differ, and the ring is made anew. */
static void kick(struct packet_sender *own)
{
	unsigned tries = 0;
	int err = 0;

	if (!own->n)
		return;
	do {
		own->sender.counts.calls_n++;
		err = send(own->fd, NULL, 0, 0) < 0 ? errno : 0;
	} while (err && sender_again(&own->sender, own->fd, err, &tries));
	if (settle(own, err ? err : EIO)) {
		close_ring(own);
		open_ring(own);
	}
}

static void put(struct packet_sender *own, const struct frame *frame, const struct sender_message *message)
{
	struct tpacket2_hdr *header = frame_at(own, own->at);

	header->tp_len = (uint32_t)frame_write(frame, message, &own->shared, htons(own->id++), (uint8_t *)header + FRAME_AT);
	own->messages[own->at] = message;
	__atomic_store_n(&header->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
	own->at = (own->at + 1) % own->frames_n;
	own->n++;
}

static void packet_push(struct sender *sender, const struct sender_message *message)
{
	struct packet_sender *own = (struct packet_sender *)sender;
	struct frame *frame;
	int err = find_route(own, message, &frame);

	if (!err && sender_bytes(message) + frame->headers_n - sizeof(struct ethhdr) > own->link.mtu_bytes)
		err = -EMSGSIZE; /* fragments are the kernel's work */
	if (err) {
		sender_lost(sender, message, -err);
		return;
	}
	put(own, frame, message);
	if (own->n == own->batch || own->n == own->frames_n)
		kick(own);
}

static void packet_flush(struct sender *sender)
{
	struct packet_sender *own = (struct packet_sender *)sender;

	kick(own);
	own->shared = (struct frame_shared){ 0 };
}

const struct sender_ops send_packet = {
	.name = "packet",
	.help = "frames built in user space, sent from a ring around UDP and IP (PACKET_MMAP); a bound, no drop-in",
	.traits = SENDER_BATCHES | SENDER_BOUND,
	.available = packet_available,
	.refuses = packet_refuses,
	.open = packet_open,
	.prepare = packet_prepare,
	.push = packet_push,
	.flush = packet_flush,
	.free = packet_free,
};
