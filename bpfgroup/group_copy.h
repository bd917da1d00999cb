/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_copy.h: the copies of a datagram: its headers and private bytes written for one recipient after the other, and cloned. */
#ifndef BPFGROUP_GROUP_COPY_H
#define BPFGROUP_GROUP_COPY_H

#include "bpfgroup/group_route.h"

#define UNROLLED 4 /* recipients per turn of the loop over them */
#define HEAD_DIRECT 64 /* bytes of head that are stored without a helper call */
#define HEAD_SHORT 16 /* of these, in the cache line of IPv4's headers: the receiver's CPU fetches no second one */

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

#endif
