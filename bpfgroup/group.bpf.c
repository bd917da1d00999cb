/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group.bpf.c: the tc program of the group device: turns one datagram, sent to a lane's group address, into one packet for
 * each recipient in a chunk of that lane (lane.h).
 *
 * The datagram is rewritten in place for one recipient after the other and cloned to the device of his route. Its UDP
 * checksum is left to the device (CHECKSUM_PARTIAL), so only the sum over the pseudo header depends on the recipient.
 *
 * What a lane says is read once into a local variable, checked, and used: its owner may change it at any moment. Whatever
 * this program does not do exactly as the kernel's own path would, it leaves to that path (GROUP_PLAIN and above).
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpfgroup/kernel.h"

#define AF_INET 2
#define AF_INET6 10
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define ETH_BYTES 14
#define IP_DF 0x4000
#define LO_IFINDEX 1
#define RT_TABLE_DEFAULT 253
#define RT_TABLE_LOCAL 255
#define RULES_MAX 16 /* that are looked through */
#define PRIORITY_SECURITY -225 /* NF_IP_PRI_SELINUX_FIRST */
#define TC_ACT_SHOT 2
#define TC_ACT_STOLEN 4
#define LOOKUP_SRC (1u << 4) /* BPF_FIB_LOOKUP_SRC, since 6.7 (commit dab4e1f06cab) */
#define ROUTE_NS 1000000000ull /* how long a route is taken as it was found */
#define REFRESH_NS 15000000000ull /* how long a link address, before the kernel is asked to confirm it */
#define UNROLLED 4 /* recipients per turn of the loop over them */
#define HEAD_DIRECT 64 /* bytes of head that are stored without a helper call */
#define HEAD_SHORT 16 /* of these, in the cache line of IPv4's headers: the receiver's CPU fetches no second one */

#ifndef container_of
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#endif
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

/* ---- What was sent ---- */

/* Where it was sent to. */
struct target {
	__u32 family, lane, chunk, generation;
};

static __always_inline bool aimed4(struct __sk_buff *skb, struct target *t)
{
	void *data = (void *)(long)skb->data;
	struct iphdr *ip = data + ETH_BYTES;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 to, port;

	if (data + HEADERS4_BYTES > (void *)(long)skb->data_end)
		return false;
	to = bpf_ntohl(ip->daddr);
	port = bpf_ntohs(udp->dest);
	*t = (struct target){ AF_INET, to & 0xff, port % GROUP_CHUNKS, port / GROUP_CHUNKS };
	return to >> 8 == GROUP_NET4 >> 8 && ip->protocol == IPPROTO_UDP;
}

static __always_inline bool aimed6(struct __sk_buff *skb, struct target *t)
{
	void *data = (void *)(long)skb->data;
	struct ipv6hdr *ip = data + ETH_BYTES;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 port, *to;

	if (data + HEADERS6_BYTES > (void *)(long)skb->data_end)
		return false;
	to = ip->daddr.in6_u.u6_addr32;
	port = bpf_ntohs(udp->dest);
	*t = (struct target){ AF_INET6, bpf_ntohl(to[3]), port % GROUP_CHUNKS, port / GROUP_CHUNKS };
	return to[0] == bpf_htonl(GROUP_NET6_0) && to[1] == bpf_htonl(GROUP_NET6_1) && !to[2] && !(to[3] & bpf_htonl(~0xffu)) &&
	       ip->nexthdr == IPPROTO_UDP;
}

/* Whether it is one for a lane, from a socket: what the host forwards is not. */
static __always_inline bool aimed(struct __sk_buff *skb, struct target *t)
{
	if (!skb->sk || skb->gso_segs > 1 || skb->gso_size)
		return false;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return aimed4(skb, t);
	return skb->protocol == bpf_htons(ETH_P_IPV6) && aimed6(skb, t);
}

