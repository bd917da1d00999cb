/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suite.h: a named, versioned set of commands that measure: suites/NAME.conf (suites/send.conf says how such a file is written). */
#ifndef CLI_SUITE_H
#define CLI_SUITE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { SUITE_NAME = 32, SUITE_STEPS_MAX = 64, SUITE_WORDS_MAX = 64, SUITE_ABOUT = 160, SUITE_PASSES_MAX = 1000 };

struct suite_step {
	char name[SUITE_NAME];
	char *words[SUITE_WORDS_MAX + 1]; /* a command of forecall, without "forecall"; ends with NULL */
	size_t words_n;
};

struct suite {
	char path[PATH_MAX]; /* of its file */
	char name[SUITE_NAME], about[SUITE_ABOUT];
	unsigned version, passes;
	struct suite_step *steps;
	size_t steps_n;
};

/* Reads a suite: a path (with a '/'), or a name that is looked for in $FORECALL_SUITES, beside this program's source (../suites) and in
 * ../share/forecall/suites. `counted`: @NAME stands for what is set for counted instructions. `ways`: those that this machine has, comma
 * separated, of which @ways:A,B,... names some. 0, or
 * -errno, said with the line: -ENOENT, -EINVAL. Free with suite_free(). */
int suite_read(const char *name, bool counted, const char *ways, struct suite *out);
void suite_free(struct suite *suite);

/* The folders that suites are looked for in, the i-th; NULL behind the last. */
const char *suite_folder(size_t i);

#endif
