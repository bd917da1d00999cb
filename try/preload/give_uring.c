/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * give_uring.c: one io_uring submission for messages on any sockets. Those of one socket stand together and are linked, so that none
 * overtakes one that was refused. Every send is asked not to block: a full socket is waited for by the queue, not by the ring.
 */
#include "try/preload/give.h"

#include <errno.h>

#include "try/preload/queue.h"
#include "try/preload/ring.h"

/* The ring of a queue, or NULL: there is none to be had, which is noted, and sendmmsg is used. */
static struct ring *ring_of(struct queue *queue)
{
	int error = 0;

	if (!queue->ring && !state_page->way_errno) {
		queue->ring = ring_new(&error);
		if (!queue->ring)
			state_page->way_errno = (uint32_t)error;
	}
	return queue->ring;
}

/* Notes what the kernel answered: msg_len of what was sent has its bytes then, as after sendmmsg(). Returns the error at head, or 0. */
static int note_answers(struct queue *queue)
{
	uint64_t tag;
	int result, error = 0;

	while (ring_answer(queue->ring, &tag, &result)) {
		if (result >= 0)
			queue->messages[tag].msg_len = (uint32_t)result;
		if (result >= 0 && give_left_some(queue, (uint32_t)tag))
			result = -EAGAIN;
		if (result < 0 && tag == queue->head)
			error = result;
	}
	return error;
}

/* How many from head on were sent. */
static int sent_in_a_row(const struct queue *queue)
{
	uint32_t i = queue->head;

	while (i < queue->tail && queue->messages[i].msg_len != QUEUE_UNSENT)
		i++;
	return (int)(i - queue->head);
}

static void take_all(struct queue *queue)
{
	for (uint32_t i = queue->head; i < queue->tail; i++) {
		bool linked = i + 1 < queue->tail && queue->sockets[i + 1] == queue->sockets[i];

		if (queue->messages[i].msg_len != QUEUE_UNSENT)
			continue;
		if (!ring_take(queue->ring, queue->fds[i], &queue->messages[i].msg_hdr, queue->flags[i] | MSG_DONTWAIT, i, linked))
			break;
	}
}

int give_uring(struct queue *queue)
{
	if (!ring_of(queue))
		return give_sendmmsg(queue);
	take_all(queue);
	count(queue->cell, TRY_CALLS, 1);
	int err = ring_submit(queue->ring);
	if (err) { /* the server closed our descriptor: nothing was submitted */
		state_page->way_errno = (uint32_t)-err;
		queue->ring = NULL;
		return give_sendmmsg(queue);
	}
	int error = note_answers(queue), sent = sent_in_a_row(queue);
	if (sent)
		return sent;
	return error == -EAGAIN ? give_sendmmsg(queue) : error; /* which waits for room on a socket that may block */
}

void give_uring_settle(struct queue *queue)
{
	if (queue->ring)
		note_answers(queue);
	queue->ring = NULL;
}
