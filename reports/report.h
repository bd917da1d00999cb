/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h: stored runs as a folder to look at: index.html, which needs nothing else (no network), and each of its
 * pictures as SVG, PNG, PDF, CSV and the gnuplot script that draws it. Or as one document, or its main picture in a terminal.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/alternatives.h"

struct store;

struct report_options {
	const int64_t *runs; /* the runs to report; the runs that their predictions rest on come with them */
	size_t runs_n;       /* 0: every run that came to an end */
	alternatives_needs *needs; /* what a way of sending asks of a server */
	const char *to;      /* html: a folder, made if need be; files of a report that is there are replaced, other files stay.
			      * Otherwise a file; NULL (not for pdf): stdout */
	const volatile sig_atomic_t *stop; /* set by a signal: end early, write nothing; NULL: none does */
	void (*progress)(void *arg, double done, const char *text); /* NULL: nobody wants to know */
	void *progress_arg;
};

struct report_result {
	size_t runs_n, predictions_n, observed_n, pictures_n;
};

enum report_format { REPORT_HTML, REPORT_MD, REPORT_JSON, REPORT_CSV, REPORT_PDF, REPORT_FORMATS };

/* Name of each, as on the command line. */
extern const char *const report_formats[REPORT_FORMATS];

/* Writes the report, or nothing. 0, or -errno, said: -ENOENT a run, gnuplot, a browser, or the folder above `to` does not exist; -EIO
 * gnuplot or the browser failed; -EACCES, -EROFS, -ENOSPC `to` cannot be written; -EINTR; and what the store returns. */
int report_write(struct store *store, enum report_format format, const struct report_options *options, struct report_result *result);

/* Draws the main picture, r over s, in the terminal on stdout: with characters, or as an image with `sixel`. -ENODATA, said, when there is no
 * profile of which f is known. */
int report_show(struct store *store, const struct report_options *options, bool sixel);

#endif
