/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame.c: headers as templates, and checksums by parts: the shared bytes are summed once for all recipients. */
#include "workloads/frame.h"

#include "workloads/link.h"
#include "workloads/sender.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>

enum { HOPS = 64 };

uint32_t frame_sum(const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	uint64_t sum = 0;
	uint32_t word;

	for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
		memcpy(&word, at, sizeof word);
		sum += word;
	}
	word = 0;
	memcpy(&word, at, n);
	sum += word;
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return (uint32_t)sum;
}

/* The Internet checksum of a sum. */
static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint16_t fold_udp(uint64_t sum)
{
	uint16_t check = fold(sum);

	return check ? check : 0xffff; /* 0 would say that there is none */
}

static size_t write_ethernet(const struct link *link, uint16_t protocol, uint8_t *to)
{
	struct ethhdr header;

	memcpy(header.h_dest, link->next_mac, sizeof header.h_dest);
	memcpy(header.h_source, link->mac, sizeof header.h_source);
	header.h_proto = htons(protocol);
	memcpy(to, &header, sizeof header);
	return sizeof header;
}

static size_t write_ip4(const union net_addr *from, const union net_addr *dest, struct frame *out, uint8_t *to)
{
	const struct iphdr header = {
		.version = 4, .ihl = 5, .ttl = HOPS, .protocol = IPPROTO_UDP, .frag_off = htons(IP_DF),
		.saddr = from->in.sin_addr.s_addr, .daddr = dest->in.sin_addr.s_addr,
	};

	memcpy(to, &header, sizeof header);
	out->ip_sum = frame_sum(&header, sizeof header);
	out->udp_sum = frame_sum(&header.saddr, 8);
	return sizeof header;
}

static size_t write_ip6(const union net_addr *from, const union net_addr *dest, struct frame *out, uint8_t *to)
{
	const struct ip6_hdr header = {
		.ip6_flow = htonl(6u << 28), .ip6_nxt = IPPROTO_UDP, .ip6_hlim = HOPS, .ip6_src = from->in6.sin6_addr,
		.ip6_dst = dest->in6.sin6_addr,
	};

	memcpy(to, &header, sizeof header);
	out->udp_sum = frame_sum(&header.ip6_src, 32);
	return sizeof header;
}

void frame_prepare(const struct link *link, uint16_t port, const union net_addr *to, struct frame *out)
{
	const struct udphdr udp = { .source = htons(port), .dest = htons(net_port(to)) };
	bool is_v6 = to->sa.sa_family == AF_INET6;
	uint8_t *at = out->headers;

	memset(out, 0, sizeof *out);
	at += write_ethernet(link, is_v6 ? ETH_P_IPV6 : ETH_P_IP, at);
	at += is_v6 ? write_ip6(&link->source, to, out, at) : write_ip4(&link->source, to, out, at);
	memcpy(at, &udp, sizeof udp);
	out->udp_sum += frame_sum(&udp, sizeof udp) + htons(IPPROTO_UDP);
	out->headers_n = (uint32_t)(at + sizeof udp - out->headers);
}

/* The sum of a part that begins at an odd place has its bytes the other way round. */
static uint32_t turn(uint32_t sum, size_t at)
{
	return at & 1 ? (uint32_t)((sum & 0xff) << 8 | (sum >> 8 & 0xff)) + (sum >> 16 << 8) : sum;
}

static uint32_t sum_part(const struct sender_message *message, size_t i, struct frame_shared *shared)
{
	const struct iovec *part = &message->iov[i];

	if (i != message->shared)
		return frame_sum(part->iov_base, part->iov_len);
	if (shared->base != part->iov_base || shared->n != part->iov_len)
		*shared = (struct frame_shared){ part->iov_base, part->iov_len, frame_sum(part->iov_base, part->iov_len) };
	return shared->sum;
}

static void write_lengths(const struct frame *frame, size_t n, uint16_t id, uint64_t sum, uint8_t *to)
{
	bool is_v6 = frame->headers_n == FRAME_HEADERS_MAX;
	uint16_t udp_n = htons((uint16_t)(n + sizeof(struct udphdr)));
	uint8_t *ip = to + sizeof(struct ethhdr), *udp = to + frame->headers_n - sizeof(struct udphdr);
	uint16_t check = fold_udp(sum + frame->udp_sum + 2u * udp_n); /* it stands in the pseudo header and in the header */

	memcpy(udp + offsetof(struct udphdr, len), &udp_n, 2);
	memcpy(udp + offsetof(struct udphdr, check), &check, 2);
	if (is_v6) {
		memcpy(ip + offsetof(struct ip6_hdr, ip6_plen), &udp_n, 2);
		return;
	}
	uint16_t ip_n = htons((uint16_t)(n + sizeof(struct udphdr) + sizeof(struct iphdr)));

	check = fold((uint64_t)frame->ip_sum + ip_n + id);
	memcpy(ip + offsetof(struct iphdr, tot_len), &ip_n, 2);
	memcpy(ip + offsetof(struct iphdr, id), &id, 2);
	memcpy(ip + offsetof(struct iphdr, check), &check, 2);
}

size_t frame_write(const struct frame *frame, const struct sender_message *message, struct frame_shared *shared, uint16_t id,
		   uint8_t *to)
{
	uint64_t sum = 0;
	size_t n = 0;

	memcpy(to, frame->headers, frame->headers_n);
	for (size_t i = 0; i < message->iov_n; i++) {
		sum += turn(sum_part(message, i, shared), n);
		memcpy(to + frame->headers_n + n, message->iov[i].iov_base, message->iov[i].iov_len);
		n += message->iov[i].iov_len;
	}
	write_lengths(frame, n, id, sum, to);
	return frame->headers_n + n;
}
