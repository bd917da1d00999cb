/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state.h: what `down`, `status` and a second `up` must know of a facility, kept in the file `state` of its place. */
#ifndef BPFGROUP_STATE_H
#define BPFGROUP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "bpfgroup/device.h"

enum {
	STATE_DEVICE_BYTES = 16,
	STATE_ACCOUNTS_BYTES = 2048,
};

struct state {
	char device[STATE_DEVICE_BYTES];
	uint32_t ifindex;	/* 0: the device was not made yet */
	struct device_lo lo;	/* settings before */
	uint64_t lanes_n;	/* per account */
	char accounts[STATE_ACCOUNTS_BYTES]; /* names, each followed by a blank */
};

/* By fail(); 0 or -errno. */
int state_write(uint32_t inode, const struct state *state);

/* 0; -ENOENT, and nothing said, when there is none; -errno by fail(). */
int state_read(uint32_t inode, struct state *state);

/* Whether the facility that it tells of is complete and its device there. */
bool state_is_up(uint32_t inode, const struct state *state);

#endif
