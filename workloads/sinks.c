/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sinks.c: the sockets of many clients behind one epoll, and the checks on each packet. */
#include "workloads/sinks.h"

#include "base/err.h"
#include "workloads/pattern.h"
#include "workloads/process.h"
#include "workloads/rtp.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
	DRAIN_N = 16,		/* datagrams per recvmmsg() */
	DATAGRAM_BYTES = 65536,
	EVENTS_N = 256,
	OTHER_FILES = 64,	/* beside the clients' sockets */
	SEARCH_FIRST = 10000, SEARCH_LAST = 32000, /* ports tried when none is given: below the ephemeral ones */
};

struct sinks {
	struct sinks_config config;
	int epoll;
	bool awake;		/* the last round was just now: moderate, or work */
	uint64_t random;	/* of the time that work takes */
	size_t reached;
	struct mmsghdr headers[DRAIN_N];
	struct iovec parts[DRAIN_N];
	uint8_t *buffers;
	struct sink sinks[];
};

static void close_sockets(struct sinks *s)
{
	for (size_t i = 0; i < s->config.count; i++) {
		if (s->sinks[i].fd >= 0)
			close(s->sinks[i].fd);
		if (s->sinks[i].group_fd >= 0)
			close(s->sinks[i].group_fd);
		s->sinks[i].fd = s->sinks[i].group_fd = -1;
	}
}

static void set_buffer(const struct sinks *s, int fd)
{
	int bytes = (int)s->config.receive_buffer_bytes;

	if (bytes && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes)) /* beyond rmem_max, as root */
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/* Opens all sockets from `port` on, or none. */
static int open_sockets(struct sinks *s, uint16_t port)
{
	for (size_t i = 0; i < s->config.count; i++) {
		union net_addr addr = s->config.listen;

		net_set_port(&addr, (uint16_t)(port + i));
		s->sinks[i].fd = net_bind(SOCK_DGRAM | SOCK_NONBLOCK, &addr);
		if (s->sinks[i].fd < 0) {
			int err = s->sinks[i].fd;

			close_sockets(s);
			return err;
		}
		set_buffer(s, s->sinks[i].fd);
	}
	net_set_port(&s->config.listen, port);
	return 0;
}

/* Where to look first differs from process to process, so that several started at once seldom meet. */
static int open_anywhere(struct sinks *s)
{
	unsigned span = SEARCH_LAST - SEARCH_FIRST, start = (unsigned)getpid() * 1009u % span;
	int err = -EADDRINUSE;

	for (unsigned tried = 0; tried < span && err == -EADDRINUSE; tried += 97)
		if (SEARCH_FIRST + (start + tried) % span + s->config.count <= UINT16_MAX)
			err = open_sockets(s, (uint16_t)(SEARCH_FIRST + (start + tried) % span));
	return err;
}

static int join_all(struct sinks *s)
{
	char text[NET_TEXT_BYTES];

	for (size_t i = 0; s->config.multicast.sa.sa_family && i < s->config.count; i++) {
		int fd = net_join(&s->config.multicast, &s->config.listen);

		if (fd < 0)
			return fail(fd, "cannot join the multicast group %s: %s; give a group such as 239.1.1.1:5006, and with --listen an "
				    "address of this machine", net_format(&s->config.multicast, text), strerror(-fd));
		s->sinks[i].group_fd = fd;
		set_buffer(s, fd);
	}
	return 0;
}

static int open_all(struct sinks *s)
{
	char text[NET_TEXT_BYTES];
	unsigned port = net_port(&s->config.listen);
	int err;

	if (port + s->config.count - 1 > UINT16_MAX)
		return fail(-EINVAL, "%" PRIu64 " clients from port %u on go beyond port 65535; begin at a lower port",
			    s->config.count, port);
	err = process_raise_files(2 * s->config.count + OTHER_FILES);
	if (err)
		return err;
	err = port ? open_sockets(s, (uint16_t)port) : open_anywhere(s);
	if (err)
		return fail(err, "cannot open %" PRIu64 " UDP sockets from %s on: %s; choose other ports with --listen",
			    s->config.count, net_format(&s->config.listen, text), strerror(-err));
	return join_all(s);
}

/* Both sockets of a client wake for it. */
static int watch_client(struct sinks *s, size_t i)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };

	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->sinks[i].fd, &event))
		return -errno;
	if (s->sinks[i].group_fd >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->sinks[i].group_fd, &event))
		return -errno;
	return 0;
}

