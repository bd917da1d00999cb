/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h: figures as plain text, alike in every format. */
#ifndef REPORTS_TEXT_H
#define REPORTS_TEXT_H

#include "analyze/stats.h"

enum text_sign { TEXT_MINUS, TEXT_BOTH }; /* whether a positive figure has its sign too */

enum { TEXT_FIGURE = 128 };

/* Decimals for a figure: so many as the interval leaves meaning to, which is one digit of its half width, two when that digit is a 1;
 * without an interval four digits. */
int text_decimals(struct figure figure);

/* A number with `decimals`, and with a minus that is as wide as a digit. Returns out. */
char *text_number(double value, int decimals, enum text_sign sign, char out[64]);

/* "0.791 [0.788, 0.795]", "20.9 % [20.5, 21.2]" for `unit` " %"; without an interval "0.791"; "–" when the value is not known. Returns out. */
char *text_figure(struct figure figure, const char *unit, enum text_sign sign, char out[TEXT_FIGURE]);

/* The figure times 100. */
struct figure text_hundredfold(struct figure figure);

#endif
