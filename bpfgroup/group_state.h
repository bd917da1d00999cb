/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_state.h: what the programs of group.bpf.c share: the maps, a datagram in work, sums. Only for them. */
#ifndef BPFGROUP_GROUP_STATE_H
#define BPFGROUP_GROUP_STATE_H

#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpfgroup/kernel.h"

#define AF_INET 2
#define AF_INET6 10
#define ETH_BYTES 14

#define once(x) (*(const volatile typeof(x) *)&(x))
#define assign_once(x, v) (*(volatile typeof(x) *)&(x) = (v))

struct lane_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct group_lane)); /* clang forgets the type within another map's */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, GROUP_LANES_MAX);
	__type(key, __u32);
	__array(values, struct lane_map);
} lanes SEC(".maps");

struct { /* of each lane */
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GROUP_LANES_MAX);
	__type(key, __u32);
	__type(value, struct group_owner);
} owners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct group_grant);
	__type(value, __u8);
} grants SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct group_config);
} settings SEC(".maps");

struct locked_quota {
	struct bpf_spin_lock lock;
	struct group_quota quota;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GROUP_ACCOUNTS_MAX);
	__type(key, __u32);
	__type(value, struct locked_quota);
} quotas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GROUP_ACCOUNTS_MAX + 1);
	__type(key, __u32);
	__type(value, struct group_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct group_local_key);
	__type(value, struct group_local);
} locals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct group_source_key);
	__type(value, struct group_source);
} sources SEC(".maps");

/* Where a recipient's packets went last. */
struct route {
	__u32 to[4];
	__u32 source[4];
	__u64 found_ns;		/* 0: never */
	__u32 ifindex;
	__u32 bound_ifindex;	/* of the socket that it was found for */
	__u32 mtu;		/* bytes of an IP packet */
	__u32 macs[3];		/* to, from: the begin of the link header */
	__u16 sum;		/* over both addresses */
	__u8 family;		/* 0: not found yet */
	__u8 tos;		/* that it was found for */
	__u8 local;		/* to be received on the loopback device */
	__u8 source_picked;	/* by the route: the socket had none */
};

/* A datagram in work. */
struct call {
	__u64 now_ns;
	__u32 sum_ip;		/* 16 bits: over the IPv4 header without addresses */
	__u32 sum_udp;		/* 16 bits: over the pseudo header without addresses */
	__u32 source[4];	/* the socket's own address; 0: of the route */
	__u32 has_source;
	__u32 bound_ifindex;	/* the device that the socket is bound to; 0: none */
	__u32 own_ifindex;	/* the group device */
	__u32 generation, account;
	__u32 first, n, head, tail;
	__u32 direct;		/* bytes of payload that lie with the headers, for the head to be written there; 0: by a helper */
	__u32 payload;		/* bytes */
	__u32 ip_bytes;		/* of the whole packet, for the MTU */
	__u32 checksum;		/* 0: the socket sends without */
	__u32 tos;
	__u16 port;		/* the socket's, network byte order */
	__u16 family;
	__u64 codes_n[GROUP_CODES];
};

/* What the program keeps of a lane, for the one datagram at a time that has entered it. It is in a map, too, so that the verifier
 * does not follow a call's numbers through the loop. */
struct lane_state {
	struct call call;
	struct route routes[GROUP_RECIPIENTS]; /* of the recipients at the same places */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* as many as there are lanes: set by the loader */
	__type(key, __u32);
	__type(value, struct lane_state);
} states SEC(".maps");

struct loop {
	struct __sk_buff *skb;
	struct call *call;	/* that of the state */
	struct group_lane *lane;
	struct lane_state *state;
};

enum {
	HEADERS4_BYTES = ETH_BYTES + sizeof(struct iphdr) + sizeof(struct udphdr),
	HEADERS6_BYTES = ETH_BYTES + sizeof(struct ipv6hdr) + sizeof(struct udphdr),
};

static __always_inline __u32 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u32)((sum & 0xffff) + (sum >> 16));
}

/* Of two sums of 16 bits. */
static __always_inline __u16 add(__u32 a, __u32 b)
{
	return (__u16)(a + b + ((a + b) >> 16));
}

static __always_inline __u64 sum_address(const __u32 *addr)
{
	return (__u64)addr[0] + addr[1] + addr[2] + addr[3];
}

static __always_inline bool same_address(const __u32 *a, const __u32 *b)
{
	return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]));
}

static __always_inline void copy_address(__u32 *to, const __u32 *from)
{
	to[0] = from[0], to[1] = from[1], to[2] = from[2], to[3] = from[3];
}

#endif
