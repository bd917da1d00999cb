/* SPDX-License-Identifier: GPL-2.0-or-later */
/* content.h: all that a report is made from, read from the store once: what pictures, page and other formats show. */
#ifndef REPORTS_CONTENT_H
#define REPORTS_CONTENT_H

#include "analyze/slices.h"
#include "analyze/track.h"
#include "reports/detail.h"
#include "reports/grid.h"
#include "reports/report_data.h"

enum {
	CONTENT_PROFILES_MAX = 12, /* profiles with details and pictures of their own: the newest */
	CONTENT_GRIDS_MAX = 6,     /* benches over a grid, likewise */
	CONTENT_SEARCHES_MAX = 4,  /* capacity searches, likewise */
	CONTENT_SLICED_MAX = 6,    /* runs whose path was cut into stages, likewise */
	CONTENT_WAYS_MAX = 16,     /* ways of sending with a colour of their own in the legend */
};

/* One run of `forecall capacity`. */
struct search {
	const struct run_row *run;
	struct trial_row *rows; /* in their order; at least one */
	size_t n;
	const struct scored_row *prediction; /* of its profile, that stands beside it; NULL: none */
};

/* A run whose path was cut into its stages: of `forecall slice`, or a profile that was sampled. */
struct sliced {
	const struct run_row *run;
	struct slices slices; /* at least one */
};

struct content {
	struct report_data data;
	const struct scored_row *main; /* the prediction that the page begins with: the newest that was not forced, else the newest; may be NULL */
	struct detail *profiles;       /* newest first */
	size_t profiles_n, profiles_all_n; /* read, and in the report */
	struct grid *grids;            /* newest first */
	size_t grids_n, grids_all_n;
	struct sliced *sliced;         /* newest first */
	size_t sliced_n, sliced_all_n;
	struct search searches[CONTENT_SEARCHES_MAX]; /* newest first */
	size_t searches_n, searches_all_n;
	const char *ways[CONTENT_WAYS_MAX]; /* of sending, in the order in which they get their colours; baselines first */
	size_t ways_n;
	struct track track; /* benchmarks over kernels, of all the database, as `forecall track` last kept them; may have no line */
};

/* Reads the runs runs[n] (n 0: every complete run) and what belongs to them; `needs` tells of ways of sending. 0 or -errno, said; then there is nothing to free. */
int content_load(struct store *store, const int64_t *runs, size_t n, alternatives_needs *needs, struct content *out);
void content_free(struct content *content);

/* The second way of a search, beside its baseline; NULL when it has one way. */
const char *search_alternative(const struct search *search);

/* The profile that the page begins with: that of the main prediction, and without one the newest. NULL when there is none. */
const struct detail *content_first(const struct content *content);

/* Details of a profile, NULL when there are none. */
const struct detail *content_profile(const struct content *content, int64_t run);

/* The grid in which s of this prediction may be read off for other group sizes: of its bench, or of the newest bench of both ways
 * and several group sizes. NULL: there is none. */
const struct grid *content_grid(const struct content *content, const struct scored_row *prediction);

/* The colour of a way of sending, the same in every picture: a variable of gnuplot, and with "--" before it one of CSS. */
const char *content_colour(const struct content *content, const char *way);

#endif
