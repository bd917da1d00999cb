/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.h: an io_uring of a queue, by raw system calls: the guard reads its answers after the server was killed, and may touch no
 * thread-local memory; nor may the library bring other libraries into a server.
 */
#ifndef PRELOAD_RING_H
#define PRELOAD_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { RING_ENTRIES = 256 };

struct ring;

/* A new ring, or NULL with *error a positive errno: the kernel has no io_uring, or forbids it. Wiped in a child, which makes its own. */
struct ring *ring_new(int *error);

/* Takes a message, which stays in place until it is answered. `tag` comes back with the answer. `linked`: what is taken next is only
 * sent when this one was. False: the ring is full. */
bool ring_take(struct ring *ring, int fd, const struct msghdr *message, int flags, uint64_t tag, bool linked);

/* Gives the kernel what was taken and waits until each is answered. 0 or -errno. */
int ring_submit(struct ring *ring);

/* The next answer: false when there is none. `result` as of sendmsg(), negative errno included. */
bool ring_answer(struct ring *ring, uint64_t *tag, int *result);

#endif
