/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apt.h: kernels in the Debian archive that this machine is configured for. apt verifies what it downloads.
 *
 * Lists and packages lie in the cache (apt/ARCH), not in the system's folders: no root is needed, other architectures can
 * be had without being enabled on this machine, and nothing is ever installed. */
#ifndef LAB_APT_H
#define LAB_APT_H

#include <stdbool.h>

#include "lab/cache.h"
#include "lab/spawn.h"

/* A kernel that can be had. */
struct offer {
	struct kernel kernel;
	bool headers; /* linux-headers-NAME is there too, so that modules can be built for it */
};

struct offers {
	struct offer *at;
	size_t n;
};

/* The kernels of one architecture, oldest first. The lists are fetched where there are none, or with refresh. The caller
 * frees ->at. By fail(); 0 or -errno: -ENETUNREACH when the archive cannot be reached. */
int apt_kernels(const char *arch, bool refresh, struct offers *out);

enum { APT_PACKAGES_MAX = 80 };

/* Downloads packages into the cache, or goes on with what an interrupted download left, and unpacks them into a folder
 * that is there. By fail(); 0 or -errno: -E2BIG for more than APT_PACKAGES_MAX. */
int apt_unpack(const char *arch, const char *const *packages, size_t n, const char *into);

/* Puts a kernel into the cache, which then has it whole or not at all. By fail(); 0 or -errno. */
int apt_add_kernel(const struct kernel *kernel);

#endif
