/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syscalls.c: names and numbers from libseccomp's tables. */
#include <linux/types.h>

#include "collect/syscalls.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/nearest.h"

const char *syscalls_name(int number)
{
	static _Thread_local char text[64];
	char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), number);

	if (name)
		snprintf(text, sizeof text, "%s", name);
	else
		snprintf(text, sizeof text, "nr %d", number);
	free(name);
	return text;
}

static int unknown(const char *name)
{
	char *names[ACCOUNT_CALLS_MAX];
	struct nearest search = {.word = name};

	for (int nr = 0; nr < ACCOUNT_CALLS_MAX; nr++) {
		names[nr] = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), nr);
		if (names[nr])
			nearest_offer(&search, names[nr]);
	}
	if (search.best)
		fail(-EINVAL, "--path: there is no system call \"%s\" here; did you mean %s?", name, search.best);
	else
		fail(-EINVAL, "--path: there is no system call \"%s\" here; `man 2 syscalls` lists them", name);
	for (int nr = 0; nr < ACCOUNT_CALLS_MAX; nr++)
		free(names[nr]);
	return -EINVAL;
}

int syscalls_path(const char *names, uint8_t path[ACCOUNT_CALLS_MAX])
{
	char *copy = strdup(names), *rest = copy, *name;
	int err = copy ? 0 : -ENOMEM;

	memset(path, 0, ACCOUNT_CALLS_MAX);
	while (!err && (name = strsep(&rest, ","))) {
		/* libseccomp answers for calls of other architectures with numbers below zero */
		int nr = seccomp_syscall_resolve_name_arch(seccomp_arch_native(), name);

		if (nr < 0 || nr >= ACCOUNT_CALLS_MAX)
			err = unknown(name);
		else
			path[nr] = 1;
	}
	free(copy);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *syscalls_names(const uint8_t path[ACCOUNT_CALLS_MAX])
{
	char *names[ACCOUNT_CALLS_MAX], *text = NULL;
	size_t n = 0, bytes = 1;

	for (int nr = 0; nr < ACCOUNT_CALLS_MAX; nr++) {
		if (!path[nr])
			continue;
		names[n] = strdup(syscalls_name(nr));
		if (!names[n])
			goto cleanup;
		bytes += strlen(names[n++]) + 1;
	}
	qsort(names, n, sizeof *names, by_name);
	text = calloc(1, bytes);
	for (size_t i = 0; text && i < n; i++) {
		strcat(text, i ? "," : "");
		strcat(text, names[i]);
	}
cleanup:
	while (n)
		free(names[--n]);
	return text;
}
