/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_parts.c: what pictures are put together from: cells, axes, legends, labels at the ends of lines. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/bars.h"
#include "reports/picture.h"

/* ---- Cells ---- */

void picture_cell(FILE *data, double value)
{
	if (isfinite(value))
		fprintf(data, ",%.8g", value);
	else
		putc(',', data);
}

void picture_cells(FILE *data, struct figure figure)
{
	picture_cell(data, figure.value);
	picture_cell(data, figure.low);
	picture_cell(data, figure.high);
}

void picture_text(FILE *data, const char *text)
{
	char clean[BAR_LABEL];

	label_clean(text ? text : "", clean, sizeof clean);
	fprintf(data, ",\"%s\"", clean);
}

/* ---- Axes ---- */

struct axis axis_new(void)
{
	return (struct axis){ NAN, NAN };
}

void axis_hold(struct axis *axis, double value)
{
	if (!isfinite(value))
		return;
	axis->low = fmin(axis->low, value); /* of a number and NAN, the number */
	axis->high = fmax(axis->high, value);
}

void axis_hold_figure(struct axis *axis, struct figure figure)
{
	axis_hold(axis, figure.value);
	axis_hold(axis, figure.low);
	axis_hold(axis, figure.high);
}

struct axis axis_widen(struct axis axis, double share, double least)
{
	double margin = fmax(share * (axis.high - axis.low), least);

	return isnan(axis.low) ? (struct axis){ 0, 1 } : (struct axis){ axis.low - margin, axis.high + margin };
}

void axis_write(FILE *settings, char which, struct axis axis)
{
	fprintf(settings, "%clow = %.8g\n%chigh = %.8g\n", which, axis.low, which, axis.high);
}

/* ---- Legend ---- */

enum { LEGEND_COLUMNS = 3, LEGEND_WIDE = 184, LEGEND_HIGH = 20, AXIS_HIGH = 62, LEGEND_MARGIN = 16 };

static size_t legend_lines(size_t n)
{
	return (n + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS;
}

unsigned legend_below(size_t n)
{
	return (unsigned)(AXIS_HIGH + LEGEND_HIGH * legend_lines(n) + (n ? LEGEND_MARGIN / 2 : 0));
}

void legend_write(const struct picture *picture, size_t place, size_t n, const char *colour, const char *text)
{
	size_t line = place / LEGEND_COLUMNS;
	double x = 10 + (double)LEGEND_WIDE * (double)(place % LEGEND_COLUMNS);
	double y = LEGEND_MARGIN + (double)LEGEND_HIGH * (double)(legend_lines(n) - 1 - line);
	double wide = picture->width, high = picture->height;

	fprintf(picture->settings,
		"set object rectangle from screen %.4f, screen %.4f to screen %.4f, screen %.4f fillcolor rgb %s fillstyle solid noborder\n", x / wide,
		(y - 5) / high, (x + 12) / wide, (y + 5) / high, colour);
	fprintf(picture->settings, "set label \"%s\" at screen %.4f, screen %.4f left textcolor rgb ink\n", text, (x + 18) / wide, y / high);
}

/* ---- Labels ---- */

/* Of DejaVu Sans at 13 px, in three classes. */
double label_wide(const char *text)
{
	double wide = 0;

	for (; *text; text++)
		if ((*text & 0xc0) != 0x80)
			wide += strchr("mwMW@%", *text) ? 12.7 : strchr("fijlrtI()-,.:' ", *text) ? 5.2 : *text & 0x80 ? 11 : 8.3;
	return wide;
}

static int by_y(const void *a, const void *b)
{
	double x = ((const struct line_label *)a)->y, y = ((const struct line_label *)b)->y;

	return (x > y) - (x < y);
}

/* From below, each at least `apart` above the one before; then what is above the axis is pushed down again. */
static void spread(struct line_label *labels, size_t n, struct axis axis, double apart)
{
	double top = axis.high - apart / 2;

	for (size_t i = 0; i < n; i++)
		labels[i].y = fmax(labels[i].y, i ? labels[i - 1].y + apart : axis.low + apart / 2);
	for (size_t i = n; i-- > 0; top = labels[i].y - apart)
		labels[i].y = fmin(labels[i].y, top);
}

void line_labels_write(FILE *settings, struct line_label *labels, size_t n, double x, struct axis axis, double apart)
{
	if (n)
		qsort(labels, n, sizeof *labels, by_y);
	spread(labels, n, axis, apart);
	for (size_t i = 0; i < n; i++)
		fprintf(settings, "set label \"%s\" at first %.8g, first %.8g left offset char 0.7, 0 textcolor rgb %s\n", labels[i].text, x,
			labels[i].y, labels[i].colour);
}
