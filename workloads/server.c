/* SPDX-License-Identifier: GPL-2.0-or-later */
/* server.c: a single-threaded event loop: epoll_wait(), then one packet or some lines of text at a time. */
#include "workloads/server.h"

#include "base/err.h"
#include "workloads/cast.h"
#include "workloads/control.h"
#include "workloads/process.h"
#include "workloads/sender.h"
#include "workloads/tally.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	INGEST_BYTES = 1 << 23,	/* receive buffer of the incoming stream */
	CONNECTIONS_MAX = 256,
	FILES_MAX = CONNECTIONS_MAX + 64,
	EVENTS_N = 16,
	BACKLOG = 64,
	DATAGRAM_BYTES = 65536,
	READ_BYTES = 4096,
	STDIN_OWNER = CONNECTIONS_MAX,
};

/* What an event is about: a connection by its number, or one of these. */
enum tag { TAG_STDIN = CONNECTIONS_MAX, TAG_LISTEN, TAG_INGEST, TAG_SIGNALS };

struct connection {
	int fd;			/* -1: free */
	union net_addr peer;
	struct control_lines lines;
};

struct server {
	struct server_config config;
	struct cast *cast;
	struct tally *tally;	/* NULL: nobody reads it */
	int epoll, listen, ingest, send, signals;
	bool ending;
	struct connection connections[CONNECTIONS_MAX + 1]; /* the last one is stdin */
	uint8_t packet[DATAGRAM_BYTES];
};

static int watch(struct server *s, int fd, unsigned tag)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = tag };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void close_connection(struct server *s, unsigned i)
{
	cast_leave(s->cast, i);
	close(s->connections[i].fd); /* which also takes it out of the epoll */
	s->connections[i].fd = -1;
	s->connections[i].lines = (struct control_lines){ 0 };
	if (i == STDIN_OWNER)
		s->ending = true;
}

