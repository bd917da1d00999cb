/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checked.c: the names under which programs that were built with _FORTIFY_SOURCE, and the C library's other libraries, call what
 * the rest of the library stands in front of. The room that a fortified caller tells is still checked by the C library.
 */
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "try/preload/interpose.h"

ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *from, socklen_t *len);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room);

EXPORT ssize_t __read_chk(int fd, void *to, size_t n, size_t room)
{
	return before_on(fd) ? -1 : REAL(__read_chk)(fd, to, n, room);
}

EXPORT ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags)
{
	return before_on(fd) ? -1 : REAL(__recv_chk)(fd, to, n, room, flags);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *from, socklen_t *len)
{
	return before_on(fd) ? -1 : REAL(__recvfrom_chk)(fd, to, n, room, flags, from, len);
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room)
{
	before();
	return REAL(__poll_chk)(fds, n, timeout, room);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room)
{
	before();
	return REAL(__ppoll_chk)(fds, n, timeout, mask, room);
}

