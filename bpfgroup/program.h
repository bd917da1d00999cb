/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program.h: the tc program with its maps: loaded, filled, pinned and attached; and the pinned maps again. */
#ifndef BPFGROUP_PROGRAM_H
#define BPFGROUP_PROGRAM_H

#include <stdint.h>

#include "bpfgroup/kernel.h"

struct accounts;
struct program;

/* Loads the program with lanes for `lanes_n` callers at once of each account. By fail(); 0 or -errno. */
int program_load(const struct accounts *accounts, uint32_t lanes_n, struct program **out);
void program_free(struct program *program); /* accepts NULL; what is pinned or attached stays */

/* Pins every lane for its account and the maps that refresh and status need, in the bpffs of that namespace's place. */
int program_pin(struct program *program, const struct accounts *accounts, uint32_t inode);

/* Why, in this namespace, packets may not be sent past the kernel's own path: bits of enum group_policy. */
int program_policy(struct program *program, uint32_t *reasons);

/* Attaches it to what leaves by the device. From here on it serves. By fail(); 0 or -errno. */
int program_attach(struct program *program, uint32_t ifindex);

/* A map of a facility that is up, by its name in group_state.h: a descriptor, or -errno by fail(). */
int program_map(uint32_t inode, const char *name);

#endif
