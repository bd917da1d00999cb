/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets.c: the cache of descriptors and the table of sockets. */
#include "try/preload/sockets.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>

#include "try/preload/state.h"

enum {
	FDS_MAX = 1 << 20,     /* the kernel's own limit, unless fs.nr_open was raised */
	SOCKETS_MAX = 1 << 16, /* a power of two */
	PROBES_MAX = 64,
};

/* Per descriptor: 0 unknown, 1 nothing for us, else 2 + the number of the socket. */
struct table {
	struct lock lock; /* guards changes of both arrays */
	uint32_t fds[FDS_MAX];
	struct socket sockets[SOCKETS_MAX];
};

enum { FD_UNKNOWN, FD_NONE, FD_SOCKET };

static struct table *table;

static struct table *table_get(void)
{
	struct table *now = __atomic_load_n(&table, __ATOMIC_ACQUIRE);

	if (now)
		return now;
	lock_take(&state_process->lock);
	if (!table)
		__atomic_store_n(&table, (struct table *)state_memory(sizeof *table), __ATOMIC_RELEASE);
	lock_drop(&state_process->lock);
	return table;
}

static int socket_number(int fd, int what)
{
	int value = -1;
	socklen_t size = sizeof value;

	return raw(SYS_getsockopt, fd, SOL_SOCKET, what, &value, &size) ? -1 : value;
}

static enum socket_kind kind_of(int fd)
{
	int type = socket_number(fd, SO_TYPE);

	if (type != SOCK_DGRAM && (type != SOCK_STREAM || !state_page->stream))
		return SOCKET_NONE;
	int domain = socket_number(fd, SO_DOMAIN), protocol = socket_number(fd, SO_PROTOCOL);
	if (domain != AF_INET && domain != AF_INET6)
		return SOCKET_NONE;
	if (type == SOCK_DGRAM && protocol == IPPROTO_UDP)
		return SOCKET_DATAGRAM;
	return type == SOCK_STREAM && protocol == IPPROTO_TCP ? SOCKET_STREAM : SOCKET_NONE;
}

static uint64_t inode_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) ? 0 : status.st_ino;
}

/* The entry of that inode, or a free one, among those where it may be; NULL when all are taken by others. */
static struct socket *find(uint64_t inode)
{
	struct socket *free = NULL;

	for (uint64_t i = 0; i < PROBES_MAX; i++) {
		struct socket *one = &table->sockets[(inode * 0x9e3779b97f4a7c15u + i) % SOCKETS_MAX];

		if (one->fds_n && one->inode == inode)
			return one;
		if (!one->fds_n && !one->holder && !free)
			free = one;
	}
	return free;
}

static void drop_error(struct socket *socket)
{
	if (__atomic_exchange_n(&socket->error, 0, __ATOMIC_RELAXED))
		__atomic_fetch_sub(&state_process->errors_n, 1, __ATOMIC_RELAXED);
}

static uint32_t look_at(int fd)
{
	enum socket_kind kind = kind_of(fd);
	uint64_t inode = kind == SOCKET_NONE ? 0 : inode_of(fd);
	struct socket *socket = inode ? find(inode) : NULL;

	if (!socket)
		return FD_NONE;
	if (!socket->fds_n) {
		drop_error(socket);
		socket->inode = inode;
		socket->kind = (uint8_t)kind;
	}
	socket->fds_n++;
	return FD_SOCKET + (uint32_t)(socket - table->sockets);
}

struct socket *socket_of(int fd)
{
	if (fd < 0 || fd >= FDS_MAX || !table_get())
		return NULL;
	uint32_t info = __atomic_load_n(&table->fds[fd], __ATOMIC_ACQUIRE);
	if (info == FD_UNKNOWN) {
		lock_take(&table->lock);
		info = table->fds[fd];
		if (info == FD_UNKNOWN) {
			info = look_at(fd);
			__atomic_store_n(&table->fds[fd], info, __ATOMIC_RELEASE);
		}
		lock_drop(&table->lock);
	}
	return info < FD_SOCKET ? NULL : &table->sockets[info - FD_SOCKET];
}

struct socket *socket_known(int fd)
{
	uint32_t info = fd < 0 || fd >= FDS_MAX || !table ? FD_UNKNOWN : __atomic_load_n(&table->fds[fd], __ATOMIC_ACQUIRE);

	return info < FD_SOCKET ? NULL : &table->sockets[info - FD_SOCKET];
}

void socket_forget(int fd)
{
	if (fd < 0 || fd >= FDS_MAX || !table || __atomic_load_n(&table->fds[fd], __ATOMIC_RELAXED) == FD_UNKNOWN)
		return;
	lock_take(&table->lock);
	uint32_t info = table->fds[fd];
	if (info >= FD_SOCKET && table->sockets[info - FD_SOCKET].fds_n)
		table->sockets[info - FD_SOCKET].fds_n--;
	__atomic_store_n(&table->fds[fd], FD_UNKNOWN, __ATOMIC_RELEASE);
	lock_drop(&table->lock);
}

void socket_forget_range(unsigned int first, unsigned int last)
{
	for (unsigned int fd = first; table && fd <= last && fd < FDS_MAX; fd++)
		socket_forget((int)fd);
}

void socket_fail(struct socket *socket, int error)
{
	int32_t none = 0;

	if (__atomic_compare_exchange_n(&socket->error, &none, error, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		__atomic_fetch_add(&state_process->errors_n, 1, __ATOMIC_RELAXED);
}

int socket_take_error(int fd)
{
	if (!__atomic_load_n(&state_process->errors_n, __ATOMIC_RELAXED))
		return 0;
	struct socket *socket = socket_of(fd);
	int error = socket ? __atomic_exchange_n(&socket->error, 0, __ATOMIC_RELAXED) : 0;
	if (error)
		__atomic_fetch_sub(&state_process->errors_n, 1, __ATOMIC_RELAXED);
	return error;
}
