/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_ledger.c: where the cycles went, as stacked bars. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "reports/folder.h"
#include "reports/picture.h"

/* Column 1 is the bar's place from above, 2 its label, and from 3 on one slice each, in per cent. */
static const char script[] =
	"left(k) = k > 3 ? (sum [i=3:k-1] column(i)) : 0\n"
	"set xrange [0:limit]\n"
	"set yrange [rows - 0.4 : -0.6]\n"
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
	"plot for [k = 3 : 2 + slices] data skip 1 using (0) : 1 : (left(k)) : (left(k) + column(k)) : ($1 - 0.36) : ($1 + 0.36) : ytic(2) \\\n"
	"  with boxxyerror linecolor rgb colours[k - 2] linewidth 0.5\n";

static int write_csv(const struct folder *folder, const char *name, const struct bars *bars)
{
	FILE *out = folder_create(folder, name);

	if (!out)
		return -EIO;
	fputs("bar,label", out);
	for (size_t j = 0; j < SLICE_MAX; j++)
		fprintf(out, ",%s_percent", slice_kinds[j].column);
	putc('\n', out);
	for (size_t i = 0; i < bars->n; i++) {
		fprintf(out, "%zu,\"%s\"", i, bars->bar[i].label);
		for (size_t j = 0; j < SLICE_MAX; j++)
			fprintf(out, ",%.6g", 100 * bars->bar[i].share[j]);
		putc('\n', out);
	}
	return folder_close(out, name);
}

/* Whether any bar has it: threads are never idle, and a slice that nobody sees needs no place in the legend. */
static int slice_used(const struct bars *bars, size_t slice)
{
	for (size_t i = 0; i < bars->n; i++)
		if (bars->bar[i].share[slice] > 0)
			return 1;
	return 0;
}

static double longest(const struct bars *bars)
{
	double most = 0;

	for (size_t i = 0; i < bars->n; i++) {
		double sum = 0;

		for (size_t j = 0; j < SLICE_MAX; j++)
			sum += bars->bar[i].share[j];
		most = fmax(most, sum);
	}
	return most;
}

/* Lengths in px: a bar, what is below the bars (the axis, three lines of legend), and a letter. */
enum { BAR_HIGH = 28, BELOW = 134, LETTER = 8 };

static unsigned label_width(const struct bars *bars)
{
	size_t most = 0;

	for (size_t i = 0; i < bars->n; i++) {
		size_t letters = 0;

		for (const char *c = bars->bar[i].label; *c; c++)
			letters += (*c & 0xc0) != 0x80;
		most = letters > most ? letters : most;
	}
	return (unsigned)most * LETTER + 16;
}

/* A slice's colour and name at a place of the legend, three in a line. By hand: gnuplot's own key leaves out what it finds no room for. */
static void legend(FILE *out, const struct picture *picture, size_t place, size_t slice, int threads)
{
	size_t line = place / 3;
	double x = 10 + 184.0 * (double)(place % 3), y = BELOW - 78 - 20.0 * (double)line;
	double wide = picture->width, high = picture->height;

	fprintf(out, "set object rectangle from screen %.4f, screen %.4f to screen %.4f, screen %.4f fillcolor rgb %s fillstyle solid noborder\n",
		x / wide, (y - 5) / high, (x + 12) / wide, (y + 5) / high, slice_kinds[slice].colour);
	fprintf(out, "set label \"%s\" at screen %.4f, screen %.4f left textcolor rgb ink\n",
		threads && slice == SLICE_OTHER ? "kernel, unknown" : slice_kinds[slice].name, (x + 18) / wide, y / high);
}

static char *settings_of(const struct picture *picture, const struct bars *bars, int threads)
{
	size_t size, places = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "rows = %zu\nslices = %d\nlimit = %.6g\n", bars->n, SLICE_MAX, threads ? 102 * fmax(longest(bars), 1e-6) : 100.0);
	fprintf(out, "wide = %u.0\nhigh = %u.0\nbelow = %d.0\nbeside = %u.0\n", picture->width, picture->height, BELOW, label_width(bars));
	fprintf(out, "unit = \"per cent of %s time\"\narray colours[slices] = [", threads ? "one CPU's" : "each CPU's");
	for (size_t j = 0; j < SLICE_MAX; j++)
		fprintf(out, "%s%s", j ? ", " : "", slice_kinds[j].colour);
	fputs("]\n", out);
	for (size_t j = 0; j < SLICE_MAX; j++)
		if (slice_used(bars, j))
			legend(out, picture, places++, j, threads);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

int picture_ledger(const struct folder *folder, int64_t run, const char *what, const struct bars *bars,
		   const volatile sig_atomic_t *stop, struct picture *out)
{
	char csv[PICTURE_NAME + 8];
	int threads = !strcmp(what, "threads");

	*out = (struct picture){ .width = 560, .height = BELOW + 6 + BAR_HIGH * (unsigned)bars->n, .script = script };
	char *settings = settings_of(out, bars, threads);
	if (!settings)
		return fail(-ENOMEM, "report: out of memory");
	out->settings = settings;
	snprintf(out->name, sizeof out->name, "ledger-run-%" PRId64 "-%s", run, what);
	snprintf(out->alt, sizeof out->alt, "Stacked bars: where the cycles of each %s went in run %" PRId64 "; the figures are in %s.csv",
		 threads ? "thread" : "CPU", run, out->name);
	snprintf(csv, sizeof csv, "%s.csv", out->name);
	int err = write_csv(folder, csv, bars);
	if (!err)
		err = picture_draw(folder, out, stop);
	free(settings);
	out->settings = NULL;
	return err;
}
