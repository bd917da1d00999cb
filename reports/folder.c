/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder.c: temporary folder, rename, clean up. */
#include "reports/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

static int no_memory(void)
{
	return fail(-ENOMEM, "report: out of memory");
}

static const char *remedy(int err)
{
	switch (err) {
	case EACCES:
	case EPERM: return "you may not write there; name another place with -o";
	case EROFS: return "it cannot be written; name another place with -o";
	case ENOSPC:
	case EDQUOT: return "the disk is full; name another place with -o";
	case ENOENT: return "the folder above it does not exist; make it first";
	case ENOTDIR: return "a part of that name is no folder; name another place with -o";
	default: return "name another place with -o";
	}
}

static int said(int err, const char *what, const char *name)
{
	return fail(-err, "report: cannot %s %s: %s: %s", what, name, strerror(err), remedy(err));
}

static char *join(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return no_memory(), NULL;
	return path;
}

/* ---- Opening ---- */

/* The name without slashes at its end, so that a name beside it can be made. */
static char *trimmed(const char *dir)
{
	size_t length = strlen(dir);

	while (length > 1 && dir[length - 1] == '/')
		length--;
	return strndup(dir, length);
}

/* mkdtemp() keeps everybody else out; a report is for others to read, as far as the umask allows. */
static void open_up(const char *dir)
{
	mode_t mask = umask(0);

	umask(mask);
	chmod(dir, 0777 & ~mask);
}

static int make_work(struct folder *folder)
{
	struct stat stat_of;

	folder->exists = stat(folder->dir, &stat_of) == 0;
	if (folder->exists && !S_ISDIR(stat_of.st_mode))
		return fail(-ENOTDIR, "report: %s exists and is no folder: name another place with -o", folder->dir);
	if (asprintf(&folder->work, "%s%s", folder->dir, folder->exists ? "/.report-XXXXXX" : ".XXXXXX") < 0) {
		folder->work = NULL;
		return no_memory();
	}
	if (!mkdtemp(folder->work)) {
		int err = said(errno, folder->exists ? "write into" : "make", folder->dir);

		free(folder->work);
		folder->work = NULL;
		return err;
	}
	open_up(folder->work);
	return 0;
}

int folder_open(const char *dir, struct folder *out)
{
	*out = (struct folder){ .dir = trimmed(dir) };
	if (!out->dir)
		return no_memory();
	if (!*out->dir) {
		folder_free(out);
		return fail(-EINVAL, "report: the name of the folder is empty: name one with -o");
	}
	int err = make_work(out);
	if (err)
		folder_free(out);
	return err;
}

/* ---- Files ---- */

FILE *folder_create(const struct folder *folder, const char *name)
{
	char *path = join(folder->work, name);
	FILE *file = path ? fopen(path, "we") : NULL;

	if (path && !file)
		said(errno, "write", path);
	free(path);
	return file;
}

int folder_close(FILE *file, const char *name)
{
	bool bad = ferror(file);

	errno = 0;
	if (fclose(file) == 0 && !bad)
		return 0;
	return said(errno ? errno : EIO, "write", name);
}

void folder_remove(const struct folder *folder, const char *name)
{
	char *path = join(folder->work, name);

	if (path)
		unlink(path);
	free(path);
}

/* ---- The end ---- */

static int move(const struct folder *folder, const char *name)
{
	char *from = join(folder->work, name), *to = join(folder->dir, name);
	int err = from && to ? 0 : -ENOMEM;

	if (!err && rename(from, to))
		err = said(errno, "write", to);
	free(from);
	free(to);
	return err;
}

static int drop(const struct folder *folder, const char *name)
{
	folder_remove(folder, name);
	return 0;
}

/* Does `what` to every file of the working folder but `except` (NULL: to every one), until one fails. */
static int each_file(const struct folder *folder, const char *except, int (*what)(const struct folder *, const char *))
{
	DIR *dir = opendir(folder->work);
	const struct dirent *entry;
	int err = 0;

	if (!dir)
		return said(errno, "read", folder->work);
	while (!err && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && (!except || strcmp(entry->d_name, except)))
			err = what(folder, entry->d_name);
	closedir(dir);
	return err;
}

static int move_all(const struct folder *folder, const char *last)
{
	int err = each_file(folder, last, move);

	if (!err)
		err = move(folder, last);
	if (!err)
		rmdir(folder->work);
	return err;
}

int folder_publish(struct folder *folder, const char *last)
{
	int err = 0;

	if (!folder->exists && rename(folder->work, folder->dir)) {
		if (errno != ENOTEMPTY && errno != EEXIST)
			return said(errno, "make", folder->dir);
		folder->exists = true; /* by another report that was written at the same time */
	}
	if (folder->exists)
		err = move_all(folder, last);
	if (!err) {
		free(folder->work);
		folder->work = NULL;
	}
	return err;
}

int folder_take(const struct folder *folder, const char *name, const char *to)
{
	char *from = join(folder->work, name);
	int err = from ? 0 : -ENOMEM;

	if (!err && rename(from, to))
		err = said(errno, "write", to);
	free(from);
	return err;
}

void folder_free(struct folder *folder)
{
	if (folder->work) {
		each_file(folder, NULL, drop);
		rmdir(folder->work);
	}
	free(folder->work);
	free(folder->dir);
	*folder = (struct folder){ .dir = NULL };
}
