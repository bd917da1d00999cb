/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print.h: how results look: figures with their intervals, aligned tables, one JSON object per command. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "analyze/rows.h"
#include "analyze/stats.h"

struct cli;

/* ---- Figures ---- */

enum { FIGURE_TEXT = 96 };

/* "0.791 [0.788, 0.795]": as many digits as the interval leaves meaning to, which is one digit of its half width, two
 * when that digit is a 1. Without an interval "0.791", four digits. "-" when the value is NAN. */
void figure_text(struct figure figure, char out[FIGURE_TEXT]);

/* The same of `figure` times 100, with " %" behind it: "1.2 [0.9, 1.5] %". */
void figure_percent(struct figure figure, char out[FIGURE_TEXT]);

/* ---- Tables ---- */

/* Columns of text on stdout, each as wide as its widest cell on a terminal (UTF-8 aware). When memory runs out the
 * functions below do nothing, with NULL too, and table_print() tells. */
struct table;

/* `titles` holds one title per column, separated by '|'; a title that begins with '>' aligns its column to the right:
 * "run|kind|>calls". */
struct table *table_new(const char *titles);
void table_free(struct table *table);

/* Adds the next cell, from left to right, then from the first column again. What is no UTF-8
 * and control characters become '?'. */
void table_cell(struct table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A cell of the row's field: "-" when it is NULL (STORE_NULL, NAN, null pointer). */
void table_text(struct table *table, const char *text);
void table_i64(struct table *table, int64_t value);
void table_figure(struct table *table, struct figure figure);

/* Prints titles and rows to stdout. A table without rows prints nothing. Returns 0 or -ENOMEM, which was printed. */
int table_print(const struct table *table);

/* ---- JSON ---- */

/* Each returns a new reference, json null where the value is unknown. */
json_t *json_figure(struct figure figure, const char *unit); /* {"value", "low", "high", "unit"}; unit "1" for a ratio */
json_t *json_number(double value);
json_t *json_i64(int64_t value);
json_t *json_text(const char *text);                          /* what is not UTF-8 becomes U+FFFD */
json_t *json_flag(int64_t value);

/* A list of {"code", "text"}. */
json_t *json_warnings(const struct warning_row *warnings, size_t warnings_n);

/* Prints the object to stdout with a newline and drops the reference. Returns 0, or -ENOMEM, which was printed, when
 * `object` is NULL: what json_pack() returns when memory ran out or its format is wrong. */
int json_print(json_t *object);

/* ---- Remarks ---- */

/* The warnings of a run, one line each on stdout, below its result. Nothing with --quiet. */
void print_warnings(const struct cli *cli, const struct warning_row *warnings, size_t warnings_n);

#endif
