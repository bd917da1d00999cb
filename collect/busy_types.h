/* SPDX-License-Identifier: GPL-2.0-or-later */
/* busy_types.h: what busy.bpf.c and its loader share besides busy_account.h, which is included before it. Types only. */
#ifndef COLLECT_BUSY_TYPES_H
#define COLLECT_BUSY_TYPES_H

#define BUSY_PROCESSES_MAX 16384

/* What a process had of the metered CPUs since it was first seen there. */
struct busy_share {
	__u64 ns[BUSY_KIND_MAX]; /* interrupts are those that came while it ran */
	__u64 switches_n;
	__u32 kernel; /* a kernel thread */
	char comm[16]; /* of its first thread, when it was first seen */
};

#endif
