/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uring.c: batches of messages through an io_uring, with every answer of the kernel brought back to its message. */
#include "workloads/uring.h"

#include "workloads/sockets.h"

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* Younger than the headers of liburing 2.3. */
#define ZC_REPORT_USAGE 8u
#define ZC_COPIED (1u << 31)

enum { PIECE_BYTES = 2048 };	/* room for a message in the registered buffer; a larger one is sent from where it lies */

/* A message on its way. The kernel reads the header until it has answered. */
struct slot {
	struct msghdr header;
	const struct sender_message *message; /* NULL: answered */
	int fd;			/* or its number in the registered table */
	int socket;		/* the descriptor, to wait for room in it */
	unsigned tries;
};

struct uring_sender {
	struct sender sender;
	const struct uring_shape *shape;
	struct io_uring ring;
	struct sockets *sockets; /* of a connected shape */
	int *files;		/* of a connected shape, registered: which descriptor each slot of the table holds */
	uint8_t *pieces;	/* registered buffer, PIECE_BYTES for each slot; NULL: none */
	bool reports;		/* the kernel tells whether it copied */
	size_t batch, n;	/* room in slots[], and how many are filled */
	size_t expected_n;	/* answers that have not come yet */
	unsigned *todo;		/* slots to be submitted */
	size_t todo_n;
	struct slot slots[];
};

/* ---- Whether it is there ---- */

static const char *explain(int err)
{
	if (err == -ENOSYS)
		return "this kernel has no io_uring; it needs CONFIG_IO_URING";
	if (err == -EPERM || err == -EACCES)
		return "io_uring is switched off; run as root, or: sysctl kernel.io_uring_disabled=0";
	if (err == -EINVAL)
		return "this kernel's io_uring is too old for it; it needs Linux 6.1";
	return "io_uring cannot be set up: out of memory or locked memory; raise `ulimit -l`";
}

static bool has_operation(int operation)
{
	struct io_uring_probe *probe = io_uring_get_probe();
	bool has = probe && io_uring_opcode_supported(probe, operation);

	io_uring_free_probe(probe);
	return has;
}

/* The ring; what only makes it faster is left out where the kernel is too old for it. */
static int open_ring(const struct uring_shape *shape, unsigned entries, struct io_uring *ring)
{
	const unsigned faster[] = {
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | (shape->setup ? 0 : IORING_SETUP_DEFER_TASKRUN),
		IORING_SETUP_SUBMIT_ALL | (shape->setup ? 0 : IORING_SETUP_COOP_TASKRUN),
		0,
	};
	int err = -EINVAL;

	for (size_t i = 0; err == -EINVAL && i < sizeof faster / sizeof *faster; i++) {
		struct io_uring_params params = { .flags = shape->setup | faster[i], .sq_thread_idle = shape->idle_ms };

		err = io_uring_queue_init_params(entries, ring, &params);
	}
	return err;
}

const char *uring_available(const struct uring_shape *shape)
{
	struct io_uring ring;
	int err = open_ring(shape, 1, &ring);

	if (err)
		return explain(err);
	io_uring_queue_exit(&ring);
	if (!has_operation(shape->zero_copy ? IORING_OP_SENDMSG_ZC : IORING_OP_SENDMSG))
		return shape->zero_copy ? "this kernel cannot send without a copy through io_uring; it needs Linux 6.1"
					: "this kernel's io_uring cannot send; it needs Linux 5.3";
	return NULL;
}

/* ---- Making it ---- */

static int register_files(struct uring_sender *own)
{
	int err;

	if (!own->shape->connected)
		return io_uring_register_files(&own->ring, &own->sender.config.fd, 1);
	own->files = malloc(own->sender.config.group_max * sizeof *own->files);
	if (!own->files)
		return -ENOMEM;
	for (size_t i = 0; i < own->sender.config.group_max; i++)
		own->files[i] = -1;
	err = io_uring_register_files_sparse(&own->ring, (unsigned)own->sender.config.group_max);
	return err;
}

