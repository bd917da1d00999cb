/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_track.c: benchmarks over kernel versions or dates, in per cent of where they began. */
#include "reports/picture_track.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/kernelversion.h"
#include "analyze/track.h"
#include "base/err.h"
#include "reports/bars.h"
#include "reports/content.h"
#include "reports/folder.h"
#include "reports/picture.h"
#include "reports/pictures.h"

enum { LINES_MAX = 8, WIDE = 860, PLOT_HIGH = 380, LEGEND_LINE = 20, TIC_MOST = 480 }; /* px */

/* Columns of the CSV: 1 line shown (0: not in the picture), 2 place, 5 median, 6 low, 7 high, 8 change here. */
static const char script[] =
	"set lmargin at screen beside\n"
	"set rmargin at screen 1 - 20 / wide\n"
	"set xrange [0.5:places + 0.5]\n"
	"set yrange [ylow:yhigh]\n"
	"if (!cells) set label 9999 \"per cent of the first\" at screen 15 / wide, graph 0.5 center rotate by 90 textcolor rgb muted\n"
	"set grid noxtics\n"
	"set key outside below left vertical Left reverse maxrows 8 samplen 2\n"
	"array colours[8] = [way0, way1, way2, way3, way4, way5, way6, way7]\n"
	"plot for [k = 1:shown] data skip 1 using ($1 == k ? $2 : NaN) : 5 : (or(6, $5)) : (or(7, $5)) with yerrorbars linecolor rgb colours[k] "
	"pointsize 0 notitle, \\\n"
	"  for [k = 1:shown] data skip 1 using ($1 == k ? $2 : NaN) : 5 with linespoints linecolor rgb colours[k] linewidth 1.5 pointtype 7 "
	"pointsize 0.5 title titles[k], \\\n"
	"  for [k = 1:shown] data skip 1 using ($1 == k && abs(column(8)) > least ? $2 : NaN) : 5 with points pointtype 6 pointsize 1.4 linecolor rgb ink "
	"linewidth 1.25 notitle\n";

/* ---- Which lines, and where their marks stand ---- */

struct shown {
	const struct track_line *line[LINES_MAX];
	size_t n;
	const struct track_mark **axis; /* every place once, in order */
	size_t axis_n;
	bool by_date;
	unsigned width; /* of the picture, in px */
	bool upright;   /* names below the axis, where there is no room to lean them */
};

static double movement(const struct track_line *line)
{
	double least = INFINITY, most = 0;

	for (size_t i = 0; i < line->marks_n; i++) {
		least = fmin(least, line->marks[i].median);
		most = fmax(most, line->marks[i].median);
	}
	return line->cost && least > 0 && line->marks_n > 1 ? most / least : 0;
}

/* The machine with the most lines that can be drawn. */
static const char *busiest_machine(const struct track *track)
{
	const char *best = NULL;
	size_t best_n = 0;

	for (size_t i = 0; i < track->lines_n; i++) {
		size_t n = 0;

		for (size_t j = 0; j < track->lines_n; j++)
			n += !strcmp(track->lines[j].machine, track->lines[i].machine) && movement(&track->lines[j]) > 0;
		if (n > best_n) {
			best_n = n;
			best = track->lines[i].machine;
		}
	}
	return best;
}

/* Keeps the lines that moved most, the most first. */
static void offer(struct shown *shown, const struct track_line *line)
{
	size_t at = shown->n;

	while (at > 0 && movement(shown->line[at - 1]) < movement(line))
		at--;
	if (at == LINES_MAX)
		return;
	size_t moved = (shown->n < LINES_MAX ? shown->n : LINES_MAX - 1) - at;
	memmove(&shown->line[at + 1], &shown->line[at], moved * sizeof *shown->line);
	shown->line[at] = line;
	shown->n += shown->n < LINES_MAX;
}

static int order(const struct shown *shown, const struct track_mark *x, const struct track_mark *y)
{
	if (shown->by_date)
		return (x->started_ns > y->started_ns) - (x->started_ns < y->started_ns);
	return kernelversion_compare(x->kernel, y->kernel);
}

/* The first place that does not come before the mark. */
static size_t place_of(const struct shown *shown, const struct track_mark *mark)
{
	size_t at = 0;

	while (at < shown->axis_n && order(shown, shown->axis[at], mark) < 0)
		at++;
	return at;
}

