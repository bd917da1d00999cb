/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.h: runs another program to its end. */
#ifndef REPORTS_SPAWN_H
#define REPORTS_SPAWN_H

#include <signal.h>
#include <sys/types.h>

struct spawn {
	const char *dir;           /* where it runs */
	char *const *argv;         /* argv[0] is looked for in PATH */
	int out, log;              /* its stdout and its stderr; below 0: nowhere */
	unsigned seconds;          /* it is ended after so long; 0: never */
	const volatile sig_atomic_t *stop; /* a signal that sets it ends the program; NULL: none does */
};

/* Starts it. 0, or -errno: -ENOENT there is no such program. Prints nothing. */
int spawn_start(const struct spawn *spawn, pid_t *pid);

/* Its wait status when it has ended, or -ETIMEDOUT when it was ended for it. Prints nothing. */
int spawn_wait(const struct spawn *spawn, pid_t pid);

#endif
