/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_slices.c: the stages of a packet as stacked bars: in the report for each run that was sliced, or of one run by itself. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "reports/bars.h"
#include "reports/content.h"
#include "reports/folder.h"
#include "reports/picture.h"
#include "reports/pictures.h"
#include "reports/slice_picture.h"

/* Column 1 is the bar's place from above, 2 its label, and from 3 on one stage each: value, low, high. */
static const char script[] =
	"left(k) = k > 3 ? (sum [i=1:(k-3)/3] column(3 * i)) : 0\n"
	"set yrange [rows - 0.4 : -0.6]\n"
	"set xrange [0:limit]\n"
	"set xlabel unit textcolor rgb muted\n"
	"set border 1\n"
	"set tics scale 0\n"
	"set grid noytics front\n"
	"set lmargin at screen beside / wide\n"
	"set rmargin at screen 1 - 20.0 / wide\n"
	"set tmargin at screen 1 - 6.0 / high\n"
	"set bmargin at screen below / high\n"
	"unset key\n"
	"set style fill solid 1 border rgb paper\n"
	"plot for [j = 1 : stages] data skip 1 using (0) : 1 : (left(3 * j)) : (left(3 * j) + column(3 * j)) : ($1 - 0.36) : ($1 + 0.36) \\\n"
	"  with boxxyerror linecolor rgb colours[j] linewidth 0.5\n";

static const char *const colours[SLICE_STAGE_MAX] = {
	[SLICE_ENTRY] = "stage_entry",         [SLICE_COPY] = "stage_copy",   [SLICE_SOCKET] = "stage_socket", [SLICE_IP] = "stage_ip",
	[SLICE_NETFILTER] = "stage_netfilter", [SLICE_QUEUE] = "stage_queue", [SLICE_DRIVER] = "stage_driver", [SLICE_COMPLETION] = "stage_completion",
	[SLICE_RECEIVE] = "stage_receive",     [SLICE_INTERRUPT] = "stage_interrupt", [SLICE_OTHER] = "stage_other",
};

const char *slice_colour(enum slice_stage stage)
{
	return colours[stage];
}

/* What is drawn of a stage. */
static struct figure part(const struct slice *slice, int stage, bool cycles)
{
	struct figure share = slice->share[stage];

	return cycles ? slice->cyc[stage] : (struct figure){ 100 * share.value, 100 * share.low, 100 * share.high };
}

static double whole(const struct slice *slice, bool cycles)
{
	return cycles ? slice->total_cyc.value : 100;
}

static void write_data(FILE *out, const struct slices *slices, bool cycles)
{
	fputs("bar,label", out);
	for (int j = 0; j < SLICE_STAGE_MAX; j++)
		fprintf(out, ",%s,%s_low,%s_high", slice_stage_names[j], slice_stage_names[j], slice_stage_names[j]);
	putc('\n', out);
	for (size_t i = 0; i < slices->n; i++) {
		fprintf(out, "%zu", i);
		picture_text(out, slices->way[i]);
		for (int j = 0; j < SLICE_STAGE_MAX; j++)
			picture_cells(out, part(&slices->slice[i], j, cycles));
		putc('\n', out);
	}
}

enum { BAR_HIGH = 30 }; /* px */

static size_t stages_seen(const struct slices *slices)
{
	size_t n = 0;

	for (enum slice_stage stage = 0; stage < SLICE_STAGE_MAX; stage++)
		n += slices_seen(slices, stage);
	return n;
}

static void write_legend(const struct picture *picture, const struct slices *slices)
{
	size_t n = stages_seen(slices), place = 0;

	for (enum slice_stage stage = 0; stage < SLICE_STAGE_MAX; stage++)
		if (slices_seen(slices, stage))
			legend_write(picture, place++, n, colours[stage], slice_stage_titles[stage]);
}

/* What the whole path takes, at the end of each bar. */
static void write_totals(FILE *out, const struct slices *slices)
{
	for (size_t i = 0; i < slices->n; i++)
		fprintf(out, "set label \"%.0f\" at first %.8g, first %zu left offset char 0.6, 0 textcolor rgb muted\n",
			slices->slice[i].total_cyc.value, slices->slice[i].total_cyc.value, i);
}

static void write_settings(const struct picture *picture, const struct slices *slices, bool cycles)
{
	FILE *out = picture->settings;
	struct tic_names names = { .settings = out, .most = 0.45 * picture->width };
	double longest = 0;

	for (size_t i = 0; i < slices->n; i++) {
		tic_name(&names, slices->way[i], (double)i);
		longest = fmax(longest, whole(&slices->slice[i], cycles));
	}
	tic_names_end(&names);
	fprintf(out, "rows = %zu\nstages = %d\nunit = \"%s\"\nlimit = %.6g\n", slices->n, SLICE_STAGE_MAX,
		cycles ? "cycles per packet" : "per cent of the path", cycles ? 1.13 * longest : 100.0);
	fprintf(out, "below = %u.0\nbeside = %.1f\n", legend_below(picture->width, stages_seen(slices)), names.wide + 16);
	fputs("array colours[stages] = [", out);
	for (int j = 0; j < SLICE_STAGE_MAX; j++)
		fprintf(out, "%s%s", j ? ", " : "", colours[j]);
	fputs("]\n", out);
	write_legend(picture, slices);
	if (cycles)
		write_totals(out, slices);
}

static int make(struct pictures *set, int64_t run, const struct slices *slices)
{
	struct picture *picture = picture_begin(set, "stages", run, "slice-run-%" PRId64, run);
	bool cycles = slices_counted(slices);

	if (!picture)
		return -EIO;
	picture->width = picture_width(set);
	picture->height = legend_below(picture->width, stages_seen(slices)) + 6 + BAR_HIGH * (unsigned)slices->n;
	picture->script = script;
	snprintf(picture->alt, sizeof picture->alt, "Stacked bars: the stages of a packet by way of sending, run %" PRId64 "; the figures are in %s.csv",
		 run, picture->name);
	snprintf(picture->caption, sizeof picture->caption, "Where in the kernel the path's %s go, by the innermost function that belongs to a stage.",
		 cycles ? "cycles per packet" : "cycles");
	write_data(picture->data, slices, cycles);
	write_settings(picture, slices, cycles);
	return picture_end(set);
}

int picture_slices(struct pictures *set, const struct content *content)
{
	int err = 0;

	for (size_t i = 0; i < content->sliced_n && !err; i++)
		err = make(set, content->sliced[i].run->run, &content->sliced[i].slices);
	if (!content->sliced_n)
		err = picture_absent(set, "stages", STORE_NULL, "No picture of the stages: they take sampled call chains, forecall slice -p PID.");
	return err;
}

int slice_picture(const char *dir, int64_t run, const struct slices *slices, const volatile sig_atomic_t *stop)
{
	struct folder folder = { 0 };
	struct pictures set = { .folder = &folder };
	char last[PICTURE_NAME + 8];
	int err = folder_open(dir, &folder);

	if (err)
		return err;
	snprintf(last, sizeof last, "slice-run-%" PRId64 ".svg", run);
	err = make(&set, run, slices);
	if (!err)
		err = pictures_draw(&set, stop);
	if (!err)
		err = folder_publish(&folder, last);
	pictures_free(&set);
	folder_free(&folder);
	return err;
}
