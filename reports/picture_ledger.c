/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_ledger.c: where the cycles went, as stacked bars. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "reports/content.h"
#include "reports/picture.h"
#include "reports/pictures.h"

/* Column 1 is the bar's place from above, 2 its label, and from 3 on one part each, in per cent. */
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
	"plot for [k = 3 : 2 + parts] data skip 1 using (0) : 1 : (left(k)) : (left(k) + column(k)) : ($1 - 0.36) : ($1 + 0.36) \\\n"
	"  with boxxyerror linecolor rgb colours[k - 2] linewidth 0.5\n";

static void write_csv(FILE *out, const struct bars *bars)
{
	fputs("bar,label", out);
	for (size_t j = 0; j < PART_MAX; j++)
		fprintf(out, ",%s_percent", part_kinds[j].column);
	putc('\n', out);
	for (size_t i = 0; i < bars->n; i++) {
		fprintf(out, "%zu,\"%s\"", i, bars->bar[i].label);
		for (size_t j = 0; j < PART_MAX; j++)
			fprintf(out, ",%.6g", 100 * bars->bar[i].share[j]);
		putc('\n', out);
	}
}

/* Whether any bar has it: threads are never idle, and a part that nobody sees needs no place in the legend. */
static bool part_used(const struct bars *bars, size_t part)
{
	for (size_t i = 0; i < bars->n; i++)
		if (bars->bar[i].share[part] > 0)
			return true;
	return false;
}

static double longest(const struct bars *bars)
{
	double most = 0;

	for (size_t i = 0; i < bars->n; i++) {
		double sum = 0;

		for (size_t j = 0; j < PART_MAX; j++)
			sum += bars->bar[i].share[j];
		most = fmax(most, sum);
	}
	return most;
}

enum { BAR_HIGH = 28 }; /* px */

static size_t parts_used(const struct bars *bars)
{
	size_t n = 0;

	for (size_t j = 0; j < PART_MAX; j++)
		n += part_used(bars, j);
	return n;
}

static void write_settings(const struct picture *picture, const struct bars *bars, int threads)
{
	FILE *out = picture->settings;
	struct tic_names names = { .settings = out, .most = 0.5 * picture->width };
	size_t places = 0;

	fprintf(out, "rows = %zu\nparts = %d\nlimit = %.6g\n", bars->n, PART_MAX, threads ? 102 * fmax(longest(bars), 1e-6) : 100.0);
	for (size_t i = 0; i < bars->n; i++)
		tic_name(&names, bars->bar[i].label, (double)i);
	tic_names_end(&names);
	fprintf(out, "below = %u.0\nbeside = %.1f\n", legend_below(picture->width, parts_used(bars)), names.wide + 16);
	fprintf(out, "unit = \"per cent of %s time\"\narray colours[parts] = [", threads ? "one CPU's" : "each CPU's");
	for (size_t j = 0; j < PART_MAX; j++)
		fprintf(out, "%s%s", j ? ", " : "", part_kinds[j].colour);
	fputs("]\n", out);
	for (size_t j = 0; j < PART_MAX; j++)
		if (part_used(bars, j))
			legend_write(picture, places++, parts_used(bars), part_kinds[j].colour,
				     threads && j == PART_OTHER ? "kernel, unknown" : part_kinds[j].name);
}

static int make(struct pictures *set, int64_t run, const struct bars *bars, int threads)
{
	const char *what = threads ? "threads" : "cpus";

	if (!bars->n)
		return picture_absent(set, "cycles", run, "No ledger of its %s: none was stored with this run.", threads ? "threads" : "CPUs");
	struct picture *picture = picture_begin(set, "cycles", run, "ledger-run-%" PRId64 "-%s", run, what);
	if (!picture)
		return -EIO;
	picture->width = picture_width(set);
	picture->height = legend_below(picture->width, parts_used(bars)) + 6 + BAR_HIGH * (unsigned)bars->n;
	picture->script = script;
	write_csv(picture->data, bars);
	write_settings(picture, bars, threads);
	snprintf(picture->alt, sizeof picture->alt, "Stacked bars: where the cycles of each %s went in run %" PRId64 "; the figures are in %s.csv",
		 threads ? "thread" : "CPU", run, picture->name);
	snprintf(picture->caption, sizeof picture->caption, "%s", threads ?
		 "The target’s threads, interrupts in a call counted with the call. The longest bar limits the capacity." :
		 "Every cycle of every CPU while the probes were attached. A part is a count: it has no error but what the probes added, which "
		 "f is free of.");
	return picture_end(set);
}

int picture_ledger(struct pictures *set, const struct content *content)
{
	int err = 0;

	for (size_t i = 0; i < content->profiles_n && !err; i++) {
		const struct detail *detail = &content->profiles[i];

		err = make(set, detail->run->run, &detail->cpus, 0);
		if (!err)
			err = make(set, detail->run->run, &detail->threads, 1);
	}
	return err;
}
