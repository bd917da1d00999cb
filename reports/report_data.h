/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_data.h: what a report is about: the runs, their hosts and warnings, the predictions, and their score. */
#ifndef REPORTS_REPORT_DATA_H
#define REPORTS_REPORT_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/rows.h"
#include "analyze/score.h"
#include "analyze/stats.h"
#include "analyze/store.h"

/* A warning of one run, stored with it or seen in its row. */
struct report_warning {
	const struct run_row *run;
	const char *code, *text;
};

struct report_data {
	struct run_row *all; /* every run of the store, by number */
	size_t all_n;
	const struct run_row **runs; /* those of the report, by number */
	size_t runs_n;
	struct host_row **hosts; /* of these runs, each once */
	size_t hosts_n;
	struct scored_row *predictions; /* that rest on these runs, newest first; `observed` is NAN where nothing was yet */
	size_t predictions_n;
	const struct scored_row *observed; /* those that were observed, newest first */
	size_t observed_n;
	struct report_warning *warnings; /* by code, then newest run first */
	size_t warnings_n;
	struct score score;     /* over all predictions of the store that were not forced; n 0: none was observed */

	/* What the above points into. */
	struct prediction_row *made_rows;
	struct scored_row *scored_rows, *observed_rows;
	size_t made_n, scored_n;
	struct warning_row **warning_rows;
};

/* Reads the runs runs[n] (n 0: every run that came to an end), and those that the predictions from them rest on. 0 or -errno, said; then
 * there is nothing to free. */
int report_data_load(struct store *store, const int64_t *runs, size_t n, struct report_data *out);
void report_data_free(struct report_data *data);

/* The run with this number, NULL when there is none in the store. */
const struct run_row *report_run(const struct report_data *data, int64_t run);

/* The host of the run with this number; NULL when there is none among those of the report. */
const struct host_row *report_host(const struct report_data *data, int64_t run);

/* Whether time is counted in instructions in that run, and what its clock counts: "instructions" or "cycles". */
bool report_counted(const struct report_data *data, int64_t run);
const char *report_unit(const struct report_data *data, int64_t run);

/* What a prediction says, as figures. */
struct figure report_predicted(const struct scored_row *row);
struct figure report_observed(const struct scored_row *row);
struct figure report_fraction(const struct scored_row *row);
struct figure report_speedup(const struct scored_row *row);
struct figure report_capacity(const struct scored_row *row);

/* Busy cycles that are saved, 1 - 1/r. */
struct figure report_saved(const struct scored_row *row);

/* r as s grows without end, 1 / (1 - f + o), over the interval of f. */
struct figure report_bound(const struct scored_row *row);

/* predicted / observed - 1. Half its interval is that of the quotient, the relative half widths of both added in quadrature. */
struct figure report_error(const struct scored_row *row);

#endif
