/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_errors.c: the errors of all predictions of the database by size, which is their distribution, and which intervals hold. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

/* Bars come first: a point with bars has a white rim, which where there are many wipes out its neighbours. */
static const char script[] =
	"set xrange [0:100]\n"
	"set yrange [ylow:yhigh]\n"
	"set xlabel \"per cent of the predictions, by their error\" textcolor rgb muted\n"
	"if (!cells) set label 9999 \"predicted / observed - 1, per cent\" at screen 15 / wide, graph 0.5 center rotate by 90 textcolor rgb muted\n"
	"set xtics 25\n"
	"set key above left vertical Left reverse samplen 2 maxrows 3 width -6\n"
	"holds(yes) = column(5) == yes\n"
	"plot 0 with lines linecolor rgb muted linewidth 1 notitle, \\\n"
	"  data skip 1 using (holds(1) ? $1 : NaN) : 2 : (or(3, $2)) : (or(4, $2)) with yerrorbars linecolor rgb held_bar linewidth 1.25 pointsize 0 notitle, \\\n"
	"  data skip 1 using (holds(0) ? $1 : NaN) : 2 : (or(3, $2)) : (or(4, $2)) with yerrorbars linecolor rgb missed_bar linewidth 1.25 pointsize 0 notitle, \\\n"
	"  data skip 1 using (holds(1) ? $1 : NaN) : 2 with points linecolor rgb way0 pointtype 7 pointsize size title held, \\\n"
	"  data skip 1 using (holds(0) ? $1 : NaN) : 2 with points linecolor rgb way1 pointtype 5 pointsize size title missed, \\\n"
	"  data skip 1 using (holds(-1) ? $1 : NaN) : 2 with points linecolor rgb muted pointtype 6 pointsize size title unknown\n";

enum { MANY = 200 }; /* bars become a band */

static int by_error(const void *a, const void *b)
{
	double x = (*(const struct scored_row *const *)a)->error, y = (*(const struct scored_row *const *)b)->error;

	return (x > y) - (x < y);
}

/* Rows that were not forced, by error. How many. */
static size_t sorted(const struct report_data *data, const struct scored_row **rows)
{
	size_t n = 0;

	for (size_t i = 0; i < data->scored_n; i++)
		if (!data->scored_rows[i].forced)
			rows[n++] = &data->scored_rows[i];
	if (n)
		qsort(rows, n, sizeof *rows, by_error);
	return n;
}

/* 1: the difference lies within both intervals together; 0: it does not; -1: one of the intervals is not known. */
static int holds(struct figure error)
{
	return !figure_has_interval(error) ? -1 : error.low <= 0 && error.high >= 0;
}

static void write_rows(struct picture *picture, const struct scored_row **rows, size_t n)
{
	size_t count[3] = { 0, 0, 0 };
	struct axis axis = { 0, 0 };

	fputs("percentile,error_percent,error_percent_low,error_percent_high,holds,prediction\n", picture->data);
	for (size_t i = 0; i < n; i++) {
		struct figure error = report_error(rows[i]);
		struct figure percent = { 100 * error.value, 100 * error.low, 100 * error.high };

		fprintf(picture->data, "%.6g", 100 * ((double)i + 0.5) / (double)n);
		picture_cells(picture->data, percent);
		fprintf(picture->data, ",%d,%" PRId64 "\n", holds(error), rows[i]->prediction);
		axis_hold_figure(&axis, percent);
		count[holds(error) + 1]++;
	}
	axis_write(picture->settings, 'y', axis_widen(axis, 0.06, 0.1));
	bool many = n > MANY;
	fprintf(picture->settings, "size = %g\nheld_bar = %s\nmissed_bar = %s\n", many ? 0.3 : 0.6, many ? "band" : "way0", many ? "call" : "way1");
	if (count[2])
		fprintf(picture->settings, "held = \"%zu: 0 lies in the interval\"\n", count[2]);
	else
		fputs("held = \"\"\n", picture->settings);
	fprintf(picture->settings, count[1] ? "missed = \"%zu: 0 lies outside of it\"\n" : "missed = \"\" #%zu\n", count[1]);
	fprintf(picture->settings, count[0] ? "unknown = \"%zu without an interval\"\n" : "unknown = \"\" #%zu\n", count[0]);
}

int picture_errors(struct pictures *set, const struct content *content)
{
	const struct report_data *data = &content->data;
	const struct scored_row **rows;

	if (!data->score.n)
		return picture_absent(set, "sure", STORE_NULL, "No picture of the errors: no prediction of this database was observed.");
	struct picture *picture = picture_begin(set, "sure", STORE_NULL, "errors");
	if (!picture)
		return -EIO;
	rows = calloc(data->scored_n + 1, sizeof *rows);
	if (!rows)
		return -ENOMEM;
	size_t n = sorted(data, rows);
	write_rows(picture, rows, n);
	free(rows);
	picture->width = picture_width(set);
	picture->height = 370;
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "Errors of %zu predictions by size, with 95 %% intervals; the figures are in errors.csv", n);
	snprintf(picture->caption, sizeof picture->caption, "Every prediction of this database that was observed, by its error: above 0 it promised "
		 "too much. Bars join both intervals; 95 of 100 should reach 0.");
	return picture_end(set);
}
