// SPDX-License-Identifier: GPL-2.0
/* sendgroup_output.c: packets to the device. The plain path is ip_local_out(), with all that may look at a packet on its
 * way. Where nothing would, the fast path puts the link header before it and queues it at the device at once. What allows
 * that is looked at for each batch: hooks of netfilter and of control groups, the route, the neighbour, the MTU. What
 * looks at packets from the queue on (taps, traffic control, queueing disciplines) sees them on both paths. */
#include <linux/bpf-cgroup.h>
#include <linux/etherdevice.h>
#include <linux/kallsyms.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <net/arp.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/lwtunnel.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/route.h>
#include <net/sch_generic.h>
#include <net/udp.h>

#include "sendgroup.h"

static bool fast = true;
module_param(fast, bool, 0644);
MODULE_PARM_DESC(fast, "take the fast path where nothing would look at a packet (default Y)");

/* The way from a dst to its next hop, as it is during one batch. */
struct hop {
	const struct dst_entry *dst;
	struct in6_addr gateway;	/* IPv4: in the first word */
	struct net_device *dev;		/* NULL: only the plain path leads there */
	bool direct;			/* to the driver, past dev_queue_xmit(); see is_open() */
	u8 link_len;
	u8 link[HH_DATA_MOD] __aligned(HH_DATA_MOD);
};

struct batch {
	struct sendgroup_call *call;
	bool unseen4, unseen6;		/* nothing in the way looks at packets of this family */
	struct hop hop;
	struct net_device *run_dev;	/* of the packets that wait to be handed to its driver together */
	u32 run_n;
	u32 fast4, octets4, done4, full4, done6, full6;
	u32 run[SENDGROUP_BATCH];	/* their slots */
};

#ifdef CONFIG_NETFILTER

/* AppArmor, which a stock Debian has, hooks into POST_ROUTING of every namespace and there lets pass whatever has no
 * secmark, as no packet has before a rule gave it one. It is not exported, so it is known by its name. Names are looked up
 * once for each function: the last one of either kind is remembered. */
static bool is_harmless(const void *hook)
{
	static const void *harmless, *other;
	char name[KSYM_SYMBOL_LEN];

	if (hook == READ_ONCE(harmless))
		return true;
	if (hook == READ_ONCE(other))
		return false;
	sprint_symbol_no_offset(name, (unsigned long)hook);
	if (!strcmp(name, "apparmor_ip_postroute")) {
		WRITE_ONCE(harmless, hook);
		return true;
	}
	WRITE_ONCE(other, hook);
	return false;
}

static bool unhooked(struct nf_hook_entries __rcu *const *hooks)
{
	const struct nf_hook_entries *post = rcu_dereference(hooks[NF_INET_POST_ROUTING]);

	return !rcu_access_pointer(hooks[NF_INET_LOCAL_OUT]) &&
	       (!post || (post->num_hook_entries == 1 && is_harmless(post->hooks[0].hook)));
}

#else

static bool unhooked(struct nf_hook_entries __rcu *const *hooks)
{
	return true;
}

#endif

static void look_around(struct batch *b)
{
	struct net *net = b->call->net;
	bool unwatched = true;

#ifdef CONFIG_CGROUP_BPF
	unwatched = !cgroup_bpf_enabled(CGROUP_INET_EGRESS);
#endif
	unwatched = unwatched && READ_ONCE(fast);
	b->unseen4 = unwatched && unhooked(net->nf.hooks_ipv4);
	b->unseen6 = unwatched && unhooked(net->nf.hooks_ipv6);
}

/* ---- Next hop ---- */

static bool plain_dst(const struct dst_entry *dst)
{
#ifdef CONFIG_XFRM
	if (dst->xfrm)
		return false;
#endif
	return !dst->lwtstate && !netif_is_l3_slave(dst->dev) && !netif_is_l3_master(dst->dev);
}

/* The link header that the kernel keeps with a neighbour whom it once had to ask for. */
static bool read_kept(const struct neighbour *neigh, struct hop *hop)
{
	const struct hh_cache *hh = &neigh->hh;
	unsigned int seq;

	do {
		seq = read_seqbegin(&hh->hh_lock);
		hop->link_len = READ_ONCE(hh->hh_len);
		memcpy(hop->link, hh->hh_data, HH_DATA_MOD);
	} while (read_seqretry(&hh->hh_lock, seq));
	return hop->link_len && hop->link_len <= HH_DATA_MOD;
}

