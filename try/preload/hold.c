/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hold.c: the calls that send: they are held back on sockets that we know, and on others go after what was held back. */
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "try/preload/interpose.h"

/*
 * Holds back what a call sends (`by`: which it is), if it is on a socket of ours. 1: *result is what the call returns, with errno. 0: it is to be made;
 * what has to come before it was given.
 */
static int hold(int fd, const struct msghdr *message, int flags, enum try_count by, ssize_t *result)
{
	state_ready();
	struct socket *socket = queue_busy ? NULL : socket_of(fd);
	if (!socket) {
		before();
		return 0;
	}
	int error = socket_take_error(fd);
	if (!error) {
		ssize_t held = queue_hold(fd, socket, message, flags, by);

		if (held >= 0) {
			*result = held;
			return 1;
		}
		if (held == QUEUE_DIRECT) {
			before();
			return 0;
		}
		error = (int)-held;
	}
	errno = error;
	*result = -1;
	return 1;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t result;

	return message && hold(fd, message, flags, TRY_BY_SENDMSG, &result) ? result : REAL(sendmsg)(fd, message, flags);
}

EXPORT ssize_t sendto(int fd, const void *payload, size_t n, int flags, const struct sockaddr *name, socklen_t name_len)
{
	struct iovec part = {(void *)payload, n};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_name = (void *)name, .msg_namelen = name ? name_len : 0};
	ssize_t result;

	return hold(fd, &message, flags, TRY_BY_SENDTO, &result) ? result : REAL(sendto)(fd, payload, n, flags, name, name_len);
}

EXPORT ssize_t send(int fd, const void *payload, size_t n, int flags)
{
	struct iovec part = {(void *)payload, n};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t result;

	return hold(fd, &message, flags, TRY_BY_SENDTO, &result) ? result : REAL(send)(fd, payload, n, flags);
}

EXPORT ssize_t write(int fd, const void *payload, size_t n)
{
	struct iovec part = {(void *)payload, n};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t result;

	return hold(fd, &message, 0, TRY_BY_WRITE, &result) ? result : REAL(write)(fd, payload, n);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int parts_n)
{
	struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)parts_n};
	ssize_t result;

	return parts && parts_n > 0 && hold(fd, &message, 0, TRY_BY_WRITEV, &result) ? result : REAL(writev)(fd, parts, parts_n);
}

/* Already a batch: it only keeps its place. */
EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned int n, int flags)
{
	state_ready();
	struct socket *socket = queue_busy ? NULL : socket_of(fd);
	if (socket) {
		queue_give_socket(socket, TRY_OTHER);
		struct queue *queue = queue_get();
		if (queue) {
			count(queue->cell, TRY_SEEN, n);
			count(queue->cell, TRY_BY_SENDMMSG, n);
		}
	}
	return before_on(fd) ? -1 : REAL(sendmmsg)(fd, messages, n, flags);
}
