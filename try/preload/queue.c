/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue.c: taking messages in, and giving them away. */
#include "try/preload/queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "try/preload/give.h"
#include "try/preload/guard.h"

enum {
	WAIT_AT_END_MS = 1000, /* for a full socket, when it is closed or the process ends */
	NAME_MAX_BYTES = sizeof(struct sockaddr_storage),
	CONTROL_MAX_BYTES = 512,
	PARTS_MAX = 64,
	PAYLOAD_MAX_BYTES = 65535,
};

__thread struct queue *queue_mine __attribute__((tls_model("initial-exec")));
__thread uint32_t queue_busy __attribute__((tls_model("initial-exec")));

static pthread_key_t leave_key;
static pthread_once_t leave_once = PTHREAD_ONCE_INIT;

/* ---- Queues come and go ---- */

static void leave(void *queue)
{
	(void)queue;
	queue_leave();
}

static void make_key(void)
{
	pthread_key_create(&leave_key, leave);
}

/* A queue that some thread left. */
static struct queue *adopt(void)
{
	for (uint32_t i = 0; i < state_process->queues_n; i++) {
		struct queue *queue = state_process->queues[i];
		uint32_t dead = 0;

		if (__atomic_compare_exchange_n(&queue->live, &dead, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return queue;
	}
	return NULL;
}

/* Puts a queue into the list, under the process's lock; the one of a thread that forked lies wiped and is entered again. */
static struct queue *enter(struct queue *queue)
{
	uint32_t n = state_process->queues_n;

	if (n == QUEUES_MAX)
		return NULL;
	if (!queue)
		queue = state_memory(sizeof *queue);
	if (!queue)
		return NULL;
	queue->live = 1;
	state_process->queues[n] = queue;
	__atomic_store_n(&state_process->queues_n, n + 1, __ATOMIC_RELEASE);
	return queue;
}

struct queue *queue_get(void)
{
	struct queue *queue = queue_mine;

	if (queue && queue->live)
		return queue;
	pthread_once(&leave_once, make_key);
	lock_take(&state_process->lock);
	struct queue *other = queue ? NULL : adopt();
	queue = other ? other : enter(queue);
	lock_drop(&state_process->lock);
	if (!queue)
		return NULL;
	if (!queue->cell)
		queue->cell = state_cell();
	queue_mine = queue;
	pthread_setspecific(leave_key, queue);
	return queue;
}

void queue_leave(void)
{
	struct queue *queue = queue_mine;

	if (!queue || !queue->live)
		return;
	queue_give_mine(TRY_END);
	queue_mine = NULL;
	__atomic_store_n(&queue->live, 0, __ATOMIC_RELEASE); /* what a full socket left in it is the guard's to give */
}

/* ---- Giving away ---- */

static int give_by_way(struct queue *queue)
{
	if (queue->messages[queue->head].msg_len != QUEUE_UNSENT)
		return 1; /* it went while one before it was refused */
	return state_page->way == TRY_URING && !queue->orphan ? give_uring(queue) : give_sendmmsg(queue);
}

static void note_delay(const struct queue *queue)
{
	uint64_t delay_ns = state_now_ns() - queue->first_ns, max_ns = __atomic_load_n(&state_page->delay_max_ns, __ATOMIC_RELAXED);

	while (delay_ns > max_ns &&
	       !__atomic_compare_exchange_n(&state_page->delay_max_ns, &max_ns, delay_ns, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	if (delay_ns > state_page->delay_ns)
		__atomic_fetch_add(&state_page->over_n, 1, __ATOMIC_RELAXED);
	count_delay(queue->cell, delay_ns);
}

/* Lets go of the sockets of messages [from, to) that went: others may hold something of them back. */
static void release(struct queue *queue, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct queue *self = queue;

		if (queue->messages[i].msg_len != QUEUE_UNSENT)
			__atomic_compare_exchange_n(&queue->sockets[i]->holder, &self, (struct queue *)NULL, false, __ATOMIC_RELEASE,
						    __ATOMIC_RELAXED);
	}
}

/* Everything went. tail comes first: see queue_give_orphan(). */
static void reset(struct queue *queue)
{
	release(queue, 0, queue->tail);
	__atomic_store_n(&queue->tail, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&queue->head, 0, __ATOMIC_RELEASE);
	queue->used = 0;
	queue->turns++;
	__atomic_store_n(&queue->first_ns, 0, __ATOMIC_RELEASE);
}

/* The same while the socket of the message at head is full. */
static void release_others(struct queue *queue)
{
	for (uint32_t i = 0; i < queue->tail; i++)
		if (queue->sockets[i] != queue->sockets[queue->head])
			release(queue, i, i + 1);
}

/* Leaves the message at head behind, which was not sent. */
static void skip(struct queue *queue, enum try_count what)
{
	queue->messages[queue->head].msg_len = 0;
	queue->head++;
	queue->retried = 0;
	count(queue->cell, what, 1);
}

/*
 * The message at head was refused. The error may be one that an earlier datagram brought about (ECONNREFUSED), and the kernel then
 * told it in place of sending this one: it is tried once more. Either way the socket's next call is told.
 */
static void refused(struct queue *queue, int error)
{
	if (error == EBADF || error == ENOTSOCK) {
		skip(queue, TRY_LOST);
		return;
	}
	socket_fail(queue->sockets[queue->head], error);
	if (queue->retried)
		skip(queue, TRY_REFUSED);
	else
		queue->retried = 1;
}

void queue_give(struct queue *queue, enum try_count reason)
{
	if (queue->head == queue->tail)
		return;
	if (!queue->stuck) {
		note_delay(queue);
		count(queue->cell, TRY_BATCHES, 1);
		count(queue->cell, reason, 1);
	}
	queue->stuck = 0;
	while (queue->head < queue->tail && !queue->stuck) {
		int n = give_by_way(queue);

		if (n > 0) {
			queue->head += (uint32_t)n;
			queue->retried = 0;
			count(queue->cell, TRY_GIVEN, (uint64_t)n);
		} else if (n == -EAGAIN || n == -ENOBUFS || n == -ENOMEM) {
			queue->stuck = 1;
		} else if (n != -EINTR) {
			refused(queue, -n);
		}
	}
	if (queue->head == queue->tail)
		reset(queue);
	else if (state_page->way == TRY_URING) /* sockets behind the full one; those of one socket stand together */
		release_others(queue);
}

static void give_locked(struct queue *queue, enum try_count reason)
{
	queue_busy++;
	lock_take(&queue->lock);
	queue_give(queue, reason);
	lock_drop(&queue->lock);
	queue_busy--;
}

void queue_give_mine(enum try_count reason)
{
	if (queue_holds(queue_mine) && !queue_busy)
		give_locked(queue_mine, reason);
}

void queue_give_socket(struct socket *socket, enum try_count reason)
{
	struct queue *holder = __atomic_load_n(&socket->holder, __ATOMIC_ACQUIRE);

	if (holder && !queue_busy)
		give_locked(holder, reason);
}

void queue_wait_socket(int fd)
{
	struct pollfd full = {.fd = fd, .events = POLLOUT};
	struct timespec left = {.tv_nsec = 1000000};

	raw(SYS_ppoll, &full, 1, &left, NULL, 0);
}

void queue_give_all(enum try_count reason, bool wait)
{
	if (queue_busy)
		return;
	for (uint32_t i = 0; i < __atomic_load_n(&state_process->queues_n, __ATOMIC_ACQUIRE); i++) {
		struct queue *queue = state_process->queues[i];

		if (!queue_holds(queue))
			continue;
		give_locked(queue, reason);
		uint64_t until_ns = state_now_ns() + WAIT_AT_END_MS * 1000000ull;
		while (wait && queue->stuck && state_now_ns() < until_ns) {
			queue_wait_socket(queue->fds[queue->head]);
			give_locked(queue, reason);
		}
	}
}

/* The kernel wrote msg_len of each message that it had sent, and nothing comes between the two. */
void queue_give_orphan(struct queue *queue)
{
	uint32_t sent = queue->head;

	queue->orphan = 1;
	give_uring_settle(queue);
	for (uint32_t i = queue->head; i < queue->tail; i++)
		give_left_some(queue, i);
	while (sent < queue->tail && queue->messages[sent].msg_len != QUEUE_UNSENT)
		sent++;
	if (sent > queue->head && sent <= queue->tail)
		count(queue->cell, TRY_GIVEN, sent - queue->head);
	queue->head = sent;
	if (queue->head < queue->tail)
		count(queue->cell, TRY_SURVIVED, queue->tail - queue->head);
	queue_give(queue, TRY_END);
}

/* ---- Taking in ---- */

/* The length of a payload, or -1 when the message is one that the kernel had better see at once: it is wrong, or unusual. */
static ssize_t holdable(const struct msghdr *message, int flags)
{
	size_t length = 0;

	if (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL) || message->msg_iovlen > PARTS_MAX || message->msg_namelen > NAME_MAX_BYTES ||
	    message->msg_controllen > CONTROL_MAX_BYTES)
		return -1;
	for (size_t i = 0; i < message->msg_iovlen; i++) {
		if (message->msg_iov[i].iov_len > PAYLOAD_MAX_BYTES || (message->msg_iov[i].iov_len && !message->msg_iov[i].iov_base))
			return -1;
		length += message->msg_iov[i].iov_len;
	}
	return length > PAYLOAD_MAX_BYTES ? -1 : (ssize_t)length;
}

static size_t rounded(size_t bytes)
{
	return (bytes + 15) & ~(size_t)15;
}

/* Why the queue cannot take this message behind what it holds; 0: it can. */
static enum try_count full_for(const struct queue *queue, int fd, const struct socket *socket, int flags, size_t bytes)
{
	uint32_t last = queue->tail - 1;

	if (queue->head == queue->tail)
		return 0;
	if (queue->tail >= queue->batch || queue->used + bytes > QUEUE_ARENA_BYTES)
		return TRY_FULL;
	if (queue->fds[last] == fd && queue->flags[last] == flags && socket->kind == SOCKET_DATAGRAM)
		return 0;
	/* a batch of uring may span sockets, but those of one socket stay together: they are linked to keep their order; and of a
	 * stream, of which a part may be taken, there is one write */
	return state_page->way == TRY_URING && socket->holder != queue ? 0 : TRY_OTHER;
}

/* Whether the bound on delay is near while the thread goes on sending: looked at for one datagram of eight, the guard does the rest. */
static bool is_late(const struct queue *queue)
{
	uint32_t held = queue->tail - queue->head;

	return held && !(held & 7) && state_now_ns() - queue->first_ns > guard_patience_ns();
}

static void *copy(struct queue *queue, const void *from, size_t bytes)
{
	void *to = queue->arena + queue->used;

	if (!bytes)
		return NULL;
	memcpy(to, from, bytes);
	queue->used += rounded(bytes);
	return to;
}

static void append(struct queue *queue, int fd, struct socket *socket, const struct msghdr *message, int flags, size_t length)
{
	uint32_t i = queue->tail;
	struct mmsghdr *own = &queue->messages[i];
	char *payload = queue->arena + queue->used;

	queue->fds[i] = fd;
	queue->flags[i] = flags;
	queue->sockets[i] = socket;
	queue->iov[i] = (struct iovec){payload, length};
	for (size_t part = 0; part < message->msg_iovlen; part++) {
		memcpy(payload, message->msg_iov[part].iov_base, message->msg_iov[part].iov_len);
		payload += message->msg_iov[part].iov_len;
	}
	queue->used += rounded(length);
	own->msg_len = QUEUE_UNSENT;
	own->msg_hdr = (struct msghdr){.msg_iov = &queue->iov[i], .msg_iovlen = 1, .msg_namelen = message->msg_name ? message->msg_namelen : 0};
	own->msg_hdr.msg_name = copy(queue, message->msg_name, own->msg_hdr.msg_namelen);
	own->msg_hdr.msg_controllen = message->msg_control ? message->msg_controllen : 0;
	own->msg_hdr.msg_control = copy(queue, message->msg_control, own->msg_hdr.msg_controllen);
	__atomic_store_n(&queue->tail, i + 1, __ATOMIC_RELEASE); /* from here on it is promised */
	count(queue->cell, TRY_TAKEN, 1);
	if (socket->kind == SOCKET_STREAM)
		count(queue->cell, TRY_STREAM, 1);
	if (!i) {
		__atomic_store_n(&queue->first_ns, state_now_ns(), __ATOMIC_SEQ_CST);
		guard_notice();
	}
}

/* Under the lock of the caller's own queue. 0: it was taken; or what queue_hold() shall return; 1: look again. */
static ssize_t take(struct queue *queue, int fd, struct socket *socket, const struct msghdr *message, int flags, size_t length)
{
	size_t bytes = rounded(length) + rounded(message->msg_namelen) + rounded(message->msg_controllen);
	if (queue->stuck && socket->holder != queue) /* the guard, and the calls that are not sends, try again */
		return QUEUE_DIRECT;
	enum try_count full = queue->stuck ? TRY_FULL : full_for(queue, fd, socket, flags, bytes);
	struct queue *none = NULL;

	if (!full && is_late(queue))
		full = TRY_LATE;
	if (full) {
		queue_give(queue, full);
		if (queue->stuck)
			return socket->holder == queue ? -EAGAIN : QUEUE_DIRECT;
	}
	if (queue->head == queue->tail)
		queue->batch = state_page->batch;
	if (socket->holder != queue && !__atomic_compare_exchange_n(&socket->holder, &none, queue, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return 1;
	append(queue, fd, socket, message, flags, length);
	return 0;
}

ssize_t queue_hold(int fd, struct socket *socket, const struct msghdr *message, int flags, enum try_count by)
{
	struct queue *queue = queue_busy ? NULL : queue_get();
	ssize_t length = holdable(message, flags), result = QUEUE_DIRECT;

	if (!queue)
		return QUEUE_DIRECT;
	count(queue->cell, TRY_SEEN, 1);
	count(queue->cell, by, 1);
	if (length < 0 || !__atomic_load_n(&state_page->enabled, __ATOMIC_RELAXED) || state_process->ended || !guard_ready()) {
		queue_give_socket(socket, TRY_OTHER);
		return socket->holder ? -EAGAIN : QUEUE_DIRECT;
	}
	do {
		struct queue *holder = __atomic_load_n(&socket->holder, __ATOMIC_ACQUIRE);

		if (holder && holder != queue) {
			queue_give_socket(socket, TRY_THREAD);
			if (__atomic_load_n(&holder->stuck, __ATOMIC_RELAXED))
				return -EAGAIN;
		}
		queue_busy++;
		lock_take(&queue->lock);
		result = take(queue, fd, socket, message, flags, (size_t)length);
		lock_drop(&queue->lock);
		queue_busy--;
	} while (result == 1);
	return result ? result : length;
}
