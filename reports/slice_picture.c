/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice_picture.c: draws the stages of a packet with gnuplot. */
#include "reports/slice_picture.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "analyze/slice.h"
#include "base/err.h"
#include "reports/folder.h"
#include "reports/picture.h"

/* The colours of M. Okabe and K. Ito (see theme.h) and some between them: neighbours differ in lightness too. */
static const char *const colours[SLICE_STAGE_MAX] = {
	[SLICE_ENTRY] = "#000000",  [SLICE_COPY] = "#e69f00",       [SLICE_SOCKET] = "#56b4e9",  [SLICE_IP] = "#0072b2",
	[SLICE_NETFILTER] = "#cc79a7", [SLICE_QUEUE] = "#f0e442",   [SLICE_DRIVER] = "#d55e00",  [SLICE_COMPLETION] = "#999999",
	[SLICE_RECEIVE] = "#009e73", [SLICE_INTERRUPT] = "#882255", [SLICE_OTHER] = "#dddddd",
};

/* Column 1 is the bar's place from above, 2 its label, and from 3 on one stage each: value, low, high. */
static const char script[] =
	"left(k) = k > 3 ? (sum [i=1:(k-3)/3] column(3 * i)) : 0\n"
	"set yrange [rows - 0.4 : -0.6]\n"
	"set xrange [0:*]\n"
	"set xlabel unit textcolor rgb muted\n"
	"set border 1\n"
	"set tics scale 0\n"
	"set grid noytics front\n"
	"set key below maxcols 4\n"
	"set style fill solid 1 border rgb paper\n"
	"plot for [j = 1 : stages] data skip 1 using (0) : 1 : (left(3 * j)) : (left(3 * j) + column(3 * j)) : ($1 - 0.36) : ($1 + 0.36) : ytic(2) \\\n"
	"  with boxxyerror linecolor rgb colours[j] linewidth 0.5 title titles[j]\n";

static bool counted(const struct slice_bar *bars, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(bars[i].slice->total_cyc.value))
			return false;
	return true;
}

static void write_data(FILE *out, const struct slice_bar *bars, size_t n, bool cycles)
{
	fputs("bar,label", out);
	for (int j = 0; j < SLICE_STAGE_MAX; j++)
		fprintf(out, ",%s,%s_low,%s_high", slice_stage_names[j], slice_stage_names[j], slice_stage_names[j]);
	putc('\n', out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%zu", i);
		picture_text(out, bars[i].label);
		for (int j = 0; j < SLICE_STAGE_MAX; j++) {
			const struct slice *slice = bars[i].slice;
			struct figure share = slice->share[j];

			picture_cells(out, cycles ? slice->cyc[j] : (struct figure){100 * share.value, 100 * share.low, 100 * share.high});
		}
		putc('\n', out);
	}
}

static void write_settings(FILE *out, size_t n, bool cycles)
{
	fprintf(out, "rows = %zu\nstages = %d\nunit = \"%s\"\n", n, SLICE_STAGE_MAX, cycles ? "cycles per packet" : "per cent of the path");
	fputs("array colours[stages] = [", out);
	for (int j = 0; j < SLICE_STAGE_MAX; j++)
		fprintf(out, "%s\"%s\"", j ? ", " : "", colours[j]);
	fputs("]\narray titles[stages] = [", out);
	for (int j = 0; j < SLICE_STAGE_MAX; j++)
		fprintf(out, "%s\"%s\"", j ? ", " : "", slice_stage_titles[j]);
	fputs("]\n", out);
}

static int make(struct pictures *set, int64_t run, const struct slice_bar *bars, size_t n)
{
	struct picture *picture = picture_begin(set, "slice", run, "slice-run-%" PRId64, run);
	bool cycles = counted(bars, n);

	if (!picture)
		return -EIO;
	picture->width = 720;
	picture->height = 150 + 34 * (unsigned)n;
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "Stacked bars: the stages of a packet by way of sending; the figures are in %s.csv", picture->name);
	write_data(picture->data, bars, n, cycles);
	write_settings(picture->settings, n, cycles);
	return picture_end(set);
}

int slice_picture(const char *dir, int64_t run, const struct slice_bar *bars, size_t n, const volatile sig_atomic_t *stop)
{
	struct folder folder = {0};
	struct pictures set = {.folder = &folder};
	char last[PICTURE_NAME + 8];
	int err = folder_open(dir, &folder);

	if (err)
		return err;
	snprintf(last, sizeof last, "slice-run-%" PRId64 ".svg", run);
	err = make(&set, run, bars, n);
	if (!err)
		err = pictures_draw(&set, stop);
	if (!err)
		err = folder_publish(&folder, last);
	pictures_free(&set);
	folder_free(&folder);
	return err;
}
