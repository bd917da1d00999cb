/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_gain.c: r over s with the f of one profile, the interval of f as a band, and every alternative marked where it was measured. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "analyze/amdahl.h"
#include "reports/bars.h"
#include "reports/content.h"
#include "reports/gain_plan.h"
#include "reports/picture.h"
#include "reports/pictures.h"

static const char script[] =
	"is(kind) = strcol(1) eq kind\n"
	"set xrange [xlow:xhigh]\n"
	"set yrange [ylow:yhigh]\n"
	"set xlabel title_s.(logarithmic ? \"; logarithmic\" : \"\") textcolor rgb muted\n"
	"set ytics first_tic, tic, last_tic\n"
	"if (!cells) set label 9999 \"r, busy cycles before / after\" at screen 15 / wide, graph 0.5 center rotate by 90 textcolor rgb muted\n"
	"if (logarithmic) set logscale x; set xtics (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)\n"
	"set lmargin at screen beside\n"
	"set rmargin at screen 1 - beyond\n"
	"set bmargin at screen below\n"
	"set tmargin at screen 1 - above\n"
	"set key above left Left reverse horizontal maxcols 2 samplen 2\n"
	"plot data skip 1 using (is(\"curve\") ? $3 : NaN) : 7 : 8 with filledcurves fillstyle solid 1 noborder linecolor rgb band notitle, \\\n"
	"  1 with lines linecolor rgb muted dashtype 3 linewidth 1 notitle, \\\n"
	"  data skip 1 using (is(\"curve\") ? $3 : NaN) : 6 with lines linecolor rgb way0 linewidth 2 title curve, \\\n"
	"  data skip 1 using (is(\"observed\") ? $3 : NaN) : 6 : (or(7, $6)) : (or(8, $6)) \\\n"
	"  with yerrorbars linecolor rgb way2 linewidth 1.5 pointtype 6 pointsize 1.2 title observed, \\\n"
	"  data skip 1 using (is(\"benched\") ? $3 : NaN) : 6 : (or(4, $3)) : (or(5, $3)) : (or(7, $6)) : (or(8, $6)) \\\n"
	"  with xyerrorbars linecolor rgb way3 linewidth 1.25 pointtype 12 pointsize 1.2 title benched, \\\n"
	"  data skip 1 using (is(\"predicted\") ? $3 : NaN) : 6 : (or(4, $3)) : (or(5, $3)) : (or(7, $6)) : (or(8, $6)) \\\n"
	"  with xyerrorbars linecolor rgb way1 linewidth 1.5 pointtype 7 pointsize 0.9 title predicted\n";

/* ---- What is marked: the newest prediction of each alternative, and what was benched and never predicted ---- */

static bool has(const struct gain_marks *marks, const char *alternative)
{
	for (size_t i = 0; i < marks->n; i++)
		if (!strcmp(marks->mark[i].alternative, alternative))
			return true;
	return false;
}

static void add(struct gain_marks *marks, double f, const char *alternative, bool bound, struct gain_mark mark)
{
	char name[32];

	if (marks->n == GAIN_MARKS_MAX || has(marks, alternative) || !isfinite(mark.s.value) || !isfinite(mark.r.value))
		return;
	label_clean(alternative, name, sizeof name);
	mark.alternative = alternative;
	mark.curve = gain_r(f, mark.s.value);
	snprintf(mark.name, sizeof mark.name, "%s%s", name, bound ? " (a bound)" : "");
	marks->mark[marks->n++] = mark;
}

static void find_marks(const struct content *content, const struct detail *detail, struct gain_marks *marks)
{
	double f = detail->fraction.f.value;

	marks->n = 0;
	for (size_t i = 0; i < content->data.predictions_n; i++) {
		const struct scored_row *row = &content->data.predictions[i];

		if (row->profile == detail->run->run && !row->forced)
			add(marks, f, row->alternative, false, (struct gain_mark){ .kept = true, .s = report_speedup(row), .r = report_predicted(row),
									      .observed = report_observed(row) });
	}
	for (size_t i = 0; i < detail->alternatives_n; i++) {
		const struct alternative *way = &detail->alternatives[i];

		add(marks, f, way->way, way->bound, (struct gain_mark){ .s = way->speedup, .r = way->predicted, .observed = figure_exact(NAN) });
	}
}

/* ---- Writing ---- */

static void write_curve(FILE *data, struct figure f, const struct gain_plan *plan)
{
	for (int i = 0; i <= GAIN_STEPS; i++) {
		double at = gain_step(plan, i);

		fputs("curve,", data);
		picture_cell(data, at);
		fputs(",,", data);
		picture_cells(data, (struct figure){ gain_r(f.value, at), gain_r(isfinite(f.low) ? f.low : f.value, at),
						     gain_r(isfinite(f.high) ? f.high : f.value, at) });
		putc('\n', data);
	}
}

static void write_mark(FILE *data, const char *kind, const struct gain_mark *mark, struct figure r)
{
	fputs(kind, data);
	picture_text(data, mark->alternative);
	picture_cells(data, mark->s);
	picture_cells(data, r);
	putc('\n', data);
}

static void write_marks(FILE *data, const struct gain_marks *marks)
{
	for (size_t i = 0; i < marks->n; i++) {
		const struct gain_mark *mark = &marks->mark[i];

		write_mark(data, mark->kept ? "predicted" : "benched", mark, mark->r);
		if (isfinite(mark->observed.value))
			write_mark(data, "observed", mark, mark->observed);
	}
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
static void write_titles(FILE *settings, const struct gain_marks *marks, struct figure f)
{
	fprintf(settings, "curve = \"r of this server, f = %.3g\"\npredicted = \"%s\"\nbenched = \"%s\"\nobserved = \"%s\"\n", f.value,
		gain_any_kept(marks, true) ? "predicted, from the measured s" : "", gain_any_kept(marks, false) ? "measured, not yet predicted" : "",
		gain_any_observed(marks) ? "observed" : "");
}

static int make(struct pictures *set, const struct content *content, const struct detail *detail)
{
	struct figure f = detail->fraction.f;
	struct gain_marks marks;
	struct gain_plan plan;
	bool first = detail == content_first(content);

	find_marks(content, detail, &marks);
	gain_plan(set, &marks, f, &plan);
	struct picture *picture = picture_begin(set, first ? "gain" : "cycles", detail->run->run, "gain-run-%" PRId64, detail->run->run);
	if (!picture)
		return -EIO;
	fputs("kind,alternative,s,s_low,s_high,r,r_low,r_high\n", picture->data);
	write_curve(picture->data, f, &plan);
	write_marks(picture->data, &marks);
	gain_plan_write(picture, &plan, &marks);
	write_titles(picture->settings, &marks, f);
	fprintf(picture->settings, "title_s = \"s, %s on the path alone\"\n", set->form == PICTURE_NARROW ? "speed-up" : "how many times as fast it is");
	write_bound(picture->settings, f, plan.r);
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
