/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syscalls.h: system calls by name. Numbers differ by architecture, so nobody outside collect/ sees one. */
#ifndef COLLECT_SYSCALLS_H
#define COLLECT_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

#include "collect/account.h"

/* Marks the calls of a comma separated list of names in path[]. -EINVAL, said with the nearest name, for an unknown one. */
int syscalls_path(const char *names, uint8_t path[ACCOUNT_CALLS_MAX]);

/* The marked calls, sorted by name and comma separated: the form in which a path is stored. Caller frees; NULL: no memory. */
char *syscalls_names(const uint8_t path[ACCOUNT_CALLS_MAX]);

/* Name of a number, "nr N" for one without. The text is good until the next call by the same thread. */
const char *syscalls_name(int number);

#endif
