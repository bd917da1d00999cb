/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * picture.h: one picture, as files and in the page. NAME.csv holds its data, NAME.gp draws it (also by hand: `gnuplot NAME.gp`),
 * and NAME.svg and NAME.png are what came out. In the page it stands as SVG, in the reader's colours and fonts.
 */
#ifndef REPORTS_PICTURE_H
#define REPORTS_PICTURE_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/bars.h"

struct folder;
struct scored_row;

enum { PICTURE_NAME = 64 };

struct picture {
	char name[PICTURE_NAME];
	char alt[256];          /* what it shows, for who cannot see it */
	unsigned width, height; /* in px as it is meant to be seen; it can be scaled */
	const char *settings;   /* lines of gnuplot that give the script its figures */
	const char *script;     /* gnuplot; `data` is the name of the CSV file, each colour a variable; ends with its plot command */
};

/* Draws it from NAME.csv, which is in the folder. 0 or -errno, said. */
int picture_draw(const struct folder *folder, const struct picture *picture, const volatile sig_atomic_t *stop);

/* Writes the drawn picture into the page; `number` tells it from the page's other pictures. 0 or -errno, said. */
int picture_inline(const struct folder *folder, const struct picture *picture, unsigned number, FILE *page);

/* ---- The pictures there are: each writes its CSV, draws it, and fills `out` for picture_inline(). ---- */

/* Predicted against observed, with both intervals and the diagonal. rows[n], n >= 1, are observed. */
int picture_agreement(const struct folder *folder, const struct scored_row *rows, size_t n, const volatile sig_atomic_t *stop,
		      struct picture *out);

/* The error of each prediction that was not forced, oldest first, with its interval. rows[n], at least one of them not forced, are
 * observed, newest first. */
int picture_errors(const struct folder *folder, const struct scored_row *rows, size_t n, const volatile sig_atomic_t *stop,
		   struct picture *out);

/* Bars of slices (bars.h), at least one. `what`: cpus, threads. */
int picture_ledger(const struct folder *folder, int64_t run, const char *what, const struct bars *bars,
		   const volatile sig_atomic_t *stop, struct picture *out);

#endif
