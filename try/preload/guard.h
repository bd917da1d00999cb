/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard.h: the process beside the server that gives away what is held back too long, and what is left when the server is killed.
 *
 * It shares the server's memory and descriptors (CLONE_VM | CLONE_FILES) but is no thread of it: SIGKILL to the server does not
 * reach it, the server's wait() does not see it (it has no exit signal), and the C library does not count it. It
 * starts when something is held back for the first time, blocks every signal, gives up its capabilities, and ends with the
 * server, before an exec, and when the process ends. While nothing is held back it looks up every few milliseconds.
 */
#ifndef PRELOAD_GUARD_H
#define PRELOAD_GUARD_H

#include <stdbool.h>
#include <stdint.h>

/* Whether there is one; starts it if need be. false: none can be had, and nothing may be held back. */
bool guard_ready(void);

/* How long a datagram may wait before it is given: what waking up may take is left of the bound. */
uint64_t guard_patience_ns(void);

/* Something is held back now, and was not before: wakes it if it rests. */
void guard_notice(void);

/* Ends it and waits until its hold on the descriptors is gone. It starts again when it is needed. */
void guard_stop(void);

#endif
