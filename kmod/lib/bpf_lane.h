/* SPDX-License-Identifier: MIT */
/* bpf_lane.h: lanes of a group facility (bpfgroup/lane.h) that this process has to itself, one for each caller at a time. */
#ifndef SENDGROUP_BPF_LANE_H
#define SENDGROUP_BPF_LANE_H

#include <stdint.h>

#include "bpfgroup/lane.h"

/* A lane while a call has it. */
struct bpf_lane {
	struct bpf_lane *next;	/* among the free ones */
	struct account *account; /* that it is of */
	struct group_lane *memory;
	uint32_t number;	/* of its group address */
	uint32_t ifindex;	/* of the group device */
	uint64_t netns_cookie;	/* of the device's network namespace */
};

/* Whether there is a facility for this process: 0 or -errno; leaves nothing behind. */
int bpf_lane_probe(void);

/* A free lane, given back by bpf_lane_put(); NULL when there is none. Any thread, also after fork(). */
struct bpf_lane *bpf_lane_get(void);
void bpf_lane_put(struct bpf_lane *lane);

/* Instead of put: the facility is gone, or does not serve this process; it is looked for again only after some calls. */
void bpf_lane_lost(struct bpf_lane *lane);

#endif