static int make_axis(struct shown *shown)
{
	size_t room = 0;

	for (size_t i = 0; i < shown->n; i++)
		room += shown->line[i]->marks_n;
	shown->axis = calloc(room + 1, sizeof(struct track_mark *));
	if (!shown->axis)
		return fail(-ENOMEM, "track: out of memory");
	for (size_t i = 0; i < shown->n; i++)
		for (size_t j = 0; j < shown->line[i]->marks_n; j++) {
			const struct track_mark *mark = &shown->line[i]->marks[j];
			size_t at = place_of(shown, mark);

			if (at < shown->axis_n && !order(shown, shown->axis[at], mark))
				continue;
			memmove(shown->axis + at + 1, shown->axis + at, (shown->axis_n - at) * sizeof(struct track_mark *));
			shown->axis[at] = mark;
			shown->axis_n++;
		}
	return 0;
}

/* ---- Files ---- */

static size_t number_of(const struct shown *shown, const struct track_line *line)
{
	for (size_t i = 0; i < shown->n; i++)
		if (shown->line[i] == line)
			return i + 1;
	return 0;
}

static void date_text(int64_t ns, char *out, size_t size)
{
	time_t seconds = ns / 1000000000;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(out, size, "%Y-%m-%d %H:%M", &tm))
		snprintf(out, size, "-");
}

static void write_line(FILE *out, const struct shown *shown, const struct track_line *line)
{
	char name[BAR_LABEL], machine[BAR_LABEL], kernel[BAR_LABEL], date[32];
	double first = line->marks_n ? line->marks[0].median / 100 : 1;

	label_clean(line->name, name, sizeof name);
	label_clean(line->machine, machine, sizeof machine);
	for (size_t i = 0; i < line->marks_n; i++) {
		const struct track_mark *mark = &line->marks[i];
		double change = 0;

		for (size_t j = 0; j < line->changes_n; j++)
			change = line->changes[j].mark == i ? 100 * line->changes[j].change : change;
		label_clean(mark->kernel, kernel, sizeof kernel);
		date_text(mark->started_ns, date, sizeof date);
		size_t number = number_of(shown, line);
		fprintf(out, "%zu,%zu,\"%s\",\"%s\"", number, number ? place_of(shown, mark) + 1 : 0, kernel, date);
		picture_cells(out, (struct figure){ mark->median / first, mark->low / first, mark->high / first });
		fprintf(out, ",%.6g,\"%s\",\"%s\",%zu,%.10g,%s\n", change, name, machine, mark->n, mark->median, line->unit);
	}
}

static void write_csv(FILE *out, const struct track *track, const struct shown *shown)
{
	fputs("line,place,kernel,date,median_percent,low_percent,high_percent,change_percent,benchmark,machine,runs,median,unit\n", out);
	for (size_t i = 0; i < track->lines_n; i++)
		write_line(out, shown, &track->lines[i]);
}

/* The name of a place below the axis. */
static void tic_label(const struct shown *shown, const struct track_mark *mark, char label[BAR_LABEL])
{
	char date[32];

	date_text(mark->started_ns, date, sizeof date);
	label_clean(shown->by_date ? date : mark->kernel, label, BAR_LABEL);
	label_fit(label, TIC_MOST);
}

/* How far the longest name goes down, and leaning at half a right angle also to the left, in px. */
static double label_reach(const struct shown *shown)
{
	double most = 0;

	for (size_t i = 0; i < shown->axis_n; i++) {
		char label[BAR_LABEL];

		tic_label(shown, shown->axis[i], label);
		most = fmax(most, label_wide(label));
	}
	return (shown->upright ? 1 : 0.71) * most + 8;
}

/* Room at the left: for the numbers of the axis, and for names below its first places that reach further. */
static double room_beside(const struct shown *shown)
{
	double room = 84, step = (shown->width - 160.0) / (double)shown->axis_n;
	char label[BAR_LABEL];

	for (size_t i = 0; i < shown->axis_n && !shown->upright; i++) {
		tic_label(shown, shown->axis[i], label);
		room = fmax(room, 0.71 * label_wide(label) + 8 - step * ((double)i + 0.5));
	}
	return room;
}

/* In per cent, from which size on a change has a circle. On lines that are counted every version is one: there the large ones. */
static double least_circled(const struct shown *shown, struct axis range)
{
	for (size_t i = 0; i < shown->n; i++)
		if (!shown->line[i]->exact)
			return 0;
	return 0.1 * (range.high - range.low);
}

