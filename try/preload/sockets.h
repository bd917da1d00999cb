/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sockets.h: which descriptors are sockets whose sends may be held back, and what is known of each such socket.
 *
 * A descriptor is looked at when it is first sent on, and forgotten whenever a call could have changed what it stands for: what
 * is kept is a cache. A socket is told by its inode, so that duplicates of a descriptor are one socket. All of it lies in
 * memory that a child gets wiped.
 */
#ifndef PRELOAD_SOCKETS_H
#define PRELOAD_SOCKETS_H

#include <stdint.h>

struct queue;

enum socket_kind { SOCKET_UNKNOWN, SOCKET_NONE, SOCKET_DATAGRAM, SOCKET_STREAM };

struct socket {
	uint64_t inode;
	struct queue *holder; /* the queue that has something of it; changed by compare and swap from NULL, reset under the queue's lock */
	int32_t error;        /* an errno that its next call shall return; 0: none */
	uint32_t fds_n;       /* descriptors that stand for it, as far as is known; 0: the entry is free */
	uint8_t kind;         /* enum socket_kind */
};

/*
 * The IPv4 or IPv6 socket behind a descriptor, or NULL: no such socket, or none that is known (out of memory, too many).
 * AF_UNIX sockets are left alone: their receivers may ask who sent, which would be the guard.
 */
struct socket *socket_of(int fd);

/* The same, only if the descriptor has been looked at. */
struct socket *socket_known(int fd);

/* What a descriptor stands for may have changed: it was closed, or made. */
void socket_forget(int fd);
void socket_forget_range(unsigned int first, unsigned int last);

/* Notes an error for the next call on the socket; one that waits already stays. */
void socket_fail(struct socket *socket, int error);

/* Takes the error that waits for a call on this descriptor: a positive errno or 0. */
int socket_take_error(int fd);

#endif