static int watch_all(struct sinks *s)
{
	int err = 0;

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0)
		return -errno;
	for (size_t i = 0; !err && i < s->config.count; i++)
		err = watch_client(s, i);
	return err;
}

static int make_buffers(struct sinks *s)
{
	s->buffers = malloc((size_t)DRAIN_N * DATAGRAM_BYTES);
	if (!s->buffers)
		return -ENOMEM;
	for (size_t i = 0; i < DRAIN_N; i++) {
		s->parts[i] = (struct iovec){ s->buffers + i * DATAGRAM_BYTES, DATAGRAM_BYTES };
		s->headers[i].msg_hdr.msg_iov = &s->parts[i];
		s->headers[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

int sinks_new(const struct sinks_config *config, struct sinks **out)
{
	struct sinks *s = calloc(1, sizeof *s + config->count * sizeof s->sinks[0]);
	int err;

	if (!s)
		return fail(-ENOMEM, "out of memory for %" PRIu64 " clients", config->count);
	s->config = *config;
	s->random = 88172645463325252u;
	s->epoll = -1;
	for (size_t i = 0; i < config->count; i++)
		s->sinks[i].fd = s->sinks[i].group_fd = -1;
	err = open_all(s);
	if (err)
		goto cleanup;
	err = make_buffers(s);
	if (!err)
		err = watch_all(s);
	if (err)
		fail(err, "cannot watch %" PRIu64 " sockets: %s", config->count, strerror(-err));
cleanup:
	if (err)
		sinks_free(s);
	else
		*out = s;
	return err;
}

void sinks_free(struct sinks *s)
{
	if (!s)
		return;
	close_sockets(s);
	if (s->epoll >= 0)
		close(s->epoll);
	free(s->buffers);
	free(s);
}

const union net_addr *sinks_addr(const struct sinks *s)
{
	return &s->config.listen;
}

size_t sinks_reached(const struct sinks *s)
{
	return s->reached;
}

const struct sink *sinks_get(const struct sinks *s, size_t i)
{
	return &s->sinks[i];
}

/* Watched descriptors are told from clients by numbers above all of theirs. */
int sinks_watch(struct sinks *s, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.u64 = s->config.count + (unsigned)fd };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Private bytes follow from the SSRC: of the head, which may begin with the RTP header, and of the tail. */
static bool private_holds(const struct sinks *s, const uint8_t *data, size_t n, uint32_t ssrc)
{
	size_t head = s->config.head_bytes, tail = s->config.tail_bytes;
	bool holds = true;

	for (size_t i = head < RTP_HEADER_BYTES ? 0 : RTP_HEADER_BYTES; i < head; i++)
		holds &= data[i] == pattern_byte(ssrc, i);
	for (size_t i = 0; i < tail; i++)
		holds &= data[n - tail + i] == pattern_byte(ssrc, head + i);
	return holds;
}

/* The counter in the payload advances with the sequence number, whichever packets got lost on the way. */
static bool counter_holds(struct sink *c, const struct rtp *header, uint32_t counter)
{
	uint16_t ahead = (uint16_t)(counter - header->sequence);
	bool holds = !c->verified || c->ssrc != header->ssrc || c->ahead == ahead;

	c->verified = true;
	c->ssrc = header->ssrc;
	c->ahead = ahead;
	return holds;
}

static bool verify(const struct sinks *s, struct sink *c, const uint8_t *data, size_t n, const struct rtp *header)
{
	size_t head = s->config.head_bytes, around = head + s->config.tail_bytes;
	uint32_t counter;

	if (n < around || !pattern_payload_holds(data + head, n - around))
		return false;
	if (n - around >= PATTERN_COUNTER_BYTES) {
		counter = rtp_get32(data + head);
		if (!counter_holds(c, header, counter))
			return false;
	}
	return private_holds(s, data, n, header->ssrc);
}

static void enter_rtp(struct sinks *s, struct sink *c, const uint8_t *data, size_t n, int64_t now_ns)
{
	struct rtp header;
	size_t at, payload_n;

	if (rtp_read(data, n, &header, &at, &payload_n)) {
		c->malformed_n++;
		return;
	}
	quality_packet(&c->quality, &header, now_ns, (uint32_t)s->config.clock_hz);
	if (s->config.verify && !verify(s, c, data, n, &header))
		c->corrupt_n++;
}

/* What has no RTP header is judged by the counter of its payload, where there is room for one, as if it were the sequence
 * number, and as if it came at its time. */
static void enter_bare(struct sinks *s, struct sink *c, const uint8_t *data, size_t n, int64_t now_ns)
{
	size_t head = s->config.head_bytes, around = head + s->config.tail_bytes;
	struct rtp header = { .ssrc = (uint32_t)(c - s->sinks) + 1 };

	if (n < around) {
		c->malformed_n++;
		return;
	}
	if (n - around >= PATTERN_COUNTER_BYTES) {
		header.sequence = (uint16_t)rtp_get32(data + head);
		header.time = (uint32_t)((unsigned __int128)now_ns * s->config.clock_hz / 1000000000u);
		quality_packet(&c->quality, &header, now_ns, (uint32_t)s->config.clock_hz);
	}
	if (s->config.verify && !verify(s, c, data, n, &header))
		c->corrupt_n++;
}

static void enter_packet(struct sinks *s, struct sink *c, const uint8_t *data, size_t n, int64_t now_ns)
{
	if (!c->packets_n++) {
		c->first_ns = now_ns;
		s->reached++;
	}
	c->last_ns = now_ns;
	c->bytes += n;
	if (s->config.plain)
		return;
	if (s->config.head_bytes < RTP_HEADER_BYTES)
		enter_bare(s, c, data, n, now_ns);
	else
		enter_rtp(s, c, data, n, now_ns);
}

static void drain_socket(struct sinks *s, struct sink *c, int fd)
{
	int n;

	do {
		n = recvmmsg(fd, s->headers, DRAIN_N, MSG_DONTWAIT, NULL);
		int64_t now_ns = (int64_t)process_wall_ns();

		for (int i = 0; i < n; i++)
			enter_packet(s, c, s->parts[i].iov_base, s->headers[i].msg_len, now_ns);
	} while (n == DRAIN_N);
}

static void drain(struct sinks *s, struct sink *c)
{
	drain_socket(s, c, c->fd);
	if (c->group_fd >= 0)
		drain_socket(s, c, c->group_fd);
}

/* xorshift64 (G. Marsaglia, 2003), over (0, 1). */
static double uniform(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

/* Clients differ in what they do with a packet: half of the work is the same each time, half is exponential. */
static void work(struct sinks *s)
{
	double mean_ns = (double)s->config.work_ns;
	uint64_t until_ns = process_wall_ns() + (uint64_t)(mean_ns / 2 - mean_ns / 2 * log(uniform(&s->random)));

	while (process_wall_ns() < until_ns)
		;
}

/* What has come by now; when nothing has, sleeps until something comes. After a round, nothing is looked at for a while. */
static int wait_for_events(struct sinks *s, struct epoll_event *events)
{
	struct timespec pause = { .tv_nsec = (long)s->config.moderate_us * 1000 };
	int n = 0;

	if (s->awake && s->config.work_ns) {
		work(s);
		n = epoll_wait(s->epoll, events, EVENTS_N, 0);
	} else if (s->awake) {
		nanosleep(&pause, NULL);
		n = epoll_wait(s->epoll, events, EVENTS_N, 0);
	}
	for (uint64_t until_ns = process_wall_ns() + s->config.linger_us * 1000; n == 0 && process_wall_ns() < until_ns;)
		n = epoll_wait(s->epoll, events, EVENTS_N, 0);
	if (n == 0)
		n = epoll_wait(s->epoll, events, EVENTS_N, -1);
	s->awake = s->config.moderate_us > 0 || s->config.work_ns > 0;
	return n;
}

int sinks_wait(struct sinks *s, int *watched)
{
	struct epoll_event events[EVENTS_N];
	int n = wait_for_events(s, events);

	*watched = -1;
	if (n < 0 && errno != EINTR)
		return fail(-errno, "cannot wait for packets: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 < s->config.count)
			drain(s, &s->sinks[events[i].data.u64]);
		else
			*watched = (int)(events[i].data.u64 - s->config.count);
	}
	return 0;
}

void sinks_drain(struct sinks *s)
{
	for (size_t i = 0; i < s->config.count; i++)
		drain(s, &s->sinks[i]);
}
