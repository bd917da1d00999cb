/* SPDX-License-Identifier: GPL-2.0-or-later */
/* give.h: the ways in which held back messages go to the kernel. All under the queue's lock; none changes errno. */
#ifndef PRELOAD_GIVE_H
#define PRELOAD_GIVE_H

#include <stdbool.h>
#include <stdint.h>

struct queue;

/*
 * Tries to send the messages from queue->head on, at least one. Returns how many from there on were sent (msg_len has the
 * bytes then), or -errno of the message at head. With uring some behind that one may have been sent, too: they are not sent again.
 */
int give_sendmmsg(struct queue *queue);
int give_uring(struct queue *queue);

/* After the process was killed: takes in what the kernel still answered. */
void give_uring_settle(struct queue *queue);

/* A stream socket took a part of message i: what is left of it stays held back. Whether that was so. */
bool give_left_some(struct queue *queue, uint32_t i);

#endif
