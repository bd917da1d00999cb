/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_capacity.c: a capacity search: how busy the server was, and what its clients got, by the size of the group and the way of sending. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/trials.h"
#include "base/err.h"
#include "reports/bars.h"
#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

static const char script[] =
	"set xrange [0:xhigh]\n"
	"set yrange [0:yhigh]\n"
	"set xlabel \"group size, clients\" textcolor rgb muted\n"
	"if (!cells) set label 9999 title_y at screen 15 / wide, graph 0.5 center rotate by 90 textcolor rgb muted\n"
	"set rmargin at screen 1 - 24 / wide\n"
	"set tmargin at screen 1 - above / high\n"
	"set key above left vertical Left reverse samplen 1.5 maxrows 8\n"
	"set arrow 9999 from graph 0, first level to graph 1, first level nohead linecolor rgb muted dashtype 2\n"
	"set label 9998 level_text at graph 0.01, first level left offset 0, char (column_y == 3 ? 0.6 : -0.9) textcolor rgb muted\n"
	"plot for [i = 1 : ways] data skip 1 using (strcol(1) eq names[i] ? $2 : NaN) : (column(column_y + 4)) with lines linecolor rgb colours[i] linewidth 1.5 notitle, \\\n"
	"  for [i = 1 : ways] data skip 1 using (strcol(1) eq names[i] && $6 == 1 ? $2 : NaN) : column_y with points linecolor rgb colours[i] \\\n"
	"    pointtype 7 pointsize 0.6 title titles[i], \\\n"
	"  for [i = 1 : ways] data skip 1 using (strcol(1) eq names[i] && $6 == 0 ? $2 : NaN) : column_y with points linecolor rgb colours[i] \\\n"
	"    pointtype 6 pointsize 0.6 notitle\n";

enum { WAYS_MAX = 8 };

/* A picture shows one column of the same data. */
struct view {
	const char *name, *title_y, *level_text;
	int column;
	const char *caption;
};

static const struct view views[] = {
	{ "cpu", "CPU use of the server, per cent", "a whole CPU", 3,
	  "CPU use against group size. Filled: every client got what was asked; open: not. Lines go through the mean of each size; full: where a straight line "
	  "through the filled points reaches a whole CPU." },
	{ "service", "rate per client, per cent of the stream’s", "what was asked of every client", 4,
	  "Quality of service: mean rate per client against group size. Filled: every client got what was asked; open: not." },
};

/* ---- Data ---- */

static int by_size(const void *a, const void *b)
{
	const struct trial_row *x = a, *y = b;
	int order = strcmp(x->way, y->way);

	if (order)
		return order;
	if (x->group_size != y->group_size)
		return x->group_size < y->group_size ? -1 : 1;
	return (x->trial > y->trial) - (x->trial < y->trial);
}

/* Mean over the trials of this size and way; the rows come by both. */
struct means {
	double cpu, rate;
};

static struct means means_of(const struct trial_row *rows, size_t n, const struct trial_row *like)
{
	struct means sum = { 0, 0 };
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		if (rows[i].group_size == like->group_size && !strcmp(rows[i].way, like->way)) {
			sum.cpu += 100 * trial_cpu_share(&rows[i]);
			sum.rate += 100 * rows[i].rate_bps_mean / rows[i].rate_bps;
			used++;
		}
	return (struct means){ sum.cpu / (double)used, sum.rate / (double)used };
}

static double write_rows(FILE *data, const struct trial_row *rows, size_t n)
{
	double most = 0;

	fputs("way,group,cpu_percent,rate_percent_mean,rate_percent_min,served,cpu_percent_of_size,rate_percent_of_size\n", data);
	for (size_t i = 0; i < n; i++) {
		struct means means = means_of(rows, n, &rows[i]);
		char way[BAR_LABEL];

		label_clean(rows[i].way, way, sizeof way);
		fprintf(data, "\"%s\",%" PRId64 ",%.6g,%.6g,%.6g,%d,%.6g,%.6g\n", way, rows[i].group_size, 100 * trial_cpu_share(&rows[i]),
			100 * rows[i].rate_bps_mean / rows[i].rate_bps, 100 * rows[i].rate_bps_min / rows[i].rate_bps, trial_served(&rows[i]),
			means.cpu, means.rate);
		most = fmax(most, (double)rows[i].group_size);
	}
	return most;
}