static __always_inline int parse4(struct __sk_buff *skb, struct call *c)
{
	void *data = (void *)(long)skb->data;
	struct iphdr *ip = data + ETH_BYTES;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 udp_bytes, *words = (void *)ip;
	__u64 pseudo;

	if (data + HEADERS4_BYTES > (void *)(long)skb->data_end)
		return GROUP_FORM;
	c->port = udp->source;
	c->tos = ip->tos;
	udp_bytes = bpf_ntohs(udp->len);
	c->payload = udp_bytes - sizeof(struct udphdr);
	c->ip_bytes = udp_bytes + sizeof(struct iphdr);
	/* The three words of the header before its own sum's word, and that one's protocol and time to live. */
	c->sum_ip = fold((__u64)words[0] + words[1] + *(__u16 *)&words[2]);
	c->sum_udp = fold((__u64)bpf_htons(IPPROTO_UDP) + udp->len);
	c->checksum = udp->check;
	if (ip->ihl != 5 || ip->version != 4 || ip->frag_off & bpf_htons((__u16)~IP_DF) || udp_bytes < sizeof(struct udphdr))
		return GROUP_FORM;
	pseudo = (__u64)c->sum_udp + ip->saddr + ip->daddr;
	return c->checksum && c->checksum != fold(pseudo) ? GROUP_FORM : 0;
}

static __always_inline int parse6(struct __sk_buff *skb, struct call *c)
{
	void *data = (void *)(long)skb->data;
	struct ipv6hdr *ip = data + ETH_BYTES;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 udp_bytes, *from, *to;

	if (data + HEADERS6_BYTES > (void *)(long)skb->data_end)
		return GROUP_FORM;
	from = ip->saddr.in6_u.u6_addr32;
	to = ip->daddr.in6_u.u6_addr32;
	c->port = udp->source;
	c->tos = (__u32)ip->priority << 4 | ip->flow_lbl[0] >> 4;
	udp_bytes = bpf_ntohs(udp->len);
	c->payload = udp_bytes - sizeof(struct udphdr);
	c->ip_bytes = udp_bytes + sizeof(struct ipv6hdr);
	c->sum_udp = fold((__u64)bpf_htons(IPPROTO_UDP) + udp->len);
	c->checksum = udp->check;
	if (udp_bytes < sizeof(struct udphdr) || ip->payload_len != udp->len)
		return GROUP_FORM;
	return c->checksum != fold(c->sum_udp + sum_address(from) + sum_address(to)) ? GROUP_FORM : 0;
}

static __always_inline int parse(struct __sk_buff *skb, struct call *c)
{
	return c->family == AF_INET ? parse4(skb, c) : parse6(skb, c);
}

static __always_inline bool is_multicast(__u32 family, const __u32 *addr)
{
	__u32 first = bpf_ntohl(addr[0]);

	return family == AF_INET ? first >> 28 == 0xe : first >> 24 == 0xff;
}

/* The socket's own address and device: no other is ever sent from. One that is bound to a multicast address receives by it,
 * and sends from what the route prefers. */
static __always_inline int read_socket(struct __sk_buff *skb, struct call *c)
{
	struct bpf_sock *sk = skb->sk;

	sk = sk ? bpf_sk_fullsock(sk) : NULL;
	if (!sk)
		return GROUP_FORM;
	c->bound_ifindex = sk->bound_dev_if;
	c->source[0] = c->family == AF_INET ? sk->src_ip4 : sk->src_ip6[0];
	c->source[1] = c->family == AF_INET ? 0 : sk->src_ip6[1];
	c->source[2] = c->family == AF_INET ? 0 : sk->src_ip6[2];
	c->source[3] = c->family == AF_INET ? 0 : sk->src_ip6[3];
	if (is_multicast(c->family, c->source))
		c->source[0] = c->source[1] = c->source[2] = c->source[3] = 0;
	c->has_source = c->source[0] | c->source[1] | c->source[2] | c->source[3];
	return 0;
}

/* ---- Whether it may be sent past the kernel's own path ---- */

/* AppArmor, on every Debian kernel, has a hook at POST_ROUTING for packets with a security mark, which only netfilter's own
 * rules can give. (SELinux and Smack, which mean it, are at LOCAL_OUT too.) */
static __always_inline bool is_apparmor(struct nf_hook_entries *hooks)
{
	struct nf_hook_ops **all = (void *)&hooks->hooks[1], *ops = NULL;

	if (bpf_probe_read_kernel(&ops, sizeof ops, all))
		return false;
	return BPF_CORE_READ(ops, priority) == PRIORITY_SECURITY && BPF_CORE_READ_BITFIELD_PROBED(ops, hook_ops_type) == 0;
}

