/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c: how many digits a figure has. */
#include "reports/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Decimals so that the half width keeps one digit, two when the first is a 1: 0.0035 -> 3, 0.0012 -> 4, 120 -> 0. */
static int decimals_of(double half_width)
{
	double decimals = ceil(-log10(half_width / 2) - 1e-9);

	return decimals < 0 ? 0 : decimals > 9 ? 9 : (int)decimals;
}

/* Four digits, for a figure whose interval says nothing about them. */
static int decimals_plain(double value)
{
	double size = fabs(value);

	return size >= 1000 ? 0 : size >= 1 ? 3 - (int)log10(size) : 4;
}

int text_decimals(struct figure figure)
{
	double half = figure_half_width(figure);

	return half > 0 && isfinite(half) ? decimals_of(half) : decimals_plain(figure.value);
}

char *text_number(double value, int decimals, enum text_sign sign, char out[64])
{
	char digits[48];

	snprintf(digits, sizeof digits, "%.*f", decimals, fabs(value));
	bool zero = strspn(digits, "0.") == strlen(digits); /* no sign before a zero */
	snprintf(out, 64, "%s%s", zero ? "" : value < 0 ? "−" : sign == TEXT_BOTH ? "+" : "", digits);
	return out;
}

char *text_figure(struct figure figure, const char *unit, enum text_sign sign, char out[TEXT_FIGURE])
{
	double half = figure_half_width(figure);
	int decimals = text_decimals(figure);
	char value[64], low[64], high[64];

	if (isnan(figure.value) || isinf(figure.value)) {
		snprintf(out, TEXT_FIGURE, "%s", isnan(figure.value) ? "–" : "without bound");
		return out;
	}
	text_number(figure.value, decimals, sign, value);
	if (half > 0 && isfinite(half))
		snprintf(out, TEXT_FIGURE, "%.30s%s [%.30s, %.30s]", value, unit, text_number(figure.low, decimals, sign, low),
			 text_number(figure.high, decimals, sign, high));
	else
		snprintf(out, TEXT_FIGURE, "%.60s%s", value, unit);
	return out;
}

struct figure text_hundredfold(struct figure figure)
{
	return (struct figure){ 100 * figure.value, 100 * figure.low, 100 * figure.high };
}
