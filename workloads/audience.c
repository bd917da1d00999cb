/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audience.c: starts and ends receivers within a topology. */
#include "workloads/audience.h"

#include "base/err.h"
#include "workloads/child.h"
#include "workloads/sinks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct audience {
	struct topology *topology;
	struct child receivers;
	union net_addr addr;
	bool has_sink;		/* then there are no receivers */
};

enum {
	SINK_PORT = 20000,
	VERIFY_BUFFER_BYTES = 1 << 23, /* of each receiver, so that none is lost on a busy machine */
};

static int start(struct audience *a, const struct audience_config *config)
{
	char multicast[NET_TEXT_BYTES];
	struct child_args args = { 0 };

	child_arg(&args, "receivers");
	child_arg(&args, "--count=%" PRIu64, config->clients);
	if (config->ipv6)
		child_arg(&args, "--listen=[%s]:0", topology_host6(a->topology, TOPOLOGY_PEER));
	else
		child_arg(&args, "--listen=%s:0", topology_host(a->topology, TOPOLOGY_PEER));
	if (config->peer_cpu >= 0)
		child_arg(&args, "--cpu=%d", config->peer_cpu);
	child_arg(&args, "--moderate-us=%" PRIu64, config->moderate_us);
	if (config->work_ns)
		child_arg(&args, "--work-ns=%" PRIu64, config->work_ns);
	if (config->linger_us)
		child_arg(&args, "--linger-us=%" PRIu64, config->linger_us);
	if (config->multicast.sa.sa_family)
		child_arg(&args, "--multicast=%s", net_format(&config->multicast, multicast));
	if (config->verify) {
		child_arg(&args, "--verify");
		child_arg(&args, "--receive-buffer=%d", VERIFY_BUFFER_BYTES);
		child_arg(&args, "--head=%" PRIu64, config->head_bytes);
		child_arg(&args, "--tail=%" PRIu64, config->tail_bytes);
	}
	return child_start(&a->receivers, "receivers", &args, a->topology, TOPOLOGY_PEER);
}

static int hear_ready(struct audience *a)
{
	char line[CHILD_LINE_BYTES], addr[NET_TEXT_BYTES];
	int err = child_hear(&a->receivers, CHILD_WAIT_MS, line, sizeof line);

	if (!err && (sscanf(line, "ready listen=%63s", addr) != 1 || net_parse(addr, &a->addr)))
		err = fail(-EPROTO, "receivers said `%s` where it should be ready", line);
	return err;
}

/* Nobody listens behind a sink; any address will do. */
static int sink_addr(struct audience *a, const struct audience_config *config)
{
	const char *host = config->ipv6 ? topology_host6(a->topology, TOPOLOGY_PEER) : topology_host(a->topology, TOPOLOGY_PEER);
	int err = net_parse(host, &a->addr);

	net_set_port(&a->addr, SINK_PORT);
	return err;
}

int audience_new(const struct audience_config *config, struct audience **out)
{
	struct audience *a = calloc(1, sizeof *a);
	int err;

	if (!a)
		return fail(-ENOMEM, "out of memory");
	a->has_sink = config->topology == TOPOLOGY_SINK;
	err = topology_new(config->topology, config->peer_cpu, &a->topology);
	if (!err && a->has_sink) {
		err = sink_addr(a, config);
	} else if (!err) {
		err = start(a, config);
		if (!err)
			err = hear_ready(a);
	}
	if (err)
		audience_free(a, false);
	else
		*out = a;
	return err;
}

const union net_addr *audience_addr(const struct audience *a)
{
	return &a->addr;
}

int64_t audience_sleeps(const struct audience *a)
{
	char path[64], line[128];
	int64_t n = -1;

	if (!a || a->has_sink)
		return -1;
	snprintf(path, sizeof path, "/proc/%d/status", a->receivers.pid);
	FILE *file = fopen(path, "re");
	while (file && n < 0 && fgets(line, sizeof line, file))
		sscanf(line, "voluntary_ctxt_switches: %" SCNd64, &n);
	if (file)
		fclose(file);
	return n;
}

int audience_enter(const struct audience *a)
{
	int err = topology_enter(a->topology, TOPOLOGY_SERVER);

	return err ? fail(err, "cannot enter the sender's network namespace: %s", strerror(-err)) : 0;
}

/* Whether the sink got anything: else something else was measured than sending. */
static int judge_sink(const struct audience *a)
{
	uint64_t dropped_n = 0;
	int err = topology_dropped(a->topology, &dropped_n);

	return err || dropped_n ? err : fail(-ENODATA, "no packet came to the device that drops them");
}

int audience_free(struct audience *a, bool must_have_data)
{
	int err = 0;

	if (!a)
		return 0;
	if (!must_have_data) {
		child_kill(&a->receivers);
	} else if (a->has_sink) {
		err = judge_sink(a);
	} else {
		child_end(&a->receivers);
		err = child_wait(&a->receivers) ? -ENODATA : 0; /* it has said why */
	}
	topology_free(a->topology);
	free(a);
	return err;
}