static int register_all(struct uring_sender *own)
{
	int err = register_files(own);

	if (err || !own->shape->zero_copy)
		return err;
	own->pieces = malloc(own->batch * PIECE_BYTES);
	if (!own->pieces)
		return -ENOMEM;
	return io_uring_register_buffers(&own->ring, &(struct iovec){ own->pieces, own->batch * PIECE_BYTES }, 1);
}

/* Linux 6.2 and later take the flag; earlier ones refuse the message. */
static bool kernel_reports(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	return !uname(&name) && sscanf(name.release, "%d.%d", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 2));
}

static int set_up(struct uring_sender *own)
{
	int err = open_ring(own->shape, (unsigned)own->batch, &own->ring);

	if (err) {
		own->ring.ring_fd = -1;
		return err;
	}
	own->todo = malloc(own->batch * sizeof *own->todo);
	if (!own->todo)
		return -ENOMEM;
	if (own->shape->connected)
		err = sockets_new(&own->sender.config, &own->sockets);
	if (!err && own->sender.config.registered)
		err = register_all(own);
	return err;
}

int uring_open(const struct sender_ops *ops, const struct uring_shape *shape, const struct sender_config *config,
	       struct sender **out)
{
	size_t batch = sender_batch(config);
	struct uring_sender *own = calloc(1, sizeof *own + batch * sizeof own->slots[0]);
	int err;

	if (!own)
		return -ENOMEM;
	own->sender.ops = ops;
	own->sender.config = *config;
	own->shape = shape;
	own->batch = batch;
	own->reports = shape->zero_copy && kernel_reports();
	err = set_up(own);
	if (err)
		uring_free(&own->sender);
	else
		*out = &own->sender;
	return err;
}

void uring_free(struct sender *sender)
{
	struct uring_sender *own = (struct uring_sender *)sender;

	if (!own)
		return;
	if (own->ring.ring_fd >= 0)
		io_uring_queue_exit(&own->ring);
	sockets_free(own->sockets);
	free(own->files);
	free(own->pieces);
	free(own->todo);
	free(own);
}

/* ---- Which socket ---- */

/* The number of the recipient's socket in the registered table. */
static int registered_file(struct uring_sender *own, uint32_t slot, int fd)
{
	int err;

	if (own->files[slot] == fd)
		return (int)slot;
	err = io_uring_register_files_update(&own->ring, slot, &fd, 1);
	if (err < 0)
		return err;
	own->files[slot] = fd;
	return (int)slot;
}

/* 0 or -errno: the message cannot be sent. */
static int choose_socket(struct uring_sender *own, struct slot *slot)
{
	slot->socket = own->sockets ? sockets_get(own->sockets, slot->message) : own->sender.config.fd;
	slot->fd = slot->socket;
	if (slot->fd >= 0 && own->sender.config.registered)
		slot->fd = own->files ? registered_file(own, slot->message->slot, slot->fd) : 0;
	return slot->fd < 0 ? slot->fd : 0;
}

void uring_prepare(struct sender *sender, const struct sender_message *message)
{
	struct slot slot = { .message = message };

	choose_socket((struct uring_sender *)sender, &slot);
}

/* ---- Sending ---- */

/* From the registered buffer, in one piece. */
static void prepare_piece(struct uring_sender *own, struct io_uring_sqe *sqe, unsigned i, size_t n)
{
	const struct sender_message *m = own->slots[i].message;
	uint8_t *piece = own->pieces + (size_t)i * PIECE_BYTES, *to = piece;

	for (size_t part = 0; part < m->iov_n; part++) {
		memcpy(to, m->iov[part].iov_base, m->iov[part].iov_len);
		to += m->iov[part].iov_len;
	}
	io_uring_prep_send_zc_fixed(sqe, own->slots[i].fd, piece, n, MSG_DONTWAIT, own->reports ? ZC_REPORT_USAGE : 0, 0);
	io_uring_prep_send_set_addr(sqe, m->addr, (uint16_t)m->addr_len);
}

