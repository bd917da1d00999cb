/* SPDX-License-Identifier: MIT */
/*
 * backend_bpf.c: recipients go into a lane, and one datagram per GROUP_CHUNK_MAX of them to its group address, where a tc
 * program makes a packet for each (bpfgroup/). There is no system call per recipient.
 *
 * A call is worked through in passes of as many recipients as a lane holds. Whomever the program does not serve is sent to
 * by sendmmsg, which succeeds or says what is wrong; so the results are those of every other way.
 */
#include "kmod/lib/backend.h"
#include "kmod/lib/bpf_lane.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum {
	RUN_MIN = 4,		/* recipients per datagram, on average, from which it is cheaper than sendmmsg */
	UDP_MAX = 65507,
	PAGED_MIN = 200,	/* bytes of payload from which sharing pages is cheaper than copying */
	POINTER_MIN = 65536,	/* nobody has memory below: sendmsg says EFAULT, and so must we */
};

/* How the recipients of a datagram are addressed, and so its group address. */
enum form { FORM_NONE, FORM_IN, FORM_IN6, FORM_MAPPED };

/* Room for IP_PKTINFO or IPV6_PKTINFO, and UDP_SEGMENT. */
union control {
	char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
	struct cmsghdr align;
};

/* One pass: recipients `from` to `to` of the job are 0 to to - from of the lane. */
struct pass {
	const struct sendgroup_job *job;
	struct bpf_lane *lane;
	size_t from, to;
	uint32_t generation;
	uint32_t private_n;	/* bytes used */
	unsigned chunks_n;
	int reached, err;	/* of the whole call; err ends it */
	bool lost;		/* the facility does not answer */
	uint8_t codes[GROUP_RECIPIENTS]; /* enum group_code of each */
	enum form forms[GROUP_CHUNKS];
	struct mmsghdr headers[GROUP_CHUNKS];
	struct iovec parts[GROUP_CHUNKS][SENDGROUP_PARTS];
	union control control[GROUP_CHUNKS];
	struct sockaddr_in6 addr[GROUP_CHUNKS];
};

struct record {
	const struct sockaddr *addr;
	const struct iovec *private; /* head, tail */
};

static struct record record_of(const struct sendgroup_job *job, size_t i)
{
	const char *record = (const char *)job->rec + i * (job->addr_bytes + 2 * sizeof(struct iovec));

	return (struct record){ (const void *)record, (const void *)(record + job->addr_bytes) };
}

/* ---- Filling a lane ---- */

static bool readable(const struct iovec *part)
{
	return !part->iov_len || (uintptr_t)part->iov_base >= POINTER_MIN;
}

static inline enum form form_of(const struct sendgroup_job *job, const struct record *r)
{
	const struct sockaddr_in6 *in6 = (const void *)r->addr;
	size_t head = r->private[0].iov_len, tail = r->private[1].iov_len;

	if (head > GROUP_PRIVATE_MAX || tail > GROUP_PRIVATE_MAX || job->shared.iov_len > UDP_MAX - head - tail)
		return FORM_NONE;
	if (!readable(&r->private[0]) || !readable(&r->private[1]))
		return FORM_NONE;
	if (r->addr->sa_family == AF_INET)
		return FORM_IN;
	if (r->addr->sa_family != AF_INET6 || job->addr_bytes < sizeof *in6 || in6->sin6_scope_id || in6->sin6_flowinfo)
		return FORM_NONE;
	return IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? FORM_MAPPED : FORM_IN6;
}

/* memcpy() for what is a header of some bytes, mostly: the call would cost more than the copy. */
static inline void copy_header(uint8_t *to, const uint8_t *from, size_t n)
{
	uint64_t first, last;

	if (n < sizeof first || n > 2 * sizeof first) {
		memcpy(to, from, n);
		return;
	}
	memcpy(&first, from, sizeof first);
	memcpy(&last, from + n - sizeof last, sizeof last);
	memcpy(to, &first, sizeof first);
	memcpy(to + n - sizeof last, &last, sizeof last);
}

