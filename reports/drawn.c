/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drawn.c: every kind of picture has an end of its own, within its last bytes. */
#include "reports/drawn.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "reports/folder.h"
#include "reports/picture.h"

enum { TAIL = 32 };

static const struct kind {
	const char *suffix, *end;
} kinds[] = { { "svg", "</svg>" }, { "png", "IEND" }, { "pdf", "%%EOF" } };

static bool ends_with(FILE *file, const char *end)
{
	char tail[TAIL];

	if (fseek(file, -TAIL, SEEK_END))
		return false;
	size_t n = fread(tail, 1, sizeof tail, file);
	return memmem(tail, n, end, strlen(end)) != NULL;
}

static bool is_whole(const char *path, const char *end)
{
	FILE *file = fopen(path, "re");
	bool whole = file && ends_with(file, end);

	if (file)
		fclose(file);
	return whole;
}

int drawn_check(const struct folder *folder, const struct picture *picture)
{
	size_t n = picture->form == PICTURE_NARROW ? 1 : sizeof kinds / sizeof *kinds;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		char *path, name[PICTURE_FILE];

		picture_file(picture, kinds[i].suffix, name);
		if (asprintf(&path, "%s/%s", folder->work, name) < 0)
			return fail(-ENOMEM, "report: out of memory");
		if (!is_whole(path, kinds[i].end))
			err = fail(-EIO, "report: gnuplot left %s incomplete: the disk is full, or it lacks the terminal; name another place with -o, "
				   "or install gnuplot-nox", name);
		free(path);
	}
	return err;
}
