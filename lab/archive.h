/* SPDX-License-Identifier: GPL-2.0-or-later */
/* archive.h: the file tree that a guest starts from: a cpio archive (newc, uncompressed) in memory that no file system
 * knows, so that nothing can be left behind. Format: Documentation/driver-api/early-userspace/buffer-format.rst of Linux.
 * Times and owners are zero: the same files make the same bytes. */
#ifndef LAB_ARCHIVE_H
#define LAB_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lab/spawn.h"

/* An archive while it is made. */
struct archive {
	int fd;		       /* of the memory; -1: none */
	uint32_t entries_n;
	struct strings names;  /* what is in it */
	int err;	       /* of the first entry that failed: archive_close() reports it */
};

/* An empty one. 0 or, by fail(), -errno. */
int archive_open(struct archive *archive);

/* Paths are absolute; folders above are added as needed; what is there already stays. */
void archive_folder(struct archive *archive, const char *path);
void archive_link(struct archive *archive, const char *path, const char *target);
void archive_data(struct archive *archive, const char *path, mode_t mode, const void *data, size_t n);

/* A file of this machine. By fail() when it cannot be read; 0 or -errno. */
int archive_file(struct archive *archive, const char *path, mode_t mode, const char *from);

int archive_has(const struct archive *archive, const char *path);

/* Ends it, ready to be read. 0 or, by fail(), -errno. */
int archive_close(struct archive *archive);
void archive_free(struct archive *archive);

#endif
