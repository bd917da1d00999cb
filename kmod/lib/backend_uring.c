/* SPDX-License-Identifier: MIT */
/* backend_uring.c: the messages of SENDGROUP_CHUNK recipients submitted to io_uring by one call.
 *
 * Each thread has a ring of its own, made at its first send and given back when it ends. The kernel sends at submission,
 * in order, because MSG_DONTWAIT is set: it never parks a message. One that found no room is sent again by sendmsg(),
 * which waits where the caller wants to wait; later ones may have overtaken it then. */
#include "kmod/lib/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <stdlib.h>

struct ring {
	struct io_uring uring;
	unsigned generation;	/* of the process that made it: a ring is of no use behind fork() */
	struct stat stat;
	struct msghdr headers[SENDGROUP_CHUNK];
	struct iovec parts[SENDGROUP_CHUNK][SENDGROUP_PARTS];
	int errors[SENDGROUP_CHUNK]; /* what the ring said of each message: 0 or a positive errno */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_err;
static unsigned generation;

static void ring_free(void *arg)
{
	struct ring *ring = arg;

	if (!sendgroup_still(ring->uring.ring_fd, &ring->stat))
		ring->uring.ring_fd = -1;
	io_uring_queue_exit(&ring->uring);
	free(ring);
}

static void in_child(void)
{
	generation++;
}

static void make_key(void)
{
	key_err = pthread_key_create(&key, ring_free);
	if (!key_err)
		key_err = pthread_atfork(NULL, NULL, in_child);
}

/* The calling thread's ring; 0 or -errno. */
static int ring_get(struct ring **out)
{
	struct ring *ring;
	int err;

	pthread_once(&once, make_key);
	if (key_err)
		return -ENOMEM;
	ring = pthread_getspecific(key);
	if (ring && (ring->generation != generation || !sendgroup_still(ring->uring.ring_fd, &ring->stat))) {
		pthread_setspecific(key, NULL);
		ring_free(ring); /* unmaps and closes in this process only */
		ring = NULL;
	}
	if (!ring) {
		ring = calloc(1, sizeof *ring);
		if (!ring)
			return -ENOMEM;
		err = io_uring_queue_init(SENDGROUP_CHUNK, &ring->uring, 0);
		if (err) {
			free(ring);
			return err;
		}
		fcntl(ring->uring.ring_fd, F_SETFD, FD_CLOEXEC);
		fstat(ring->uring.ring_fd, &ring->stat);
		ring->generation = generation;
		pthread_setspecific(key, ring);
	}
	*out = ring;
	return 0;
}

static int uring_probe(void)
{
	struct io_uring uring;
	struct io_uring_probe *probe;
	int err = io_uring_queue_init(2, &uring, 0);

	if (err)
		return err;
	probe = io_uring_get_probe_ring(&uring);
	err = probe && io_uring_opcode_supported(probe, IORING_OP_SENDMSG) ? 0 : -ENOSYS;
	io_uring_free_probe(probe);
	io_uring_queue_exit(&uring);
	return err;
}

static void prepare(struct ring *ring, const struct sendgroup_job *job, size_t from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring); /* never NULL: the ring has room for a chunk */

		sendgroup_message(job, from + i, &ring->headers[i], ring->parts[i]);
		io_uring_prep_sendmsg(sqe, job->sd, &ring->headers[i], (unsigned)(job->flags | MSG_DONTWAIT));
		io_uring_sqe_set_data64(sqe, i);
	}
}

/* Submits n messages and waits for the results of all, which takes no time: none waits for room. 0 or -errno. */
static int submit(struct ring *ring, unsigned n)
{
	while (n) {
		struct io_uring_cqe *cqe;
		int err = io_uring_submit_and_wait(&ring->uring, n);

		if (err < 0 && err != -EINTR && err != -EAGAIN && err != -EBUSY)
			return err;
		while (!io_uring_peek_cqe(&ring->uring, &cqe)) {
			ring->errors[cqe->user_data] = cqe->res < 0 ? -cqe->res : 0;
			io_uring_cqe_seen(&ring->uring, cqe);
			n--;
		}
	}
	return 0;
}

/* What became of message i at last: one that found no room is sent again, and waits if the caller wants to. */
static int result(struct ring *ring, const struct sendgroup_job *job, unsigned i)
{
	if (ring->errors[i] != EAGAIN || job->flags & MSG_DONTWAIT)
		return ring->errors[i];
	return sendmsg(job->sd, &ring->headers[i], job->flags) < 0 ? errno : 0;
}

/* Returns the errno that ends the call, or 0. */
static int settle(struct ring *ring, const struct sendgroup_job *job, size_t from, unsigned n, int *reached)
{
	int fatal = 0;

	for (unsigned i = 0; i < n; i++) {
		int err = fatal && ring->errors[i] ? fatal : result(ring, job, i);

		if (sendgroup_fatal(err))
			fatal = err;
		sendgroup_mark(job, from + i, err);
		*reached += !err;
	}
	return fatal;
}

static int uring_send(const struct sendgroup_job *job)
{
	struct ring *ring = NULL;
	int reached = 0, err = ring_get(&ring);

	if (err)
		return err == -ENOMEM ? err : -EOPNOTSUPP;
	for (size_t done = 0; done < job->recnum;) {
		size_t left = job->recnum - done;
		unsigned n = left < SENDGROUP_CHUNK ? (unsigned)left : SENDGROUP_CHUNK;

		prepare(ring, job, done, n);
		err = submit(ring, n);
		if (err) { /* what it still holds is given up with it */
			pthread_setspecific(key, NULL);
			ring_free(ring);
			return sendgroup_stop(job, done, reached, -err);
		}
		err = settle(ring, job, done, n, &reached);
		done += n;
		if (err)
			return sendgroup_stop(job, done, reached, err);
	}
	return reached;
}

const struct sendgroup_backend sendgroup_uring = {
	.name = "io_uring",
	.probe = uring_probe,
	.send = uring_send,
};
