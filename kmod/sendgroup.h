/* SPDX-License-Identifier: GPL-2.0 */
/* sendgroup.h: what the parts of the module share. Not the header for user space: that is include/sendgroup.h.
 *
 * sendgroup_main.c	the device, its ioctls, loading and unloading
 * sendgroup_call.c	one call: recipients in batches, from record to packet to device
 * sendgroup_route.c	the route and the ready header of each recipient, cached and revalidated
 * sendgroup_packet.c	the shared payload in pages, and packets that refer to it
 * sendgroup_output.c	packets to the device: the fast and the plain path
 * sendgroup_bound.c	SO_SETGRP: groups that are bound to a socket
 */
#ifndef SENDGROUP_H
#define SENDGROUP_H

#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mm_types_task.h>
#include <linux/mutex.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <linux/version.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "include/sendgroup.h"

enum {
	SENDGROUP_BATCH = 32,		/* packets prepared before they are sent */
	SENDGROUP_PIECES = 16,		/* of the shared payload: 64 KiB in single pages */
	SENDGROUP_RECORD_MAX = 128 + sizeof(struct sendgroup_private),
	SENDGROUP_PAGE_ROUTES = 32,	/* in a page: a power of 2 */
	SENDGROUP_CACHE_PAGES = 1024,	/* of routes kept by one file */
	SENDGROUP_FLAGS = MSG_DONTWAIT | MSG_CONFIRM | MSG_DONTROUTE | MSG_NOSIGNAL,
};

/* ---- Differences between kernels ---- */

/* 6.6 made the bit fields of inet_sock and ipv6_pinfo atomic flags (c274af224269, 3fa29971c695). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define sendgroup_recverr(sk)	inet_test_bit(RECVERR, sk)
#else
#define sendgroup_recverr(sk)	(inet_sk(sk)->recverr)
#endif
/* 6.8 did the same for ipv6_pinfo (1086ca7cce29 and those that follow it). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define sendgroup_recverr6(sk)	inet6_test_bit(RECVERR6, sk)
#define sendgroup_dontfrag6(sk)	inet6_test_bit(DONTFRAG, sk)
#define sendgroup_sndflow6(sk)	inet6_test_bit(SNDFLOW, sk)
#define sendgroup_autolabel6(sk) \
	(inet6_test_bit(AUTOFLOWLABEL_SET, sk) ? inet6_test_bit(AUTOFLOWLABEL, sk) : \
						 ip6_default_np_autolabel(sock_net(sk)))
#else
#define sendgroup_recverr6(sk)	(inet6_sk(sk)->recverr)
#define sendgroup_dontfrag6(sk)	(inet6_sk(sk)->dontfrag)
#define sendgroup_sndflow6(sk)	(inet6_sk(sk)->sndflow)
#define sendgroup_autolabel6(sk) \
	(inet6_sk(sk)->autoflowlabel_set ? inet6_sk(sk)->autoflowlabel : ip6_default_np_autolabel(sock_net(sk)))
#endif

/* ---- Routes ---- */

/* A recipient's address as it is compared: the sockaddr of his family, zero behind its end. */
struct sendgroup_addr {
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		u64 words[4];
	};
};

struct sendgroup_headers {
	union {
		struct {
			struct iphdr ip;
			struct udphdr udp;
		} v4;
		struct {
			struct ipv6hdr ip;
			struct udphdr udp;
		} v6;
		u64 words[6];
	};
};

/* What is known of one recipient. dst is ours (a reference) and NULL while nothing is known. */
struct sendgroup_route {
	struct dst_entry *dst;
	u32 cookie;			/* for dst_check() */
	u32 generation;			/* of the state: an older one belongs to other socket options */
	struct sendgroup_addr addr;	/* as the caller gave it */
	struct sendgroup_headers headers; /* lengths, identification and checksums are left 0 */
	u32 ip_sum;			/* of the IPv4 header: 16 bits, not complemented */
	__wsum pseudo;			/* of the pseudo header without the length, unfolded */
	u16 mtu;			/* what fits; 65535 for more */
	u16 room;			/* link, IP and UDP headers, and what the dst wants */
	u64 mtus;			/* sendgroup_mtus() when `mtu` was found */
	u8 header_len;			/* IP and UDP: 28 or 48 */
	u8 unicast;			/* no broadcast, no multicast, plain IP output */
	u8 is_v6;
	u8 is_card;			/* the device is a piece of hardware */
} __aligned(128);

static_assert(sizeof(struct sendgroup_route) * SENDGROUP_PAGE_ROUTES <= PAGE_SIZE);

/* The socket options that routes and headers were made with. Zeroed before it is filled: it is compared as bytes. */
struct sendgroup_options {
	const struct sock *sk;
	struct in6_addr saddr6, sticky6;
	__be32 saddr, mc_addr;
	__be16 sport;
	u16 local;			/* SO_DONTROUTE or MSG_DONTROUTE */
	int bound_if, uc_index, mc_index, ucast_oif, mcast_oif, sticky_if;
	u32 mark;
	kuid_t uid;
	s16 uc_ttl, hop_limit;
	u8 tos, mc_ttl, pmtudisc, pmtudisc6, tclass, mcast_hops, flow_flags, connected, dontfrag6, autolabel6;
};

/* ---- State of one open file or one bound group ---- */

struct sendgroup_piece {
	struct page *page;
	u32 offset, len;
};

/* The shared payload: our own copy. The pages are referenced here for the time of the call. */
struct sendgroup_shared {
	struct sendgroup_piece pieces[SENDGROUP_PIECES];
	u32 pieces_n;
	u32 len;
	bool summed;
	__wsum sum;			/* once summed */
};

