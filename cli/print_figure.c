/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print_figure.c: figures as text, with the digits that their intervals leave meaning to. */
#include <math.h>
#include <stdio.h>

#include "cli/print.h"

/* Decimals so that the half width keeps one digit, two when the first is a 1: 0.0035 -> 3, 0.0012 -> 4, 120 -> 0. */
static int decimals_of(double half_width)
{
	double decimals = ceil(-log10(half_width / 2) - 1e-9);

	return decimals < 0 ? 0 : decimals > 9 ? 9 : (int)decimals;
}

static void text_in(struct figure figure, const char *unit, char out[FIGURE_TEXT])
{
	double half = figure_half_width(figure);

	if (isnan(figure.value))
		snprintf(out, FIGURE_TEXT, "-");
	else if (isnan(half) || half <= 0)
		snprintf(out, FIGURE_TEXT, fabs(figure.value) < 1000 ? "%.4g%s" : "%.0f%s", figure.value, unit);
	else {
		int decimals = decimals_of(half);

		snprintf(out, FIGURE_TEXT, "%.*f [%.*f, %.*f]%s", decimals, figure.value, decimals, figure.low, decimals,
			 figure.high, unit);
	}
}

void figure_text(struct figure figure, char out[FIGURE_TEXT])
{
	text_in(figure, "", out);
}

void figure_percent(struct figure figure, char out[FIGURE_TEXT])
{
	figure = (struct figure){ figure.value * 100, figure.low * 100, figure.high * 100 };
	text_in(figure, " %", out);
}