static __always_inline bool hooked(struct nf_hook_entries *hooks, bool may_be_apparmor)
{
	__u16 n = hooks ? hooks->num_hook_entries : 0;

	return n > 1 || (n == 1 && !(may_be_apparmor && is_apparmor(hooks)));
}

/* The group's datagram passes LOCAL_OUT and POST_ROUTING, its copies do not. */
static __always_inline bool netfilter_wants(struct net *net)
{
	if (!bpf_core_field_exists(net->nf.hooks_ipv4))
		return false;
	return hooked(net->nf.hooks_ipv4[3], false) || hooked(net->nf.hooks_ipv4[4], true) || hooked(net->nf.hooks_ipv6[3], false) ||
	       hooked(net->nf.hooks_ipv6[4], true);
}

static __always_inline bool xfrm_wants(struct net *net)
{
	const int out = 1; /* XFRM_POLICY_OUT */

	if (!bpf_core_field_exists(net->xfrm))
		return false;
	return net->xfrm.policy_count[out] || net->xfrm.policy_default[out] == 1;
}

/* Rules that only lead to the tables local, main and default are what a lookup without rules does. */
static __always_inline bool leads_elsewhere(struct fib_rules_ops *ops)
{
	struct list_head *head = &ops->rules_list, *node = BPF_CORE_READ(head, next);

	for (int i = 0; i < RULES_MAX; i++) {
		struct fib_rule *rule = container_of(node, struct fib_rule, list);
		__u32 table;

		if (node == head || !node)
			return false;
		table = BPF_CORE_READ(rule, table);
		if (table < RT_TABLE_DEFAULT || table > RT_TABLE_LOCAL)
			return true;
		node = BPF_CORE_READ(node, next);
	}
	return true;
}

/* The kernel notes that there was a rule, and not that it has gone. */
static __always_inline bool rules_want(struct net *net)
{
	if (bpf_core_field_exists(net->ipv4.fib_has_custom_rules) && net->ipv4.fib_has_custom_rules && leads_elsewhere(net->ipv4.rules_ops))
		return true;
	return bpf_core_field_exists(net->ipv6.fib6_has_custom_rules) && net->ipv6.fib6_has_custom_rules &&
	       leads_elsewhere(net->ipv6.fib6_rules_ops);
}

static __always_inline bool attached(struct cgroup *cgroup, int type)
{
	struct bpf_prog_array *array = cgroup->bpf.effective[type];

	return array && array->items[0].prog;
}

static __always_inline bool cgroup_wants(struct cgroup *cgroup)
{
	if (!bpf_core_field_exists(cgroup->bpf))
		return false;
	return attached(cgroup, bpf_core_enum_value(enum cgroup_bpf_attach_type, CGROUP_INET_EGRESS)) ||
	       attached(cgroup, bpf_core_enum_value(enum cgroup_bpf_attach_type, CGROUP_UDP4_SENDMSG)) ||
	       attached(cgroup, bpf_core_enum_value(enum cgroup_bpf_attach_type, CGROUP_UDP6_SENDMSG));
}

/* What of the namespace wants to see packets: bits of enum group_policy. */
static __always_inline __u32 policy_of(struct net *net)
{
	return (netfilter_wants(net) ? GROUP_NETFILTER : 0) | (xfrm_wants(net) ? GROUP_XFRM : 0) |
	       (rules_want(net) ? GROUP_RULES : 0);
}

/* A datagram comes here in the context of the task that sent it. It is judged by that task's namespace and cgroup, so these
 * must be those of the socket. */
static __always_inline int check_policy(struct __sk_buff *skb, const struct group_config *conf)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cgroup *cgroup;
	struct net *net;

	if (conf->ignore_policy)
		return 0;
	if (!task->nsproxy || !task->cgroups)
		return GROUP_PLACE;
	net = task->nsproxy->net_ns;
	cgroup = task->cgroups->dfl_cgrp;
	if (net->ns.inum != conf->netns_inode || cgroup->kn->id != bpf_skb_cgroup_id(skb))
		return GROUP_PLACE;
	return policy_of(net) || cgroup_wants(cgroup) ? GROUP_POLICY : 0;
}

