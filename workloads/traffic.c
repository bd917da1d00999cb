/* SPDX-License-Identifier: GPL-2.0-or-later */
/* traffic.c: starts livecast, then its clients, then its source, and steers them over pipes. */
#include "workloads/traffic.h"

#include "base/err.h"
#include "workloads/child.h"
#include "workloads/net.h"
#include "workloads/process.h"
#include "workloads/rtp.h"
#include "workloads/sender.h"
#include "workloads/sinks.h"
#include "workloads/tally.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SETTLE_NS = 5000000,	/* until the server has begun with what came in before */
	LOOK_NS = 20000,	/* how often its tally is looked at while something is waited for */
	REST_NS = 50000000,	/* for so long: a server that has no time to rest is measured as it is */
	BURST_NS = INT32_MAX,	/* and for a burst: a stream has at least a packet a second */
};

struct traffic {
	struct livecast_setup setup;
	struct topology *topology;
	struct child server, source, clients;
	struct tally_shared shared; /* of the server */
	char control[NET_TEXT_BYTES], ingest[NET_TEXT_BYTES]; /* of the server */
};

bool traffic_refuses(enum topology_kind topology, const struct sender_ops *way, char *why, size_t n)
{
	struct sender_config config = { .private_bytes = RTP_HEADER_BYTES };
	union net_addr to;

	if (way == &send_null || way->traits & SENDER_BOUND) {
		snprintf(why, n, "no server can be ported to %s: %s; measure it by `forecall bench`", way->name,
			 way == &send_null ? "it sends nothing" : "it is a bound to compare with, which leaves out what a server needs of the kernel");
		return true;
	}
	net_parse("127.0.0.1", &to);
	if (topology == TOPOLOGY_LO) /* elsewhere the devices are not made yet */
		config.to = &to.sa;
	return sender_refused(way, &config, why, n);
}

static void add_cpu(struct child_args *args, int cpu)
{
	if (cpu >= 0)
		child_arg(args, "--cpu=%d", cpu);
}

static int start_server(struct traffic *t)
{
	const char *host = topology_host(t->topology, TOPOLOGY_SERVER);
	struct child_args args = { 0 };
	char line[CHILD_LINE_BYTES];
	int err;

	child_arg(&args, "livecast");
	child_arg(&args, "--control-stdio");
	child_arg(&args, "--control=%s:0", host);
	/* on loopback an address of its own, or its port would lie among those that many receivers want in a row */
	child_arg(&args, "--ingest=%s:0", t->setup.topology == TOPOLOGY_LO ? "127.0.0.2" : host);
	child_arg(&args, "--send=%s", t->setup.way);
	child_arg(&args, "--work-ns=%" PRIu64, t->setup.work_ns);
	child_arg(&args, "--tally=%s", t->shared.path);
	add_cpu(&args, t->setup.server_cpu);
	err = child_start(&t->server, "livecast", &args, t->topology, TOPOLOGY_SERVER);
	if (!err)
		err = child_hear(&t->server, CHILD_WAIT_MS, line, sizeof line);
	if (!err && sscanf(line, "ready control=%63s ingest=%63s", t->control, t->ingest) != 2)
		err = fail(-EPROTO, "livecast said `%s` where it should be ready", line);
	return err;
}

static int hear_word(struct child *child, const char *word)
{
	char line[CHILD_LINE_BYTES];
	int err = child_hear(child, CHILD_WAIT_MS, line, sizeof line);

	if (!err && strncmp(line, word, strlen(word)) != 0)
		err = fail(-EPROTO, "%s said `%s` where `%s` should come", child->name, line, word);
	return err;
}

static int start_clients(struct traffic *t)
{
	struct child_args args = { 0 };
	int err;

	child_arg(&args, "receivers");
	child_arg(&args, "--count=%" PRIu64, t->setup.group);
	child_arg(&args, "--listen=%s:0", topology_host(t->topology, TOPOLOGY_PEER));
	child_arg(&args, "--control=%s", t->control);
	child_arg(&args, "--moderate-us=%d", SINKS_MODERATE_US);
	add_cpu(&args, t->setup.peer_cpu);
	err = child_start(&t->clients, "receivers", &args, t->topology, TOPOLOGY_PEER);
	return err ? err : hear_word(&t->clients, "ready");
}

static int start_source(struct traffic *t)
{
	struct child_args args = { 0 };

	child_arg(&args, "livecast");
	child_arg(&args, "--produce");
	child_arg(&args, "--to=%s", t->ingest);
	child_arg(&args, "--payload=%" PRIu64, t->setup.payload_bytes);
	child_arg(&args, "--packets-per-s=%" PRIu64, t->setup.packets_per_s);
	add_cpu(&args, t->setup.peer_cpu);
	return child_start(&t->source, "livecast --produce", &args, t->topology, TOPOLOGY_SERVER);
}

static void traffic_free(struct traffic *t)
{
	child_kill(&t->clients);
	child_kill(&t->source);
	child_kill(&t->server);
	tally_free(&t->shared);
	topology_free(t->topology);
	free(t);
}

