/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audience.h: a topology with sleeping receivers on its far side: what a micro-benchmark sends to. */
#ifndef WORKLOADS_AUDIENCE_H
#define WORKLOADS_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/net.h"
#include "workloads/topology.h"

struct audience;

/* Makes the topology, starts one `receivers` for `clients` ports in a row on its far side, pinned to peer_cpu (-1: not
 * pinned), and waits until all are open. By fail(); 0 or -errno. */
int audience_new(enum topology_kind kind, uint64_t clients, int peer_cpu, struct audience **out);

/* The address of the first receiver. */
const union net_addr *audience_addr(const struct audience *audience);

/* Moves the calling thread to the near side. By fail(); 0 or -errno. */
int audience_enter(const struct audience *audience);

/* Ends and frees it; accepts NULL. With must_have_data it is an error, -ENODATA by fail(), that nothing came. */
int audience_free(struct audience *audience, bool must_have_data);

#endif
