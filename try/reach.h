/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reach.h: whether a preloaded library can reach a program's sends, as far as its file tells. */
#ifndef TRY_REACH_H
#define TRY_REACH_H

#include <stddef.h>

/*
 * Looks at the file that a command would run (searched in $PATH), or at the interpreter of a script. 0, and the file in path[n]
 * (PATH_MAX); or, said by fail(): -ENOENT there is no such program, -EOPNOTSUPP a preload cannot reach it, with the reason: it is
 * linked statically, for another machine or C library, made by Go, or gains privileges when it starts.
 * What a program does past the C library while it runs shows only then: TRY_SEEN of its page.
 */
int reach_check(const char *command, char *path, size_t n);

#endif