static void prepare_submission(struct uring_sender *own, struct io_uring_sqe *sqe, unsigned i)
{
	struct slot *slot = &own->slots[i];
	size_t n = own->pieces ? sender_bytes(slot->message) : 0;

	if (own->pieces && n <= PIECE_BYTES) {
		prepare_piece(own, sqe, i, n);
	} else if (own->shape->zero_copy && sender_fits_pages(slot->message)) {
		io_uring_prep_sendmsg_zc(sqe, slot->fd, &slot->header, MSG_DONTWAIT);
		sqe->ioprio = own->reports ? ZC_REPORT_USAGE : 0;
	} else {
		io_uring_prep_sendmsg(sqe, slot->fd, &slot->header, MSG_DONTWAIT);
		own->sender.counts.copied_n += own->shape->zero_copy;
	}
	if (own->sender.config.registered)
		sqe->flags |= IOSQE_FIXED_FILE;
	io_uring_sqe_set_data64(sqe, i);
}

/* A refused message is submitted again, or lost. */
static void take_refusal(struct uring_sender *own, unsigned i, int err)
{
	struct slot *slot = &own->slots[i];

	if (sender_again(&own->sender, slot->socket, err, &slot->tries)) {
		own->todo[own->todo_n++] = i;
		return;
	}
	sender_lost(&own->sender, slot->message, err);
	slot->message = NULL;
}

static void take_answer(struct uring_sender *own, const struct io_uring_cqe *cqe)
{
	own->expected_n--;
	if (cqe->flags & IORING_CQE_F_NOTIF) {
		own->sender.counts.copied_n += own->reports && (unsigned)cqe->res & ZC_COPIED;
		return;
	}
	if (cqe->flags & IORING_CQE_F_MORE)
		own->expected_n++; /* its notification: the kernel no longer reads it */
	if (cqe->res < 0) {
		take_refusal(own, (unsigned)cqe->user_data, -cqe->res);
		return;
	}
	own->sender.counts.packets_n++;
	own->slots[cqe->user_data].message = NULL;
}

static void take_answers(struct uring_sender *own)
{
	struct io_uring_cqe *cqe;
	unsigned head, n = 0;

	io_uring_for_each_cqe(&own->ring, head, cqe) {
		take_answer(own, cqe);
		n++;
	}
	io_uring_cq_advance(&own->ring, n);
}

/* The ring itself is broken: what was not answered never will be. */
static void lose_all(struct uring_sender *own, int err)
{
	own->expected_n = own->todo_n = 0;
	for (size_t i = 0; i < own->batch; i++) {
		if (own->slots[i].message)
			sender_lost(&own->sender, own->slots[i].message, err);
		own->slots[i].message = NULL;
	}
}

/* The kernel's thread may answer a submission before it gives its place in the queue free. */
static struct io_uring_sqe *next_place(struct uring_sender *own)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&own->ring)))
		io_uring_sqring_wait(&own->ring);
	return sqe;
}

/* Every submission is answered, whatever becomes of it: the wait ends. */
static void submit(struct uring_sender *own)
{
	size_t n = own->todo_n;

	for (size_t i = 0; i < n; i++)
		prepare_submission(own, next_place(own), own->todo[i]);
	own->todo_n = 0;
	own->expected_n += n;
	while (own->expected_n) {
		int err = io_uring_submit_and_wait(&own->ring, (unsigned)own->expected_n);

		own->sender.counts.calls_n++;
		take_answers(own);
		if (err < 0 && err != -EINTR && err != -EAGAIN && err != -EBUSY)
			lose_all(own, -err);
	}
}

void uring_flush(struct sender *sender)
{
	struct uring_sender *own = (struct uring_sender *)sender;

	for (; own->todo_n < own->n; own->todo_n++)
		own->todo[own->todo_n] = (unsigned)own->todo_n;
	own->n = 0;
	while (own->todo_n)
		submit(own);
}

void uring_push(struct sender *sender, const struct sender_message *message)
{
	struct uring_sender *own = (struct uring_sender *)sender;
	struct slot *slot = &own->slots[own->n];
	int err;

	slot->message = message;
	slot->tries = 0;
	err = choose_socket(own, slot);
	if (err) {
		sender_lost(sender, message, -err);
		slot->message = NULL;
		return;
	}
	sender_fill(&slot->header, message);
	if (own->shape->connected) {
		slot->header.msg_name = NULL;
		slot->header.msg_namelen = 0;
	}
	if (++own->n == own->batch)
		uring_flush(sender);
}
