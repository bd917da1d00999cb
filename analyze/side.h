/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * side.h: one side of a comparison: the runs that a user names, and their figures by benchmark.
 *
 *   7   7,9   7-12          runs by number
 *   6.1.0-47-cloud-amd64    every run on this kernel
 *   before-the-patch        every run with this label, or of this suite (send@1, or one step of it: send@1/lo)
 *   FILE   FILE:SELECTOR    the same in another database (FILE alone: all of it)
 *   run:, kernel:, label:, suite: in front of a selector say which of these it is
 *
 * Runs that are not complete are left out, unless they are named by number.
 */
#ifndef ANALYZE_SIDE_H
#define ANALYZE_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/benchmark.h"
#include "analyze/rows.h"

struct store;

struct side_run {
	const struct run_row *run;
	struct host_row *host;
	bool exact; /* figures without noise */
};

/* One figure of one run of the side. */
struct side_figure {
	struct benchmark benchmark;
	size_t run; /* index into runs */
};

struct side {
	struct store *store;
	char *text; /* as the user wrote it */
	struct side_run *runs;
	size_t runs_n;
	struct side_figure *figures; /* by name, then by run */
	size_t figures_n;
	struct run_row *rows; /* what runs point into */
};

/* Opens the database (`db`, unless the text names another) and chooses the runs. 0, or -errno, said: -ENOENT when it names nothing,
 * -EINVAL when it can mean two things. Free with side_free(). */
int side_open(const char *db, const char *text, struct side *out);

/* Reads the figures of all its runs. 0 or -errno, said. */
int side_figures(struct side *side);

void side_free(struct side *side);

#endif
