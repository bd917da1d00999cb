/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * picture.h: pictures as files. NAME.csv holds the data of one, NAME.gp draws it (also by hand: `gnuplot NAME.gp`), and NAME.svg,
 * NAME.png and NAME.pdf are what came out. All of a report are drawn together, by a few gnuplots. The page has each of them twice: in
 * letters of the same size it is also laid out anew for a phone and for half a sheet of paper.
 *
 * A picture is made by one function of one file, which pictures.h lists:
 *
 *     struct picture *picture = picture_begin(set, "observed", STORE_NULL, "agreement");
 *     if (!picture) return -EIO;
 *     fprintf(picture->data, ...);      the CSV file, its first line the names of the columns
 *     fprintf(picture->settings, ...);  what the script must know: gnuplot lines
 *     picture->script = script; ...
 *     return picture_end(set);
 */
#ifndef REPORTS_PICTURE_H
#define REPORTS_PICTURE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "analyze/stats.h"

struct folder;

enum { PICTURE_NAME = 64, PICTURE_CAPTION = 512 };

/* What a picture is laid out for. */
enum picture_form {
	PICTURE_WIDE,   /* a screen: the files that stay, and the page */
	PICTURE_NARROW, /* a phone, and half a sheet of paper: SVG for the page alone, drawn of the same CSV */
	PICTURE_TEXT,   /* a terminal: a letter takes a cell of CELL_WIDE x CELL_HIGH px */
};

enum { CELL_WIDE = 8, CELL_HIGH = 17 };

struct picture {
	char name[PICTURE_NAME];
	const char *section;           /* of the page, by its id */
	int64_t run;                   /* that it is about; STORE_NULL: several */
	enum picture_form form;
	char alt[256];                 /* what it shows, for who cannot see it */
	char caption[PICTURE_CAPTION]; /* below it */
	unsigned width, height;        /* in px as it is meant to be seen; it can be scaled */
	const char *script;            /* gnuplot: `data` is the name of the CSV file, each colour of theme.h a variable */
	FILE *data, *settings;         /* until picture_end() */
	char *settings_text;
	size_t settings_size;
};

/* Why a picture is not there. */
struct absence {
	const char *section;
	int64_t run;
	char text[PICTURE_CAPTION];
};

/* The pictures of a report. All zero but for the folder: none, as they are seen on a screen. */
struct pictures {
	const struct folder *folder;
	enum picture_form form;
	unsigned columns, lines; /* of the terminal, for PICTURE_TEXT */
	struct picture **list;
	size_t n;
	struct absence *absences;
	size_t absences_n;
};

/* Begins a picture whose files are called as the format says. NULL, said, when its CSV file cannot be made. */
struct picture *picture_begin(struct pictures *set, const char *section, int64_t run, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Ends the picture that was begun last: closes its streams. 0 or -errno, said. */
int picture_end(struct pictures *set);

/* Says in one line why a picture is not there. 0 or -ENOMEM, said. */
int picture_absent(struct pictures *set, const char *section, int64_t run, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Makes `set` one for the terminal on stdout. */
void pictures_for_terminal(struct pictures *set);

/* Draws them all; narrow ones as SVG alone. 0 or -errno, said. */
int pictures_draw(const struct pictures *set, const volatile sig_atomic_t *stop);

/* Draws one of them on stdout as characters (of PICTURE_TEXT), or with `sixel` as an image in the terminal. 0 or -errno, said. */
int picture_show(const struct pictures *set, const struct picture *picture, int sixel, const volatile sig_atomic_t *stop);

/* Removes the files of narrow pictures, which the page has taken in. */
void pictures_remove(const struct pictures *set);

void pictures_free(struct pictures *set);

/* "observed.svg"; of a narrow one "observed-narrow.svg". */
enum { PICTURE_FILE = PICTURE_NAME + 16 };
void picture_file(const struct picture *picture, const char *suffix, char out[PICTURE_FILE]);

/* Writes the drawn picture into the page as SVG in the reader's colours and fonts; `number` tells it from the page's other pictures.
 * 0 or -errno, said. */
int picture_inline(const struct folder *folder, const struct picture *picture, unsigned number, FILE *page);

/* ---- For those who make pictures ---- */

/* How wide a picture is that has no reason to be wider. */
unsigned picture_width(const struct pictures *set);

/* A cell of the CSV, with the comma before it: a number, nothing where it is not known; a figure with its interval, in three; a text. */
void picture_cell(FILE *data, double value);
void picture_cells(FILE *data, struct figure figure);
void picture_text(FILE *data, const char *text);

/* What an axis must hold. All NAN at first: axis_new(). */
struct axis {
	double low, high;
};

struct axis axis_new(void);
void axis_hold(struct axis *axis, double value);           /* what is not finite is passed over */
void axis_hold_figure(struct axis *axis, struct figure figure); /* with its interval */

/* With a margin of `share` of its length at both ends, `least` at least. */
struct axis axis_widen(struct axis axis, double share, double least);

/* Settings: "xlow = ...\nxhigh = ..." for axis 'x' or 'y'. */
void axis_write(FILE *settings, char which, struct axis axis);

/* How many px an axis with its title and a legend of n entries below it take in a picture that is so wide. */
unsigned legend_below(unsigned width, size_t n);

/* Settings: a colour and what it stands for, as entry number `place` of n; width and height of the picture are set before. By hand, since
 * gnuplot's own key leaves out what it finds no room for. */
void legend_write(const struct picture *picture, size_t place, size_t n, const char *colour, const char *text);

/* About how wide a text is, in px. */
double label_wide(const char *text);

/* Cuts it to so many px; what is cut off ends in "…". */
void label_fit(char *text, double most);

/* Settings: "label" at y = first, first + 1, ... on the axis of stacked bars and the like; each cut to so many px. */
struct tic_names {
	FILE *settings;
	double most, wide; /* px there are, px of the widest so far */
	size_t n;
};

void tic_name(struct tic_names *names, const char *text, double y);
void tic_names_end(const struct tic_names *names);

/* A label at the end of a line of a picture. */
struct line_label {
	double y;       /* where the line ends */
	char text[96];  /* fit for a picture: label_clean() */
	const char *colour;
};

/* Sets labels[n] at x, each beside the end of its line and none over another: at least `apart` from each other, within the axis. They are
 * sorted by their place. */
void line_labels_write(FILE *settings, struct line_label *labels, size_t n, double x, struct axis axis, double apart);

#endif
