/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ring.c: setting up an io_uring, and its two queues. */
#include "try/preload/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "try/preload/raw.h"
#include "try/preload/state.h"

enum { RING_FD = 600 }; /* or above: out of the way of servers that count on low numbers */

struct ring {
	int fd;
	uint32_t taken;   /* since the last submission */
	uint32_t waiting; /* submitted, and not answered yet */
	uint32_t *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static void *map(int fd, size_t size, off_t what)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);

	return memory == MAP_FAILED ? NULL : memory;
}

static bool map_all(struct ring *ring, const struct io_uring_params *params)
{
	char *sq = map(ring->fd, params->sq_off.array + params->sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
	char *cq = map(ring->fd, params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);

	ring->sqes = map(ring->fd, params->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (!sq || !cq || !ring->sqes)
		return false;
	ring->sq_tail = (uint32_t *)(sq + params->sq_off.tail);
	ring->sq_mask = (uint32_t *)(sq + params->sq_off.ring_mask);
	ring->sq_array = (uint32_t *)(sq + params->sq_off.array);
	ring->cq_head = (uint32_t *)(cq + params->cq_off.head);
	ring->cq_tail = (uint32_t *)(cq + params->cq_off.tail);
	ring->cq_mask = (uint32_t *)(cq + params->cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(cq + params->cq_off.cqes);
	return true;
}

struct ring *ring_new(int *error)
{
	struct io_uring_params params = {0};
	struct ring *ring = state_memory(sizeof *ring);
	long fd = ring ? raw(SYS_io_uring_setup, RING_ENTRIES, &params) : -ENOMEM;

	if (fd >= 0) {
		ring->fd = (int)raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, RING_FD);
		raw(SYS_close, fd);
		if (ring->fd >= 0 && map_all(ring, &params))
			return ring;
		fd = ring->fd < 0 ? ring->fd : -ENOMEM;
	}
	*error = (int)-fd;
	return NULL;
}

bool ring_take(struct ring *ring, int fd, const struct msghdr *message, int flags, uint64_t tag, bool linked)
{
	uint32_t tail = *ring->sq_tail, i = tail & *ring->sq_mask;

	if (ring->taken == RING_ENTRIES)
		return false;
	ring->sqes[i] = (struct io_uring_sqe){
		.opcode = IORING_OP_SENDMSG,
		.fd = fd,
		.addr = (uintptr_t)message,
		.len = 1,
		.msg_flags = (uint32_t)flags,
		.flags = linked ? IOSQE_IO_LINK : 0,
		.user_data = tag,
	};
	ring->sq_array[i] = i;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	ring->taken++;
	return true;
}

int ring_submit(struct ring *ring)
{
	while (ring->taken || ring->waiting > __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) - *ring->cq_head) {
		long n = raw(SYS_io_uring_enter, ring->fd, ring->taken, ring->waiting + ring->taken, IORING_ENTER_GETEVENTS, NULL, 0);

		if (n < 0 && n != -EINTR)
			return (int)n;
		if (n > 0) {
			ring->taken -= (uint32_t)n;
			ring->waiting += (uint32_t)n;
		}
	}
	return 0;
}

bool ring_answer(struct ring *ring, uint64_t *tag, int *result)
{
	uint32_t head = *ring->cq_head;

	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return false;
	*tag = ring->cqes[head & *ring->cq_mask].user_data;
	*result = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	ring->waiting--;
	return true;
}
