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

int drawn_check(const struct folder *folder, const char *name)
{
	int err = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !err; i++) {
		char *path;

		if (asprintf(&path, "%s/%s.%s", folder->work, name, kinds[i].suffix) < 0)
			return fail(-ENOMEM, "report: out of memory");
		if (!is_whole(path, kinds[i].end))
			err = fail(-EIO, "report: gnuplot left %s.%s incomplete: the disk is full, or it lacks the terminal; name another place with -o, "
				   "or install gnuplot-nox", name, kinds[i].suffix);
		free(path);
	}
	return err;
}
