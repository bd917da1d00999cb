/* SPDX-License-Identifier: MIT */
/* backend.h: one way in which libsendgroup sends to a group, behind one set of operations.
 *
 * Adding a way is one file backend_<name>.c, one declaration at the end of this header and one row in backend.c, at the
 * place that its speed deserves. All ways must give the same results: tests/test_sendgroup.c compares them. */
#ifndef SENDGROUP_BACKEND_H
#define SENDGROUP_BACKEND_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum {
	SENDGROUP_PARTS = 3,	/* head, shared payload, tail */
	SENDGROUP_CHUNK = 64,	/* messages that batched ways prepare at a time, on the stack */
	SENDGROUP_FLAGS = MSG_DONTWAIT | MSG_CONFIRM | MSG_DONTROUTE | MSG_NOSIGNAL,
};

/* One call, checked: flags are within SENDGROUP_FLAGS, recnum is at most INT_MAX. It and all it points at are the
 * caller's and stay unchanged during the call. */
struct sendgroup_job {
	int sd;
	int flags;
	struct iovec shared;
	const void *rec;	/* array of struct giorec or giorec6 */
	size_t addr_bytes;	/* room for the address at the begin of each; the two iovecs follow at once */
	size_t recnum;
	int *gerrno;		/* may be NULL; see sendgroup_mark() */
};

struct sendgroup_backend {
	const char *name;
	/* 0 when this machine has the way, else -errno. Called at most once at a time; leaves nothing behind. */
	int (*probe)(void);
	/* Sends the whole job and marks each recipient. Returns how many were reached; -EOPNOTSUPP, and nothing sent or
	 * marked, when this way cannot serve this socket; -EBADF, -ENOTSOCK, -EINTR, -ENOMEM with nothing sent. */
	int (*send)(const struct sendgroup_job *job);
};

/* The table, best first: row i, or NULL behind the last one. */
const struct sendgroup_backend *sendgroup_backend_row(size_t i);

/* Tells the caller what became of recipient i: 0, or a positive errno. */
static inline void sendgroup_mark(const struct sendgroup_job *job, size_t i, int err)
{
	if (job->gerrno)
		job->gerrno[i] = err;
}

/* Marks all recipients from i on. */
void sendgroup_mark_rest(const struct sendgroup_job *job, size_t i, int err);

/* Fills a message for recipient i; empty parts are left out. */
void sendgroup_message(const struct sendgroup_job *job, size_t i, struct msghdr *header,
		       struct iovec parts[SENDGROUP_PARTS]);

/* Whether an errno is about the socket itself, so that no recipient can be reached. */
int sendgroup_fatal(int err);

/* What send returns after err stopped it at recipient i, with `reached` before: marks those that are left. */
int sendgroup_stop(const struct sendgroup_job *job, size_t i, int reached, int err);

/* Whether descriptor fd is still the file that fstat() said `was`, errno unchanged: a program may close descriptors that it has not
 * opened (closefrom(3)), and be given their numbers for files of its own, which are not ours to use or to close. */
int sendgroup_still(int fd, const struct stat *was);

extern const struct sendgroup_backend sendgroup_module, sendgroup_bpf, sendgroup_uring, sendgroup_sendmmsg, sendgroup_sendmsg;

#endif