/* The ways of the rows, which come by way; at most WAYS_MAX. */
static size_t ways_of(const struct trial_row *rows, size_t n, const char *ways[WAYS_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < n && used < WAYS_MAX; i++)
		if (!used || strcmp(ways[used - 1], rows[i].way))
			ways[used++] = rows[i].way;
	return used;
}

/* Up to which group the axis goes: the points of saturation are shown, but for one far beyond what was tried. */
static double limit_of(const struct trial_row *rows, size_t n, double most)
{
	const char *ways[WAYS_MAX];
	size_t ways_n = ways_of(rows, n, ways);
	double limit = most;

	for (size_t i = 0; i < ways_n; i++) {
		struct trials trials;

		trials_sum(rows, n, ways[i], &trials);
		if (trials.saturation < 2 * most)
			limit = fmax(limit, trials.saturation);
	}
	return 1.05 * limit;
}

static void write_ways(FILE *out, const struct content *content, const struct view *view, const struct trial_row *rows, size_t n,
		       double limit)
{
	const char *ways[WAYS_MAX];
	size_t ways_n = ways_of(rows, n, ways);

	fprintf(out, "above = %zu\nways = %zu\narray names[ways]\narray titles[ways]\narray colours[ways]\n", 14 + 18 * ways_n, ways_n);
	for (size_t i = 0; i < ways_n; i++) {
		struct trials trials;
		char way[BAR_LABEL], title[BAR_LABEL], more[64] = "";

		label_clean(ways[i], way, sizeof way); /* as it stands in the CSV */
		memcpy(title, way, sizeof title);
		label_fit(title, 160);
		trials_sum(rows, n, ways[i], &trials);
		if (view->column == 3 && isfinite(trials.saturation)) {
			snprintf(more, sizeof more, ", full at %.0f", trials.saturation);
			if (trials.saturation <= limit)
				fprintf(out, "set arrow from %.8g, first 16 to %.8g, first 100 nohead dashtype 3 linecolor rgb %s\n", trials.saturation,
					trials.saturation, content_colour(content, ways[i]));
		} else if (view->column == 4 && trials.served)
			snprintf(more, sizeof more, ", serves up to %" PRId64, trials.served);
		fprintf(out, "names[%zu] = \"%s\"\ntitles[%zu] = \"%s%s\"\ncolours[%zu] = %s\n", i + 1, way, i + 1, title, more, i + 1,
			content_colour(content, ways[i]));
	}
}

static int make(struct pictures *set, const struct content *content, const struct search *search, const struct trial_row *rows,
		const struct view *view)
{
	struct picture *picture = picture_begin(set, "observed", search->run->run, "%s-run-%" PRId64, view->name, search->run->run);

	if (!picture)
		return -EIO;
	const char *ways[WAYS_MAX];
	double limit = limit_of(rows, search->n, write_rows(picture->data, rows, search->n));
	fprintf(picture->settings, "xhigh = %.8g\nyhigh = 112\ntitle_y = \"%s\"\nlevel = %.6g\nlevel_text = \"%s\"\ncolumn_y = %d\n", limit,
		view->title_y, view->column == 4 ? 100 * rows[0].quality : 100.0, view->level_text, view->column);
	write_ways(picture->settings, content, view, rows, search->n, limit);
	picture->width = picture_width(set);
	picture->height = 340 + 18 * (unsigned)ways_of(rows, search->n, ways);
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "%s against group size, run %" PRId64 "; the figures are in %s.csv", view->title_y, search->run->run,
		 picture->name);
	snprintf(picture->caption, sizeof picture->caption, "%s", view->caption);
	return picture_end(set);
}

static int make_both(struct pictures *set, const struct content *content, const struct search *search)
{
	struct trial_row *rows = malloc((search->n + 1) * sizeof *rows);
	int err = 0;

	if (!rows)
		return fail(-ENOMEM, "report: out of memory");
	memcpy(rows, search->rows, search->n * sizeof *rows);
	qsort(rows, search->n, sizeof *rows, by_size);
	for (size_t i = 0; i < sizeof views / sizeof *views && !err; i++)
		err = make(set, content, search, rows, &views[i]);
	free(rows);
	return err;
}

int picture_capacity(struct pictures *set, const struct content *content)
{
	int err = 0;

	for (size_t i = 0; i < content->searches_n && !err; i++)
		err = make_both(set, content, &content->searches[i]);
	if (!content->searches_n)
		err = picture_absent(set, "observed", STORE_NULL, "No pictures of CPU use and quality of service by group size: they take "
				     "forecall capacity --with sendmmsg.");
	return err;
}
