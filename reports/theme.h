/* SPDX-License-Identifier: GPL-2.0-or-later */
/* theme.h: the colours that page and pictures share, for light and for dark. Blue, orange and green are those of M. Okabe and
 * K. Ito, Color Universal Design, 2008, which people with any colour vision can tell apart; what text is set in has 4.5 : 1 on paper. */
#ifndef REPORTS_THEME_H
#define REPORTS_THEME_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct theme_colour {
	const char *name;     /* a variable of gnuplot, and with "--" before it one of CSS */
	uint32_t light, dark; /* 0xrrggbb; no two colours have the same light */
};

extern const struct theme_colour theme_colours[];
extern const size_t theme_colours_n;

/* The colour that is `light` by day; NULL when it is none of ours. */
const struct theme_colour *theme_find(uint32_t light);

/* Variables that hold the light colours: lines of a gnuplot script. */
void theme_gnuplot(FILE *out);

/* Rules that hold the colours: light, dark where the reader prefers it, and light on paper. */
void theme_css(FILE *out);

#endif
