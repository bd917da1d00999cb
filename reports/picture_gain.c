/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_gain.c: r over s with the f of one profile, the interval of f as a band, and every alternative marked where it was measured. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/amdahl.h"
#include "reports/bars.h"
#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

enum { CURVE_N = 120, MARKS_MAX = 24 };

static const char script[] =
	"is(kind) = strcol(1) eq kind\n"
	"set xrange [xlow:xhigh]\n"
	"set yrange [ylow:yhigh]\n"
	"set xlabel \"s, how many times as fast the alternative is on the path alone\" textcolor rgb muted\n"
	"set ylabel \"r, busy cycles before / after\" textcolor rgb muted\n"
	"set rmargin 3\n"
	"set key above left Left reverse horizontal maxcols 2 samplen 2\n"
	"plot data skip 1 using (is(\"curve\") ? $3 : NaN) : 7 : 8 with filledcurves fillstyle solid 1 noborder linecolor rgb band notitle, \\\n"
	"  1 with lines linecolor rgb muted dashtype 3 linewidth 1 notitle, \\\n"
	"  data skip 1 using (is(\"curve\") ? $3 : NaN) : 6 with lines linecolor rgb way0 linewidth 2 title curve, \\\n"
	"  data skip 1 using (is(\"predicted\") ? $3 : NaN) : 6 : (or(4, $3)) : (or(5, $3)) : (or(7, $6)) : (or(8, $6)) \\\n"
	"  with xyerrorbars linecolor rgb way1 linewidth 1.5 pointtype 7 pointsize 0.9 title predicted, \\\n"
	"  data skip 1 using (is(\"benched\") ? $3 : NaN) : 6 : (or(4, $3)) : (or(5, $3)) : (or(7, $6)) : (or(8, $6)) \\\n"
	"  with xyerrorbars linecolor rgb way3 linewidth 1.25 pointtype 12 pointsize 1.2 title benched, \\\n"
	"  data skip 1 using (is(\"observed\") ? $3 : NaN) : 6 : (or(7, $6)) : (or(8, $6)) \\\n"
	"  with yerrorbars linecolor rgb way2 linewidth 1.5 pointtype 6 pointsize 1.2 title observed\n";

/* ---- What is marked: the newest prediction of each alternative, and what was benched and never predicted ---- */

struct mark {
	char name[48]; /* fit for a picture */
	const char *alternative;
	bool kept; /* a prediction of the store; else what would be predicted */
	struct figure s, r, observed;
	double curve; /* r on the curve at s */
};

struct marks {
	struct mark mark[MARKS_MAX];
	size_t n;
};

static bool has(const struct marks *marks, const char *alternative)
{
	for (size_t i = 0; i < marks->n; i++)
		if (!strcmp(marks->mark[i].alternative, alternative))
			return true;
	return false;
}

static double gain(double f, double s)
{
	double r = NAN;

	amdahl_speedup(f, s, 0, &r);
	return r;
}

static void add(struct marks *marks, double f, const char *alternative, bool bound, struct mark mark)
{
	char name[32];

	if (marks->n == MARKS_MAX || has(marks, alternative) || !isfinite(mark.s.value) || !isfinite(mark.r.value))
		return;
	label_clean(alternative, name, sizeof name);
	mark.alternative = alternative;
	mark.curve = gain(f, mark.s.value);
	snprintf(mark.name, sizeof mark.name, "%s%s", name, bound ? " (a bound)" : "");
	marks->mark[marks->n++] = mark;
}

static void find_marks(const struct content *content, const struct detail *detail, struct marks *marks)
{
	double f = detail->fraction.f.value;

	marks->n = 0;
	for (size_t i = 0; i < content->data.predictions_n; i++) {
		const struct scored_row *row = &content->data.predictions[i];

		if (row->profile == detail->run->run && !row->forced)
			add(marks, f, row->alternative, false, (struct mark){ .kept = true, .s = report_speedup(row), .r = report_predicted(row),
									      .observed = report_observed(row) });
	}
	for (size_t i = 0; i < detail->alternatives_n; i++) {
		const struct alternative *way = &detail->alternatives[i];

		add(marks, f, way->way, way->bound, (struct mark){ .s = way->speedup, .r = way->predicted, .observed = figure_exact(NAN) });
	}
}

static bool any_kept(const struct marks *marks, bool kept)
{
	for (size_t i = 0; i < marks->n; i++)
		if (marks->mark[i].kept == kept)
			return true;
	return false;
}

