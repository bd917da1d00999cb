/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules.h: the kernel modules that go into a guest, with what they depend on and the indexes that modprobe reads. */
#ifndef LAB_MODULES_H
#define LAB_MODULES_H

#include <stddef.h>

#include "lab/archive.h"

struct modules; /* those of one kernel, and which of them go along */

/* Looks through a folder of modules (lib/modules/VERSION of a kernel). By fail(); 0 or -errno. */
int modules_open(const char *folder, struct modules **out);
void modules_free(struct modules *modules);

/* Takes a module along, and all that it depends on. -ENOENT when the kernel has none of that name (it may be built in);
 * other errors by fail(). */
int modules_take(struct modules *modules, const char *name);

/* Adds what was taken to the archive, in JOB_MODULES. By fail(); 0 or -errno. */
int modules_put(struct modules *modules, struct archive *archive);

#endif
