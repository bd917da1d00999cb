/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_gso.c: UDP_SEGMENT: many packets of one length to one recipient as one large message, which the kernel cuts as late as
 * it can. Only for bursts that go to one destination. */
#include "workloads/sender.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SEGMENTS_MAX = 64,	/* UDP_MAX_SEGMENTS of kernels before 6.9 */
	MESSAGE_MAX = 65507,
};

struct gso_sender {
	struct sender sender;
	size_t batch, n;	/* segments in a call, and those collected */
	size_t segment_bytes, bytes;
	const struct sender_message *messages[SEGMENTS_MAX];
	struct iovec iov[SEGMENTS_MAX * SENDER_PARTS];
	size_t iov_n;
};

static const char *gso_available(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), none = 0;
	int err = fd < 0 ? 0 : setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none);

	if (fd >= 0)
		close(fd);
	return err ? "this kernel has no UDP_SEGMENT; it needs Linux 4.18" : NULL;
}

static bool gso_refuses(const struct sender_config *config, char *why, size_t n)
{
	if (sender_needs_ip(config, why, n))
		return true;
	if (!config->private_bytes)
		return false;
	snprintf(why, n, "all segments of a call go to one recipient, so there is nobody whom bytes could be private to; send "
			 "without private bytes");
	return true;
}

static int gso_open(const struct sender_config *config, struct sender **out)
{
	struct gso_sender *own = calloc(1, sizeof *own);

	if (!own)
		return -ENOMEM;
	own->sender.ops = &send_gso;
	own->sender.config = *config;
	own->batch = sender_batch(config);
	if (own->batch > SEGMENTS_MAX)
		own->batch = SEGMENTS_MAX;
	*out = &own->sender;
	return 0;
}

/* One call for all that was collected. 0 or a positive errno. */
static int send_segments(struct gso_sender *own)
{
	const struct sender_message *first = own->messages[0];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = { 0 };
	struct msghdr header = {
		.msg_name = first->addr, .msg_namelen = first->addr_len, .msg_iov = own->iov, .msg_iovlen = own->iov_n,
	};
	unsigned tries = 0;
	int err = 0;

	if (own->n > 1) {
		struct cmsghdr *c = (void *)control;

		header.msg_control = control;
		header.msg_controllen = sizeof control;
		*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(uint16_t)), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT };
		*(uint16_t *)(void *)CMSG_DATA(c) = (uint16_t)own->segment_bytes;
	}
	do {
		own->sender.counts.calls_n++;
		err = sendmsg(own->sender.config.fd, &header, 0) < 0 ? errno : 0;
	} while (err && sender_again(&own->sender, own->sender.config.fd, err, &tries));
	return err;
}

static void collect(struct gso_sender *own, const struct sender_message *message, size_t bytes)
{
	if (!own->n) {
		own->iov_n = own->bytes = 0;
		own->segment_bytes = bytes;
	}
	own->messages[own->n++] = message;
	own->bytes += bytes;
	for (size_t i = 0; i < message->iov_n; i++) {
		const struct iovec *part = &message->iov[i];
		struct iovec *last = own->iov_n ? &own->iov[own->iov_n - 1] : NULL;

		if (last && (char *)last->iov_base + last->iov_len == part->iov_base)
			last->iov_len += part->iov_len;
		else
			own->iov[own->iov_n++] = *part;
	}
}

/* Packets too large to be segments (they do not fit the device without being fragmented), or a device without checksums, make
 * the kernel refuse the whole call: then each is sent by itself. */
static void send_singly(struct gso_sender *own)
{
	size_t n = own->n;

	for (size_t i = 0; i < n; i++) {
		const struct sender_message *message = own->messages[i];
		int err;

		own->n = 0;
		collect(own, message, sender_bytes(message)); /* writes messages[0], which has been read */
		err = send_segments(own);
		if (err)
			sender_lost(&own->sender, message, err);
		else
			own->sender.counts.packets_n++;
	}
}

static void gso_flush(struct sender *sender)
{
	struct gso_sender *own = (struct gso_sender *)sender;

	if (!own->n)
		return;
	if (send_segments(own))
		send_singly(own);
	else
		sender->counts.packets_n += own->n;
	own->n = 0;
}

static void gso_push(struct sender *sender, const struct sender_message *message)
{
	struct gso_sender *own = (struct gso_sender *)sender;
	size_t bytes = sender_bytes(message);

	if (own->n && (bytes != own->segment_bytes || own->bytes + bytes > MESSAGE_MAX))
		gso_flush(sender);
	collect(own, message, bytes);
	if (own->n == own->batch || !bytes)
		gso_flush(sender);
}

static void gso_free(struct sender *sender)
{
	free(sender);
}

const struct sender_ops send_gso = {
	.name = "gso",
	.help = "one socket, many packets to one recipient per call (UDP_SEGMENT); for bursts to one destination only",
	.traits = SENDER_BATCHES | SENDER_ONE_SOCKET | SENDER_ONE_DESTINATION,
	.available = gso_available,
	.refuses = gso_refuses,
	.open = gso_open,
	.push = gso_push,
	.flush = gso_flush,
	.free = gso_free,
};
