/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cast.c: one stream in, one packet per client out. */
#include "workloads/cast.h"

#include "base/err.h"
#include "workloads/control.h"
#include "workloads/group.h"
#include "workloads/rtp.h"
#include "workloads/spin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SENDERS_MAX = 32,	/* as many as the table of ways has rows */
	SSRC_STEP = 0x9e3779b1,	/* spreads the clients' SSRCs; a run can be repeated */
};

struct cast {
	struct cast_config config;
	struct group *group;
	struct sender *senders[SENDERS_MAX]; /* opened when first used, then kept */
	struct sender *sender;	/* the one in use */
	double iteration_ns;
	uint64_t work_ns, work;	/* the same in iterations of spin_run() */
	uint32_t next_client;
	uint64_t ingested_n, malformed_n, bursts_n;
};

/* The sender in use stays when the new one cannot be opened. */
static int use_way(struct cast *c, const char *way, char *why, size_t n)
{
	struct sender_config config = {
		.fd = c->config.fd, .group_max = GROUP_MAX, .batch = c->config.batch, .private_bytes = RTP_HEADER_BYTES,
		.to = c->config.to,
	};
	size_t i = 0;
	int err = 0;

	while (i < SENDERS_MAX - 1 && c->senders[i] && strcmp(c->senders[i]->ops->name, way) != 0)
		i++;
	if (!c->senders[i])
		err = sender_open(way, &config, &c->senders[i], why, n);
	if (!err) {
		c->sender = c->senders[i];
		group_prepare(c->group, c->sender);
	}
	return err;
}

static void set_work(struct cast *c, uint64_t work_ns)
{
	c->work_ns = work_ns;
	c->work = spin_iterations(c->iteration_ns, work_ns);
}

int cast_new(const struct cast_config *config, struct cast **out)
{
	struct cast *c = calloc(1, sizeof *c);
	char why[512];
	int err;

	if (!c)
		return fail(-ENOMEM, "out of memory");
	c->config = *config;
	c->iteration_ns = spin_calibrate();
	set_work(c, config->work_ns);
	err = group_new(RTP_HEADER_BYTES, 0, &c->group);
	if (err)
		snprintf(why, sizeof why, "out of memory");
	else
		err = use_way(c, config->way, why, sizeof why);
	if (err) {
		cast_free(c);
		return fail(err, "%s", why);
	}
	*out = c;
	return 0;
}

void cast_free(struct cast *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < SENDERS_MAX; i++)
		sender_free(c->senders[i]);
	group_free(c->group);
	free(c);
}

void cast_packet(struct cast *c, const uint8_t *data, size_t n)
{
	struct rtp stream;
	size_t at, payload_n;

	if (rtp_read(data, n, &stream, &at, &payload_n)) {
		c->malformed_n++;
		return;
	}
	c->ingested_n++;
	if (!group_size(c->group))
		return;
	group_set_payload(c->group, data + at, payload_n);
	group_burst(c->group, c->sender, &stream, c->work);
	c->bursts_n++;
}

static int join_port(struct cast *c, union net_addr *addr, uint16_t port, uint32_t owner)
{
	net_set_port(addr, port);
	return group_add(c->group, addr, owner, ++c->next_client * (uint32_t)SSRC_STEP);
}

static void join(struct cast *c, const struct control *r, uint32_t owner, const union net_addr *peer, char *reply,
		 size_t n)
{
	union net_addr addr;
	uint32_t joined = 0;
	int err = 0;

	if (!peer) {
		snprintf(reply, n, "ERR there is no address to send to; join over TCP");
		return;
	}
	addr = *peer;
	for (uint32_t i = 0; i < r->n && (!err || err == -EEXIST); i++) {
		err = join_port(c, &addr, (uint16_t)(r->port + i), owner);
		joined += !err;
	}
	if (err && err != -EEXIST)
		snprintf(reply, n, "ERR joined=%" PRIu32 " clients=%zu: %s", joined, group_size(c->group),
			 err == -ENOSPC ? "the group is full" : strerror(-err));
	else
		snprintf(reply, n, "OK joined=%" PRIu32 " clients=%zu", joined, group_size(c->group));
}

static void leave(struct cast *c, const struct control *r, uint32_t owner, const union net_addr *peer, char *reply,
		  size_t n)
{
	union net_addr addr = { 0 };
	uint32_t left = 0;

	if (peer)
		addr = *peer;
	for (uint32_t i = 0; peer && i < r->n; i++) {
		net_set_port(&addr, (uint16_t)(r->port + i));
		left += !group_remove(c->group, &addr, owner);
	}
	snprintf(reply, n, "OK left=%" PRIu32 " clients=%zu", left, group_size(c->group));
}

static void switch_way(struct cast *c, const char *way, char *reply, size_t n)
{
	char why[CONTROL_REPLY_BYTES - 8];

	if (use_way(c, way, why, sizeof why))
		snprintf(reply, n, "ERR %s", why);
	else
		snprintf(reply, n, "OK way=%s", c->sender->ops->name);
}

uint64_t cast_bursts(const struct cast *c)
{
	return c->bursts_n;
}

uint64_t cast_packets(const struct cast *c)
{
	uint64_t packets_n = 0;

	for (size_t i = 0; i < SENDERS_MAX && c->senders[i]; i++)
		packets_n += c->senders[i]->counts.packets_n;
	return packets_n;
}

static void stats(const struct cast *c, char *reply, size_t n)
{
	uint64_t errors_n = 0;

	for (size_t i = 0; i < SENDERS_MAX && c->senders[i]; i++)
		errors_n += c->senders[i]->counts.errors_n;
	snprintf(reply, n,
		 "OK way=%s clients=%zu ingested=%" PRIu64 " malformed=%" PRIu64 " bursts=%" PRIu64 " packets=%" PRIu64
		 " errors=%" PRIu64,
		 c->sender->ops->name, group_size(c->group), c->ingested_n, c->malformed_n, c->bursts_n,
		 cast_packets(c), errors_n);
}

void cast_command(struct cast *c, const struct control *r, uint32_t owner, const union net_addr *peer, char *reply,
		  size_t n)
{
	switch (r->verb) {
	case CONTROL_JOIN:
		join(c, r, owner, peer, reply, n);
		break;
	case CONTROL_LEAVE:
		leave(c, r, owner, peer, reply, n);
		break;
	case CONTROL_SEND:
		switch_way(c, r->way, reply, n);
		break;
	case CONTROL_WORK:
		set_work(c, r->work_ns);
		snprintf(reply, n, "OK work_ns=%" PRIu64 " iterations=%" PRIu64, c->work_ns, c->work);
		break;
	case CONTROL_STATS:
		stats(c, reply, n);
		break;
	default:
		snprintf(reply, n, "OK");
	}
}

void cast_leave(struct cast *c, uint32_t owner)
{
	group_remove_owner(c->group, owner);
}
