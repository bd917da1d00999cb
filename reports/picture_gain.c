/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_gain.c: r over s with the f of one profile, the interval of f as a band, and every alternative marked where it was measured. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analyze/amdahl.h"
#include "reports/bars.h"
#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

enum { CURVE_N = 120, MARKS_MAX = 16 };

static const char script[] =
	"is(kind) = strcol(1) eq kind\n"
	"set xrange [xlow:xhigh]\n"
	"set yrange [ylow:yhigh]\n"
	"set xlabel \"s, how many times as fast the alternative is on the path alone\" textcolor rgb muted\n"
	"set ylabel \"r, busy cycles before / after\" textcolor rgb muted\n"
	"set rmargin 3\n"
	"set key top left Left reverse samplen 2\n"
	"plot data skip 1 using (is(\"curve\") ? $3 : NaN) : 7 : 8 with filledcurves fillstyle solid 1 noborder linecolor rgb band notitle, \\\n"
	"  1 with lines linecolor rgb muted dashtype 3 linewidth 1 notitle, \\\n"
	"  data skip 1 using (is(\"curve\") ? $3 : NaN) : 6 with lines linecolor rgb way0 linewidth 2 title curve, \\\n"
	"  data skip 1 using (is(\"predicted\") ? $3 : NaN) : 6 : (or(4, $3)) : (or(5, $3)) : (or(7, $6)) : (or(8, $6)) \\\n"
	"  with xyerrorbars linecolor rgb way1 linewidth 1.5 pointtype 7 pointsize 0.9 title predicted, \\\n"
	"  data skip 1 using (is(\"observed\") ? $3 : NaN) : 6 : (or(7, $6)) : (or(8, $6)) \\\n"
	"  with yerrorbars linecolor rgb way2 linewidth 1.5 pointtype 6 pointsize 1.2 title observed\n";

/* ---- What is marked: the newest prediction of each alternative ---- */

struct marks {
	const struct scored_row *row[MARKS_MAX];
	size_t n;
};

static bool has(const struct marks *marks, const char *alternative)
{
	for (size_t i = 0; i < marks->n; i++)
		if (!strcmp(marks->row[i]->alternative, alternative))
			return true;
	return false;
}

static struct marks marks_of(const struct content *content, int64_t profile)
{
	struct marks marks = { .n = 0 };

	for (size_t i = 0; i < content->data.predictions_n && marks.n < MARKS_MAX; i++) {
		const struct scored_row *row = &content->data.predictions[i];

		if (row->profile == profile && !row->forced && !has(&marks, row->alternative))
			marks.row[marks.n++] = row;
	}
	return marks;
}

/* ---- Ranges ---- */

/* The curve goes on four times as far as what was measured, so that it is seen what a faster alternative would be worth. */
static struct axis range_of_s(const struct marks *marks)
{
	struct axis axis = { 1, 1 };

	for (size_t i = 0; i < marks->n; i++)
		axis_hold_figure(&axis, report_speedup(marks->row[i]));
	axis.high = marks->n ? fmax(1.4, 1 + 3 * (axis.high - 1)) : 10;
	axis.low -= 0.06 * (axis.high - axis.low);
	return axis;
}

static double gain(double f, double s)
{
	double r = NAN;

	amdahl_speedup(f, s, 0, &r);
	return r;
}

static struct axis range_of_r(const struct marks *marks, struct figure f, struct axis s)
{
	struct axis axis = { 1, 1 };

	axis_hold(&axis, gain(f.value, s.low));
	axis_hold(&axis, gain(isfinite(f.high) ? f.high : f.value, s.high));
	for (size_t i = 0; i < marks->n; i++) {
		axis_hold_figure(&axis, report_predicted(marks->row[i]));
		axis_hold_figure(&axis, report_observed(marks->row[i]));
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

static void write_marks(FILE *data, const struct marks *marks)
{
	for (size_t i = 0; i < marks->n; i++) {
		const struct scored_row *row = marks->row[i];

		fputs("predicted", data);
		picture_text(data, row->alternative);
		picture_cells(data, report_speedup(row));
		picture_cells(data, report_predicted(row));
		putc('\n', data);
		if (!isfinite(row->observed))
			continue;
		fputs("observed", data);
		picture_text(data, row->alternative);
		picture_cells(data, report_speedup(row));
		picture_cells(data, report_observed(row));
		putc('\n', data);
	}
}

/* Below the curve and to the right of the point there is always room: the curve rises. */
static void write_labels(FILE *settings, const struct marks *marks, struct axis s, struct axis r)
{
	struct line_label labels[MARKS_MAX];
	double x = s.low;

	for (size_t i = 0; i < marks->n; i++) {
		char name[32];

		label_clean(marks->row[i]->alternative, name, sizeof name);
		labels[i] = (struct line_label){ .y = fmin(marks->row[i]->predicted, isfinite(marks->row[i]->observed) ? marks->row[i]->observed :
							   INFINITY) - 0.03 * (r.high - r.low), .colour = "ink" };
		snprintf(labels[i].text, sizeof labels[i].text, "%s", name);
		x = fmax(x, fmax(marks->row[i]->speedup, isfinite(marks->row[i]->speedup_high) ? marks->row[i]->speedup_high : 0));
	}
	line_labels_write(settings, labels, marks->n, x + 0.005 * (s.high - s.low), r, 0.055 * (r.high - r.low));
}

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

static bool any_observed(const struct marks *marks)
{
	for (size_t i = 0; i < marks->n; i++)
		if (isfinite(marks->row[i]->observed))
			return true;
	return false;
}

/* A line of the legend without a point in the picture would ask to be looked for. */
static void write_titles(FILE *settings, const struct marks *marks, struct figure f)
{
	fprintf(settings, "curve = \"r of this server, f = %.3g\"\npredicted = \"%s\"\nobserved = \"%s\"\n", f.value,
		marks->n ? "predicted, from the measured s" : "", any_observed(marks) ? "observed" : "");
}

static int make(struct pictures *set, const struct content *content, const struct detail *detail)
{
	struct figure f = detail->fraction.f;
	const struct marks marks = marks_of(content, detail->run->run);
	bool first = content->main ? content->main->profile == detail->run->run : detail == content->profiles;
	struct axis s = range_of_s(&marks), r = range_of_r(&marks, f, s);
	struct picture *picture = picture_begin(set, first ? "gain" : "cycles", detail->run->run, "gain-run-%" PRId64, detail->run->run);

	if (!picture)
		return -EIO;
	fputs("kind,alternative,s,s_low,s_high,r,r_low,r_high\n", picture->data);
	write_curve(picture->data, f, s);
	write_marks(picture->data, &marks);
	axis_write(picture->settings, 'x', s);
	axis_write(picture->settings, 'y', r);
	write_titles(picture->settings, &marks, f);
	write_labels(picture->settings, &marks, s, r);
	write_bound(picture->settings, f, r);
	picture->width = 560;
	picture->height = 370;
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
