/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_warnings.h: what is wrong with the runs of a report. */
#ifndef REPORTS_REPORT_WARNINGS_H
#define REPORTS_REPORT_WARNINGS_H

struct report_data;
struct store;

/* Fills `warnings` of data, whose runs and predictions are there: what was stored with each run, what its row says where nothing
 * was stored about it, and what its predictions say. 0 or -errno, said. */
int report_warnings_load(struct store *store, struct report_data *data);

#endif