/* For neighbours that need no asking (NOARP, permanent) none is kept: made as neigh_connected_output() does. */
static bool make_ethernet(const struct neighbour *neigh, const struct net_device *dev, __be16 protocol, struct hop *hop)
{
	struct ethhdr *eth = (struct ethhdr *)(hop->link + HH_DATA_MOD - ETH_HLEN);
	unsigned int seq;

	if (!dev->header_ops || dev->header_ops->create != eth_header)
		return false;
	do {
		seq = read_seqbegin(&neigh->ha_lock);
		ether_addr_copy(eth->h_dest, neigh->ha);
	} while (read_seqretry(&neigh->ha_lock, seq));
	ether_addr_copy(eth->h_source, dev->dev_addr);
	eth->h_proto = protocol;
	hop->link_len = ETH_HLEN;
	return true;
}

/* The neighbour's link header, if it may be used without asking for him first. */
static bool read_link(struct neighbour *neigh, const struct net_device *dev, __be16 protocol, struct hop *hop)
{
	if (!(READ_ONCE(neigh->nud_state) & NUD_CONNECTED))
		return false;
	return read_kept(neigh, hop) || make_ethernet(neigh, dev, protocol, hop);
}

/* Whether nothing on this device looks at packets before its driver, so that dev_queue_xmit() would only find that out:
 * no tap, no filter at its exit, one queue, nothing in the driver that asks to be asked. */
static bool is_open(struct net_device *dev)
{
	const struct net_device_ops *ops = dev->netdev_ops;

	if (!dev->header_ops || dev->header_ops->create != eth_header || !netif_running(dev) || dev_nit_active(dev))
		return false;
#if defined(CONFIG_NET_XGRESS) /* 6.6: e420bed02507 */
	if (rcu_access_pointer(dev->tcx_egress))
		return false;
#elif defined(CONFIG_NET_CLS_ACT)
	if (rcu_access_pointer(dev->miniq_egress))
		return false;
#endif
#ifdef CONFIG_NETFILTER_EGRESS
	if (rcu_access_pointer(dev->nf_hooks_egress))
		return false;
#endif
	return dev->real_num_tx_queues == 1 && (!ops->ndo_features_check || ops->ndo_features_check == passthru_features_check);
}

static void find_hop(struct batch *b, const struct dst_entry *dst, __be16 protocol, struct neighbour *neigh)
{
	b->hop.dev = NULL;
	if (!neigh || !plain_dst(dst) || !read_link(neigh, dst->dev, protocol, &b->hop))
		return;
	b->hop.dev = dst->dev;
	b->hop.direct = is_open(dst->dev);
	if (b->call->flags & MSG_CONFIRM)
		neigh_confirm(neigh);
}

static struct net_device *hop4(struct batch *b, const struct sendgroup_route *route)
{
	const struct rtable *rt = (const struct rtable *)route->dst;
	__be32 gateway = rt_nexthop(rt, route->headers.v4.ip.daddr);

	if (b->hop.dst == route->dst && b->hop.gateway.s6_addr32[0] == gateway)
		return b->hop.dev;
	b->hop.dst = route->dst;
	b->hop.gateway.s6_addr32[0] = gateway;
	find_hop(b, route->dst, htons(ETH_P_IP), rt->rt_gw_family == AF_INET6 ? NULL :
				__ipv4_neigh_lookup_noref(route->dst->dev, (__force u32)gateway));
	return b->hop.dev;
}

#if IS_ENABLED(CONFIG_IPV6)
static struct net_device *hop6(struct batch *b, const struct sendgroup_route *route)
{
	const struct in6_addr *gateway = rt6_nexthop((const struct rt6_info *)route->dst,
						     (struct in6_addr *)&route->headers.v6.ip.daddr);

	if (b->hop.dst == route->dst && ipv6_addr_equal(&b->hop.gateway, gateway))
		return b->hop.dev;
	b->hop.dst = route->dst;
	b->hop.gateway = *gateway;
	find_hop(b, route->dst, htons(ETH_P_IPV6), __ipv6_neigh_lookup_noref(route->dst->dev, gateway));
	return b->hop.dev;
}
#else
static struct net_device *hop6(struct batch *b, const struct sendgroup_route *route)
{
	return NULL;
}
#endif

/* ---- Both paths ---- */

static bool is_v4(const struct sendgroup_route *route)
{
	return !route->is_v6;
}

/* The device to which the packet may go at once, or NULL. */
static struct net_device *fast_device(struct batch *b, const struct sk_buff *skb, const struct sendgroup_route *route)
{
	struct net_device *dev;

	if (!route->unicast || skb->len > route->mtu || !(is_v4(route) ? b->unseen4 : b->unseen6))
		return NULL;
	dev = is_v4(route) ? hop4(b, route) : hop6(b, route);
	return dev && skb_headroom(skb) >= HH_DATA_MOD ? dev : NULL;
}

