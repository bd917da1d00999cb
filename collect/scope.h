/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scope.h: a scope of processes that come and go: all of a name, or all of a control group. Between the windows of a profile those
 * that are new join it, with what they start; a server that was started after the profile, or restarted meanwhile, is in it from the
 * next window on.
 */
#ifndef COLLECT_SCOPE_H
#define COLLECT_SCOPE_H

#include <stddef.h>
#include <sys/types.h>

struct ledger;

struct scope {
	const char *comm; /* name of processes as in /proc/PID/comm; NULL: a control group */
	char cgroup[4000]; /* its directory */
	pid_t first;      /* the process that was found first; 0: none yet */
};

/* All processes of a name (what the kernel keeps of it: 15 bytes). 0, or -EINVAL, said: it is longer or empty. */
int scope_of_comm(const char *name, struct scope *scope);

/* All processes of a control group and those below it: a directory, or its path below the hierarchy's root. -ENOENT, said. */
int scope_of_cgroup(const char *path, struct scope *scope);

/* The control group of a systemd unit; without a suffix ".service" is meant. -ENOENT, said. */
int scope_of_unit(const char *unit, struct scope *scope);

/* Adds to the ledger's scope who is not in it yet; itself never. Returns how many were added, or -errno, said. */
int scope_refresh(struct scope *scope, struct ledger *ledger);

#endif
