/* SPDX-License-Identifier: GPL-2.0-or-later */
/* give_sendmmsg.c: one sendmmsg() for the messages in a row that are for one socket. */
#include "try/preload/give.h"

#include <errno.h>

#include "try/preload/queue.h"

bool give_left_some(struct queue *queue, uint32_t i)
{
	struct iovec *part = &queue->iov[i];
	uint32_t taken = queue->messages[i].msg_len;

	if (queue->sockets[i]->kind != SOCKET_STREAM || taken == QUEUE_UNSENT || taken >= part->iov_len)
		return false;
	part->iov_base = (char *)part->iov_base + taken;
	part->iov_len -= taken;
	queue->messages[i].msg_len = QUEUE_UNSENT;
	return true;
}

int give_sendmmsg(struct queue *queue)
{
	uint32_t head = queue->head, end = head + 1;

	while (end < queue->tail && queue->fds[end] == queue->fds[head] && queue->flags[end] == queue->flags[head] &&
	       queue->messages[end].msg_len == QUEUE_UNSENT)
		end++;
	count(queue->cell, TRY_CALLS, 1);
	int n = (int)raw(SYS_sendmmsg, queue->fds[head], &queue->messages[head], end - head, queue->flags[head]);
	if (n > 0 && give_left_some(queue, head + (uint32_t)n - 1))
		n--; /* the kernel stops behind it */
	return n ? n : -EAGAIN;
}
