/* SPDX-License-Identifier: GPL-2.0-or-later */
/* routes.h: what the tc program cannot ask the kernel itself, told to it by `sendgroupctl up`: which addresses are local,
 * and which source each device prefers (kernels before 6.7). Both hold as of now; up again brings them up to date. */
#ifndef BPFGROUP_ROUTES_H
#define BPFGROUP_ROUTES_H

/* Fill the maps (descriptors) `locals` and `sources` of the program (group_state.h) anew. By fail(); 0 or -errno. */
int routes_locals(int map);
int routes_sources(int map);

#endif
