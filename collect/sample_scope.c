/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_scope.c: sorted arrays of processes and threads, and a walk through /proc for the descendants. */
#include <linux/types.h>

#include "collect/sample_scope.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/sample.h"

struct scope {
	uint32_t *pids; /* ascending */
	size_t pids_n, pids_room;
	struct sample_thread *threads; /* ascending by tid */
	size_t threads_n, threads_room;
	size_t last; /* the thread that was asked for last: the next sample is often its own */
};

struct scope *scope_new(void)
{
	return calloc(1, sizeof(struct scope));
}

void scope_free(struct scope *scope)
{
	if (!scope)
		return;
	free(scope->pids);
	free(scope->threads);
	free(scope);
}

/* Where pid is, or would be. */
static size_t place(const struct scope *scope, uint32_t pid)
{
	size_t low = 0, high = scope->pids_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scope->pids[middle] < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool scope_has(const struct scope *scope, uint32_t pid)
{
	size_t at = place(scope, pid);

	return at < scope->pids_n && scope->pids[at] == pid;
}

static int insert(struct scope *scope, uint32_t pid)
{
	size_t at = place(scope, pid);

	if (at < scope->pids_n && scope->pids[at] == pid)
		return 0;
	if (scope->pids_n == scope->pids_room) {
		size_t room = scope->pids_room ? 2 * scope->pids_room : 64;
		uint32_t *more = realloc(scope->pids, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		scope->pids = more;
		scope->pids_room = room;
	}
	memmove(scope->pids + at + 1, scope->pids + at, (scope->pids_n - at) * sizeof *scope->pids);
	scope->pids[at] = pid;
	scope->pids_n++;
	return 0;
}

void scope_remove(struct scope *scope, uint32_t pid)
{
	size_t at = place(scope, pid);

	if (at == scope->pids_n || scope->pids[at] != pid)
		return;
	memmove(scope->pids + at, scope->pids + at + 1, (scope->pids_n - at - 1) * sizeof *scope->pids);
	scope->pids_n--;
}

void scope_fork(struct scope *scope, uint32_t pid, uint32_t parent)
{
	if (pid == parent)
		return;
	if (scope_has(scope, parent))
		insert(scope, pid);
	else /* the number is used again, by somebody else */
		scope_remove(scope, pid);
}

size_t scope_ended(const struct scope *scope, uint32_t *ended, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < scope->pids_n && n < max; i++)
		if (kill((pid_t)scope->pids[i], 0) && errno == ESRCH)
			ended[n++] = scope->pids[i];
	return n;
}

/* The parent of a process; 0 when it is gone. Its name may hold blanks and brackets. */
static uint32_t parent_of(const char *pid)
{
	char path[300], text[512];
	unsigned int parent = 0;

	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	size_t n = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[n] = 0;
	const char *end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %*c %u", &parent) != 1)
		return 0;
	return parent;
}

/* One walk through /proc. Children may stand before their parents: repeated until nothing is new. */
static int add_children(struct scope *scope, size_t *added)
{
	size_t before = scope->pids_n;
	int err = 0;
	DIR *proc = opendir("/proc");

	if (!proc)
		return -errno;
	for (const struct dirent *entry; !err && (entry = readdir(proc));) {
		unsigned long pid = strtoul(entry->d_name, NULL, 10);

		if (pid && !scope_has(scope, (uint32_t)pid) && scope_has(scope, parent_of(entry->d_name)))
			err = insert(scope, (uint32_t)pid);
	}
	closedir(proc);
	*added = scope->pids_n - before;
	return err;
}

int scope_add_alone(struct scope *scope, pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH ? -ESRCH : insert(scope, (uint32_t)pid);
}

int scope_add(struct scope *scope, pid_t pid)
{
	size_t added = 1;
	int err = scope_add_alone(scope, pid);

	while (!err && added)
		err = add_children(scope, &added);
	return err;
}

int scope_pids(const struct scope *scope, pid_t *pids, int max)
{
	for (size_t i = 0; i < scope->pids_n && i < (size_t)max; i++)
		pids[i] = (pid_t)scope->pids[i];
	return (int)scope->pids_n;
}

static int grow_threads(struct scope *scope)
{
	size_t room = scope->threads_room ? 2 * scope->threads_room : 64;
	struct sample_thread *more = realloc(scope->threads, room * sizeof *more);

	if (!more)
		return -ENOMEM;
	scope->threads = more;
	scope->threads_room = room;
	return 0;
}

struct sample_thread *scope_thread(struct scope *scope, uint32_t pid, uint32_t tid)
{
	size_t low = 0, high = scope->threads_n;

	if (scope->last < scope->threads_n && scope->threads[scope->last].tid == tid)
		return &scope->threads[scope->last];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scope->threads[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	scope->last = low;
	if (low < scope->threads_n && scope->threads[low].tid == tid)
		return &scope->threads[low];
	if (scope->threads_n == scope->threads_room && grow_threads(scope))
		return NULL;
	memmove(scope->threads + low + 1, scope->threads + low, (scope->threads_n - low) * sizeof *scope->threads);
	scope->threads[low] = (struct sample_thread){.tid = tid, .pid = pid};
	scope->threads_n++;
	return &scope->threads[low];
}

const struct sample_thread *scope_threads(const struct scope *scope, size_t *n)
{
	*n = scope->threads_n;
	return scope->threads;
}
