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

enum { LEGEND_WIDE = 184, LEGEND_HIGH = 20, AXIS_HIGH = 62, LEGEND_MARGIN = 16 };

static size_t legend_columns(unsigned width)
{
	return width > LEGEND_WIDE ? width / LEGEND_WIDE : 1;
}

static size_t legend_lines(unsigned width, size_t n)
{
	return (n + legend_columns(width) - 1) / legend_columns(width);
}

unsigned legend_below(unsigned width, size_t n)
{
	return (unsigned)(AXIS_HIGH + LEGEND_HIGH * legend_lines(width, n) + (n ? LEGEND_MARGIN / 2 : 0));
}

void legend_write(const struct picture *picture, size_t place, size_t n, const char *colour, const char *text)
{
	size_t columns = legend_columns(picture->width), line = place / columns;
	double x = 10 + (double)LEGEND_WIDE * (double)(place % columns);
	double y = LEGEND_MARGIN + (double)LEGEND_HIGH * (double)(legend_lines(picture->width, n) - 1 - line);
	double wide = picture->width, high = picture->height;

	fprintf(picture->settings,
		"set object rectangle from screen %.4f, screen %.4f to screen %.4f, screen %.4f fillcolor rgb %s fillstyle solid noborder\n", x / wide,
		(y - 5) / high, (x + 12) / wide, (y + 5) / high, colour);
	fprintf(picture->settings, "set label \"%s\" at screen %.4f, screen %.4f left textcolor rgb ink\n", text, (x + 18) / wide, y / high);
}

/* ---- Labels ---- */

/* Of DejaVu Sans at 13 px, in three classes; what is not ASCII may be as wide as it is high. */
static double letter_wide(char c)
{
	return c & 0x80 ? 13 : strchr("mwMW@%", c) ? 12.7 : strchr("fijlrtI()-,.:' ", c) ? 5.2 : 8.3;
}

static int begins_letter(char c)
{
	return (c & 0xc0) != 0x80;
}

double label_wide(const char *text)
{
	double wide = 0;

	for (; *text; text++)
		if (begins_letter(*text))
			wide += letter_wide(*text);
	return wide;
}

void label_fit(char *text, double most)
{
	static const char more[] = "…";
	double wide = 0;
	char *cut = text, *at = text;

	if (label_wide(text) <= most)
		return;
	for (; *at && wide + 13 <= most; at++)
		if (begins_letter(*at)) {
			cut = at;
			wide += letter_wide(*at);
		}
	while (cut > text && (strlen(cut) < sizeof more - 1 || !begins_letter(*cut)))
		cut--;
	if (strlen(cut) >= sizeof more - 1)
		memcpy(cut, more, sizeof more);
}

void tic_name(struct tic_names *names, const char *text, double y)
{
	char label[BAR_LABEL];

	label_clean(text, label, sizeof label);
	label_fit(label, names->most);
	names->wide = fmax(names->wide, label_wide(label));
	fprintf(names->settings, "%s\"%s\" %.8g", names->n++ ? ", " : "set ytics (", label, y);
}

void tic_names_end(const struct tic_names *names)
{
	fputs(names->n ? ")\n" : "", names->settings);
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
