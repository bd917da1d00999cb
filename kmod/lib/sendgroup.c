/* SPDX-License-Identifier: MIT */
/* sendgroup.c: the calls of libsendgroup: checks what it is given, and hands it to the best way to send. */
#include "kmod/include/libsendgroup.h"

#include "kmod/lib/backend.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Backends find the private parts behind the address, whichever record it is. */
_Static_assert(offsetof(struct giorec, gr_head) == sizeof(struct sockaddr_in), "no gap behind the address");
_Static_assert(sizeof(struct giorec) == sizeof(struct sockaddr_in) + 2 * sizeof(struct iovec), "no gap at the end");
_Static_assert(offsetof(struct giorec6, gr_head) == sizeof(struct sockaddr_storage), "no gap behind the address");
_Static_assert(sizeof(struct giorec6) == sizeof(struct sockaddr_storage) + 2 * sizeof(struct iovec), "no gap at the end");

#define PUBLIC __attribute__((visibility("default")))

enum { NONE = -1 };

/* A choice is a row of the table, plus FORCED when no other may serve instead; NONE is a forced way that is missing.
 * One word, so that threads see it whole. */
enum { FORCED = 1 << 8, ROW = FORCED - 1 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic int choice;

static int first_available(void)
{
	const struct sendgroup_backend *backend;

	for (int i = 0; (backend = sendgroup_backend_row((size_t)i)); i++)
		if (!backend->probe())
			return i;
	return NONE;
}

static int forced(const char *name)
{
	const struct sendgroup_backend *backend;

	for (int i = 0; (backend = sendgroup_backend_row((size_t)i)); i++)
		if (!strcmp(backend->name, name))
			return backend->probe() ? NONE : i | FORCED;
	return NONE;
}

static void choose(void)
{
	const char *name = secure_getenv("SENDGROUP_BACKEND");

	choice = name && *name ? forced(name) : first_available();
}

static int chosen(void)
{
	pthread_once(&once, choose);
	return choice;
}

PUBLIC const char *sendgroup_backend(void)
{
	int row = chosen();

	if (row == NONE) {
		errno = ENOSYS;
		return NULL;
	}
	return sendgroup_backend_row((size_t)(row & ROW))->name;
}

PUBLIC int sendgroup_use(const char *name)
{
	int row = name ? forced(name) : first_available();

	pthread_once(&once, choose); /* or it would undo this later */
	if (row == NONE) {
		errno = ENOSYS;
		return -1;
	}
	choice = row;
	return 0;
}

/* By the chosen way, or by the next one that can serve this socket. */
static int send_job(const struct sendgroup_job *job)
{
	const struct sendgroup_backend *backend;
	int row = chosen();
	int result = -ENOSYS;

	if (row == NONE)
		return result;
	for (size_t i = (size_t)(row & ROW); (backend = sendgroup_backend_row(i)); i++) {
		if (i != (size_t)(row & ROW) && backend->probe())
			continue;
		result = backend->send(job);
		if (result != -EOPNOTSUPP || row & FORCED)
			break;
	}
	return result;
}

static int checked(const struct sendgroup_job *job)
{
	int result;

	if (job->recnum > INT_MAX || job->flags & ~SENDGROUP_FLAGS || (job->recnum && !job->rec))
		result = -EINVAL;
	else
		result = send_job(job);
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

PUBLIC int sendgroup(int sd, struct giobuf *buf, size_t recnum, int flags, int *gerrno)
{
	if (!buf) {
		errno = EINVAL;
		return -1;
	}
	return checked(&(struct sendgroup_job){
		.sd = sd, .flags = flags, .shared = buf->gb_shared, .rec = buf->gb_rec,
		.addr_bytes = sizeof(struct sockaddr_in), .recnum = recnum, .gerrno = gerrno,
	});
}

PUBLIC int sendgroup6(int sd, struct giobuf6 *buf, size_t recnum, int flags, int *gerrno)
{
	if (!buf) {
		errno = EINVAL;
		return -1;
	}
	return checked(&(struct sendgroup_job){
		.sd = sd, .flags = flags, .shared = buf->gb_shared, .rec = buf->gb_rec,
		.addr_bytes = sizeof(struct sockaddr_storage), .recnum = recnum, .gerrno = gerrno,
	});
}