/* Takes tokens for the whole chunk, or none. */
static __always_inline int draw(struct call *c)
{
	struct locked_quota *q = bpf_map_lookup_elem(&quotas, &c->account);
	__u64 gained;
	int code = 0;

	if (!q)
		return GROUP_QUOTA;
	bpf_spin_lock(&q->lock);
	gained = c->now_ns > q->quota.last_ns ? c->now_ns - q->quota.last_ns : 0; /* another CPU may have drawn since this one looked at the clock */
	gained = gained > 1000000000 ? q->quota.rate : gained * q->quota.rate / 1000000000;
	if (gained) {
		q->quota.last_ns = c->now_ns;
		q->quota.tokens += gained;
		if (q->quota.tokens > q->quota.burst)
			q->quota.tokens = q->quota.burst;
	}
	if (q->quota.tokens < c->n)
		code = GROUP_QUOTA;
	else
		q->quota.tokens -= c->n;
	bpf_spin_unlock(&q->lock);
	return code;
}

/* ---- Routes ---- */

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

/* ---- One recipient ---- */

/* Verifiers before 6.3 forget a bound when the register is spilled; the mask, out of the compiler's sight, gives it back. */
#define bound(x, mask) ({ asm volatile("" : "+r"(x)); (x) &= (mask); asm volatile("" : "+r"(x)); })

static __always_inline int store(struct loop *l, __u32 to, __u32 from, __u32 n)
{
	if (!n || from > GROUP_PRIVATE_BYTES + 2 * GROUP_PRIVATE_MAX)
		return 0;
	n--; /* or they would think that it may be 0 */
	bound(n, 2 * GROUP_PRIVATE_MAX - 1);
	n++;
	bound(from, 2 * GROUP_PRIVATE_BYTES - 1);
	if (from > GROUP_PRIVATE_BYTES + 2 * GROUP_PRIVATE_MAX)
		return 0;
	return bpf_skb_store_bytes(l->skb, to, l->lane->private + from, n, 0) ? GROUP_PRIVATE : 0;
}

/* His private bytes, over those of the recipient before. The sum over them is the device's work. */
static __always_inline int write_private(struct loop *l, __u32 at, __u32 header_bytes)
{
	const struct call *c = l->call;
	__u32 head = c->head, tail = c->tail;
	int code;

	if (at >= GROUP_PRIVATE_BYTES || head > GROUP_PRIVATE_MAX || tail > GROUP_PRIVATE_MAX || head + tail > c->payload)
		return GROUP_PRIVATE;
	code = store(l, header_bytes, at, head);
	return code ? code : store(l, header_bytes + c->payload - tail, at + head, tail);
}

static __always_inline void copy_words(__u8 *to, const __u8 *from, __u32 n, const __u32 most)
{
	for (__u32 i = 0; i < most && i < n; i += 4)
		*(__u32 *)(to + i) = *(const __u32 *)(from + i);
}

/* A head of some words, the usual case, straight into the packet. */
static __always_inline bool write_head(struct loop *l, __u32 at, __u8 *payload, const void *end)
{
	struct call *c = l->call;
	const __u8 *from;

	if (!c->direct || (void *)payload + HEAD_SHORT > end || at >= GROUP_PRIVATE_BYTES)
		return false;
	bound(at, GROUP_PRIVATE_BYTES - 1);
	from = l->lane->private + at;
	if (c->direct == HEAD_SHORT)
		copy_words(payload, from, c->head, HEAD_SHORT);
	else if ((void *)payload + HEAD_DIRECT <= end)
		copy_words(payload, from, c->head, HEAD_DIRECT);
	else
		return false;
	return true;
}

static __always_inline void write_macs(__u32 *link, const struct route *r)
{
	link[0] = r->macs[0], link[1] = r->macs[1], link[2] = r->macs[2];
}

static __always_inline void write4(struct call *c, void *data, const struct route *r, __u32 to, __u16 port)
{
	struct iphdr *ip = data + ETH_BYTES;
	struct udphdr *udp = (void *)(ip + 1);

	write_macs(data, r);
	ip->saddr = r->source[0];
	ip->daddr = to;
	ip->check = (__u16)~add(c->sum_ip, r->sum);
	udp->dest = port;
	if (c->checksum)
		udp->check = add(c->sum_udp, r->sum);
}

