// SPDX-License-Identifier: GPL-2.0
/* sendgroup_route.c: the route and the ready header of each recipient. What sendmsg() finds out for each packet is found
 * out once here and kept, by a recipient's place in the group, until the route, its MTU or the socket's options
 * change. A route holds a dst as a connected socket does: when its device goes, the kernel puts another below it, and
 * dst_check() tells. */
#include <linux/mm.h>
#include <linux/security.h>
#include <net/dst.h>
#include <net/flow.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "sendgroup.h"

struct sendgroup_state *sendgroup_state_new(void)
{
	struct sendgroup_state *state = kvzalloc(sizeof(*state), GFP_KERNEL_ACCOUNT);

	if (state) {
		mutex_init(&state->lock);
		state->generation = 1; /* that of no empty route */
	}
	return state;
}

static void cache_free(struct sendgroup_state *state)
{
	for (int page = 0; page < SENDGROUP_CACHE_PAGES && state->cache[page]; page++) {
		for (int i = 0; i < SENDGROUP_PAGE_ROUTES; i++)
			sendgroup_route_drop(&state->cache[page][i]);
		kfree(state->cache[page]);
	}
}

void sendgroup_state_free(struct sendgroup_state *state)
{
	if (!state)
		return;
	cache_free(state);
	if (state->frag.page)
		put_page(state->frag.page);
	kvfree(state);
}

static void options_read4(struct sock *sk, struct sendgroup_options *o)
{
	const struct inet_sock *inet = inet_sk(sk);

	o->saddr = inet->inet_saddr;
	o->sport = inet->inet_sport;
	o->mc_addr = READ_ONCE(inet->mc_addr);
	o->mc_index = READ_ONCE(inet->mc_index);
	o->uc_index = READ_ONCE(inet->uc_index);
	o->uc_ttl = READ_ONCE(inet->uc_ttl);
	o->mc_ttl = READ_ONCE(inet->mc_ttl);
	o->tos = READ_ONCE(inet->tos);
	o->pmtudisc = READ_ONCE(inet->pmtudisc);
	o->flow_flags = inet_sk_flowi_flags(sk);
	o->connected = inet->inet_daddr != 0;
}

static void options_read6(struct sock *sk, struct sendgroup_options *o)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);

	o->saddr6 = np->saddr;
	o->sticky6 = np->sticky_pktinfo.ipi6_addr;
	o->sticky_if = np->sticky_pktinfo.ipi6_ifindex;
	o->ucast_oif = READ_ONCE(np->ucast_oif);
	o->mcast_oif = READ_ONCE(np->mcast_oif);
	o->hop_limit = np->hop_limit;
	o->mcast_hops = np->mcast_hops;
	o->tclass = READ_ONCE(np->tclass);
	o->pmtudisc6 = np->pmtudisc;
	o->dontfrag6 = sendgroup_dontfrag6(sk);
	o->autolabel6 = sendgroup_autolabel6(sk);
}

void sendgroup_options_read(struct sendgroup_call *call)
{
	struct sendgroup_state *state = call->state;
	struct sock *sk = call->sk;
	struct sendgroup_options now;

	memset(&now, 0, sizeof(now));
	now.sk = sk;
	now.bound_if = READ_ONCE(sk->sk_bound_dev_if);
	now.mark = READ_ONCE(sk->sk_mark);
	now.uid = sk->sk_uid;
	now.local = sock_flag(sk, SOCK_LOCALROUTE) || call->flags & MSG_DONTROUTE;
	options_read4(sk, &now);
	if (sk->sk_family == AF_INET6)
		options_read6(sk, &now);
	if (!memcmp(&now, &state->options, sizeof(now)))
		return;
	state->options = now;
	state->generation++;
}

static int output_interface4(const struct sendgroup_options *o, __be32 daddr)
{
	if (ipv4_is_multicast(daddr))
		return o->bound_if ? o->bound_if : o->mc_index;
	if (!o->bound_if)
		return o->uc_index;
	return ipv4_is_lbcast(daddr) && o->uc_index ? o->uc_index : o->bound_if;
}

/* As udp_sendmsg() does. 0 or -errno. */
static int lookup4(struct sendgroup_call *call, const struct sockaddr_in *to, struct flowi4 *fl4, struct rtable **out)
{
	const struct sendgroup_options *o = &call->state->options;
	__be32 daddr = to->sin_addr.s_addr, saddr = o->saddr;
	u8 tos = o->tos & INET_DSCP_MASK, scope = RT_SCOPE_UNIVERSE;
	struct rtable *rt;

	if (ipv4_is_multicast(daddr) && !saddr)
		saddr = o->mc_addr;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0) /* until then the scope was told by a bit of tos */
	scope = o->local ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
