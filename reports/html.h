/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * html.h: text, figures and tables as HTML. Whatever comes from outside (labels, command lines, names of threads) is written by
 * these functions and by nothing else, so that it is escaped. Errors stay in the stream: the owner asks ferror() at the end.
 */
#ifndef REPORTS_HTML_H
#define REPORTS_HTML_H

#include <stdint.h>
#include <stdio.h>

#include "analyze/stats.h"

/* The text, of any length, with markup escaped. Control characters other than tab and newline become U+FFFD. NULL: a dash. */
void html_text(FILE *out, const char *text);

/* The first `most` characters of it on one line, with "…" behind them when that is not all. */
void html_line(FILE *out, const char *text, size_t most);

/* Formatted text, escaped as a whole: no markup goes through here. */
void html_printf(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "0.791 [0.788, 0.795]": as many digits as the interval leaves meaning to, which is one digit of its half width, two when that
 * digit is a 1. Without an interval "0.791", marked as having none. A dash when the value is not known. */
void html_figure(FILE *out, struct figure figure);

/* The same of `figure` times 100, as "20.9 % [20.5, 21.2]"; the second with its sign even when it is positive. */
void html_percent(FILE *out, struct figure figure);
void html_percent_signed(FILE *out, struct figure figure);

/*
 * A table in a box of its own, which scrolls when the window is narrow. `titles`: one a column, separated by '|'; one that begins
 * with '>' is of numbers, to the right. A row is html_row() and one html_td...() per column.
 */
void html_table(FILE *out, const char *caption, const char *titles);
void html_table_end(FILE *out);
void html_row(FILE *out);
void html_td(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void html_td_number(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void html_td_figure(FILE *out, struct figure figure);
void html_td_percent(FILE *out, struct figure figure);
void html_td_signed(FILE *out, struct figure figure);

/* Text of any length as typed: its line breaks are kept, and a long one scrolls in the cell. */
void html_td_code(FILE *out, const char *text);

/* A sentence, which may take several lines. */
void html_td_prose(FILE *out, const char *text);

/* "run 3", as a link to its row in the table of runs. */
void html_run(FILE *out, int64_t run);

/* When something was, "2025-11-20 12:01 UTC". */
void html_time(FILE *out, int64_t ns);

#endif