/* A connection that does not read its answers is not waited for. */
static bool answer(struct server *s, unsigned i, const char *reply)
{
	char line[CONTROL_REPLY_BYTES + 1];
	size_t n = (size_t)snprintf(line, sizeof line, "%s\n", reply);
	ssize_t sent = i == STDIN_OWNER ? write(STDOUT_FILENO, line, n)
					: send(s->connections[i].fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	return sent == (ssize_t)n;
}

/* Whether the connection goes on. */
static bool serve_line(struct server *s, unsigned i, bool overlong)
{
	struct connection *c = &s->connections[i];
	struct control request = { .verb = CONTROL_VERB_MAX };
	char reply[CONTROL_REPLY_BYTES];
	const char *why = "the line is too long";

	if (overlong || control_parse(c->lines.text, &request, &why))
		snprintf(reply, sizeof reply, "ERR %s", why);
	else
		cast_command(s->cast, &request, i, i == STDIN_OWNER ? NULL : &c->peer, reply, sizeof reply);
	return answer(s, i, reply) && request.verb != CONTROL_QUIT;
}

static void read_connection(struct server *s, unsigned i)
{
	struct connection *c = &s->connections[i];
	char bytes[READ_BYTES];
	ssize_t n = read(c->fd, bytes, sizeof bytes);
	const char *data = bytes;
	size_t left = n > 0 ? (size_t)n : 0;
	bool open = n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
	int got;

	while (open && (got = control_lines_take(&c->lines, &data, &left)))
		open = serve_line(s, i, got < 0);
	if (!open)
		close_connection(s, i);
}

static void accept_connection(struct server *s)
{
	static const char full[] = "ERR too many connections\n";
	union net_addr peer;
	socklen_t len = sizeof peer;
	int fd = accept4(s->listen, &peer.sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	unsigned i = 0;

	if (fd < 0)
		return; /* it is gone already; there are always files left for one more */
	while (i < CONNECTIONS_MAX && s->connections[i].fd >= 0)
		i++;
	if (i == CONNECTIONS_MAX || watch(s, fd, i)) {
		send(fd, full, sizeof full - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		close(fd);
		return;
	}
	s->connections[i].fd = fd;
	s->connections[i].peer = peer;
}

static void read_packet(struct server *s)
{
	ssize_t n = recvfrom(s->ingest, s->packet, sizeof s->packet, MSG_DONTWAIT, NULL, NULL);

	if (n >= 0)
		cast_packet(s->cast, s->packet, (size_t)n);
}

static void serve_event(struct server *s, unsigned tag)
{
	switch (tag) {
	case TAG_INGEST:
		read_packet(s);
		break;
	case TAG_LISTEN:
		accept_connection(s);
		break;
	case TAG_SIGNALS:
		s->ending = true;
		break;
	default:
		if (s->connections[tag].fd >= 0)
			read_connection(s, tag);
	}
}

static int serve(struct server *s)
{
	struct epoll_event events[EVENTS_N];

	while (!s->ending) {
		int n = epoll_wait(s->epoll, events, EVENTS_N, -1);

		if (n < 0 && errno != EINTR)
			return fail(-errno, "cannot wait for packets: %s", strerror(errno));
		tally_begin(s->tally);
		for (int i = 0; i < n; i++)
			serve_event(s, events[i].data.u32);
		tally_rest(s->tally, cast_bursts(s->cast), cast_packets(s->cast));
	}
	return 0;
}

static int open_bound(int type, union net_addr *addr, const char *what, int *out)
{
	char text[NET_TEXT_BYTES];
	int fd = net_bind(type, addr);

	if (fd < 0)
		return fail(fd, "cannot open %s: %s; choose another address with --%s, port 0 takes any free one",
			    net_format(addr, text), strerror(-fd), what);
	*out = fd;
	return 0;
}

static int open_sockets(struct server *s)
{
	int err = open_bound(SOCK_DGRAM | SOCK_NONBLOCK, &s->config.ingest, "ingest", &s->ingest);

	if (!err)
		err = open_bound(SOCK_STREAM | SOCK_NONBLOCK, &s->config.control, "control", &s->listen);
	if (err)
		return err;
	/* Opening a way may take some tenths of a second, for which the stream must wait in the socket; a plain user has to do with
	 * the system's limit. */
	if (setsockopt(s->ingest, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ INGEST_BYTES }, sizeof(int)))
		setsockopt(s->ingest, SOL_SOCKET, SO_RCVBUF, &(int){ INGEST_BYTES }, sizeof(int));
	s->send = net_sender(&s->config.control);
	if (s->send < 0)
		return fail(s->send, "cannot open a UDP socket to send from: %s", strerror(-s->send));
	if (listen(s->listen, BACKLOG))
		return fail(-errno, "cannot listen on the control port: %s", strerror(errno));
	return 0;
}

static int watch_all(struct server *s)
{
	int err;

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->signals = process_signals();
	err = s->epoll < 0 ? -errno : s->signals < 0 ? s->signals : watch(s, s->signals, TAG_SIGNALS);
	if (!err)
		err = watch(s, s->ingest, TAG_INGEST);
	if (!err)
		err = watch(s, s->listen, TAG_LISTEN);
	if (!err && s->config.control_stdio) {
		s->connections[STDIN_OWNER].fd = STDIN_FILENO;
		err = watch(s, STDIN_FILENO, TAG_STDIN);
	}
	if (err == -EPERM)
		return fail(err, "cannot wait for stdin: with --control-stdio it must be a pipe or a terminal, not a file");
	return err ? fail(err, "cannot wait for events: %s", strerror(-err)) : 0;
}

static void say_ready(const struct server *s)
{
	char control[NET_TEXT_BYTES], ingest[NET_TEXT_BYTES];

	printf("ready control=%s ingest=%s\n", net_format(&s->config.control, control),
	       net_format(&s->config.ingest, ingest));
	fflush(stdout);
}

static void server_free(struct server *s)
{
	int fds[] = { s->epoll, s->listen, s->ingest, s->send, s->signals };

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		if (s->connections[i].fd >= 0)
			close(s->connections[i].fd);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	cast_free(s->cast);
	free(s);
}

static struct server *server_new(const struct server_config *config)
{
	struct server *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->config = *config;
	s->epoll = s->listen = s->ingest = s->send = s->signals = -1;
	for (unsigned i = 0; i <= CONNECTIONS_MAX; i++)
		s->connections[i].fd = -1;
	return s;
}

/* Where clients come from is known beforehand only when they can come from nowhere but here. */
static const struct sockaddr *clients_at(const struct server *s)
{
	const struct sender_config here = { .to = &s->config.control.sa };

	return sender_over_loopback(&here) ? here.to : NULL;
}

int server_run(const struct server_config *config)
{
	struct server *s = server_new(config);
	int err;

	if (!s)
		return fail(-ENOMEM, "out of memory");
	err = process_raise_files(FILES_MAX);
	if (!err && config->tally)
		err = tally_open(config->tally, &s->tally);
	if (!err)
		err = open_sockets(s);
	if (!err)
		err = cast_new(&(struct cast_config){ .fd = s->send, .to = clients_at(s), .way = config->way,
						      .batch = config->batch, .work_ns = config->work_ns }, &s->cast);
	if (!err)
		err = watch_all(s);
	if (!err) {
		say_ready(s);
		err = serve(s);
	}
	server_free(s);
	return err;
}
