/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_sendgroup.c: libsendgroup's call by the sendgroup module: one ioctl for the whole group, one copy of what is shared. */
#include "kmod/include/libsendgroup.h"
#include "kmod/lib/backend.h"
#include "workloads/net.h"
#include "workloads/sender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct group_sender {
	struct sender sender;
	size_t n;		/* records filled since the last flush */
	const struct sender_message **messages; /* of each record */
	int *errors;		/* of each record */
	struct giorec6 records[];
};

static const char *group_available(void)
{
	return sendgroup_module.probe() ?
		"no /dev/sendgroup that this user may open; build it with `make kmod KERNEL=$(uname -r)` and load it with insmod" :
		NULL;
}

static int group_open(const struct sender_config *config, struct sender **out)
{
	const size_t room = config->group_max ? config->group_max : 1;
	struct group_sender *own = calloc(1, sizeof *own + room * sizeof own->records[0]);

	if (own) {
		own->sender.ops = &send_sendgroup;
		own->sender.config = *config;
		own->messages = calloc(room, sizeof(const struct sender_message *));
		own->errors = calloc(room, sizeof *own->errors);
	}
	if (!own || !own->messages || !own->errors) {
		sender_free(own ? &own->sender : NULL);
		return -ENOMEM;
	}
	*out = &own->sender;
	return 0;
}

/* A record that was this recipient's the last time has all but the lengths of his parts, which may have changed. */
static void group_push(struct sender *sender, const struct sender_message *message)
{
	struct group_sender *own = (struct group_sender *)sender;
	struct giorec6 *record = &own->records[own->n];
	size_t tail = message->shared + 1;

	if (own->messages[own->n] != message) {
		own->messages[own->n] = message;
		memcpy(&record->gr_addr, message->addr, message->addr_len);
	}
	record->gr_head = message->shared ? message->iov[0] : (struct iovec){ 0 };
	record->gr_tail = tail < message->iov_n ? message->iov[tail] : (struct iovec){ 0 };
	own->n++;
}

/* What found no room, or was interrupted, is sent again by itself, as other ways do. */
static void settle(struct group_sender *own, size_t i)
{
	struct sender *sender = &own->sender;
	const struct sender_message *message = own->messages[i];
	struct msghdr header = { 0 };
	int err = own->errors[i];
	unsigned tries = 0;

	sender_fill(&header, message);
	while (err && sender_again(sender, sender->config.fd, err, &tries)) {
		sender->counts.calls_n++;
		err = sendmsg(sender->config.fd, &header, 0) < 0 ? errno : 0;
	}
	if (err)
		sender_lost(sender, message, err);
	else
		sender->counts.packets_n++;
}

static void group_flush(struct sender *sender)
{
	struct group_sender *own = (struct group_sender *)sender;
	const struct sender_message *first = own->messages[0];
	struct sendgroup_job job = {
		.sd = sender->config.fd, .rec = own->records, .addr_bytes = sizeof own->records[0].gr_addr, .recnum = own->n,
		.gerrno = own->errors,
	};
	int sent;

	if (!own->n)
		return;
	job.shared = first->iov[first->shared];
	sent = sendgroup_module.send(&job);
	sender->counts.calls_n++;
	for (size_t i = 0; sent < 0 && i < own->n; i++)
		own->errors[i] = -sent;
	if (sent == (int)own->n)
		sender->counts.packets_n += own->n;
	for (size_t i = 0; sent != (int)own->n && i < own->n; i++)
		settle(own, i);
	own->n = 0;
}

static void group_free(struct sender *sender)
{
	struct group_sender *own = (struct group_sender *)sender;

	if (!own)
		return;
	free(own->messages);
	free(own->errors);
	free(own);
}

const struct sender_ops send_sendgroup = {
	.name = "sendgroup",
	.help = "the sendgroup module: one call for the group, one copy of what is shared",
	.traits = SENDER_BATCHES | SENDER_ONE_SOCKET,
	.available = group_available,
	.refuses = sender_needs_ip,
	.open = group_open,
	.push = group_push,
	.flush = group_flush,
	.free = group_free,
};
