/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cache.h: kernels that guests can boot, in a folder of the user's: $FORECALL_CACHE, else $XDG_CACHE_HOME/forecall, else
 * ~/.cache/forecall.
 *
 *   kernels/ARCH/NAME/vmlinuz, modules/   one kernel each, complete as soon as its folder has this name
 *   kernels/ARCH/.part.PID.NAME/          one that is being put together; cleared away by the next that comes
 *   apt/ARCH/                             lists and packages of the Debian archive, see apt.h */
#ifndef LAB_CACHE_H
#define LAB_CACHE_H

#include <limits.h>
#include <stddef.h>

enum { KERNEL_NAME_MAX = 128, KERNEL_ARCH_MAX = 16 };

struct kernel {
	char name[KERNEL_NAME_MAX]; /* 6.12.117+deb12-cloud-amd64 */
	char arch[KERNEL_ARCH_MAX]; /* as Debian says: amd64, arm64 */
};

struct kernels {
	struct kernel *at;
	size_t n;
};

/* A path in the cache, into path[PATH_MAX], folders above made. By fail(); 0 or -errno. */
int cache_path(char path[PATH_MAX], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The architecture of this machine, in Debian's words. */
const char *cache_arch(void);

/* What is in the cache, sorted by architecture and version. The caller frees ->at. By fail(); 0 or -errno. */
int cache_list(struct kernels *out);

/* Sorts by architecture and version. */
void kernels_sort(struct kernels *kernels);
int kernels_add(struct kernels *kernels, const char *name, const char *arch);

/* The newest kernel whose name is `name`, or matches it as a shell pattern ("6.12*cloud*"). arch NULL: this machine's,
 * unless only another has it. NULL when there is none. */
const struct kernel *kernels_find(const struct kernels *kernels, const char *name, const char *arch);

/* A file of a kernel: "vmlinuz", "modules". */
int cache_kernel_path(char path[PATH_MAX], const struct kernel *kernel, const char *file);

/* Adding one, in steps: a folder to fill; then its name, or its removal. *part is the folder's path. By fail(); 0 or
 * -errno. A kernel of that name that is there already is replaced. */
int cache_begin(const struct kernel *kernel, char part[PATH_MAX]);
int cache_commit(const struct kernel *kernel, const char *part);
void cache_clear(const char *part);

/* Removes a kernel. By fail(); 0 or -errno. */
int cache_remove(const struct kernel *kernel);

#endif