static bool any_observed(const struct marks *marks)
{
	for (size_t i = 0; i < marks->n; i++)
		if (isfinite(marks->mark[i].observed.value))
			return true;
	return false;
}

/* ---- Ranges ---- */

/* The curve goes on four times as far as what was measured, so that it is seen what a faster alternative would be worth. */
static struct axis range_of_s(const struct marks *marks)
{
	struct axis axis = { 1, 1 };

	for (size_t i = 0; i < marks->n; i++)
		axis_hold_figure(&axis, marks->mark[i].s);
	axis.high = marks->n ? fmax(1.4, 1 + 3 * (axis.high - 1)) : 10;
	axis.low -= 0.06 * (axis.high - axis.low);
	return axis;
}

static struct axis range_of_r(const struct marks *marks, struct figure f, struct axis s)
{
	struct axis axis = { 1, 1 };

	axis_hold(&axis, gain(f.value, s.low));
	axis_hold(&axis, gain(isfinite(f.high) ? f.high : f.value, s.high));
	for (size_t i = 0; i < marks->n; i++) {
		axis_hold_figure(&axis, marks->mark[i].r);
		axis_hold_figure(&axis, marks->mark[i].observed);
	}
	return axis_widen(axis, 0.05, 0.005);
}

/* ---- Writing ---- */

static void write_curve(FILE *data, struct figure f, struct axis s)
{
	for (int i = 0; i <= CURVE_N; i++) {
		double at = s.low + (s.high - s.low) * i / CURVE_N;

		fputs("curve,", data);
		picture_cell(data, at);
		fputs(",,", data);
		picture_cells(data, (struct figure){ gain(f.value, at), gain(isfinite(f.low) ? f.low : f.value, at),
						     gain(isfinite(f.high) ? f.high : f.value, at) });
		putc('\n', data);
	}
}

static void write_mark(FILE *data, const char *kind, const struct mark *mark, struct figure r)
{
	fputs(kind, data);
	picture_text(data, mark->alternative);
	picture_cells(data, mark->s);
	picture_cells(data, r);
	putc('\n', data);
}

static void write_marks(FILE *data, const struct marks *marks)
{
	for (size_t i = 0; i < marks->n; i++) {
		const struct mark *mark = &marks->mark[i];

		write_mark(data, mark->kept ? "predicted" : "benched", mark, mark->r);
		if (isfinite(mark->observed.value))
			write_mark(data, "observed", mark, mark->observed);
	}
}

/* ---- Labels ---- */

/* Right of its point and below it there is room: the curve rises. Below a label that would be in its way, with a line to the point. */
struct label {
	const struct mark *mark;
	double x, wide, y;
};

enum { PLOT_WIDE = 470 }; /* about, in px */

/* Below all that is drawn at this s: what was predicted and observed, and the curve, which an older prediction need not lie on. */
static double lowest(const struct mark *mark)
{
	return fmin(mark->curve, isfinite(mark->observed.value) ? fmin(mark->r.value, mark->observed.value) : mark->r.value);
}

static int highest_first(const void *a, const void *b)
{
	double x = lowest(((const struct label *)a)->mark), y = lowest(((const struct label *)b)->mark);

	return (x < y) - (x > y);
}

/* Below those that are placed already, each of which is lower than the one before. */
static void place(struct label *labels, size_t i, double apart)
{
	for (size_t j = 0; j < i; j++)
		if (labels[j].x < labels[i].x + labels[i].wide && labels[i].x < labels[j].x + labels[j].wide)
			labels[i].y = fmin(labels[i].y, labels[j].y - apart);
}

/* For an axis of r; how far down they go. */
static double place_all(struct label *labels, const struct marks *marks, struct axis s, struct axis r, double apart)
{
	double bottom = r.high;

	for (size_t i = 0; i < marks->n; i++) {
		const struct mark *mark = &marks->mark[i];
		labels[i] = (struct label){ mark, fmax(mark->s.value, isfinite(mark->s.high) ? mark->s.high : 0) + 0.012 * (s.high - s.low),
					    label_wide(mark->name) * (s.high - s.low) / PLOT_WIDE, lowest(mark) - 0.03 * (r.high - r.low) };
	}
	if (marks->n)
		qsort(labels, marks->n, sizeof *labels, highest_first);
	for (size_t i = 0; i < marks->n; i++) {
		place(labels, i, apart);
		bottom = fmin(bottom, labels[i].y - apart / 2);
	}
	return bottom;
}

