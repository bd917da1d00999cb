/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h: stored runs as a folder to look at: index.html, which needs nothing else (no network, no script), and each of its
 * pictures as SVG, PNG, CSV and the gnuplot script that draws it.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

struct store;

struct report_options {
	const int64_t *runs; /* the runs to report; the runs that their predictions rest on come with them */
	size_t runs_n;       /* 0: every complete run */
	const char *dir;     /* made if need be; files of a report that is there are replaced, other files stay */
	const volatile sig_atomic_t *stop; /* set by a signal: end early, write nothing; NULL: none does */
	void (*progress)(void *arg, double done, const char *text); /* NULL: nobody wants to know */
	void *progress_arg;
};

struct report_result {
	size_t runs_n, predictions_n, observed_n, pictures_n;
};

/* Writes the report, or nothing. 0, or -errno, said: -ENOENT a run, gnuplot, or the folder above `dir` does not exist; -EIO
 * gnuplot failed; -EACCES, -EROFS, -ENOSPC `dir` cannot be written; -EINTR; and what the store returns. */
int report_write(struct store *store, const struct report_options *options, struct report_result *result);

#endif
