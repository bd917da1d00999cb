/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_parse.h: what was sent to the group device, where to, and by which socket. */
#ifndef BPFGROUP_GROUP_PARSE_H
#define BPFGROUP_GROUP_PARSE_H

#include "bpfgroup/group_state.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IP_DF 0x4000

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

#endif