/* One recipient of a call. */
struct sendgroup_item {
	u32 index;			/* in the group */
	int error;			/* negative: he cannot be sent to */
	struct sendgroup_addr addr;
	struct sendgroup_private private;
};

struct sendgroup_slot {
	struct sk_buff *skb;
	struct sendgroup_route *route;
	struct sendgroup_route spare;	/* where the cache has no room */
	u32 index;			/* in errors[] */
};

struct sendgroup_state {
	struct mutex lock;		/* everything below */
	u32 generation;
	struct sendgroup_options options;
	struct page_frag frag;
	struct sendgroup_shared shared;
	struct sendgroup_slot slots[SENDGROUP_BATCH];
	struct sendgroup_item items[SENDGROUP_BATCH];
	u32 slots_n;
	s32 errors[SENDGROUP_BATCH];	/* positive errnos of one batch */
	u8 records[SENDGROUP_BATCH * SENDGROUP_RECORD_MAX] __aligned(8);
	struct sendgroup_route *cache[SENDGROUP_CACHE_PAGES];
	struct dst_entry *checked;	/* a dst found valid in this batch; compared, never used */
	u64 checked_mtus;		/* its sendgroup_mtus() */
	u64 fast, plain, routes, shares;
};

/* One call while it runs. */
struct sendgroup_call {
	struct sendgroup_state *state;
	struct sock *sk;
	struct net *net;
	u32 flags;
	bool noblock;
	u32 reached;
};

/* sendgroup_route.c: all return 0 or -errno. */
struct sendgroup_state *sendgroup_state_new(void);
void sendgroup_state_free(struct sendgroup_state *state);	/* accepts NULL */
/* Reads the socket's options; routes that were made with others are void from then on. */
void sendgroup_options_read(struct sendgroup_call *call);
/* Looks the route of an item up, into the cache or into `spare`. May sleep. */
int sendgroup_route_make(struct sendgroup_call *call, const struct sendgroup_item *item, struct sendgroup_route *spare,
			 struct sendgroup_route **out);

static inline void sendgroup_route_drop(struct sendgroup_route *route)
{
	if (unlikely(route->dst)) {
		dst_release(route->dst);
		route->dst = NULL;
	}
}

/* What the MTU of a route depends on: that of the dst, which for IPv6 changes under it, and that of its device. */
static inline u64 sendgroup_mtus(const struct dst_entry *dst)
{
	return (u64)dst_mtu(dst) << 32 | READ_ONCE(dst->dev->mtu);
}

/* The item's route, if it is cached and valid; else NULL. Recipients often share a dst, which is looked at once per batch. */
static inline struct sendgroup_route *sendgroup_route_cached(struct sendgroup_state *state, const struct sendgroup_item *item)
{
	u32 page = item->index / SENDGROUP_PAGE_ROUTES;
	const u64 *a = item->addr.words, *b;
	struct sendgroup_route *route;

	if (unlikely(page >= SENDGROUP_CACHE_PAGES || !state->cache[page]))
		return NULL;
	route = &state->cache[page][item->index % SENDGROUP_PAGE_ROUTES];
	b = route->addr.words;
	if (unlikely(!route->dst || route->generation != state->generation ||
		     ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]))))
		return NULL;
	if (route->dst != state->checked) {
		if (!dst_check(route->dst, route->cookie))
			return NULL;
		state->checked = route->dst;
		state->checked_mtus = sendgroup_mtus(route->dst);
	}
	return likely(route->mtus == state->checked_mtus) ? route : NULL;
}

/* sendgroup_packet.c */
int sendgroup_shared_copy(struct sendgroup_state *state, struct iov_iter *from);
void sendgroup_shared_put(struct sendgroup_state *state);
/* Makes the packet of an item, charged to the socket. -EAGAIN when there is no room and noblock is set. */
int sendgroup_packet(struct sendgroup_call *call, const struct sendgroup_item *item,
		     const struct sendgroup_route *route, bool noblock, struct sk_buff **out);

/* sendgroup_output.c */
/* Sends all packets of the batch, sets their errors and empties it. */
void sendgroup_output(struct sendgroup_call *call);

/* sendgroup_call.c */
/* Whether the module can send on this socket: 0, or -EOPNOTSUPP, -EAGAIN. Gives it a port if it has none. */
int sendgroup_socket_ready(struct sock *sk);
/* Where the items of a call come from. */
struct sendgroup_source {
	/* Fills items[0, n) with recipients from `first` on: 0 or -errno. */
	int (*read)(struct sendgroup_source *source, struct sendgroup_call *call, u32 first, u32 n);
	/* Tells the caller the errors[0, n) of recipients from `first` on: 0 or -errno. NULL: he does not ask. */
	int (*tell)(struct sendgroup_source *source, u32 first, u32 n, const s32 *errors);
};
/* An item's address from a sockaddr of n bytes; what sendmsg() would refuse becomes its error. */
void sendgroup_item_address(const struct sock *sk, struct sendgroup_item *item, const void *addr, u32 n);
/* Sends to n recipients; state->lock is held and the shared payload is in place. Returns how many were reached, or
 * -errno with nothing sent. *error is the errno of the first recipient that was not reached, negative, or 0. */
int sendgroup_call_run(struct sendgroup_call *call, struct sendgroup_source *source, u32 n, int *error);

/* sendgroup_bound.c */
int sendgroup_bound_init(void);
void sendgroup_bound_exit(void);

#endif