int traffic_livecast_start(const struct livecast_setup *setup, struct traffic **out)
{
	struct traffic *t = calloc(1, sizeof *t);
	int err;

	if (!t)
		return fail(-ENOMEM, "out of memory");
	t->setup = *setup;
	err = topology_new(setup->topology, setup->peer_cpu, &t->topology);
	if (!err)
		err = tally_new(&t->shared);
	if (!err)
		err = start_server(t);
	if (!err)
		err = start_clients(t);
	if (!err)
		err = start_source(t);
	if (!err)
		err = hear_word(&t->clients, "flowing");
	if (err)
		traffic_free(t);
	else
		*out = t;
	return err;
}

pid_t traffic_server_pid(const struct traffic *t)
{
	return t->server.pid;
}

/* Asks the server over its stdin and leaves the answer in reply[n]. */
static int ask(struct traffic *t, const char *request, char *reply, size_t n)
{
	int err = child_say(&t->server, request);

	if (!err)
		err = child_hear(&t->server, CHILD_WAIT_MS, reply, n);
	if (!err && strncmp(reply, "OK", 2) != 0)
		err = fail(-EPROTO, "livecast refused `%s`: %s", request, reply);
	return err;
}

int traffic_send_way(struct traffic *t, const char *way)
{
	char request[CHILD_ARG_BYTES], reply[CHILD_LINE_BYTES];

	snprintf(request, sizeof request, "SEND %s", way);
	return ask(t, request, reply, sizeof reply);
}

int traffic_work(struct traffic *t, uint64_t work_ns)
{
	char request[CHILD_ARG_BYTES], reply[CHILD_LINE_BYTES];

	snprintf(request, sizeof request, "WORK %" PRIu64, work_ns);
	return ask(t, request, reply, sizeof reply);
}

static void pause_ns(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

void traffic_rest(struct traffic *t)
{
	uint64_t until_ns = process_wall_ns() + REST_NS;

	while (!tally_rests(t->shared.tally) && process_wall_ns() < until_ns)
		pause_ns(LOOK_NS);
}

int64_t traffic_packets(struct traffic *t)
{
	return (int64_t)t->shared.tally->packets_n;
}

int traffic_burst(struct traffic *t)
{
	traffic_rest(t);
	uint64_t before_n = t->shared.tally->bursts_n, until_ns = process_wall_ns() + BURST_NS;

	while (t->shared.tally->bursts_n == before_n && process_wall_ns() < until_ns)
		pause_ns(LOOK_NS);
	return t->shared.tally->bursts_n == before_n ? fail(-ETIMEDOUT, "livecast sends nothing any more") : 0;
}

static int signal_source(const struct traffic *t, int signal)
{
	return kill(t->source.pid, signal) ? fail(-errno, "cannot stop the stream for a while: %s", strerror(errno)) : 0;
}

int traffic_pause(struct traffic *t)
{
	int err = signal_source(t, SIGSTOP);

	if (!err)
		pause_ns(SETTLE_NS);
	if (!err)
		traffic_rest(t);
	return err;
}

int traffic_resume(struct traffic *t)
{
	int err = signal_source(t, SIGCONT);

	return err ? err : traffic_burst(t);
}

static uint64_t count_of(const json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(object, name));
}

static double part_of(const json_t *object, const char *name, const char *part)
{
	return json_number_value(json_object_get(json_object_get(object, name), part));
}

static int read_quality(const char *line, struct traffic_quality *q)
{
	json_t *summary = json_loads(line, 0, NULL);

	if (!summary)
		return fail(-EPROTO, "receivers ended with `%s` where their summary should come", line);
	*q = (struct traffic_quality){
		.clients_n = count_of(summary, "clients"),
		.silent_n = count_of(summary, "silent"),
		.packets_n = count_of(summary, "packets"),
		.expected_n = count_of(summary, "expected"),
		.lost_n = count_of(summary, "lost"),
		.duplicates_n = count_of(summary, "duplicates"),
		.reordered_n = count_of(summary, "reordered"),
		.loss = json_number_value(json_object_get(summary, "loss")),
		.rate_bps_min = part_of(summary, "rate_bps", "min"),
		.rate_bps_mean = part_of(summary, "rate_bps", "mean"),
		.jitter_ns_max = part_of(summary, "jitter_ns", "max"),
	};
	json_decref(summary);
	return 0;
}

int traffic_stop(struct traffic *t, struct traffic_quality *quality)
{
	struct traffic_quality own;
	char line[CHILD_LINE_BYTES];
	int err;

	if (!t)
		return 0;
	child_end(&t->clients);
	err = child_hear(&t->clients, CHILD_WAIT_MS, line, sizeof line);
	if (!err)
		err = read_quality(line, quality ? quality : &own);
	if (child_wait(&t->clients) && !err)
		err = -ENODATA; /* the clients have said so */
	traffic_free(t);
	return err;
}
