/* SPDX-License-Identifier: GPL-2.0-or-later */
/* platform.h: what differs between the architectures of guests: programs, QEMU, console, and where ours come from. */
#ifndef LAB_PLATFORM_H
#define LAB_PLATFORM_H

#include <limits.h>

/* Where the programs of a guest come from. */
struct platform {
	const char *arch; /* as Debian says */
	const char *root; /* folder like / with that architecture's packages unpacked into it; NULL: this machine */
	char folder[PATH_MAX];	 /* of our own programs for it, with a slash */
	char packages[PATH_MAX]; /* what root points to */
};

struct platform_paths {
	char init[PATH_MAX];	 /* the guest's first process */
	char forecall[PATH_MAX];
	char programs[PATH_MAX]; /* folder of the programs that forecall starts */
};

/* By fail(): -ENOENT when what was built for another architecture is not there; `make lab-arm64` builds it. */
int platform_open(struct platform *platform, const char *arch);
int platform_find(const struct platform *platform, struct platform_paths *paths);

/* The plugin with which this machine's QEMU counts what a guest executes (count.h), into path; -ENOENT, not said, when there is none. */
int platform_plugin(char path[PATH_MAX]);

/* The device of the guest's console without /dev/: ttyS0. */
const char *platform_console(const char *arch);

/* QEMU's program, and the words that describe the machine to it, ended by NULL; the words of its kernel's command line. */
const char *platform_qemu(const char *arch);
const char *const *platform_machine(const char *arch);
const char *platform_append(const char *arch);

#endif