/* `private_at`: where his private bytes go. */
static void fill_recipient(struct group_lane *memory, size_t at, uint32_t private_at, const struct record *r, enum form form)
{
	const struct sockaddr_in6 *in6 = (const void *)r->addr;
	const struct sockaddr_in *in = (const void *)r->addr;
	struct group_recipient *to = &memory->recipients[at];
	size_t head = r->private[0].iov_len, tail = r->private[1].iov_len;

	if (form == FORM_IN6)
		memcpy(to->addr, &in6->sin6_addr, sizeof to->addr);
	else
		to->addr[0] = form == FORM_IN ? in->sin_addr.s_addr : in6->sin6_addr.s6_addr32[3];
	to->port = form == FORM_IN ? in->sin_port : in6->sin6_port;
	to->private_at = private_at;
	if (head)
		copy_header(memory->private + private_at, r->private[0].iov_base, head);
	if (tail)
		copy_header(memory->private + private_at + head, r->private[1].iov_base, tail);
}

/* A chunk: the run of recipients from i on, up to `end`, that are of one form and equal lengths. Returns who is behind it. */
static size_t fill_chunk(struct pass *p, size_t i, size_t end)
{
	struct group_lane *memory = p->lane->memory;
	struct record r = record_of(p->job, i);
	const enum form form = form_of(p->job, &r);
	const size_t head = r.private[0].iov_len, tail = r.private[1].iov_len, first = i;
	uint32_t private_at = p->private_n;

	if (end > i + GROUP_CHUNK_MAX)
		end = i + GROUP_CHUNK_MAX;
	do {
		p->codes[i - p->from] = GROUP_BUSY;
		fill_recipient(memory, i - p->from, private_at, &r, form);
		private_at += (uint32_t)(head + tail + 3) & ~3u;
		if (++i == end)
			break;
		r = record_of(p->job, i);
	} while (private_at < GROUP_PRIVATE_BYTES && r.private[0].iov_len == head && r.private[1].iov_len == tail &&
		 form_of(p->job, &r) == form);
	p->private_n = private_at;
	p->forms[p->chunks_n] = form;
	memory->chunks[p->chunks_n++] = (struct group_chunk){
		.first = (uint16_t)(first - p->from), .n = (uint16_t)(i - first), .head = (uint16_t)head, .tail = (uint16_t)tail,
		.payload = (uint32_t)(head + p->job->shared.iov_len + tail),
	};
	return i;
}

/* Takes as many recipients as fit; who cannot be served stays out of every chunk. */
static void fill_lane(struct pass *p)
{
	const size_t end = p->job->recnum - p->from > GROUP_RECIPIENTS ? p->from + GROUP_RECIPIENTS : p->job->recnum;

	p->chunks_n = p->private_n = 0;
	p->to = p->from;
	while (p->to < end && p->private_n < GROUP_PRIVATE_BYTES) {
		const struct record r = record_of(p->job, p->to);

		if (form_of(p->job, &r) == FORM_NONE)
			p->codes[p->to++ - p->from] = GROUP_FORM;
		else if (p->chunks_n == GROUP_CHUNKS)
			break;
		else
			p->to = fill_chunk(p, p->to, end);
	}
}

/* ---- The datagrams ---- */

static void add_control(struct msghdr *header, int level, int type, const void *data, size_t n)
{
	struct cmsghdr *control = (void *)((char *)header->msg_control + header->msg_controllen);

	control->cmsg_level = level;
	control->cmsg_type = type;
	control->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(control), data, n);
	header->msg_controllen += CMSG_SPACE(n);
}

/* The group device: without it, a group address would follow the default route. And a segment as large as the payload,
 * which changes nothing but that the kernel keeps the payload in pages: these are shared by the copies, not copied. */
static void control(struct pass *p, unsigned c, struct msghdr *header)
{
	const struct in6_pktinfo info6 = { .ipi6_ifindex = p->lane->ifindex };
	const struct in_pktinfo info4 = { .ipi_ifindex = (int)p->lane->ifindex };
	const uint16_t segment = (uint16_t)p->lane->memory->chunks[c].payload;

	header->msg_control = &p->control[c];
	header->msg_controllen = 0;
	if (p->forms[c] == FORM_IN6)
		add_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof info6);
	else
		add_control(header, IPPROTO_IP, IP_PKTINFO, &info4, sizeof info4);
	if (segment >= PAGED_MIN)
		add_control(header, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
}

