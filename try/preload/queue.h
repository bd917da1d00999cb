/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue.h: what a thread holds back: copies of datagrams in the order of the calls, until they are given to the kernel.
 *
 * Each thread has a queue. Its owner adds to it and gives it away; the guard (guard.h) gives away what is late, and other threads
 * what they must not overtake: all under the queue's lock. A socket is in one queue at a time (socket.holder), so that its datagrams
 * keep their order. A queue may outlive its process by its guard: what was committed (tail) is sent then, and only once,
 * because the kernel writes down in each message that it was sent.
 */
#ifndef PRELOAD_QUEUE_H
#define PRELOAD_QUEUE_H

#include <sys/socket.h>
#include <sys/types.h>

#include "try/preload/sockets.h"
#include "try/preload/state.h"

enum {
	QUEUE_ARENA_BYTES = 1 << 19, /* payloads, names and control messages */
	QUEUE_UNSENT = 0xffffffffu,  /* msg_len of a message that the kernel has not taken */
};

struct ring;

struct queue {
	struct lock lock;
	uint32_t live;       /* 0: not a queue, or not any more: the thread ended, or memory was wiped by a fork */
	uint32_t head, tail; /* messages [head, tail) are held back */
	uint32_t batch;      /* most of them, as when it was empty */
	uint32_t stuck;      /* the socket of message `head` is full and must not block */
	uint32_t orphan;     /* its process was killed */
	uint32_t turns;      /* how often it was emptied */
	uint32_t retried;    /* message `head` was refused once */
	size_t used;         /* bytes of the arena */
	uint64_t first_ns;   /* when the first of them was taken; 0: none is held back */
	struct try_cell *cell;
	struct ring *ring;   /* way uring, once it was used */
	int32_t fds[TRY_BATCH_MAX];
	int32_t flags[TRY_BATCH_MAX];
	struct socket *sockets[TRY_BATCH_MAX];
	struct mmsghdr messages[TRY_BATCH_MAX];
	struct iovec iov[TRY_BATCH_MAX];
	char arena[QUEUE_ARENA_BYTES];
};

/* The calling thread's queue, or NULL when it has none yet. */
extern __thread struct queue *queue_mine __attribute__((tls_model("initial-exec")));

/* Not 0 while this thread is in here: a signal handler that comes in between must not wait for what it interrupted. */
extern __thread uint32_t queue_busy __attribute__((tls_model("initial-exec")));

static inline bool queue_holds(const struct queue *queue)
{
	return queue && __atomic_load_n(&queue->first_ns, __ATOMIC_RELAXED) != 0;
}

/* Makes the calling thread's queue if need be. NULL: none can be had. */
struct queue *queue_get(void);

/*
 * Holds back a message on a socket. Its length, or a negative errno that the caller shall return, or QUEUE_DIRECT: it is to be
 * sent at once, and what must come before it has been given. `by` is the call, to be counted; `message` may point anywhere; what it says is copied.
 */
enum { QUEUE_DIRECT = -4096 };
ssize_t queue_hold(int fd, struct socket *socket, const struct msghdr *message, int flags, enum try_count by);

/* Gives away all that the calling thread holds back, for enum try_count `reason`. */
void queue_give_mine(enum try_count reason);

/* Gives away what any queue holds of this socket. */
void queue_give_socket(struct socket *socket, enum try_count reason);

/* Waits a millisecond at most for room in a full socket. */
void queue_wait_socket(int fd);

/* Gives away what every queue of the process holds. With `wait`, a full socket is waited for, a second at most. */
void queue_give_all(enum try_count reason, bool wait);

/* Under the queue's lock: gives away what it can. The guard calls it, too. */
void queue_give(struct queue *queue, enum try_count reason);

/* The process was killed: no lock is held any more, and a call may have been cut off in the middle. */
void queue_give_orphan(struct queue *queue);

/* The thread ends: gives what it holds and lets another thread have the queue. */
void queue_leave(void);

#endif
