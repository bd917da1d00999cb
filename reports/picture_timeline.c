/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_timeline.c: f over the time of a profile: whether the load was one load. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

static const char script[] =
	"set xrange [0:xhigh]\n"
	"set yrange [ylow:yhigh]\n"
	"set xlabel \"seconds since the run began\" textcolor rgb muted\n"
	"if (!cells) set label 9999 \"f\" at screen 15 / wide, graph 0.5 center rotate by 90 textcolor rgb muted\n"
	"set rmargin 2\n"
	"set key above left vertical Left reverse samplen 2 maxrows 2\n"
	"set object rectangle from graph 0, first flow to graph 1, first fhigh fillcolor rgb band fillstyle solid noborder behind\n"
	"plot f with lines linecolor rgb way0 linewidth 1.5 title title_f, \\\n"
	"  data skip 1 using 1 : 2 with points linecolor rgb way1 pointtype 7 pointsize size title \"one probed window\"\n";

static int make(struct pictures *set, const struct detail *detail)
{
	struct figure f = detail->fraction.f;
	struct axis y = axis_new(), x = { 0, 0 };
	struct picture *picture = picture_begin(set, "cycles", detail->run->run, "timeline-run-%" PRId64, detail->run->run);

	if (!picture)
		return -EIO;
	fputs("seconds,fraction\n", picture->data);
	for (size_t i = 0; i < detail->moments_n; i++) {
		fprintf(picture->data, "%.6f,%.6g\n", detail->moments[i].at_s, detail->moments[i].f);
		axis_hold(&y, detail->moments[i].f);
		axis_hold(&x, detail->moments[i].at_s);
	}
	axis_hold_figure(&y, f);
	axis_write(picture->settings, 'x', (struct axis){ 0, 1.02 * x.high });
	axis_write(picture->settings, 'y', axis_widen(y, 0.1, 0.01));
	fprintf(picture->settings, "f = %.8g\nflow = %.8g\nfhigh = %.8g\nsize = %g\ntitle_f = \"f = %.3g, and its 95 %% interval\"\n", f.value,
		isfinite(f.low) ? f.low : f.value, isfinite(f.high) ? f.high : f.value, detail->moments_n > 300 ? 0.3 : 0.6, f.value);
	picture->width = picture_width(set);
	picture->height = 300;
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "f in each of %zu windows of run %" PRId64 " over time; the figures are in %s.csv", detail->moments_n,
		 detail->run->run, picture->name);
	snprintf(picture->caption, sizeof picture->caption, "f over the run. A window is short, so its points scatter; a trend or steps would say that "
		 "the load was not one load. What the probes add is taken out with its mean.");
	return picture_end(set);
}

int picture_timeline(struct pictures *set, const struct content *content)
{
	int err = 0;

	for (size_t i = 0; i < content->profiles_n && !err; i++) {
		const struct detail *detail = &content->profiles[i];

		err = detail->moments_n > 1 ? make(set, detail) :
			picture_absent(set, "cycles", detail->run->run, "No timeline of f: the run has fewer than two windows in which f is known.");
	}
	return err;
}
