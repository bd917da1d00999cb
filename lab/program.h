/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program.h: programs of this machine for a guest, with the shared libraries and the interpreter that they need. */
#ifndef LAB_PROGRAM_H
#define LAB_PROGRAM_H

#include "lab/archive.h"
#include "lab/platform.h"

/* Adds a file as `path` of the guest. If it is a program, what it needs comes along, under the paths that it looks for;
 * for a script (#!) its interpreter. By fail(): -ENOEXEC for a program of another architecture than the platform's. */
int program_put(struct archive *archive, const struct platform *platform, const char *from, const char *path);

/* Where a command is: the name itself with a slash in it, else the first of $PATH, into path[PATH_MAX]. 0 or -ENOENT. */
int program_find(const char *name, char *path);

#endif