/* The axis is made longer until every label has its place. */
static struct axis write_labels(FILE *settings, const struct marks *marks, struct axis s, struct axis r, unsigned high)
{
	struct label labels[MARKS_MAX];
	double apart = 0;

	for (int i = 0; i < 8; i++) {
		apart = 17 * (r.high - r.low) / (high - 150.0);
		double bottom = place_all(labels, marks, s, r, apart);

		if (bottom >= r.low)
			break;
		r.low = bottom;
	}
	for (size_t i = 0; i < marks->n; i++) {
		const struct label *l = &labels[i];

		fprintf(settings, "set label \"%s\" at first %.8g, first %.8g left front textcolor rgb ink\n", l->mark->name, l->x, l->y);
		if (lowest(l->mark) - l->y > 1.2 * apart)
			fprintf(settings, "set arrow from first %.8g, first %.8g to first %.8g, first %.8g nohead linecolor rgb muted linewidth 0.5\n",
				l->mark->s.value, lowest(l->mark), l->x, l->y);
	}
	return r;
}

/* ---- Settings ---- */

static void write_bound(FILE *settings, struct figure f, struct axis r)
{
	double bound = NAN;

	amdahl_bound(f.value, 0, &bound);
	if (!(bound < r.high))
		return;
	fprintf(settings, "set arrow from graph 0, first %.8g to graph 1, first %.8g nohead linecolor rgb muted dashtype 2\n", bound, bound);
	fprintf(settings, "set label \"at most %.4g, however large s\" at graph 0.99, first %.8g right offset 0, char 0.6 textcolor rgb muted\n", bound,
		bound);
}

/* A line of the legend without a point in the picture would ask to be looked for. */
static void write_titles(FILE *settings, const struct marks *marks, struct figure f)
{
	fprintf(settings, "curve = \"r of this server, f = %.3g\"\npredicted = \"%s\"\nbenched = \"%s\"\nobserved = \"%s\"\n", f.value,
		any_kept(marks, true) ? "predicted, from the measured s" : "", any_kept(marks, false) ? "measured, not yet predicted" : "",
		any_observed(marks) ? "observed" : "");
}

static int make(struct pictures *set, const struct content *content, const struct detail *detail)
{
	struct figure f = detail->fraction.f;
	struct marks marks;
	bool first = detail == content_first(content);

	find_marks(content, detail, &marks);
	struct axis s = range_of_s(&marks), r = range_of_r(&marks, f, s);
	struct picture *picture = picture_begin(set, first ? "gain" : "cycles", detail->run->run, "gain-run-%" PRId64, detail->run->run);

	if (!picture)
		return -EIO;
	fputs("kind,alternative,s,s_low,s_high,r,r_low,r_high\n", picture->data);
	write_curve(picture->data, f, s);
	write_marks(picture->data, &marks);
	picture->width = 560;
	picture->height = 390 + 14 * (unsigned)(marks.n > 6 ? marks.n - 6 : 0);
	r = write_labels(picture->settings, &marks, s, r, picture->height);
	axis_write(picture->settings, 'x', s);
	axis_write(picture->settings, 'y', r);
	write_titles(picture->settings, &marks, f);
	write_bound(picture->settings, f, r);
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "r over s for f = %.3g, with %zu alternatives marked; the figures are in %s.csv", f.value,
		 marks.n, picture->name);
	snprintf(picture->caption, sizeof picture->caption, "What an alternative that is s times as fast would be worth to the server of run %" PRId64
		 ": r = 1 / (1 − f + f/s). The band is the 95 %% interval of f, bars those of the points.", detail->run->run);
	return picture_end(set);
}

int picture_gain(struct pictures *set, const struct content *content)
{
	int err = 0;

	for (size_t i = 0; i < content->profiles_n && !err; i++) {
		const struct detail *detail = &content->profiles[i];

		if (detail->known && detail->fraction.f.value > 0)
			err = make(set, content, detail);
		else
			err = picture_absent(set, "cycles", detail->run->run, "No curve of r over s: f of this profile is not known.");
	}
	if (!content->profiles_n)
		err = picture_absent(set, "gain", STORE_NULL, "No curve of r over s: it takes a profile.");
	return err;
}
