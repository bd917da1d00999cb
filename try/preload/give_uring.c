/* SPDX-License-Identifier: GPL-2.0-or-later */
/* give_uring.c: placeholder */
#include "try/preload/give.h"
#include "try/preload/queue.h"
int give_uring(struct queue *queue)
{
	return give_sendmmsg(queue);
}