static void count_fast(struct batch *b, const struct sk_buff *skb, const struct sendgroup_route *route)
{
	b->call->state->fast++;
	if (is_v4(route)) {
		b->fast4++;
		b->octets4 += skb->len;
		return;
	}
#if IS_ENABLED(CONFIG_IPV6)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0) /* e4da8c78973c: requests and transmissions are counted apart */
	IP6_INC_STATS(b->call->net, ip6_dst_idev(route->dst), IPSTATS_MIB_OUTREQUESTS);
#endif
	IP6_UPD_PO_STATS(b->call->net, ip6_dst_idev(route->dst), IPSTATS_MIB_OUT, skb->len);
#endif
}

static void put_link(struct batch *b, struct sk_buff *skb, struct net_device *dev)
{
	memcpy(skb->data - HH_DATA_MOD, b->hop.link, HH_DATA_MOD);
	__skb_push(skb, b->hop.link_len);
	skb->dev = dev;
}

/* Under rcu_read_lock(): the dst is lent to the packet, and the kernel takes a reference of its own if it keeps it. */
static int output_queue(struct sk_buff *skb, const struct sendgroup_route *route)
{
	skb_dst_set_noref(skb, route->dst);
	return dev_queue_xmit(skb);
}

static int output_plain(struct batch *b, struct sk_buff *skb, const struct sendgroup_route *route)
{
	struct sendgroup_call *call = b->call;

	call->state->plain++;
	skb_dst_set(skb, dst_clone(route->dst));
	return is_v4(route) ? ip_local_out(call->net, call->sk, skb) : ip6_local_out(call->net, call->sk, skb);
}

/* What udp_send_skb() makes of it: a full queue is no error unless the socket asks (IP_RECVERR). 0 or -errno. */
static int settle(struct batch *b, const struct sendgroup_route *route, int err)
{
	struct sock *sk = b->call->sk;

	if (err > 0)
		err = net_xmit_errno(err);
	if (err == -ENOBUFS && !(is_v4(route) ? sendgroup_recverr(sk) : sendgroup_recverr6(sk))) {
		*(is_v4(route) ? &b->full4 : &b->full6) += 1;
		return 0;
	}
	if (!err)
		*(is_v4(route) ? &b->done4 : &b->done6) += 1;
	return err;
}

static void count(const struct batch *b)
{
	struct net *net = b->call->net;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	IP_ADD_STATS(net, IPSTATS_MIB_OUTREQUESTS, b->fast4);
#endif
	IP_ADD_STATS(net, IPSTATS_MIB_OUTPKTS, b->fast4);
	IP_ADD_STATS(net, IPSTATS_MIB_OUTOCTETS, b->octets4);
	SNMP_ADD_STATS(net->mib.udp_statistics, UDP_MIB_OUTDATAGRAMS, b->done4);
	if (b->full4)
		SNMP_ADD_STATS(net->mib.udp_statistics, UDP_MIB_SNDBUFERRORS, b->full4);
#if IS_ENABLED(CONFIG_IPV6)
	if (b->done6)
		SNMP_ADD_STATS(net->mib.udp_stats_in6, UDP_MIB_OUTDATAGRAMS, b->done6);
	if (b->full6)
		SNMP_ADD_STATS(net->mib.udp_stats_in6, UDP_MIB_SNDBUFERRORS, b->full6);
#endif
}

/* ---- Runs of packets for one driver ---- */

static void finish(struct batch *b, u32 i, int err)
{
	struct sendgroup_state *state = b->call->state;
	struct sendgroup_slot *slot = &state->slots[i];

	err = settle(b, slot->route, err);
	state->errors[slot->index] = -err;
	b->call->reached += !err;
}

/* What validate_xmit_skb() would find fault with. */
static bool suits(const struct net_device *dev, const struct sk_buff *skb)
{
	netdev_features_t sums = skb->protocol == htons(ETH_P_IP) ? NETIF_F_IP_CSUM : NETIF_F_IPV6_CSUM;

	if (skb_is_nonlinear(skb) && !(dev->features & NETIF_F_SG))
		return false;
	return skb->ip_summed != CHECKSUM_PARTIAL || dev->features & (NETIF_F_HW_CSUM | sums);
}

/* Hands the run to the driver until its queue is full. Returns how many it took, and of how many bytes. */
static u32 xmit_run(struct batch *b, struct net_device *dev, struct netdev_queue *txq, u32 *octets)
{
	struct sendgroup_slot *slots = b->call->state->slots;
	u32 done;

	*octets = 0;
	HARD_TX_LOCK(dev, txq, smp_processor_id());
	for (done = 0; done < b->run_n; done++) {
		struct sendgroup_slot *slot = &slots[b->run[done]];
		unsigned int len = slot->skb->len;

		if (netif_xmit_frozen_or_stopped(txq))
			break;
		skb_reset_mac_header(slot->skb);
		if (!(dev->priv_flags & IFF_XMIT_DST_RELEASE))
			skb_dst_set(slot->skb, dst_clone(slot->route->dst));
		if (netdev_start_xmit(slot->skb, dev, txq, done + 1 < b->run_n) != NETDEV_TX_OK) {
			skb_dst_drop(slot->skb);
			break;
		}
		*octets += len;
		finish(b, b->run[done], 0);
	}
	HARD_TX_UNLOCK(dev, txq);
	return done;
}

