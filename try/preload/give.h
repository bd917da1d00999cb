/* SPDX-License-Identifier: GPL-2.0-or-later */
/* give.h: the ways in which held back messages go to the kernel. All under the queue's lock; none changes errno. */
#ifndef PRELOAD_GIVE_H
#define PRELOAD_GIVE_H

#include <stdint.h>

struct queue;

/*
 * Tries to send the messages from queue->head on, at least one, in order. Returns how many of them were sent (msg_len then has
 * the bytes), or -errno of the message at head. Never skips one.
 */
int give_sendmmsg(struct queue *queue);
int give_uring(struct queue *queue);

#endif
