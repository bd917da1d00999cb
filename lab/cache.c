/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cache.c: the folder of kernels. */
#include "lab/cache.h"

#include "analyze/kernelversion.h"
#include "base/err.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PART ".part."

/* ---- Paths ---- */

static int root(char path[PATH_MAX])
{
	const char *own = getenv("FORECALL_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n;

	if (own && *own)
		n = snprintf(path, PATH_MAX, "%s", own);
	else if (xdg && *xdg)
		n = snprintf(path, PATH_MAX, "%s/forecall", xdg);
	else if (home && *home)
		n = snprintf(path, PATH_MAX, "%s/.cache/forecall", home);
	else
		return fail(-ENOENT, "lab: there is no $HOME to keep kernels in; set FORECALL_CACHE to a folder");
	return n < PATH_MAX ? 0 : fail(-ENAMETOOLONG, "lab: the cache's path is too long; set FORECALL_CACHE to a shorter one");
}

/* All folders above the last part of a path. */
static int make_above(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int err;

		*slash = 0;
		err = mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
		if (err)
			return fail(err, "lab: cannot make the folder %s: %s; set FORECALL_CACHE to one that you may write to", path,
				    strerror(-err));
		*slash = '/';
	}
	return 0;
}

int cache_path(char path[PATH_MAX], const char *fmt, ...)
{
	char below[PATH_MAX];
	va_list args;
	size_t used;
	int err = root(path);

	if (err)
		return err;
	va_start(args, fmt);
	vsnprintf(below, sizeof below, fmt, args);
	va_end(args);
	used = strlen(path);
	if (snprintf(path + used, PATH_MAX - used, "/%s", below) >= (int)(PATH_MAX - used))
		return fail(-ENAMETOOLONG, "lab: the cache's path is too long; set FORECALL_CACHE to a shorter one");
	return make_above(path);
}

int cache_kernel_path(char path[PATH_MAX], const struct kernel *kernel, const char *file)
{
	return cache_path(path, "kernels/%s/%s/%s", kernel->arch, kernel->name, file);
}

const char *cache_arch(void)
{
	static struct utsname name;

	uname(&name);
	return !strcmp(name.machine, "x86_64") ? "amd64" : !strcmp(name.machine, "aarch64") ? "arm64" : name.machine;
}

/* ---- Lists ---- */

int kernels_add(struct kernels *kernels, const char *name, const char *arch)
{
	struct kernel *more = realloc(kernels->at, (kernels->n + 1) * sizeof *more);

	if (!more)
		return fail(-ENOMEM, "lab: out of memory");
	kernels->at = more;
	snprintf(more[kernels->n].name, sizeof more->name, "%s", name);
	snprintf(more[kernels->n].arch, sizeof more->arch, "%s", arch);
	kernels->n++;
	return 0;
}

static int by_version(const void *a, const void *b)
{
	const struct kernel *x = a, *y = b;
	int order = strcmp(x->arch, y->arch);

	return order ? order : kernelversion_compare(x->name, y->name);
}

void kernels_sort(struct kernels *kernels)
{
	if (kernels->n)
		qsort(kernels->at, kernels->n, sizeof *kernels->at, by_version);
}

static int list_arch(struct kernels *out, const char *arch)
{
	char path[PATH_MAX];
	int err = cache_path(path, "kernels/%s/", arch);
	DIR *folder = err ? NULL : opendir(path);

	for (struct dirent *entry; folder && !err && (entry = readdir(folder));)
		if (entry->d_name[0] != '.')
			err = kernels_add(out, entry->d_name, arch);
	if (folder)
		closedir(folder);
	return err;
}

int cache_list(struct kernels *out)
{
	int err;

	memset(out, 0, sizeof *out);
	err = list_arch(out, "amd64");
	if (!err)
		err = list_arch(out, "arm64");
	if (err) {
		free(out->at);
		memset(out, 0, sizeof *out);
	}
	kernels_sort(out);
	return err;
}

const struct kernel *kernels_find(const struct kernels *kernels, const char *name, const char *arch)
{
	const struct kernel *found = NULL;

	for (size_t i = 0; i < kernels->n; i++) {
		const struct kernel *k = &kernels->at[i];

		if (arch && strcmp(k->arch, arch))
			continue;
		if (strcmp(k->name, name) && fnmatch(name, k->name, 0))
			continue;
		if (!found || !strcmp(found->arch, k->arch) || !strcmp(k->arch, cache_arch()))
			found = k;
	}
	return found;
}

/* ---- Adding and removing ---- */

static int remove_entry(const char *path, const struct stat *file, int type, struct FTW *ftw)
{
	(void)file;
	(void)type;
	(void)ftw;
	return remove(path) ? -errno : 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Folders that a process left which is no more. */
static void clear_parts(const char *arch)
{
	char path[PATH_MAX], part[2 * PATH_MAX];
	DIR *folder = cache_path(path, "kernels/%s/", arch) ? NULL : opendir(path);

	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		long pid = strncmp(entry->d_name, PART, strlen(PART)) ? 0 : strtol(entry->d_name + strlen(PART), NULL, 10);

		if (pid <= 0 || !kill((pid_t)pid, 0) || errno == EPERM)
			continue;
		snprintf(part, sizeof part, "%s%s", path, entry->d_name);
		remove_tree(part);
	}
	if (folder)
		closedir(folder);
}

int cache_begin(const struct kernel *kernel, char part[PATH_MAX])
{
	int err;

	clear_parts(kernel->arch);
	err = cache_path(part, "kernels/%s/" PART "%d.%s", kernel->arch, (int)getpid(), kernel->name);
	if (!err && mkdir(part, 0755) && errno != EEXIST)
		err = fail(-errno, "lab: cannot make the folder %s: %s", part, strerror(errno));
	return err;
}

int cache_commit(const struct kernel *kernel, const char *part)
{
	char path[PATH_MAX];
	int err = cache_path(path, "kernels/%s/%s", kernel->arch, kernel->name);

	if (err)
		return err;
	if (rename(part, path) && (errno == EEXIST || errno == ENOTEMPTY)) {
		err = cache_remove(kernel);
		if (!err && rename(part, path))
			err = -errno;
	} else if (access(path, F_OK)) {
		err = -errno;
	}
	if (err)
		fail(err, "lab: cannot keep the kernel as %s: %s", path, strerror(-err));
	return err;
}

void cache_clear(const char *part)
{
	remove_tree(part);
}

/* Out of sight in one step, then away: a guest that boots it meanwhile either has it whole or not at all. */
int cache_remove(const struct kernel *kernel)
{
	char path[PATH_MAX], part[PATH_MAX];
	int err = cache_path(path, "kernels/%s/%s", kernel->arch, kernel->name);

	if (!err)
		err = cache_path(part, "kernels/%s/" PART "%d.old.%s", kernel->arch, (int)getpid(), kernel->name);
	if (!err && rename(path, part))
		err = fail(-errno, "lab: cannot remove %s: %s", path, strerror(errno));
	if (!err)
		remove_tree(part);
	return err;
}
