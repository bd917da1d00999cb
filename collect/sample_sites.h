/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample_sites.h: the addresses in user space behind system call instructions, and which calls are made there.
 *
 * Learnt from samples inside calls. Where one instruction makes several calls (syscall(2), the runtimes of some languages), what
 * cannot be told apart is shared out as the samples inside them were.
 */
#ifndef COLLECT_SAMPLE_SITES_H
#define COLLECT_SAMPLE_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sites;

#define SITES_MAX 65536 /* then no more are learnt, and counted */

struct sites *sites_new(void); /* NULL: no memory */
void sites_free(struct sites *sites);

/* A sample inside a call that the process `pid` makes at `ip`, of the path or not. */
void sites_learn(struct sites *sites, uint32_t pid, uint64_t ip, bool path);

enum site { SITE_UNKNOWN, SITE_PATH, SITE_OTHER };

/* Which call a sample at such an address belongs to. Changes the share that is due next. */
enum site sites_resolve(struct sites *sites, uint32_t pid, uint64_t ip);

uint64_t sites_refused(const struct sites *sites);

#endif
