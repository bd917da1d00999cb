/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scope.c: looks through /proc and the control groups. */
#include "collect/scope.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "collect/ledger.h"

enum {
	COMM_MAX = 15,
	DEPTH_MAX = 16, /* of control groups */
};

/* Where the hierarchy that systemd uses is mounted: version 2, and the two ways of having it beside version 1. */
static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"};

enum { ROOTS_N = sizeof roots / sizeof *roots };

int scope_of_comm(const char *name, struct scope *scope)
{
	*scope = (struct scope){.comm = name};
	if (!*name || strlen(name) > COMM_MAX)
		return fail(-EINVAL, "profile: --comm \"%s\": the kernel keeps 1 to %d bytes of a name; `ps -e -o comm` shows them", name, COMM_MAX);
	return 0;
}

/* Whether that is the directory of a control group; it is noted then. */
static bool is_group(struct scope *scope, const char *root, const char *path)
{
	char procs[PATH_MAX];

	if (snprintf(scope->cgroup, sizeof scope->cgroup, "%s%s%s", root, *root ? "/" : "", path) >= (int)sizeof scope->cgroup)
		return false;
	return snprintf(procs, sizeof procs, "%s/cgroup.procs", scope->cgroup) < (int)sizeof procs && !access(procs, R_OK);
}

int scope_of_cgroup(const char *path, struct scope *scope)
{
	*scope = (struct scope){0};
	if (is_group(scope, "", path))
		return 0;
	for (int i = 0; i < ROOTS_N; i++)
		if (is_group(scope, roots[i], path + strspn(path, "/")))
			return 0;
	return fail(-ENOENT, "profile: there is no control group %s, neither as a directory nor below %s; /proc/PID/cgroup shows that of a process",
		    path, roots[0]);
}

/* The directory of that name below `path`, into scope->cgroup. */
static bool find_below(struct scope *scope, const char *path, const char *name, int depth)
{
	DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		char below[PATH_MAX];

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= (int)sizeof below)
			continue;
		found = !strcmp(entry->d_name, name) ? is_group(scope, "", below) : find_below(scope, below, name, depth + 1);
	}
	if (dir)
		closedir(dir);
	return found;
}

int scope_of_unit(const char *unit, struct scope *scope)
{
	char name[NAME_MAX];

	*scope = (struct scope){0};
	snprintf(name, sizeof name, "%s%s", unit, strchr(unit, '.') ? "" : ".service");
	for (int i = 0; i < ROOTS_N; i++)
		if (find_below(scope, roots[i], name, 0))
			return 0;
	return fail(-ENOENT, "profile: no control group belongs to a unit %s: is it active? `systemctl status %s` tells", name, name);
}

static int add(struct scope *scope, struct ledger *ledger, pid_t pid)
{
	if (pid == getpid() || ledger_has(ledger, pid))
		return 0;
	int err = ledger_add(ledger, pid);
	if (err == -ESRCH)
		return 0; /* gone meanwhile */
	if (!err && !scope->first)
		scope->first = pid;
	return err ? err : 1;
}

static bool is_named(const char *pid, const char *name)
{
	char path[64], comm[COMM_MAX + 2] = "";

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	FILE *file = fopen(path, "re");
	if (file && fgets(comm, sizeof comm, file))
		comm[strcspn(comm, "\n")] = 0;
	if (file)
		fclose(file);
	return !strcmp(comm, name);
}

static int refresh_comm(struct scope *scope, struct ledger *ledger)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int n = 0, result = 0;

	while (dir && result >= 0 && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) && is_named(entry->d_name, scope->comm)) {
			result = add(scope, ledger, (pid_t)strtol(entry->d_name, NULL, 10));
			n += result > 0;
		}
	if (dir)
		closedir(dir);
	return result < 0 ? result : n;
}

static int refresh_group(struct scope *scope, struct ledger *ledger, const char *path, int depth)
{
	char name[PATH_MAX];
	int pid, n = 0, result = 0;
	DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
	struct dirent *entry;

	snprintf(name, sizeof name, "%s/cgroup.procs", path);
	FILE *file = fopen(name, "re");
	while (file && result >= 0 && fscanf(file, "%d", &pid) == 1) {
		result = add(scope, ledger, pid);
		n += result > 0;
	}
	if (file)
		fclose(file);
	while (dir && result >= 0 && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    snprintf(name, sizeof name, "%s/%s", path, entry->d_name) >= (int)sizeof name)
			continue;
		result = refresh_group(scope, ledger, name, depth + 1);
		n += result > 0 ? result : 0;
	}
	if (dir)
		closedir(dir);
	return result < 0 ? result : n;
}

int scope_refresh(struct scope *scope, struct ledger *ledger)
{
	return scope->comm ? refresh_comm(scope, ledger) : refresh_group(scope, ledger, scope->cgroup, 0);
}
