/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_zerocopy.c: sendmsg() with MSG_ZEROCOPY: the card reads the bytes where they lie, and the kernel reports on the error
 * queue when it no longer does. */
#include "workloads/sender.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct zerocopy_sender {
	struct sender sender;
	struct msghdr header;
	uint64_t expected_n;	/* messages that the kernel may still read */
};

static const char *zerocopy_available(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	int err = fd < 0 ? 0 : setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on);

	if (fd >= 0)
		close(fd);
	return err ? "this kernel has no MSG_ZEROCOPY for UDP; it needs Linux 5.0" : NULL;
}

static bool zerocopy_refuses(const struct sender_config *config, char *why, size_t n)
{
	if (sender_needs_ip(config, why, n))
		return true;
	if (!sender_over_loopback(config))
		return false;
	snprintf(why, n, "over loopback the kernel copies every such packet before it hands it to the receiver, so nothing would be "
			 "saved; measure it with --topology sink or over a network card");
	return true;
}

static int zerocopy_open(const struct sender_config *config, struct sender **out)
{
	struct zerocopy_sender *own = calloc(1, sizeof *own);
	int on = 1;

	if (!own)
		return -ENOMEM;
	if (setsockopt(config->fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on)) {
		int err = -errno;

		free(own);
		return err;
	}
	own->sender.ops = &send_zerocopy;
	own->sender.config = *config;
	*out = &own->sender;
	return 0;
}

/* A report tells of the calls numbered ee_info to ee_data. */
static void take_report(struct zerocopy_sender *own, struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		const struct sock_extended_err *report = (const void *)CMSG_DATA(c);
		bool is_report = (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
				 (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR);

		if (!is_report || report->ee_origin != SO_EE_ORIGIN_ZEROCOPY)
			continue;
		uint64_t n = (uint64_t)(report->ee_data - report->ee_info) + 1;

		own->expected_n -= n < own->expected_n ? n : own->expected_n;
		if (report->ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
			own->sender.counts.copied_n += n;
	}
}

/* Takes what reports there are; with `wait` until no message is read any more. */
static void take_reports(struct zerocopy_sender *own, bool wait)
{
	while (own->expected_n) {
		_Alignas(struct cmsghdr) char control[256];
		struct msghdr header = { .msg_control = control, .msg_controllen = sizeof control };

		if (recvmsg(own->sender.config.fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
			take_report(own, &header);
		else if (errno == EAGAIN && wait)
			poll(&(struct pollfd){ .fd = own->sender.config.fd }, 1, -1); /* POLLERR needs no asking */
		else if (errno != EINTR)
			return;
	}
}

/* ENOBUFS: too many messages are on their way for the socket's net.core.optmem_max. */
static bool again(struct zerocopy_sender *own, int err, unsigned *tries)
{
	if (err == ENOBUFS)
		take_reports(own, true);
	return sender_again(&own->sender, own->sender.config.fd, err, tries);
}

static void zerocopy_push(struct sender *sender, const struct sender_message *message)
{
	struct zerocopy_sender *own = (struct zerocopy_sender *)sender;
	bool uncopied = sender_bytes(message) && sender_fits_pages(message); /* else no report comes */
	unsigned tries = 0;

	sender_fill(&own->header, message);
	for (;;) {
		sender->counts.calls_n++;
		if (sendmsg(sender->config.fd, &own->header, uncopied ? MSG_ZEROCOPY : 0) >= 0)
			break;
		int err = errno;

		if (!again(own, err, &tries)) {
			sender_lost(sender, message, err);
			return;
		}
	}
	own->expected_n += uncopied;
	sender->counts.copied_n += !uncopied;
	sender->counts.packets_n++;
}

static void zerocopy_flush(struct sender *sender)
{
	take_reports((struct zerocopy_sender *)sender, true);
}

static void zerocopy_free(struct sender *sender)
{
	free(sender);
}

const struct sender_ops send_zerocopy = {
	.name = "zerocopy",
	.help = "one socket, one sendmsg() with MSG_ZEROCOPY per recipient, and its completions reaped",
	.traits = SENDER_UNCOPIED,
	.available = zerocopy_available,
	.refuses = zerocopy_refuses,
	.open = zerocopy_open,
	.push = zerocopy_push,
	.flush = zerocopy_flush,
	.free = zerocopy_free,
};
