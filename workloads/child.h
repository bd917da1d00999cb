/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child.h: a program of this part as a child process, talked to in lines over its stdin and stdout.
 *
 * A child dies with the thread that started it, and has a process group of its own: a ^C at the terminal reaches only
 * the parent, which ends its children in order. Its stderr is the parent's. */
#ifndef WORKLOADS_CHILD_H
#define WORKLOADS_CHILD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "workloads/topology.h"

enum {
	CHILD_ARGS_MAX = 40,
	CHILD_ARG_BYTES = 96,
	CHILD_LINE_BYTES = 4096,
	CHILD_WAIT_MS = 20000,	/* enough for thousands of sockets on a busy machine */
};

/* A command line while it is put together. Zeroed at first; word 0 is the program's name. */
struct child_args {
	char words[CHILD_ARGS_MAX][CHILD_ARG_BYTES];
	size_t n;
};

/* Adds one word; too many or too long ones make child_start() refuse. */
void child_arg(struct child_args *args, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A running child. Zeroed: none, which child_kill() accepts. */
struct child {
	pid_t pid;
	int to, from;		/* its stdin and stdout */
	const char *name;	/* for messages */
	char text[CHILD_LINE_BYTES]; /* read and not yet handed out */
	size_t n;
};

/* Where a program lies: beside this executable, in ../libexec/forecall or in .. from there. Into path[n]; 0 or, by fail(),
 * -ENOENT. */
int child_find(const char *program, char *path, size_t n);

/* Whether it would be found. Says nothing. */
bool child_exists(const char *program);

/* Starts a program on a side of the topology. `name` is kept by reference. By fail(); 0 or -errno. */
int child_start(struct child *child, const char *name, const struct child_args *args, const struct topology *topology,
		enum topology_side side);

/* The same; in_child(arg) runs in the new process before it becomes the program, with all that this one has but its other threads. */
int child_start_with(struct child *child, const char *name, const struct child_args *args, const struct topology *topology,
		     enum topology_side side, void (*in_child)(void *arg), void *arg);

/* Sends it a line; the newline is added. By fail(); 0 or -errno. */
int child_say(struct child *child, const char *line);

/* Its next line, without the newline, into line[n]. By fail(): -ETIMEDOUT after wait_ms, -ECHILD when it has ended. */
int child_hear(struct child *child, int wait_ms, char *line, size_t n);

/* Sends SIGTERM. */
void child_end(const struct child *child);

/* Closes its stdin and waits until it has ended; after CHILD_WAIT_MS it is killed. Returns its exit status, 128 + signal,
 * or 0 where there is no child. The struct is zeroed. */
int child_wait(struct child *child);

/* Ends it at once. */
void child_kill(struct child *child);

#endif