#else
	tos = RT_TOS(o->tos) | (o->local ? RTO_ONLINK : 0);
#endif
	flowi4_init_output(fl4, output_interface4(o, daddr), o->mark, tos, scope, IPPROTO_UDP, o->flow_flags, daddr, saddr,
			   to->sin_port, o->sport, o->uid);
	security_sk_classify_flow(call->sk, flowi4_to_flowi_common(fl4));
	rt = ip_route_output_flow(call->net, fl4, call->sk);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			IP_INC_STATS(call->net, IPSTATS_MIB_OUTNOROUTES);
		return PTR_ERR(rt);
	}
	if (rt->rt_flags & RTCF_BROADCAST && !sock_flag(call->sk, SOCK_BROADCAST)) {
		ip_rt_put(rt);
		return -EACCES;
	}
	*out = rt;
	return 0;
}

static u8 ttl4(const struct sendgroup_options *o, const struct rtable *rt)
{
	if (rt->rt_type == RTN_MULTICAST)
		return o->mc_ttl;
	return o->uc_ttl < 0 ? ip4_dst_hoplimit(&rt->dst) : o->uc_ttl;
}

static void header4(struct sendgroup_call *call, struct sendgroup_route *route, const struct flowi4 *fl4)
{
	const struct sendgroup_options *o = &call->state->options;
	struct rtable *rt = (struct rtable *)route->dst;
	struct iphdr *ip = &route->headers.v4.ip;

	*ip = (struct iphdr){
		.version = 4, .ihl = 5, .tos = o->tos, .ttl = ttl4(o, rt), .protocol = IPPROTO_UDP,
		.saddr = fl4->saddr, .daddr = fl4->daddr,
		.frag_off = ip_dont_fragment(call->sk, route->dst) ? htons(IP_DF) : 0,
	};
	route->headers.v4.udp = (struct udphdr){ .source = o->sport, .dest = fl4->fl4_dport };
	route->header_len = sizeof(struct iphdr) + sizeof(struct udphdr);
	route->ip_sum = (__force u16)~csum_fold(csum_partial(ip, sizeof(*ip), 0));
	route->pseudo = csum_tcpudp_nofold(fl4->saddr, fl4->daddr, 0, IPPROTO_UDP, 0);
	route->mtus = sendgroup_mtus(route->dst);
	route->mtu = min_t(u32, ip_sk_use_pmtu(call->sk) ? dst_mtu(route->dst) : READ_ONCE(route->dst->dev->mtu), 0xffff);
	route->unicast = (rt->rt_type == RTN_UNICAST || rt->rt_type == RTN_LOCAL) &&
			 READ_ONCE(route->dst->output) == ip_output;
	route->cookie = 0;
}

static int make4(struct sendgroup_call *call, const struct sockaddr_in *to, struct sendgroup_route *route)
{
	struct flowi4 fl4;
	struct rtable *rt;
	int err = lookup4(call, to, &fl4, &rt);

	if (err)
		return err;
	route->dst = &rt->dst;
	header4(call, route, &fl4);
	return 0;
}

#if IS_ENABLED(CONFIG_IPV6)

static int output_interface6(const struct sendgroup_options *o, const struct sockaddr_in6 *to)
{
	int oif = 0;

	if (to->sin6_scope_id && __ipv6_addr_needs_scope_id(ipv6_addr_type(&to->sin6_addr)))
		oif = to->sin6_scope_id;
	if (!oif)
		oif = o->bound_if;
	if (!oif)
		oif = o->sticky_if;
	if (!oif)
		oif = ipv6_addr_is_multicast(&to->sin6_addr) ? o->mcast_oif : o->ucast_oif;
	return oif;
}

/* As udpv6_sendmsg() does. 0 or -errno. */
static int lookup6(struct sendgroup_call *call, const struct sockaddr_in6 *to, struct flowi6 *fl6, struct dst_entry **out)
{
	const struct sendgroup_options *o = &call->state->options;
	struct dst_entry *dst;

	memset(fl6, 0, sizeof(*fl6));
	fl6->flowi6_oif = output_interface6(o, to);
	fl6->flowi6_mark = o->mark;
	fl6->flowi6_uid = o->uid;
	fl6->flowi6_proto = IPPROTO_UDP;
	fl6->daddr = to->sin6_addr;
	if (ipv6_addr_any(&fl6->daddr))
		fl6->daddr.s6_addr[15] = 1; /* the loopback address, as BSD has it */
	fl6->saddr = ipv6_addr_any(&o->sticky6) ? o->saddr6 : o->sticky6;
	fl6->fl6_dport = to->sin6_port;
	fl6->fl6_sport = o->sport;
	fl6->flowlabel = ip6_make_flowinfo(o->tclass, 0);
	security_sk_classify_flow(call->sk, flowi6_to_flowi_common(fl6));
	dst = ip6_dst_lookup_flow(call->net, call->sk, fl6, NULL);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	*out = dst;
	return 0;
}

