/* SPDX-License-Identifier: GPL-2.0-or-later */
/* give_sendmmsg.c: one sendmmsg() for the messages in a row that are for one socket. */
#include "try/preload/give.h"

#include "try/preload/queue.h"

int give_sendmmsg(struct queue *queue)
{
	uint32_t head = queue->head, end = head + 1;

	while (end < queue->tail && queue->fds[end] == queue->fds[head] && queue->flags[end] == queue->flags[head])
		end++;
	count(queue->cell, TRY_CALLS, 1);
	return (int)raw(SYS_sendmmsg, queue->fds[head], &queue->messages[head], end - head, queue->flags[head]);
}
