/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facility.h: the group facility of one network namespace: device, program, maps and rights, brought up and taken away as
 * one thing. Acts on the namespace of the calling thread. */
#ifndef BPFGROUP_FACILITY_H
#define BPFGROUP_FACILITY_H

#include <stdbool.h>
#include <stdint.h>

#include "bpfgroup/accounts.h"
#include "bpfgroup/kernel.h"

enum {
	FACILITY_LANES = 8,	/* per account, unless told otherwise */
	FACILITY_DEVICE_BYTES = 16, /* IFNAMSIZ */
};

#define FACILITY_DEVICE "sendgroup0"
#define FACILITY_RATE 5000000u	/* packets per second and account */
#define FACILITY_BURST 262144u	/* packets */

struct facility_options {
	const char *device;
	struct accounts accounts;
	uint64_t lanes_n, rate, burst;
	bool ignore_policy;
};

/* Brings it up as asked. If it is up like that, addresses, members and quotas are brought up to date, and whoever uses it
 * goes on; if it is up otherwise, it is taken down first. With `hold` it is a temporary one: everything is gone when this
 * process ends. -ECANCELED when the host's policy forbids it. By fail(); 0 or -errno. */
int facility_up(const struct facility_options *options, bool hold);

/* Takes everything away. Nothing there is no error. By fail(); 0 or -errno. */
int facility_down(void);

struct facility_account {
	char name[ACCOUNT_NAME_BYTES];
	uint32_t lanes_n, busy_n; /* lanes; of these in use */
	struct group_quota quota;
	struct group_counters counters;
};

struct facility_status {
	bool up;
	char device[FACILITY_DEVICE_BYTES];
	uint32_t ifindex, netns_inode;
	bool ignore_policy;
	bool forwards, forwards6; /* device_forwards(): if not, everything of that family is left to sendmsg */
	uint64_t strays_n;	/* datagrams of nobody's */
	struct facility_account accounts[ACCOUNTS_MAX];
	uint32_t accounts_n;
};

/* By fail(); 0 or -errno. */
int facility_status(struct facility_status *out);

#endif
