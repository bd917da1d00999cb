/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nudge.h: brings the CPU time of other processes up to date before it is read.
 *
 * The kernel adds to a running thread's CPU time at ticks and at switches only, and reading the clock of another process does not
 * add to it (kernel/sched/cputime.c, thread_group_cputime(), since 4.2): what is read may be a tick, 1 to 10 ms, old. Nor is that the
 * same at both ends of a window: attaching probes makes some CPUs switch. A window of 50 ms was seen up to 3 % wrong by it.
 *
 * A thread of ours waits on each CPU with the highest real-time priority. Waking it makes the CPU switch to it, and thereby account
 * for whatever ran there. That takes the CPU some microseconds.
 */
#ifndef COLLECT_NUDGE_H
#define COLLECT_NUDGE_H

struct nudge;

/* A thread for each CPU that is online and that we may use. 0, -ENOMEM, -EAGAIN when no thread can be had, or -errno of
 * cpus_online(). Without the privilege of real-time priority (CAP_SYS_NICE) a busy CPU may switch later than we wait for it. */
int nudge_new(struct nudge **out);
void nudge_free(struct nudge *nudge); /* NULL is allowed */

/* Makes every CPU switch; returns when all have, after 2 ms at most for each. */
void nudge_all(struct nudge *nudge);

#endif