/* The group address of a chunk, in the form of its recipients. */
static void address(struct pass *p, unsigned c, struct msghdr *header)
{
	const uint16_t port = htons((uint16_t)GROUP_PORT(p->generation, c));
	const uint32_t in4 = htonl(GROUP_NET4 | p->lane->number);
	struct sockaddr_in6 *in6 = &p->addr[c];

	if (p->forms[c] == FORM_IN6)
		*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port,
			.sin6_addr.s6_addr32 = { htonl(GROUP_NET6_0), htonl(GROUP_NET6_1), 0, htonl(p->lane->number) } };
	else if (p->forms[c] == FORM_MAPPED)
		*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port,
			.sin6_addr.s6_addr32 = { 0, 0, htonl(0xffff), in4 } };
	else
		*(struct sockaddr_in *)in6 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = in4 };
	header->msg_name = in6;
	header->msg_namelen = p->forms[c] == FORM_IN ? sizeof(struct sockaddr_in) : sizeof *in6;
}

/* The first recipient's own message, but to the group: his private bytes keep the place of everybody's. */
static void make_datagrams(struct pass *p)
{
	struct group_lane *memory = p->lane->memory;

	p->generation = memory->generation % (GROUP_GENERATIONS - 1) + 1;
	*(volatile uint32_t *)&memory->generation = p->generation;
	for (unsigned c = 0; c < p->chunks_n; c++) {
		struct msghdr *header = &p->headers[c].msg_hdr;

		sendgroup_message(p->job, p->from + memory->chunks[c].first, header, p->parts[c]);
		address(p, c, header);
		control(p, c, header);
	}
}

/* A datagram that is refused has no answer, and its recipients are sent to by sendmmsg, which says why. */
static void send_datagrams(struct pass *p)
{
	const int flags = p->job->flags & (MSG_DONTWAIT | MSG_CONFIRM | MSG_NOSIGNAL);
	unsigned done = 0;

	while (done < p->chunks_n && !p->err) {
		int sent = sendmmsg(p->job->sd, p->headers + done, p->chunks_n - done, flags);

		if (sent < 0 && sendgroup_fatal(errno))
			p->err = errno;
		done += sent > 0 ? (unsigned)sent : 1;
	}
}

/* ---- The answers ---- */

/* Each reason once per process, to who asks by $SENDGROUP_VERBOSE. */
static void tell(enum group_code code)
{
	static const char *const reasons[GROUP_CODES] = {
		[GROUP_NO_ROUTE] = "no route", [GROUP_NO_NEIGHBOUR] = "link address not known yet",
		[GROUP_REFRESH] = "link address to be confirmed", [GROUP_MTU] = "larger than the MTU of the route",
		[GROUP_ADDRESS] = "broadcast, multicast or reserved address", [GROUP_SOURCE] = "the socket's address does not go there",
		[GROUP_DEVICE] = "the socket is bound to another device", [GROUP_LOCAL] = "lo does not take it; `sendgroupctl up` again",
		[GROUP_PRIVATE] = "private bytes", [GROUP_QUOTA] = "the account's rate is used up",
		[GROUP_POLICY] = "netfilter, IPsec, a routing rule or a cgroup's program wants to see it",
		[GROUP_PLACE] = "another network namespace or cgroup", [GROUP_FORM] = "IP options, fragments or no checksum offload",
		[GROUP_BUSY] = "the datagram did not come through, or this user may not use the lane",
	};
	static _Atomic uint32_t told;
	static _Atomic int verbose = -1;

	if (verbose < 0)
		verbose = secure_getenv("SENDGROUP_VERBOSE") != NULL;
	if (verbose && code < GROUP_CODES && reasons[code] && !(atomic_fetch_or(&told, 1u << code) & 1u << code))
		fprintf(stderr, "libsendgroup: bpf leaves recipients to sendmmsg: %s\n", reasons[code]);
}

/* What became of the recipients of chunk c: the code of each into p->codes[]. */
static void read_chunk(struct pass *p, unsigned c)
{
	const struct group_chunk *chunk = &p->lane->memory->chunks[c];
	const uint32_t answer = *(const volatile uint32_t *)&chunk->answer;

	for (unsigned i = chunk->first; i < chunk->first + chunk->n; i++) {
		uint32_t own = *(const volatile uint32_t *)&p->lane->memory->answers[i];

		if (answer == GROUP_ANSWER(p->generation, 0) && own >> 8 == p->generation)
			p->codes[i] = (uint8_t)own;
		else if (answer >> 8 == p->generation && (uint8_t)answer)
			p->codes[i] = (uint8_t)answer;
	}
}