static __always_inline void write6(struct call *c, void *data, const struct route *r, const __u32 *to, __u16 port)
{
	struct ipv6hdr *ip = data + ETH_BYTES;
	struct udphdr *udp = (void *)(ip + 1);

	write_macs(data, r);
	copy_address(ip->saddr.in6_u.u6_addr32, r->source);
	copy_address(ip->daddr.in6_u.u6_addr32, to);
	udp->dest = port;
	udp->check = add(c->sum_udp, r->sum);
}

static __always_inline int send_to(struct loop *l, struct route *r, struct group_recipient *recipient, __u32 family)
{
	const __u32 header_bytes = family == AF_INET ? HEADERS4_BYTES : HEADERS6_BYTES;
	struct __sk_buff *skb = l->skb;
	struct call *c = l->call;
	__u32 to[4] = { once(recipient->addr[0]) }, at;
	__u16 port = once(recipient->port);
	void *data, *end;
	int code;

	if (family == AF_INET6)
		to[1] = once(recipient->addr[1]), to[2] = once(recipient->addr[2]), to[3] = once(recipient->addr[3]);
	if (!port)
		return GROUP_ADDRESS;
	code = valid(c, r, to, family) ? 0 : resolve(skb, c, r, to);
	if (code)
		return code;
	if (c->ip_bytes > r->mtu)
		return GROUP_MTU;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	if (data + header_bytes > end)
		return GROUP_FORM;
	if (family == AF_INET)
		write4(c, data, r, to[0], port);
	else
		write6(c, data, r, to, port);
	if (c->head | c->tail) {
		at = once(recipient->private_at);
		if (!write_head(l, at, data + header_bytes, end))
			code = write_private(l, at, header_bytes);
		if (code)
			return code;
	}
	return bpf_clone_redirect(skb, r->ifindex, r->local ? BPF_F_INGRESS : 0) ? GROUP_DROPPED : GROUP_SENT;
}

static __always_inline void send_one(__u32 i, struct loop *l, __u32 family)
{
	struct call *c = l->call;
	__u32 at = (c->first + i) % GROUP_RECIPIENTS;
	int code = send_to(l, &l->state->routes[at], &l->lane->recipients[at], family);

	if (code >= 0 && code < GROUP_CODES)
		c->codes_n[code]++;
	assign_once(l->lane->answers[at], GROUP_ANSWER(c->generation, code));
}

/* Some recipients per turn of the loop, each turn of which is a call. */
static __always_inline long send_some(__u32 turn, struct loop *l, __u32 family)
{
#pragma unroll
	for (__u32 i = 0; i < UNROLLED; i++) {
		if (turn * UNROLLED + i >= l->call->n)
			return 1;
		send_one(turn * UNROLLED + i, l, family);
	}
	return 0;
}

static long send_some4(__u32 turn, struct loop *l)
{
	return send_some(turn, l, AF_INET);
}

static long send_some6(__u32 turn, struct loop *l)
{
	return send_some(turn, l, AF_INET6);
}

/* A function for each family: in one, the compiler would make one call of both, by a pointer to the callback, which the
 * verifier could not turn into a loop. */
static __noinline int send_all4(struct loop *l)
{
	return (int)bpf_loop((l->call->n + UNROLLED - 1) / UNROLLED, send_some4, l, 0);
}

static __noinline int send_all6(struct loop *l)
{
	return (int)bpf_loop((l->call->n + UNROLLED - 1) / UNROLLED, send_some6, l, 0);
}

/* ---- One datagram ---- */

/* The lane's owner, if the socket's may use it. */
static __always_inline struct group_owner *find_owner(struct __sk_buff *skb, __u32 lane)
{
	struct group_grant grant = { .uid = bpf_get_socket_uid(skb) };
	struct group_owner *owner = bpf_map_lookup_elem(&owners, &lane);

	if (!owner || !owner->account)
		return NULL;
	grant.account = owner->account - 1;
	return bpf_map_lookup_elem(&grants, &grant) ? owner : NULL;
}

/* One datagram of a lane at a time: its routes are nobody else's meanwhile. libsendgroup never has two under way. */
static __always_inline bool enter(struct group_owner *owner)
{
	return !__sync_lock_test_and_set(&owner->busy, 1);
}

static __always_inline void leave(struct group_owner *owner)
{
	__sync_lock_test_and_set(&owner->busy, 0); /* and not a store: what was written before is to be seen before */
}

