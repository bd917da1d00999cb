/* SPDX-License-Identifier: GPL-2.0-or-later */
/* load.h: the command that keeps a server busy while it is measured. */
#ifndef TRY_LOAD_H
#define TRY_LOAD_H

#include <stdbool.h>
#include <sys/types.h>

struct load {
	const char *command; /* NULL: there is none */
	pid_t keeper;        /* starts it again when it ends */
};

/* Starts `sh -c command`, again and again, until load_stop(). By fail(), -errno. */
int load_start(const char *command, struct load *load);

/* 0 while it runs, or there is none; -ECHILD, said, when it cannot be kept running. */
int load_keep(struct load *load);

/* Stops it for a while, and lets it go on: what the server does meanwhile is not its load's. */
void load_pause(const struct load *load);
void load_resume(const struct load *load);

/* Ends it with all that it started. */
void load_stop(struct load *load);

#endif