/* Sends to the recipients from `i` to `end` by sendmmsg. An error that ends the call is left in p->err. */
static void send_plain(struct pass *p, size_t i, size_t end)
{
	struct sendgroup_job rest = *p->job;
	int sent;

	rest.rec = record_of(p->job, i).addr;
	rest.recnum = end - i;
	rest.gerrno = p->job->gerrno ? p->job->gerrno + i : NULL;
	sent = sendgroup_sendmmsg.send(&rest);
	if (sent < 0)
		p->err = -sent;
	else
		p->reached += sent;
}

/* Marks all of a pass, run by run of equal codes, and sends what is left to be sent. */
static void settle(struct pass *p)
{
	const uint8_t *codes = p->codes;
	size_t i = 0, end, n = p->to - p->from;

	for (; i < n && !p->err; i = p->err ? i : end) {
		const bool plain = codes[i] >= GROUP_PLAIN, sent = codes[i] == GROUP_SENT;

		for (end = i; end < n && (plain ? codes[end] >= GROUP_PLAIN : codes[end] == codes[i]); end++)
			if (plain)
				tell(codes[end]);
			else
				sendgroup_mark(p->job, p->from + end, sent ? 0 : ENOBUFS);
		if (plain)
			send_plain(p, p->from + i, p->from + end);
		else if (sent)
			p->reached += (int)(end - i);
	}
	p->to = p->from + i;
}

/* ---- The call ---- */

/* A chunk of its own for every second recipient would be dearer than sendmmsg. */
static bool worth(const struct pass *p)
{
	return p->chunks_n && p->to - p->from >= (size_t)RUN_MIN * p->chunks_n;
}

/* Sends to the recipients from p->from on. Afterwards p->to are done, and with p->err the others never will be. */
static void run_pass(struct pass *p)
{
	fill_lane(p);
	if (!worth(p)) {
		send_plain(p, p->from, p->to);
		return;
	}
	make_datagrams(p);
	send_datagrams(p);
	if (p->err) {
		p->to = p->from;
		return;
	}
	for (unsigned c = 0; c < p->chunks_n; c++)
		read_chunk(p, c);
	p->lost |= p->codes[p->lane->memory->chunks[0].first] == GROUP_BUSY;
	settle(p);
}

static int run_passes(struct pass *p)
{
	while (p->from < p->job->recnum && !p->err) {
		p->to = p->job->recnum;
		if (p->lost)
			send_plain(p, p->from, p->to);
		else
			run_pass(p);
		if (!p->err)
			p->from = p->to;
	}
	return p->err ? sendgroup_stop(p->job, p->to, p->reached, p->err) : p->reached;
}

/* Only a UDP socket in the namespace of the group device will do: on another, the datagram would go who knows where. */
static int check_socket(int sd, const struct bpf_lane *lane)
{
	uint64_t cookie = 0;
	int protocol = 0;
	socklen_t n = sizeof protocol;

	if (getsockopt(sd, SOL_SOCKET, SO_PROTOCOL, &protocol, &n))
		return -errno;
	n = sizeof cookie;
	if (protocol != IPPROTO_UDP || getsockopt(sd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &n) || cookie != lane->netns_cookie)
		return -EOPNOTSUPP;
	return 0;
}

static int bpf_send(const struct sendgroup_job *job)
{
	struct pass p;
	int result;

	p.job = job; /* and not the arrays, which are large */
	p.lane = NULL;
	p.from = 0;
	p.reached = p.err = 0;
	p.lost = false;
	if (!(job->flags & MSG_DONTROUTE) && job->recnum >= RUN_MIN)
		p.lane = bpf_lane_get();
	if (!p.lane)
		return sendgroup_sendmmsg.send(job);
	result = check_socket(job->sd, p.lane);
	if (!result)
		result = run_passes(&p);
	if (p.lost)
		bpf_lane_lost(p.lane);
	else
		bpf_lane_put(p.lane);
	return result;
}

const struct sendgroup_backend sendgroup_bpf = {
	.name = "bpf",
	.probe = bpf_lane_probe,
	.send = bpf_send,
};
