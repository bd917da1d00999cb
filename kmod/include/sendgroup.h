/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* sendgroup.h: what user space and the sendgroup module say to each other: the calls of /dev/sendgroup, and the socket
 * option SO_SETGRP. Most programs use libsendgroup instead. */
#ifndef _UAPI_SENDGROUP_H
#define _UAPI_SENDGROUP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* One recipient. In memory, an address of sendgroup_msg.addr_size bytes lies before it: struct sockaddr_in,
 * sockaddr_in6 or sockaddr_storage. All numbers are in the byte order of the machine. */
struct sendgroup_private {
	__aligned_u64 head;	/* address of the bytes before the shared payload */
	__aligned_u64 head_len;
	__aligned_u64 tail;	/* address of the bytes behind it */
	__aligned_u64 tail_len;
};

/* One call. Unknown flags, a pad that is not 0, and bytes behind this structure (size) that are not 0 are refused. */
struct sendgroup_msg {
	__u32 size;		/* sizeof(struct sendgroup_msg): the version of this structure */
	__s32 fd;		/* a UDP socket over IPv4 or IPv6 */
	__u32 flags;		/* MSG_DONTWAIT, MSG_CONFIRM, MSG_DONTROUTE, MSG_NOSIGNAL */
	__u32 addr_size;	/* 16 (sockaddr_in), 32 (sockaddr_in6 and 4 unused bytes) or 128 (sockaddr_storage) */
	__u32 recnum;		/* recipients */
	__u32 pad;
	__aligned_u64 records;	/* address of recnum times an address and a struct sendgroup_private */
	__aligned_u64 shared;	/* address of the payload that all recipients share */
	__aligned_u64 shared_len;
	__aligned_u64 gerrno;	/* 0, or address of recnum __s32: 0 or a positive errno for each recipient */
};

/* What one open file has seen since it was opened. */
struct sendgroup_info {
	__u32 size;		/* in: sizeof(struct sendgroup_info) */
	__u32 version;		/* SENDGROUP_VERSION */
	__aligned_u64 fast;	/* datagrams handed to the device with a header made beforehand */
	__aligned_u64 plain;	/* datagrams that went through the whole of IP's output */
	__aligned_u64 routes;	/* routes looked up because none was cached, or it was no longer valid */
	__aligned_u64 shares;	/* datagrams that refer to the pages of the shared payload, not to a copy */
};

#define SENDGROUP_VERSION 1

/* Sends to a group. Returns how many recipients were reached; -1 with errno as sendgroup(3) says, and
 * EPERM (the file was opened by another user), EXDEV (the socket is of another network namespace than the file). */
#define SENDGROUP_SEND _IOW('G', 0xb0, struct sendgroup_msg)
#define SENDGROUP_INFO _IOWR('G', 0xb1, struct sendgroup_info)

/* setsockopt(fd, SOL_IP, SO_SETGRP, addrs, len): from now on, send() and write() without an address on this UDP socket
 * reach each of these recipients: an array of struct sockaddr_in, on an IPv6 socket of struct sockaddr_in6.
 * A len of 0 takes the group away. */
#define SO_SETGRP 0x5347
#define SENDGROUP_BOUND_MAX 65536	/* recipients in a group that is bound to a socket */

#endif
