/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_histograms.c: how long the bursts of a profile are, and how large what they send: what a batched alternative could use. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

/* Two panels, side by side or below each other. A bucket is a bar at its mean. */
static const char script[] =
	"unset lmargin\n"
	"set multiplot layout rows,columns margins 84 / wide, 1 - 20 / wide, 58 / high, 1 - 14 / high spacing 46 / wide, 76 / high\n"
	"set yrange [0:105]\n"
	"set ytics 25\n"
	"set grid noxtics\n"
	"unset key\n"
	"set logscale x\n"
	"set xtics scale 0.5\n"
	"if (!cells) set label 9999 \"per cent of the path's calls\" at screen 15 / wide, graph 0.5 center rotate by 90 textcolor rgb muted\n"
	"set xlabel title_bursts textcolor rgb muted\n"
	"set xrange [0.7:bursts_high]\n"
	"plot data skip 1 using (strcol(1) eq \"burst\" ? $3 : NaN) : 6 with impulses linecolor rgb way0 linewidth 3\n"
	"set xlabel title_sizes textcolor rgb muted\n"
	"set xrange [sizes_low:sizes_high]\n"
	"if (columns == 2) unset label 9999\n"
	"plot data skip 1 using (strcol(1) eq \"bytes\" ? $3 : NaN) : 6 with impulses linecolor rgb way1 linewidth 3\n"
	"unset multiplot\n";

/* Share of the calls: a burst of ten is ten of them. */
static double calls_in(const struct hist_row *row, int bursts)
{
	return (double)(bursts ? row->total : row->n);
}

/* Writes the buckets; *median: the size of which half of the calls are, or above. */
static struct axis write_hist(FILE *data, const char *name, const struct hist_row *rows, size_t n, int bursts, double *median)
{
	struct axis axis = axis_new();
	double all = 0, below = 0;

	for (size_t i = 0; i < n; i++)
		all += calls_in(&rows[i], bursts);
	for (size_t i = 0; i < n; i++) {
		double mean = (double)rows[i].total / (double)rows[i].n;

		fprintf(data, "%s,%" PRId64 ",%.8g,%" PRId64 ",%" PRId64 ",%.6g\n", name, rows[i].low, mean, rows[i].n, rows[i].total,
			100 * calls_in(&rows[i], bursts) / all);
		axis_hold(&axis, fmax(mean, 1)); /* the axis is logarithmic */
		if (2 * below <= all)
			*median = mean;
		below += calls_in(&rows[i], bursts);
	}
	return axis;
}

static int make(struct pictures *set, const struct detail *detail)
{
	struct picture *picture = picture_begin(set, "cycles", detail->run->run, "histograms-run-%" PRId64, detail->run->run);

	if (!picture)
		return -EIO;
	fputs("what,low,mean,n,total,percent_of_calls\n", picture->data);
	double burst = 0, size = 0;
	struct axis bursts = write_hist(picture->data, "burst", detail->bursts, detail->bursts_n, 1, &burst);
	struct axis sizes = write_hist(picture->data, "bytes", detail->sizes, detail->sizes_n, 0, &size);
	fprintf(picture->settings, "title_bursts = \"calls in a row (median %.4g)\"\ntitle_sizes = \"bytes per call (median %.4g)\"\n", burst, size);
	fprintf(picture->settings, "bursts_high = %.8g\nsizes_low = %.8g\nsizes_high = %.8g\n", 2 * fmax(bursts.high, 5), sizes.low / 3,
		3 * sizes.high);
	bool beside = set->form != PICTURE_NARROW;
	fprintf(picture->settings, "rows = %d\ncolumns = %d\n", beside ? 1 : 2, beside ? 2 : 1);
	picture->width = picture_width(set);
	picture->height = beside ? 280 : 500;
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "Histograms of burst length and of bytes per call of run %" PRId64 "; the figures are in %s.csv",
		 detail->run->run, picture->name);
	snprintf(picture->caption, sizeof picture->caption, "How many path calls a thread makes in a row, which is what a batched call could take "
		 "at once, and how much each sends. Logarithmic axes.");
	return picture_end(set);
}

int picture_histograms(struct pictures *set, const struct content *content)
{
	int err = 0;

	for (size_t i = 0; i < content->profiles_n && !err; i++) {
		const struct detail *detail = &content->profiles[i];

		err = detail->bursts_n && detail->sizes_n ? make(set, detail) :
			picture_absent(set, "cycles", detail->run->run, "No histograms: the target ended no burst of the path's calls while it was probed.");
	}
	return err;
}