/* Where a version's, or now and then a date's, name stands below the axis. */
static void write_tics(FILE *out, const struct shown *shown)
{
	size_t step = shown->axis_n * (shown->upright ? 16 : 29) / (shown->width - 96) + 1;
	char label[BAR_LABEL];

	fprintf(out, "set xtics rotate by %d right (", shown->upright ? 90 : 45);
	for (size_t i = 0; i < shown->axis_n; i += step) {
		tic_label(shown, shown->axis[i], label);
		fprintf(out, "%s\"%s\" %zu", i ? ", " : "", label, i + 1);
	}
	fputs(")\n", out);
}

/* Of the lines that are shown: gnuplot's own range looks at all of the file. */
static struct axis range_of(const struct shown *shown)
{
	struct axis axis = { 100, 100 };

	for (size_t i = 0; i < shown->n; i++)
		for (size_t j = 0; j < shown->line[i]->marks_n; j++) {
			const struct track_mark *mark = &shown->line[i]->marks[j];
			double first = shown->line[i]->marks[0].median / 100;

			axis_hold_figure(&axis, (struct figure){ mark->median / first, mark->low / first, mark->high / first });
		}
	return axis_widen(axis, 0.08, 0.2);
}

static void write_settings(FILE *out, const struct shown *shown)
{
	char label[BAR_LABEL];

	fprintf(out, "shown = %zu\nplaces = %zu\narray titles[%d]\n", shown->n, shown->axis_n, LINES_MAX);
	for (size_t i = 0; i < shown->n; i++) {
		label_clean(shown->line[i]->name, label, sizeof label);
		label_fit(label, shown->width - 60.0);
		fprintf(out, "titles[%zu] = \"%s\"\n", i + 1, label);
	}
	axis_write(out, 'y', range_of(shown));
	fprintf(out, "least = %.8g\n", least_circled(shown, range_of(shown)));
	fprintf(out, "beside = %.4f\n", room_beside(shown) / shown->width);
	write_tics(out, shown);
}

static int make_picture(struct pictures *set, const struct track *track, const struct shown *shown)
{
	struct picture *picture = picture_begin(set, "kernels", STORE_NULL, "track");

	if (!picture)
		return -EIO;
	write_csv(picture->data, track, shown);
	write_settings(picture->settings, shown);
	picture->width = shown->width;
	picture->height = PLOT_HIGH + (unsigned)label_reach(shown) + LEGEND_LINE * (unsigned)shown->n;
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "Costs of %zu benchmarks over %zu %s, in per cent of the first, changes circled; the figures are in track.csv",
		 shown->n, shown->axis_n, shown->by_date ? "times" : "kernels");
	double least = least_circled(shown, range_of(shown));
	char by[32] = "";
	if (least > 0)
		snprintf(by, sizeof by, " by %.2g %% or more", least);
	snprintf(picture->caption, sizeof picture->caption, "The costs that moved most (%s), each in per cent of where it began; a circle is a change of its level%s.",
		 shown->line[0]->machine, by);
	return picture_end(set);
}

int picture_track_of(struct pictures *set, const struct track *track)
{
	const char *machine = busiest_machine(track);
	bool narrow = set->form == PICTURE_NARROW;
	struct shown shown = { .by_date = track->by_date, .width = narrow ? picture_width(set) : WIDE, .upright = narrow };

	for (size_t i = 0; i < track->lines_n && machine; i++)
		if (!strcmp(track->lines[i].machine, machine) && movement(&track->lines[i]) > 0)
			offer(&shown, &track->lines[i]);
	if (!shown.n)
		return picture_absent(set, "kernels", STORE_NULL, "No line of time: no cost has figures of two kernels. Run the suite on another kernel, "
				      "then forecall track.");
	int err = make_axis(&shown);
	if (!err)
		err = make_picture(set, track, &shown);
	free(shown.axis);
	return err;
}

int picture_track(struct pictures *set, const struct content *content)
{
	return picture_track_of(set, &content->track);
}

int picture_track_folder(const char *dir, const struct track *track, const volatile sig_atomic_t *stop)
{
	struct folder folder = { 0 };
	struct pictures set = { .folder = &folder };
	int err = folder_open(dir, &folder);

	if (err)
		return err;
	err = picture_track_of(&set, track);
	if (!err && !set.n)
		err = fail(-ENODATA, "track: there is nothing to draw: no cost has figures at two places; run the suite on another kernel, or once more");
	if (!err)
		err = pictures_draw(&set, stop);
	if (!err)
		err = folder_publish(&folder, "track.svg");
	pictures_free(&set);
	folder_free(&folder);
	return err;
}
