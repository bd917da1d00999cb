/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture.c: from a CSV file and a script to SVG and PNG. */
#include "reports/picture.h"

#include <errno.h>

#include "reports/folder.h"
#include "reports/gnuplot.h"
#include "reports/theme.h"

/* What all pictures have in common: thin axes at the left and below, no box, text in the page's grey. */
static const char common[] =
	"set encoding utf8\n"
	"set datafile separator comma\n"
	"set border 3 linecolor rgb muted linewidth 0.75\n"
	"set tics nomirror out scale 0.5 textcolor rgb ink\n"
	"set grid linecolor rgb rule linewidth 0.75 linetype 1\n"
	"set key textcolor rgb ink\n"
	"set pointsize 1\n"
	"set bars small\n";

static void write_script(FILE *out, const struct picture *p)
{
	fprintf(out, "# Made by forecall report. Draws %s.svg and %s.png from %s.csv: gnuplot %s.gp\n", p->name, p->name, p->name, p->name);
	theme_gnuplot(out);
	fprintf(out, "%sdata = \"%s.csv\"\n%s", common, p->name, p->settings ? p->settings : "");
	fprintf(out, "set terminal svg size %u,%u dynamic noenhanced font \"DejaVu Sans,13\" background paper\n", p->width, p->height);
	fprintf(out, "set output \"%s.svg\"\n%s", p->name, p->script);
	fprintf(out, "set terminal pngcairo size %u,%u noenhanced font \"DejaVu Sans,9.75\" fontscale 2 linewidth 2 pointscale 2 background paper\n",
		2 * p->width, 2 * p->height);
	fprintf(out, "set output \"%s.png\"\nreplot\nunset output\n", p->name);
}

int picture_draw(const struct folder *folder, const struct picture *picture, const volatile sig_atomic_t *stop)
{
	char name[PICTURE_NAME + 8];

	snprintf(name, sizeof name, "%s.gp", picture->name);
	FILE *out = folder_create(folder, name);
	if (!out)
		return -EIO;
	write_script(out, picture);
	int err = folder_close(out, name);
	return err ? err : gnuplot_run(folder->work, name, stop);
}
