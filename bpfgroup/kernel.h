/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.h: what the tc program (group.bpf.c) and its loader share and no user may write: settings, rights, counters. */
#ifndef BPFGROUP_KERNEL_H
#define BPFGROUP_KERNEL_H

#include "bpfgroup/lane.h"

enum { GROUP_ACCOUNTS_MAX = 64 };

/* Who would want to see a packet that the program sends past him. */
enum group_policy {
	GROUP_NETFILTER = 1 << 0, /* hooks at LOCAL_OUT or POST_ROUTING */
	GROUP_XFRM = 1 << 1,	/* policies for outgoing packets */
	GROUP_RULES = 1 << 2,	/* routing rules besides the three that are always there */
	GROUP_CGROUP = 1 << 3,	/* programs at the egress, or at sendmsg, of the sender's cgroup */
};

struct group_config {
	uint32_t ifindex;		/* of the group device */
	uint32_t netns_inode;	/* of the namespace that it is in */
	uint32_t ignore_policy;	/* send past netfilter, xfrm, cgroup programs and routing rules */
	uint32_t pad;
};

/* Whose a lane is. */
struct group_owner {
	uint32_t account;		/* + 1; 0: nobody's */
	uint32_t busy;		/* a datagram of it is being worked on */
};

/* Who may use a lane: an account is a user, or a group with the members that it had when it was set up. */
struct group_grant {
	uint32_t uid;
	uint32_t account;
};

/* A token bucket, in packets. Every user who is granted the account draws from it. */
struct group_quota {
	uint64_t rate;		/* per second */
	uint64_t burst;
	uint64_t tokens;
	uint64_t last_ns;
};

/* Per account and CPU; the counts only grow. */
struct group_counters {
	uint64_t datagrams_n;	/* that came to the group device */
	uint64_t bytes;		/* of payload, of all packets sent */
	uint64_t codes_n[GROUP_CODES]; /* recipients, by what became of them */
};

/* What came to the group device and was of no account's; the last row of the counters. */
enum { GROUP_STRAY = GROUP_ACCOUNTS_MAX };

/* Local addresses, as IPv4-mapped IPv6 addresses where they are IPv4. */
struct group_local_key {
	uint32_t prefix_bits;
	uint32_t addr[4];
};

struct group_local {
	uint32_t source[4];	/* the source that the kernel prefers towards this address */
	uint32_t not_local;	/* 1: an exception in a wider prefix: a broadcast address */
};

/* The preferred source per device, for kernels whose bpf_fib_lookup() does not tell it (before 6.7). */
struct group_source_key {
	uint32_t ifindex;
	uint32_t family;
};

struct group_source {
	uint32_t addr[4];
};

#endif
