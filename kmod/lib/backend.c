/* SPDX-License-Identifier: MIT */
/* backend.c: the table of ways to send, and what they share: messages from records, and what stops a group. */
#include "kmod/lib/backend.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static const struct sendgroup_backend *const backends[] = {
	&sendgroup_module,
	&sendgroup_bpf,
	&sendgroup_uring,
	&sendgroup_sendmmsg,
	&sendgroup_sendmsg,
};

const struct sendgroup_backend *sendgroup_backend_row(size_t i)
{
	return i < sizeof backends / sizeof *backends ? backends[i] : NULL;
}

void sendgroup_mark_rest(const struct sendgroup_job *job, size_t i, int err)
{
	for (; i < job->recnum; i++)
		sendgroup_mark(job, i, err);
}

/* The kernel wants to know how much of the address is meant. An unknown family is left for it to refuse. */
static socklen_t addr_length(const struct sendgroup_job *job, const void *addr)
{
	sa_family_t family = ((const struct sockaddr *)addr)->sa_family;

	if (family == AF_INET6 && job->addr_bytes >= sizeof(struct sockaddr_in6))
		return sizeof(struct sockaddr_in6);
	if (family == AF_INET || job->addr_bytes < sizeof(struct sockaddr_in6))
		return sizeof(struct sockaddr_in);
	return sizeof(struct sockaddr_in6);
}

void sendgroup_message(const struct sendgroup_job *job, size_t i, struct msghdr *header,
		       struct iovec parts[SENDGROUP_PARTS])
{
	const char *record = (const char *)job->rec + i * (job->addr_bytes + 2 * sizeof(struct iovec));
	const struct iovec *private = (const void *)(record + job->addr_bytes);
	size_t n = 0;

	if (private[0].iov_len)
		parts[n++] = private[0];
	if (job->shared.iov_len)
		parts[n++] = job->shared;
	if (private[1].iov_len)
		parts[n++] = private[1];
	*header = (struct msghdr){
		.msg_name = (void *)record, .msg_namelen = addr_length(job, record), .msg_iov = parts, .msg_iovlen = n,
	};
}

int sendgroup_fatal(int err)
{
	return err == EBADF || err == ENOTSOCK || err == EINTR;
}

int sendgroup_stop(const struct sendgroup_job *job, size_t i, int reached, int err)
{
	if (!reached)
		return -err;
	sendgroup_mark_rest(job, i, err);
	return reached;
}

int sendgroup_still(int fd, const struct stat *was)
{
	struct stat now;
	int err = errno, still = !fstat(fd, &now) && now.st_dev == was->st_dev && now.st_ino == was->st_ino;

	errno = err;
	return still;
}
