/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folder.h: a folder of files that appears whole or not at all. Files are written into a folder of its own beside it (inside it,
 * when it exists: it may be a mount point, or its parent not ours), and moved to their place at the end.
 */
#ifndef REPORTS_FOLDER_H
#define REPORTS_FOLDER_H

#include <stdbool.h>
#include <stdio.h>

struct folder {
	char *dir;   /* where the files shall be */
	char *work;  /* where they are written; NULL once they are there */
	bool exists; /* dir was there before */
};

/* Makes the working folder. 0 or -errno, said with the remedy; then there is nothing to free. */
int folder_open(const char *dir, struct folder *out);

/* Opens the file `name` in the working folder for writing. NULL, said, when it cannot. */
FILE *folder_create(const struct folder *folder, const char *name);

/* Closes it. 0, or -errno, said, when not all of it came to the disk. */
int folder_close(FILE *file, const char *name);

/* Removes a file from the working folder, if it is there. */
void folder_remove(const struct folder *folder, const char *name);

/* Moves everything to its place, the file `last` after the others. Other files that were there stay. 0 or -errno, said. */
int folder_publish(struct folder *folder, const char *last);

/* Moves one file of the working folder to the place `to`, a file beside it or a new one. 0 or -errno, said. */
int folder_take(const struct folder *folder, const char *name, const char *to);

/* Removes what was not published. Accepts a folder that was never opened, if it is all zero. */
void folder_free(struct folder *folder);

#endif
