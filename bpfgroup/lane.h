/* SPDX-License-Identifier: MIT */
/*
 * lane.h: what the tc program, sendgroupctl and libsendgroup share: the memory through which one call at a time hands its
 * recipients to the kernel, the answers that come back in it, and where everything lies in the file system.
 *
 * A lane is one map of one element, mapped by the one process that has locked it. The program trusts nothing in it: whoever
 * may write a lane may write anything at any moment. What the program must be able to trust lies in maps of its own.
 *
 * A call goes: fill recipients, private bytes and chunks; raise `generation`; send one datagram per chunk to the lane's
 * group address, port GROUP_PORT(generation, chunk); read the answers. They belong to this call when they bear its
 * generation; what bears another one was never looked at.
 */
#ifndef BPFGROUP_LANE_H
#define BPFGROUP_LANE_H

#ifndef __VMLINUX_H__
#include <stdint.h>
#endif

enum {
	GROUP_LANES_MAX = 200,		/* of all accounts together; one address each */
	GROUP_RECIPIENTS = 1024,	/* per pass through a lane; a power of two */
	GROUP_CHUNKS = 64,		/* per pass; a power of two */
	GROUP_CHUNK_MAX = 200,		/* recipients per datagram: bounds the time with interrupts' work held off, and what
					 * a device's queue must take at once */
	GROUP_PRIVATE_BYTES = 1 << 18,	/* room for private bytes per pass; a power of two */
	GROUP_PRIVATE_MAX = 2048,	/* private bytes before, or after, one payload */
	GROUP_MAGIC = 0x67726c31,
};

/* Generations go from 1 to GROUP_GENERATIONS - 1 and begin anew. */
#define GROUP_GENERATIONS 1024
#define GROUP_PORT(generation, chunk) ((generation) * GROUP_CHUNKS + (chunk))

/* What became of a recipient or of a whole chunk. All from GROUP_PLAIN on mean that nothing was sent and that an ordinary
 * sendmsg() decides: it succeeds, or says what is wrong. */
enum group_code {
	GROUP_NONE,
	GROUP_SENT,
	GROUP_DROPPED,		/* the device's queue was full, or no memory */
	GROUP_PLAIN,		/* and its reasons: */
	GROUP_NO_ROUTE = GROUP_PLAIN, /* none, or one that forbids */
	GROUP_NO_NEIGHBOUR,	/* its link address is not known yet */
	GROUP_REFRESH,		/* its link address is old: let the kernel's own path confirm it */
	GROUP_MTU,		/* would have to be fragmented */
	GROUP_ADDRESS,		/* broadcast, multicast, reserved, or of the group device itself */
	GROUP_SOURCE,		/* the socket's source address does not go there, or none is known */
	GROUP_DEVICE,		/* the socket is bound to another device */
	GROUP_LOCAL,		/* a local address that the loopback device would not take from here */
	GROUP_PRIVATE,		/* private bytes outside the lane or the datagram */
	GROUP_QUOTA,		/* the account's rate is used up */
	GROUP_POLICY,		/* netfilter, xfrm, a cgroup's program or a routing rule wants to see what is sent */
	GROUP_PLACE,		/* sent from another network namespace or cgroup than can be checked */
	GROUP_FORM,		/* not a plain UDP datagram with checksum offload, or not what the chunk says */
	GROUP_BUSY,		/* the datagram did not come through; only libsendgroup gives this */
	GROUP_CODES,
};

struct group_recipient {
	uint32_t addr[4];		/* network byte order; IPv4: addr[0] */
	uint16_t port;		/* network byte order */
	uint16_t pad;
	uint32_t private_at;	/* his head, and his tail right behind it, in private[] */
};

/* A run of recipients of one address family with equal lengths, which share one datagram. */
struct group_chunk {
	uint16_t first, n;
	uint16_t head, tail;	/* bytes */
	uint32_t payload;		/* bytes of the whole datagram without its headers */
	uint32_t answer;		/* GROUP_ANSWER() of all of it, when it was refused as a whole */
};

#define GROUP_ANSWER(generation, code) ((uint32_t)(generation) << 8 | (uint32_t)(code))

struct group_lane {
	uint32_t magic;
	uint32_t generation;
	uint32_t pad[2];
	struct group_chunk chunks[GROUP_CHUNKS];
	struct group_recipient recipients[GROUP_RECIPIENTS];
	uint32_t answers[GROUP_RECIPIENTS]; /* GROUP_ANSWER() */
	uint8_t private[GROUP_PRIVATE_BYTES + 4 * GROUP_PRIVATE_MAX];
};

/*
 * Below GROUP_ROOT, or what $SENDGROUP_BPF names instead:
 *
 *     net-INODE/            of the network namespace that has the device
 *       info                one line, GROUP_INFO_READ: for libsendgroup
 *       user-UID/ group-GID/
 *         lock              a byte for each lane, locked (F_OFD_SETLK) by who uses it; only for him or them
 *       maps/               bpffs: what holds the maps
 *         user-UID/LANE     the lane's map; only for him or them
 */
#define GROUP_ROOT "/run/sendgroup"
#define GROUP_INFO_READ "sendgroup 1 device %15s ifindex %u"
#define GROUP_INFO_WRITE "sendgroup 1 device %s ifindex %u\n"

/* Group addresses: class E, so that nothing can be meant by them; and a unique local prefix. The lane is the last byte. */
#define GROUP_NET4 0xf7666700u			/* host byte order */
#define GROUP_NET4_TEXT "247.102.103.0/24"
#define GROUP_NET6_0 0xfd666f72u		/* fd66:6f72:6563:6c6c::/120 */
#define GROUP_NET6_1 0x65636c6cu
#define GROUP_NET6_TEXT "fd66:6f72:6563:6c6c::/120"

#endif
