/* SPDX-License-Identifier: GPL-2.0-or-later */
/* archive.c: writes newc entries. */
#include "lab/archive.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PATH_BYTES = 4096,
	ALIGN = 4, /* of heads and contents */
};

int archive_open(struct archive *archive)
{
	memset(archive, 0, sizeof *archive);
	archive->fd = memfd_create("forecall-initrd", MFD_CLOEXEC);
	return archive->fd < 0 ? fail(-errno, "lab: no memory for the guest's files: %s", strerror(errno)) : 0;
}

static void put(struct archive *archive, const void *data, size_t n)
{
	for (size_t done = 0; done < n && !archive->err;) {
		ssize_t wrote = write(archive->fd, (const char *)data + done, n - done);

		if (wrote < 0 && errno != EINTR)
			archive->err = -errno;
		done += wrote > 0 ? (size_t)wrote : 0;
	}
}

static void pad(struct archive *archive, size_t n)
{
	put(archive, "\0\0\0", (ALIGN - n % ALIGN) % ALIGN);
}

/* The head of an entry whose contents of n bytes follow. */
static void put_head(struct archive *archive, const char *name, uint32_t mode, size_t n)
{
	char head[PATH_BYTES + 128];
	int length = snprintf(head, sizeof head, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s", ++archive->entries_n,
			      mode, 0, 0, 1, 0, (unsigned)n, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0, name);

	if (length >= (int)sizeof head) {
		archive->err = -ENAMETOOLONG;
		return;
	}
	put(archive, head, (size_t)length + 1);
	pad(archive, (size_t)length + 1);
}

int archive_has(const struct archive *archive, const char *path)
{
	return strings_has(&archive->names, path + 1);
}

/* Notes a path that comes in now, its folders first. Whether it is new; then *name is how the archive calls it. */
static int enter(struct archive *archive, const char *path, const char **name)
{
	char above[PATH_BYTES];
	char *slash;

	*name = path + 1;
	if (archive->err || !**name || archive_has(archive, path))
		return 0;
	snprintf(above, sizeof above, "%s", path);
	slash = strrchr(above, '/');
	*slash = 0;
	if (slash != above)
		archive_folder(archive, above);
	archive->err = archive->err ? archive->err : strings_add(&archive->names, *name);
	return !archive->err;
}

void archive_folder(struct archive *archive, const char *path)
{
	const char *name;

	if (enter(archive, path, &name))
		put_head(archive, name, S_IFDIR | 0755, 0);
}

void archive_data(struct archive *archive, const char *path, mode_t mode, const void *data, size_t n)
{
	const char *name;

	if (!enter(archive, path, &name))
		return;
	put_head(archive, name, S_IFREG | (mode & 07777), n);
	put(archive, data, n);
	pad(archive, n);
}

void archive_link(struct archive *archive, const char *path, const char *target)
{
	const char *name;

	if (!enter(archive, path, &name))
		return;
	put_head(archive, name, S_IFLNK | 0777, strlen(target));
	put(archive, target, strlen(target));
	pad(archive, strlen(target));
}

/* Exactly n bytes; a file that became shorter meanwhile is an error. */
static int copy(int to, int from, size_t n)
{
	while (n > 0) {
		ssize_t moved = sendfile(to, from, NULL, n);

		if (moved == 0)
			return -EIO;
		if (moved < 0 && errno != EINTR)
			return -errno;
		n -= moved > 0 ? (size_t)moved : 0;
	}
	return 0;
}

static int copy_entry(struct archive *archive, const char *name, mode_t mode, int from)
{
	struct stat file;

	if (fstat(from, &file))
		return -errno;
	if (!S_ISREG(file.st_mode))
		return -EINVAL;
	if (file.st_size > UINT32_MAX)
		return -EFBIG;
	put_head(archive, name, S_IFREG | (mode & 07777), (size_t)file.st_size);
	if (!archive->err)
		archive->err = copy(archive->fd, from, (size_t)file.st_size);
	pad(archive, (size_t)file.st_size);
	return archive->err;
}

int archive_file(struct archive *archive, const char *path, mode_t mode, const char *from)
{
	const char *name;
	int fd = open(from, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return fail(-errno, "lab: cannot open %s: %s", from, strerror(errno));
	err = enter(archive, path, &name) ? copy_entry(archive, name, mode, fd) : archive->err;
	close(fd);
	return err ? fail(err, "lab: cannot copy %s: %s", from, err == -EINVAL ? "it is no file" : strerror(-err)) : 0;
}

int archive_close(struct archive *archive)
{
	put_head(archive, "TRAILER!!!", 0, 0);
	return archive->err ? fail(archive->err, "lab: cannot put the guest's files together: %s", strerror(-archive->err)) : 0;
}

void archive_free(struct archive *archive)
{
	if (archive->fd >= 0)
		close(archive->fd);
	archive->fd = -1;
	strings_free(&archive->names);
}
