/* SPDX-License-Identifier: MIT */
/* libsendgroup.h: group unicast: one call sends a datagram to many recipients, each with private bytes of his own before
 * and after the payload that all of them share. See sendgroup(3). */
#ifndef LIBSENDGROUP_H
#define LIBSENDGROUP_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One recipient: gets gr_head, the shared payload and gr_tail, in this order, as one datagram. Either may be empty. */
struct giorec {
	struct sockaddr_in gr_addr;
	struct iovec gr_head;
	struct iovec gr_tail;
};

/* What is sent: the payload that all recipients share, and an array of recipients. */
struct giobuf {
	struct iovec gb_shared;
	struct giorec *gb_rec;
};

/* The same with addresses of any family: struct sockaddr_in6 or sockaddr_in within gr_addr. */
struct giorec6 {
	struct sockaddr_storage gr_addr;
	struct iovec gr_head;
	struct iovec gr_tail;
};

struct giobuf6 {
	struct iovec gb_shared;
	struct giorec6 *gb_rec;
};

/* Sends to the first `recnum` recipients of `buf` on the datagram socket `sd`, in their order. `flags` are MSG_DONTWAIT,
 * MSG_CONFIRM, MSG_DONTROUTE and MSG_NOSIGNAL, as of sendmsg(). gerrno is NULL or an array of recnum: [i] becomes 0 when
 * recipient i was reached, else the errno that sendmsg() would have given for him. A signal while the call waits for room
 * ends it: the recipients that are left get EINTR.
 *
 * Returns how many recipients were reached, or -1 with errno, and nothing sent, when the call as a whole failed:
 * EINVAL (flags, recnum above INT_MAX, buf NULL), EBADF, ENOTSOCK, EINTR, ENOMEM, ENOSYS ($SENDGROUP_BACKEND names
 * a way that this machine has not), EOPNOTSUPP (that way cannot serve this kind of socket). */
int sendgroup(int sd, struct giobuf *buf, size_t recnum, int flags, int *gerrno);
int sendgroup6(int sd, struct giobuf6 *buf, size_t recnum, int flags, int *gerrno);

/* The way that is taken: "module", "bpf", "io_uring", "sendmmsg" or "sendmsg": the best that this machine has, or the one that
 * $SENDGROUP_BACKEND names. NULL with errno ENOSYS when that one is not to be had. Static text.
 * A socket that this way cannot serve is served by the next one, unless the environment forces the way. */
const char *sendgroup_backend(void);

/* Takes the way of this name from now on, for all threads, as $SENDGROUP_BACKEND would; NULL: the best again.
 * 0, or -1 with errno ENOSYS, and nothing changed. */
int sendgroup_use(const char *name);

#ifdef __cplusplus
}
#endif

#endif
