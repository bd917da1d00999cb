/* SPDX-License-Identifier: GPL-2.0-or-later */
/* launch.h: starts a server with the library preloaded, tells the library what to do, and reads what it has done. */
#ifndef TRY_LAUNCH_H
#define TRY_LAUNCH_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "try/page.h"

extern const char *const try_way_names[TRY_WAY_MAX];
extern const char *const try_count_names[TRY_COUNT_MAX];

struct launch_options {
	enum try_way way;
	uint32_t batch; /* 1 to TRY_BATCH_MAX */
	uint64_t delay_ns;
	bool stream;
	bool enabled; /* from the start */
	bool apart;   /* its stdout goes to our stderr: ours is for the report */
};

struct launch {
	char library[PATH_MAX];
	struct try_page *page; /* shared with the server until launch_free() */
	int fd;
	pid_t pid;
	int status; /* of waitpid(), once it has ended */
	bool ended;
	struct brood *brood; /* what it has started, once that has to end with it; NULL before */
};

/* The way of that name, or -1. */
int launch_way(const char *name);

/* Only the page, for a program that somebody else starts and that calls launch_adopt() before it becomes itself. By fail(): -errno. Free
 * with launch_free(). */
int launch_share(const struct launch_options *options, struct launch *launch);

/* In the new process of such a program: it will have the library. The signature is that of a hook (workloads/child.h). */
void launch_adopt(void *launch);

/* Checks that the program can be reached and starts it. By fail(): as reach_check(), or -errno. Free with launch_free(). */
int launch_start(const struct launch_options *options, char *const argv[], struct launch *launch);

/* Lets it hold datagrams back, or not: at once, for all its threads. */
void launch_enable(struct launch *launch, bool enabled);

/* Whether it has ended. Does not wait. */
bool launch_reap(struct launch *launch);

/* CPU time of the guards that run now, in seconds. */
double launch_guard_s(const struct launch *launch);

/* Waits until it ends, and its guards with it; a signal in *stop is passed on to it, and to what it has started when it has ended of that.
 * 0 or, by fail(), -errno. */
int launch_wait(struct launch *launch, const volatile sig_atomic_t *stop);

/* Ends it, and then what it has started: SIGTERM, SIGKILL after `patience_ms`; then as launch_wait(). */
int launch_end(struct launch *launch, int patience_ms);

/* The time in ns within which this share of all batches were given, as the upper end of its bucket; 0 when there were none. */
uint64_t launch_delay_ns(const struct launch *launch, double share);

/* What was counted so far. */
uint64_t launch_count(const struct launch *launch, enum try_count what);

void launch_free(struct launch *launch);

#endif
