/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_route.h: where a recipient is: his route, its source address, the link addresses. */
#ifndef BPFGROUP_GROUP_ROUTE_H
#define BPFGROUP_GROUP_ROUTE_H

#include "bpfgroup/group_state.h"

#define LO_IFINDEX 1
#define LOOKUP_SRC (1u << 4) /* BPF_FIB_LOOKUP_SRC, since 6.7 (commit dab4e1f06cab) */
#define ROUTE_NS 1000000000ull /* how long a route is taken as it was found */
#define REFRESH_NS 15000000000ull /* how long a link address, before the kernel is asked to confirm it */

struct next_hop {
	__u32 ifindex;
	__u32 addr[4];
};

struct { /* neighbour -> when the kernel's own path was last asked to use it */
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct next_hop);
	__type(value, __u64);
} next_hops SEC(".maps");

static __always_inline void local_key(struct group_local_key *key, __u32 family, const __u32 *to)
{
	key->prefix_bits = 128;
	if (family == AF_INET6) {
		copy_address(key->addr, to);
		return;
	}
	key->addr[0] = key->addr[1] = 0;
	key->addr[2] = bpf_htonl(0xffff);
	key->addr[3] = to[0];
}

/* A copy is received on the loopback device without the route that the kernel's own path leaves with a packet, so that
 * device must take local sources (and 127.0.0.0/8) from the wire, as sendgroupctl sets it. */
static __always_inline bool lo_takes(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct in_device *lo = task->nsproxy ? task->nsproxy->net_ns->loopback_dev->ip_ptr : NULL;

	return lo && lo->cnf.data[IPV4_DEVCONF_ACCEPT_LOCAL - 1] && lo->cnf.data[IPV4_DEVCONF_ROUTE_LOCALNET - 1];
}

static __always_inline int resolve_local(struct call *c, struct route *r, const __u32 *to)
{
	struct group_local_key key;
	struct group_local *local;

	local_key(&key, c->family, to);
	local = bpf_map_lookup_elem(&locals, &key);
	if (!local || local->not_local)
		return GROUP_ADDRESS;
	if (c->family == AF_INET && !lo_takes())
		return GROUP_LOCAL;
	if (r->source_picked)
		copy_address(r->source, local->source);
	r->ifindex = LO_IFINDEX;
	r->local = 1;
	r->mtu = ~0u;
	__builtin_memset(r->macs, 0, sizeof r->macs);
	return 0;
}

/* The kernel's own path confirms link addresses as it uses them; copies do not come by there. So it is given a packet for
 * each neighbour from time to time. */
static __always_inline bool stale(struct call *c, __u32 ifindex, const __u32 *addr)
{
	struct next_hop key = { .ifindex = ifindex };
	__u64 *asked_ns;

	copy_address(key.addr, addr);
	asked_ns = bpf_map_lookup_elem(&next_hops, &key);
	if (asked_ns && c->now_ns - *asked_ns < REFRESH_NS)
		return false;
	bpf_map_update_elem(&next_hops, &key, &c->now_ns, BPF_ANY);
	return asked_ns != NULL;
}

/* The source that the route prefers, as far as it is told. */
static __always_inline void pick_source(struct call *c, struct route *r, struct bpf_fib_lookup *p, bool told)
{
	struct group_source_key key = { .ifindex = p->ifindex, .family = c->family };
	struct group_source *source = told ? NULL : bpf_map_lookup_elem(&sources, &key);

	if (told)
		copy_address(r->source, p->ipv6_src);
	else if (source)
		copy_address(r->source, source->addr);
}

static __always_inline int lookup(struct __sk_buff *skb, struct call *c, struct bpf_fib_lookup *p, __u32 flags)
{
	p->family = (__u8)c->family;
	p->l4_protocol = IPPROTO_UDP;
	p->tot_len = (__u16)c->ip_bytes;
	p->ifindex = c->own_ifindex;
	p->tos = c->family == AF_INET ? (__u8)(c->tos & 0x1c) : 0; /* as inet_sk(sk)->tos without ECN; union with flowinfo */
	return (int)bpf_fib_lookup(skb, p, sizeof *p, flags);
}

