/* SPDX-License-Identifier: GPL-2.0-or-later */
/* versus.h: two sides against each other: what differs between their machines, which benchmarks changed, and what that does to a
 * server. */
#ifndef ANALYZE_VERSUS_H
#define ANALYZE_VERSUS_H

#include <stdbool.h>
#include <stddef.h>

#include "analyze/compare.h"
#include "analyze/side.h"

/* A property that the machines, or the ways of measuring, do not share. */
struct difference {
	char *what, *a, *b; /* b or a is "" for a word that the other side lacks */
};

/* One benchmark that both sides have. */
struct versus_line {
	const char *name, *unit;
	bool cost;
	const char *refused; /* why the figures cannot be compared; NULL: they can. With `force`, they were in spite of it. */
	bool compared;       /* `comparison` holds figures */
	struct comparison comparison;
};

struct versus_options {
	bool force;
};

struct versus {
	struct difference *differences; /* what matters most first */
	size_t differences_n;
	struct versus_line *lines; /* by name */
	size_t lines_n;
	size_t compared_n;         /* lines that hold a comparison; their intervals hold together */
	size_t only_a_n, only_b_n; /* benchmarks that only one side has */
};

/* The figures of both sides are read. 0; -ENODATA, said, when they have no benchmark in common; -ENOMEM. Free with versus_free(). */
int versus_make(const struct side *a, const struct side *b, const struct versus_options *options, struct versus *out);
void versus_free(struct versus *versus);

/* What the change of a path from side to side does to a profiled server. */
struct versus_server {
	struct comparison path; /* its cost per packet, weighted with the server's bursts and sizes (surface.h) */
	struct figure fraction; /* f of the profile */
	struct compare_server after;
};

/*
 * `profile` is a run of the database `db`; `way`: the way of sending that stands for its path, NULL: the one with its name. 0, or
 * -errno, said: -ENODATA when a side has no bench of that way, -EINVAL when no way is known, and what surface_weigh() returns.
 */
int versus_server(const struct side *a, const struct side *b, const char *db, int64_t profile, const char *way, struct versus_server *out);

#endif
