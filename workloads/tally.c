/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tally.c: one page of memory without a name, which another process opens through /proc. */
#include "workloads/tally.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int map(int fd, struct tally **out)
{
	void *page = mmap(NULL, sizeof **out, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return -errno;
	*out = page;
	return 0;
}

int tally_new(struct tally_shared *out)
{
	int err;

	*out = (struct tally_shared){ .fd = memfd_create("forecall-tally", MFD_CLOEXEC) };
	err = out->fd < 0 || ftruncate(out->fd, sizeof *out->tally) ? -errno : map(out->fd, &out->tally);
	if (!err) {
		snprintf(out->path, sizeof out->path, "/proc/%d/fd/%d", (int)getpid(), out->fd);
		return 0;
	}
	if (out->fd >= 0)
		close(out->fd);
	*out = (struct tally_shared){ 0 };
	return fail(err, "cannot share memory with the server: %s", strerror(-err));
}

void tally_free(struct tally_shared *shared)
{
	if (!shared->tally)
		return;
	munmap(shared->tally, sizeof *shared->tally);
	close(shared->fd);
	*shared = (struct tally_shared){ 0 };
}

/* A file that is too short would end the server with its first count. */
int tally_open(const char *path, struct tally **out)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), err;
	struct stat status;

	if (fd < 0)
		return fail(-errno, "cannot open %s: %s; --tally takes a file that can be written", path, strerror(errno));
	err = fstat(fd, &status) ? -errno : status.st_size < (off_t)sizeof **out ? -EINVAL : map(fd, out);
	close(fd);
	if (err == -EINVAL)
		return fail(err, "%s is too short: --tally takes a file of at least %zu bytes", path, sizeof **out);
	return err ? fail(err, "cannot map %s: %s", path, strerror(-err)) : 0;
}