/* A discipline without a lock (pfifo_fast) that is empty: it is held for the time of the run. */
static u32 xmit_past_lockless(struct batch *b, struct net_device *dev, struct netdev_queue *txq, struct Qdisc *q)
{
	u32 done = 0, octets;

	if (!qdisc_is_percpu_stats(q) || !nolock_qdisc_is_empty(q) || !qdisc_run_begin(q))
		return 0;
	if (nolock_qdisc_is_empty(q)) { /* nobody came in between */
		done = xmit_run(b, dev, txq, &octets);
		_bstats_update(this_cpu_ptr(q->cpu_bstats), octets, done);
	}
	qdisc_run_end(q);
	return done;
}

/* One with a lock (fq_codel): who comes meanwhile finds it running, leaves his packet there, and counts on us to go on. */
static u32 xmit_past_locked(struct batch *b, struct net_device *dev, struct netdev_queue *txq, struct Qdisc *q)
{
	spinlock_t *lock = qdisc_lock(q);
	u32 done, octets;

	spin_lock(lock);
	if (test_bit(__QDISC_STATE_DEACTIVATED, &q->state) || qdisc_qlen(q) || !qdisc_run_begin(q)) {
		spin_unlock(lock);
		return 0;
	}
	spin_unlock(lock);
	done = xmit_run(b, dev, txq, &octets);
	spin_lock(lock);
	_bstats_update(&q->bstats, octets, done);
	qdisc_run_end(q);
	if (qdisc_qlen(q))
		__netif_schedule(q);
	spin_unlock(lock);
	return done;
}

/* As __dev_xmit_skb() where it bypasses the queueing discipline: there is none, or it allows that while it is empty.
 * Whatever is not taken goes into the queue. */
static void flush_run(struct batch *b)
{
	struct net_device *dev = b->run_dev;
	struct netdev_queue *txq;
	u32 done = 0, octets;
	struct Qdisc *q;

	if (!b->run_n)
		return;
	txq = netdev_get_tx_queue(dev, 0);
	q = rcu_dereference_bh(txq->qdisc);
	if (!q->enqueue)
		done = xmit_run(b, dev, txq, &octets);
	else if (q->flags & TCQ_F_CAN_BYPASS)
		done = q->flags & TCQ_F_NOLOCK ? xmit_past_lockless(b, dev, txq, q) : xmit_past_locked(b, dev, txq, q);
	for (; done < b->run_n; done++) {
		struct sendgroup_slot *slot = &b->call->state->slots[b->run[done]];

		finish(b, b->run[done], output_queue(slot->skb, slot->route));
	}
	b->run_n = 0;
}

static void output_direct(struct batch *b, u32 i, struct net_device *dev)
{
	if (dev != b->run_dev)
		flush_run(b);
	b->run_dev = dev;
	b->run[b->run_n++] = i;
}

/* Packets go out in their order: a run that waits goes before whatever takes another way. */
static void send(struct batch *b, u32 i)
{
	struct sendgroup_slot *slot = &b->call->state->slots[i];
	struct net_device *dev = fast_device(b, slot->skb, slot->route);

	if (!dev) {
		flush_run(b);
		finish(b, i, output_plain(b, slot->skb, slot->route));
		return;
	}
	count_fast(b, slot->skb, slot->route);
	put_link(b, slot->skb, dev);
	if (b->hop.direct && suits(dev, slot->skb)) {
		output_direct(b, i, dev);
		return;
	}
	flush_run(b);
	finish(b, i, output_queue(slot->skb, slot->route));
}

void sendgroup_output(struct sendgroup_call *call)
{
	struct sendgroup_state *state = call->state;
	struct batch b;

	if (!state->slots_n)
		return;
	memset(&b, 0, offsetof(struct batch, run));
	b.call = call;
	local_bh_disable(); /* once for the batch, and softirqs run after it */
	rcu_read_lock();
	look_around(&b);
	for (u32 i = 0; i < state->slots_n; i++)
		send(&b, i);
	flush_run(&b);
	count(&b);
	rcu_read_unlock();
	local_bh_enable();
	for (u32 i = 0; i < state->slots_n; i++)
		sendgroup_route_drop(&state->slots[i].spare);
	state->slots_n = 0;
}