/* As ip6_make_flowlabel(), which wants a packet. */
static __be32 flow_label(struct sendgroup_call *call, struct flowi6 *fl6)
{
	struct net *net = call->net;
	int policy = net->ipv6.sysctl.auto_flowlabels;
	struct flow_keys keys;
	__be32 label;

	if (policy == IP6_AUTO_FLOW_LABEL_OFF ||
	    (!call->state->options.autolabel6 && policy != IP6_AUTO_FLOW_LABEL_FORCED))
		return 0;
	label = (__force __be32)rol32(__get_hash_from_flowi6(fl6, &keys), 16) & IPV6_FLOWLABEL_MASK;
	if (net->ipv6.sysctl.flowlabel_state_ranges)
		label |= IPV6_FLOWLABEL_STATELESS_FLAG;
	return label;
}

static void header6(struct sendgroup_call *call, struct sendgroup_route *route, struct flowi6 *fl6)
{
	const struct sendgroup_options *o = &call->state->options;
	struct ipv6hdr *ip = &route->headers.v6.ip;

	ip6_flow_hdr(ip, o->tclass, flow_label(call, fl6));
	ip->payload_len = 0;
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = ip6_sk_dst_hoplimit(inet6_sk(call->sk), fl6, route->dst);
	ip->saddr = fl6->saddr;
	ip->daddr = fl6->daddr;
	route->headers.v6.udp = (struct udphdr){ .source = o->sport, .dest = fl6->fl6_dport };
	route->header_len = sizeof(struct ipv6hdr) + sizeof(struct udphdr);
	route->pseudo = csum_unfold((__force __sum16)~csum_ipv6_magic(&fl6->saddr, &fl6->daddr, 0, IPPROTO_UDP, 0));
	route->mtus = sendgroup_mtus(route->dst);
	route->mtu = min_t(u32, o->pmtudisc6 >= IPV6_PMTUDISC_PROBE ? READ_ONCE(route->dst->dev->mtu) :
							      dst_mtu(route->dst), 0xffff);
	route->unicast = !ipv6_addr_is_multicast(&fl6->daddr) && READ_ONCE(route->dst->output) == ip6_output;
	route->cookie = rt6_get_cookie((struct rt6_info *)route->dst);
}

static int make6(struct sendgroup_call *call, const struct sockaddr_in6 *to, struct sendgroup_route *route)
{
	struct dst_entry *dst;
	struct flowi6 fl6;
	int err = lookup6(call, to, &fl6, &dst);

	if (err)
		return err;
	route->dst = dst;
	header6(call, route, &fl6);
	return 0;
}

#else

static int make6(struct sendgroup_call *call, const struct sockaddr_in6 *to, struct sendgroup_route *route)
{
	return -EAFNOSUPPORT;
}

#endif

/* What is known of the device that a packet meets first. */
static void set_device(struct sendgroup_route *route)
{
	const struct net_device *dev = route->dst->dev;

	route->is_v6 = route->header_len == sizeof(route->headers.v6);
	route->is_card = dev->dev.parent != NULL;
	route->room = LL_RESERVED_SPACE(dev) + route->dst->header_len + route->header_len;
}

/* The place for recipient `index`, or the spare one. */
static struct sendgroup_route *place(struct sendgroup_state *state, u32 index, struct sendgroup_route *spare)
{
	u32 page = index / SENDGROUP_PAGE_ROUTES;

	if (page >= SENDGROUP_CACHE_PAGES)
		return spare;
	if (!state->cache[page]) {
		if (page && !state->cache[page - 1])
			return spare; /* cache_free() counts on pages without a gap */
		state->cache[page] = kzalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!state->cache[page])
			return spare;
	}
	return &state->cache[page][index % SENDGROUP_PAGE_ROUTES];
}

int sendgroup_route_make(struct sendgroup_call *call, const struct sendgroup_item *item, struct sendgroup_route *spare,
			 struct sendgroup_route **out)
{
	struct sendgroup_route *route = place(call->state, item->index, spare);
	int err;

	call->state->checked = NULL; /* it may be this one, which is given back now */
	call->state->routes++;
	sendgroup_route_drop(route);
	err = item->addr.in.sin_family == AF_INET6 ? make6(call, &item->addr.in6, route) :
						     make4(call, &item->addr.in, route);
	if (err)
		return err;
	set_device(route);
	route->addr = item->addr;
	route->generation = call->state->generation;
	*out = route;
	return 0;
}
