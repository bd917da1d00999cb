/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audience.c: starts and ends receivers within a topology. */
#include "workloads/audience.h"

#include "base/err.h"
#include "workloads/child.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct audience {
	struct topology *topology;
	struct child receivers;
	union net_addr addr;
};

static int start(struct audience *a, uint64_t clients, int peer_cpu)
{
	struct child_args args = { 0 };

	child_arg(&args, "receivers");
	child_arg(&args, "--plain");
	child_arg(&args, "--count=%" PRIu64, clients);
	child_arg(&args, "--listen=%s:0", topology_host(a->topology, TOPOLOGY_PEER));
	if (peer_cpu >= 0)
		child_arg(&args, "--cpu=%d", peer_cpu);
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

int audience_new(enum topology_kind kind, uint64_t clients, int peer_cpu, struct audience **out)
{
	struct audience *a = calloc(1, sizeof *a);
	int err;

	if (!a)
		return fail(-ENOMEM, "out of memory");
	err = topology_new(kind, peer_cpu, &a->topology);
	if (!err)
		err = start(a, clients, peer_cpu);
	if (!err)
		err = hear_ready(a);
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

int audience_enter(const struct audience *a)
{
	int err = topology_enter(a->topology, TOPOLOGY_SERVER);

	return err ? fail(err, "cannot enter the sender's network namespace: %s", strerror(-err)) : 0;
}

int audience_free(struct audience *a, bool must_have_data)
{
	int status = 0;

	if (!a)
		return 0;
	if (must_have_data) {
		child_end(&a->receivers);
		status = child_wait(&a->receivers); /* it has said why */
	} else {
		child_kill(&a->receivers);
	}
	topology_free(a->topology);
	free(a);
	return status ? -ENODATA : 0;
}
