/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send_sendgroup_bpf.c: libsendgroup's call by its backend `bpf`: one datagram per 200 recipients, copied for each of them by a
 * tc program in the kernel. Where no group facility is up (`sendgroupctl up`), root has one held for the time of the run. */
#include "kmod/include/libsendgroup.h"
#include "kmod/lib/backend.h"
#include "workloads/child.h"
#include "workloads/net.h"
#include "workloads/sender.h"
#include "workloads/topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct group_sender {
	struct sender sender;
	size_t n;		/* records filled since the last flush */
	const struct sender_message **messages; /* of each record */
	int *errors;		/* of each record */
	struct giorec6 records[];
};

/* The facility of this process, from the first sender that needed it to the end. */
static struct {
	struct child child;
	struct topology *here;
} held;

/* A facility may be up where the sender will be open, though none is here: root can have one anywhere. */
static const char *group_available(void)
{
	if (!sendgroup_bpf.probe())
		return NULL;
	if (geteuid())
		return "no group facility is up here for this user; as root, run: sendgroupctl up --user NAME";
	if (!child_exists("sendgroupctl"))
		return "no group facility is up here, and sendgroupctl is not beside this program; run: sendgroupctl up";
	return access("/dev/net/tun", R_OK) ? "the kernel has no /dev/net/tun; run: modprobe tun" : NULL;
}

static void let_go(void)
{
	child_wait(&held.child);
	topology_free(held.here);
	held.here = NULL;
}

/* sendgroupctl says `ready SENDGROUP_BPF=PATH`, and takes everything down when its stdin ends. */
static int hold(void)
{
	static const char ready[] = "ready SENDGROUP_BPF=";
	struct child_args args = { 0 };
	char line[CHILD_LINE_BYTES];
	int err = topology_new(TOPOLOGY_LO, -1, &held.here); /* that is, where this process is */

	child_arg(&args, "sendgroupctl");
	child_arg(&args, "hold");
	if (!err)
		err = child_start(&held.child, "sendgroupctl", &args, held.here, TOPOLOGY_SERVER);
	if (!err)
		err = child_hear(&held.child, CHILD_WAIT_MS, line, sizeof line);
	if (!err && (strncmp(line, ready, sizeof ready - 1) != 0 || setenv("SENDGROUP_BPF", line + sizeof ready - 1, 1)))
		err = -EOPNOTSUPP;
	if (!err)
		err = sendgroup_bpf.probe();
	if (err)
		let_go();
	else
		atexit(let_go);
	return err;
}

static int group_open(const struct sender_config *config, struct sender **out)
{
	const size_t room = config->group_max ? config->group_max : 1;
	struct group_sender *own;
	int err = sendgroup_bpf.probe() ? hold() : 0;

	if (err)
		return err;
	own = calloc(1, sizeof *own + room * sizeof own->records[0]);
	if (own) {
		own->sender.ops = &send_sendgroup_bpf;
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

static void group_push(struct sender *sender, const struct sender_message *message)
{
	struct group_sender *own = (struct group_sender *)sender;
	struct giorec6 *record = &own->records[own->n];
	size_t tail = message->shared + 1;

	own->messages[own->n] = message;
	memcpy(&record->gr_addr, message->addr, message->addr_len);
	record->gr_head = message->shared ? message->iov[0] : (struct iovec){ 0 };
	record->gr_tail = tail < message->iov_n ? message->iov[tail] : (struct iovec){ 0 };
	own->n++;
}

static void tell_lost(struct group_sender *own)
{
	for (size_t i = 0; i < own->n; i++)
		if (own->errors[i])
			sender_lost(&own->sender, own->messages[i], own->errors[i]);
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
	sent = sendgroup_bpf.send(&job);
	sender->counts.calls_n++;
	for (size_t i = 0; sent < 0 && i < own->n; i++)
		own->errors[i] = -sent;
	if (sent > 0)
		sender->counts.packets_n += (unsigned)sent;
	if (sent < 0 || (size_t)sent < own->n)
		tell_lost(own);
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

const struct sender_ops send_sendgroup_bpf = {
	.name = "sendgroup-bpf",
	.help = "libsendgroup by eBPF: one datagram per 200 recipients, copied for each in the kernel",
	.traits = SENDER_BATCHES | SENDER_ONE_SOCKET,
	.available = group_available,
	.refuses = sender_needs_ip,
	.open = group_open,
	.push = group_push,
	.flush = group_flush,
	.free = group_free,
};
