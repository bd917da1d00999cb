/* SPDX-License-Identifier: GPL-2.0-or-later */
/* join.c: one TCP connection that joins many UDP ports. */
#include "workloads/join.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER_S = 10 };

int join_connect(const union net_addr *control)
{
	const struct timeval limit = { .tv_sec = ANSWER_S };
	char text[NET_TEXT_BYTES];
	int fd = socket(control->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(-errno, "cannot open a TCP socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (!connect(fd, &control->sa, net_len(control)))
		return fd;
	int err = -errno;

	close(fd);
	return fail(err, "cannot reach livecast at %s: %s; start it, and take the address that it prints after `control=`",
		    net_format(control, text), strerror(-err));
}

/* One line without its end. The server answers each request with one line, so that nothing behind it can be lost. */
static int read_line(int fd, char *line, size_t room)
{
	size_t used = 0;

	while (used + 1 < room) {
		ssize_t n = recv(fd, line + used, room - 1 - used, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		used += (size_t)n;
		line[used] = 0;
		if (line[used - 1] == '\n') {
			line[strcspn(line, "\r\n")] = 0;
			return 0;
		}
	}
	return -EMSGSIZE;
}

int join_group(int fd, uint16_t port, size_t n)
{
	char line[256];
	int len = snprintf(line, sizeof line, "JOIN %u %zu\n", port, n), err = 0;

	if (send(fd, line, (size_t)len, MSG_NOSIGNAL) != len)
		err = -errno;
	if (!err)
		err = read_line(fd, line, sizeof line);
	if (err)
		return fail(err, "livecast did not answer within %d s: %s", ANSWER_S, strerror(-err));
	if (strncmp(line, "OK", 2) != 0)
		return fail(-EPROTO, "livecast refused %zu clients from port %u on: %s", n, port, line);
	return 0;
}