static __always_inline int code_of(int result)
{
	switch (result) {
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return GROUP_NO_NEIGHBOUR;
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return GROUP_MTU;
	case BPF_FIB_LKUP_RET_SUCCESS:
		return 0;
	}
	return GROUP_NO_ROUTE;
}

static __always_inline bool reserved(__u32 family, const __u32 *to)
{
	__u32 first = bpf_ntohl(to[0]);

	if (family == AF_INET)
		return first >> 24 == 0 || first >= 0xe0000000;
	return first >> 24 == 0xff || first >> 22 == 0xfe80 >> 6 || !(to[0] | to[1] | to[2] | to[3]) ||
	       (first == GROUP_NET6_0 && to[1] == bpf_htonl(GROUP_NET6_1));
}

/* A socket may be bound to a broadcast address, to receive by it. */
static __always_inline bool is_broadcast(struct call *c, const __u32 *addr)
{
	struct group_local_key key;
	struct group_local *local;

	if (c->family != AF_INET)
		return false;
	local_key(&key, c->family, addr);
	local = bpf_map_lookup_elem(&locals, &key);
	return !~addr[0] || (local && local->not_local);
}

/* Whether the socket may send this way; then the way is kept. */
static __always_inline int keep(struct call *c, struct route *r)
{
	if (c->bound_ifindex && c->bound_ifindex != r->ifindex)
		return GROUP_DEVICE;
	if (!(r->source[0] | r->source[1] | r->source[2] | r->source[3]))
		return GROUP_SOURCE;
	if (c->family == AF_INET && !r->local && (r->source[0] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000))
		return GROUP_SOURCE;
	if (is_broadcast(c, r->source))
		return GROUP_SOURCE;
	r->sum = (__u16)fold(sum_address(r->source) + sum_address(r->to));
	r->found_ns = c->now_ns;
	return 0;
}

/* Finds the way to a recipient anew. A function that is not inlined: it is in the program twice, and hardly ever called. */
static __noinline int resolve(struct __sk_buff *skb, struct call *c, struct route *r, const __u32 *to)
{
	struct bpf_fib_lookup p = {};
	bool source_told = true;
	int result;

	if (reserved(c->family, to))
		return GROUP_ADDRESS;
	r->found_ns = 0;
	copy_address(r->to, to);
	copy_address(r->source, c->source);
	r->bound_ifindex = c->bound_ifindex;
	r->family = (__u8)c->family;
	r->tos = (__u8)c->tos;
	r->local = 0;
	r->source_picked = !c->has_source;
	copy_address(p.ipv6_src, c->source);
	copy_address(p.ipv6_dst, to);
	p.sport = c->port;
	result = lookup(skb, c, &p, c->has_source ? 0 : LOOKUP_SRC);
	if (result == -22 && !c->has_source) { /* -EINVAL: a kernel before 6.7 */
		result = lookup(skb, c, &p, 0);
		source_told = false;
	}
	if (result == BPF_FIB_LKUP_RET_NOT_FWDED) {
		result = resolve_local(c, r, to);
	} else if (result) {
		result = code_of(result);
	} else if (p.ifindex == c->own_ifindex) {
		result = GROUP_ADDRESS;
	} else {
		if (stale(c, p.ifindex, p.ipv6_dst))
			result = GROUP_REFRESH;
		if (r->source_picked)
			pick_source(c, r, &p, source_told);
		r->ifindex = p.ifindex;
		r->mtu = p.mtu_result;
		__builtin_memcpy((__u8 *)r->macs, p.dmac, 6);
		__builtin_memcpy((__u8 *)r->macs + 6, p.smac, 6);
	}
	return result ? result : keep(c, r);
}

/* Whether the way was found lately, to this recipient and for such a socket. */
static __always_inline bool valid(const struct call *c, const struct route *r, const __u32 *to, __u32 family)
{
	if (r->family != family || r->tos != c->tos || r->bound_ifindex != c->bound_ifindex || c->now_ns - r->found_ns >= ROUTE_NS)
		return false;
	if (!c->has_source && !r->source_picked)
		return false;
	if (family == AF_INET)
		return r->to[0] == to[0] && (!c->has_source || r->source[0] == c->source[0]);
	return same_address(r->to, to) && (!c->has_source || same_address(r->source, c->source));
}

#endif