static __always_inline int read_chunk(struct call *c, struct group_chunk *chunk)
{
	c->first = once(chunk->first);
	c->n = once(chunk->n);
	c->head = once(chunk->head);
	c->tail = once(chunk->tail);
	if (c->n > GROUP_CHUNK_MAX || !c->n || once(chunk->payload) != c->payload)
		return GROUP_FORM;
	return 0;
}

static __always_inline void count_stray(void)
{
	__u32 stray = GROUP_STRAY;
	struct group_counters *all = bpf_map_lookup_elem(&counters, &stray);

	if (all)
		all->datagrams_n++;
}

static __always_inline void count(struct call *c, int refused)
{
	struct group_counters *all = bpf_map_lookup_elem(&counters, &c->account);

	if (!all)
		return;
	all->datagrams_n++;
	all->bytes += c->codes_n[GROUP_SENT] * c->payload;
	if (refused > 0 && refused < GROUP_CODES)
		c->codes_n[refused] += c->n;
	for (int i = 0; i < GROUP_CODES; i++) {
		all->codes_n[i] += c->codes_n[i];
		c->codes_n[i] = 0;
	}
}

static __always_inline int admit(struct __sk_buff *skb, struct call *c)
{
	__u32 zero = 0;
	struct group_config *conf = bpf_map_lookup_elem(&settings, &zero);
	int code = conf ? read_socket(skb, c) : GROUP_FORM;

	if (code || !conf)
		return GROUP_FORM;
	c->own_ifindex = conf->ifindex;
	code = check_policy(skb, conf);
	return code ? code : draw(c);
}

/* How much of the payload has to lie with the headers. */
static __always_inline __u32 direct_bytes(const struct call *c)
{
	__u32 direct = c->head <= HEAD_SHORT ? HEAD_SHORT : HEAD_DIRECT;

	return !c->head || c->tail || c->head % 4 || c->head > direct || c->payload < direct ? 0 : direct;
}

/* Sends the chunk that the datagram names. */
static __always_inline void send_chunk(struct loop *l, struct group_chunk *chunk)
{
	struct call *c = l->call;
	int form = parse(l->skb, c), code = read_chunk(c, chunk);

	if (!code)
		code = form ? form : admit(l->skb, c);
	if (!code) {
		c->direct = direct_bytes(c);
		bpf_set_hash_invalid(l->skb);
		/* What is written directly; the rest may stay in shared pages. */
		bpf_skb_pull_data(l->skb, (c->family == AF_INET ? HEADERS4_BYTES : HEADERS6_BYTES) + c->direct);
		if (c->family == AF_INET)
			send_all4(l);
		else
			send_all6(l);
	}
	assign_once(chunk->answer, GROUP_ANSWER(c->generation, code));
	count(c, code);
}

SEC("tc")
int group_send(struct __sk_buff *skb)
{
	struct target t;
	struct group_owner *owner = aimed(skb, &t) ? find_owner(skb, t.lane) : NULL;
	void *map = owner ? bpf_map_lookup_elem(&lanes, &t.lane) : NULL;
	__u32 zero = 0;
	struct loop l = { .skb = skb, .lane = map ? bpf_map_lookup_elem(map, &zero) : NULL };

	if (l.lane)
		l.state = bpf_map_lookup_elem(&states, &t.lane);
	/* Of another generation is what was held up on its way: the lane is another call's by now. */
	if (!owner || !l.lane || !l.state || once(l.lane->generation) != t.generation || !enter(owner)) {
		count_stray();
		return TC_ACT_SHOT;
	}
	l.call = &l.state->call;
	l.call->now_ns = bpf_ktime_get_coarse_ns();
	l.call->family = (__u16)t.family;
	l.call->generation = t.generation;
	l.call->account = owner->account - 1;
	send_chunk(&l, &l.lane->chunks[t.chunk % GROUP_CHUNKS]);
	leave(owner);
	return TC_ACT_STOLEN;
}

/* Never attached: sendgroupctl runs it, in the namespace in question. */
SEC("syscall")
int group_policy(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->nsproxy ? (int)policy_of(task->nsproxy->net_ns) : 0;
}

char LICENSE[] SEC("license") = "GPL";
