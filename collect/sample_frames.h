/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample_frames.h: what a CPU was doing, told by the call chain of one sample: the context as the ledger has it (account.h), and
 * for a sample inside a frame the stage of sending.
 *
 * A chain is read from the innermost function outwards. It is in a hardirq if it meets the entry of one before that of a
 * softirq (a softirq that runs when a hardirq ends is a softirq); in a softirq if it meets a softirq's loop and the function of
 * a vector inside it; in a system call if it meets the entry of one. Its stage is that of the innermost function that has one. The
 * functions stand in tables in sample_frames.c, for Linux 5.10 to 6.18 on x86-64 and arm64.
 */
#ifndef COLLECT_SAMPLE_FRAMES_H
#define COLLECT_SAMPLE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;
struct frames;

enum sample_stage {
	SAMPLE_STAGE_NONE,       /* not inside a frame, and not `switch` */
	SAMPLE_STAGE_ENTRY,      /* mode switch, entry and exit of the call */
	SAMPLE_STAGE_COPY,       /* message header, address and payload from user space */
	SAMPLE_STAGE_SOCKET,     /* socket and UDP, packet buffers, security hooks */
	SAMPLE_STAGE_IP,         /* IP, routing, neighbours */
	SAMPLE_STAGE_NETFILTER,
	SAMPLE_STAGE_QUEUE,      /* queueing disciplines, transmit locks */
	SAMPLE_STAGE_DRIVER,
	SAMPLE_STAGE_COMPLETION, /* transmit completion: what was sent is freed and uncharged */
	SAMPLE_STAGE_RECEIVE,    /* the receive half: on loopback it runs inside the sender's call */
	SAMPLE_STAGE_INTERRUPT,  /* hardirqs, and softirqs other than the network's */
	SAMPLE_STAGE_OTHER,      /* in a frame, in no function of the table */
	SAMPLE_STAGE_SWITCH,     /* not inside a frame: where interrupts come on again behind a context switch, with all that was due in it */
	SAMPLE_STAGE_MAX
};

/* none, entry, copy, ...: as stored. */
extern const char *const sample_stage_names[SAMPLE_STAGE_MAX];

/* What one chain tells. */
struct sample_context {
	uint8_t call;    /* enum account_call */
	uint8_t softirq; /* enum account_softirq */
	uint8_t hardirq; /* enum account_hardirq */
	uint8_t stage;   /* enum sample_stage; of any system call, also when `call` is not the path, and `switch` of anything */
	bool unresolved; /* in a system call, but in none of its own functions: entry, exit, or a function that was jumped to */
	bool nested;     /* the softirq runs behind a hardirq */
	bool idle;       /* it is the idle task */
};

/* The stage of what a function of this name does, by itself and in what it calls; SAMPLE_STAGE_NONE: that of who calls it. */
enum sample_stage frames_function_stage(const char *name);

/*
 * Prepares the tables for one kernel and path. `names`: system calls, comma separated. -ENOENT, said, when the kernel has no entry
 * point for one of them; -ENOMEM. The symbols stay the caller's and in place.
 */
int frames_new(const struct symbols *symbols, const char *names, struct frames **out);
void frames_free(struct frames *frames);

/*
 * chain[n]: addresses in the kernel, innermost first, return addresses but for the first; n = 0 in user space. Idle
 * tasks and kernel threads are known by the chain's outer end.
 */
void frames_classify(const struct frames *frames, const uint64_t *chain, size_t n, struct sample_context *out);

#endif
