/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.h: runs, their raw counts, and what was predicted from them, in one SQLite file. The schema is schema.sql, compiled in;
 * analyze/rows.h has one struct per table.
 *
 * Every function that can fail returns 0 or -errno and has printed what went wrong with its remedy:
 *   -ENOENT   no such database, run or prediction      -ENOTSUP  the schema is of a newer forecall
 *   -EBADMSG  damaged, or not a forecall database      -ENOSPC   the disk (or quota, or file size limit) is full
 *   -EROFS    cannot be written                        -EBUSY    another program kept it locked for 10 s
 *   -EINVAL   a row breaks a rule of the schema        -EIO, -ENOMEM, -EACCES
 *
 * How a run is written, so that a kill at any moment leaves it either incomplete or whole:
 *     store_host(), store_run_begin()                          commits the run as `incomplete`; then measure, and
 *     store_begin(); store_add_...(); store_run_end(); store_commit()    (store_rollback() on any error)
 * One store is used by one thread at a time; several processes may have the same database open.
 */
#ifndef ANALYZE_STORE_H
#define ANALYZE_STORE_H

#include "analyze/rows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;
struct store;

#define STORE_SCHEMA_VERSION 10 /* PRAGMA user_version of schema.sql */

enum store_mode {
	STORE_READ,  /* the database must exist; only an old schema is brought forward */
	STORE_WRITE, /* creates it where it does not exist */
};

/* Opens the database at `path`. On error *out is NULL. store_free() accepts NULL and rolls back what was not committed. */
int store_open(const char *path, enum store_mode mode, struct store **out);
void store_free(struct store *store);

/* Frees what any reader below handed out. Accepts NULL. */
void store_rows_free(void *rows);

/* Transactions; they do not nest. Rollback never fails, and does nothing when there is nothing to undo. */
int store_begin(struct store *store);
int store_commit(struct store *store);
void store_rollback(struct store *store);

/* ---- Writing a run ---- */

/* Adds the host, or finds the one that is the same in every column. row->host and row->digest are not read. */
int store_host(struct store *store, const struct host_row *row, int64_t *host);

/* Adds an incomplete run and commits it. `run`, `state`, `wall_ns`, `lost_n`, `residue`, `unbalanced` and `steal_ns` of the
 * row are not read: they are what store_run_end() knows. Not within a transaction (-EINVAL). */
int store_run_begin(struct store *store, const struct run_row *row, int64_t *run);

struct run_end {
	const char *state; /* complete, interrupted */
	int64_t wall_ns;
	/* of a profile with a ledger (schema.sql); all 0: not known */
	int64_t span_ns, once_ns, twice_ns;
	int64_t quiet_n, waking_n, quiet_ns, waking_ns;
	int64_t lost_n;
	double residue;
	int64_t unbalanced;
	int64_t steal_ns;
};

/* The last write of a run, within the transaction that adds its rows. */
int store_run_end(struct store *store, int64_t run, const struct run_end *end);

/* Adds one row. Text that is not UTF-8 (a process may name itself anything) gets '?' for each byte that is wrong. */
int store_add_warning(struct store *store, const struct warning_row *row);
int store_add_calibration(struct store *store, const struct calibration_row *row);
int store_add_block(struct store *store, const struct block_row *row);
int store_add_ledger(struct store *store, const struct ledger_row *row);
int store_add_balance(struct store *store, const struct balance_row *row);
int store_add_thread(struct store *store, const struct thread_row *row);
int store_add_call(struct store *store, const struct call_row *row);
int store_add_hist(struct store *store, const struct hist_row *row);
int store_add_shape(struct store *store, const struct shape_row *row);
int store_add_footprint(struct store *store, const struct footprint_row *row);
int store_add_sample(struct store *store, const struct sample_row *row);
int store_add_event(struct store *store, const struct event_row *row);
int store_add_event_count(struct store *store, const struct event_count_row *row);
int store_add_bench(struct store *store, const struct bench_row *row);
int store_add_bench_event(struct store *store, const struct bench_event_row *row);
int store_add_counted(struct store *store, const struct counted_row *row);
int store_add_trial(struct store *store, const struct trial_row *row);
int store_add_observation(struct store *store, const struct observation_row *row);
int store_add_prediction(struct store *store, const struct prediction_row *row, int64_t *prediction);

/* Makes every field NULL. */
void store_null_host(struct host_row *row);
void store_null_run(struct run_row *row);
void store_null_warning(struct warning_row *row);
void store_null_calibration(struct calibration_row *row);
void store_null_block(struct block_row *row);
void store_null_ledger(struct ledger_row *row);
void store_null_balance(struct balance_row *row);
void store_null_thread(struct thread_row *row);
void store_null_call(struct call_row *row);
void store_null_hist(struct hist_row *row);
void store_null_shape(struct shape_row *row);
void store_null_footprint(struct footprint_row *row);
void store_null_sample(struct sample_row *row);
void store_null_event(struct event_row *row);
void store_null_event_count(struct event_count_row *row);
void store_null_bench(struct bench_row *row);
void store_null_bench_event(struct bench_event_row *row);
void store_null_counted(struct counted_row *row);
void store_null_trial(struct trial_row *row);
void store_null_prediction(struct prediction_row *row);
void store_null_observation(struct observation_row *row);

/* Deletes a run with its rows and predictions, and its host when no other run was made there. -ENOENT. */
int store_delete(struct store *store, int64_t run);

/* ---- Reading. Free *rows with store_rows_free(). On error *rows is NULL. ---- */

/* One row; -ENOENT when there is none. */
int store_run(struct store *store, int64_t run, struct run_row **row);
int store_host_of(struct store *store, int64_t run, struct host_row **row);
int store_prediction(struct store *store, int64_t prediction, struct prediction_row **row);

/* The newest run of a kind that is not incomplete. kind NULL: of any kind. -ENOENT. */
int store_last_run(struct store *store, const char *kind, struct run_row **row);

/* Runs in the order they were added; kind and state NULL: any. None is no error. */
int store_runs(struct store *store, const char *kind, const char *state, struct run_row **rows, size_t *n);

/* The rows of one run in the order of their primary key (bench: by point, then round). None is no error. */
int store_warnings(struct store *store, int64_t run, struct warning_row **rows, size_t *n);
int store_calibrations(struct store *store, int64_t run, struct calibration_row **rows, size_t *n);
int store_blocks(struct store *store, int64_t run, struct block_row **rows, size_t *n);
int store_ledgers(struct store *store, int64_t run, struct ledger_row **rows, size_t *n);
int store_balances(struct store *store, int64_t run, struct balance_row **rows, size_t *n);
int store_threads(struct store *store, int64_t run, struct thread_row **rows, size_t *n);
int store_calls(struct store *store, int64_t run, struct call_row **rows, size_t *n);
int store_hists(struct store *store, int64_t run, struct hist_row **rows, size_t *n);
int store_shapes(struct store *store, int64_t run, struct shape_row **rows, size_t *n);
int store_footprints(struct store *store, int64_t run, struct footprint_row **rows, size_t *n);
int store_samples(struct store *store, int64_t run, struct sample_row **rows, size_t *n);
int store_events(struct store *store, int64_t run, struct event_row **rows, size_t *n);
int store_event_counts(struct store *store, int64_t run, struct event_count_row **rows, size_t *n);
int store_benches(struct store *store, int64_t run, struct bench_row **rows, size_t *n);
int store_bench_events(struct store *store, int64_t run, struct bench_event_row **rows, size_t *n);
int store_counted(struct store *store, int64_t run, struct counted_row **rows, size_t *n);
int store_has_counted(struct store *store, int64_t run, bool *has); /* without reading them */
int store_trials(struct store *store, int64_t run, struct trial_row **rows, size_t *n);
int store_observations(struct store *store, int64_t run, struct observation_row **rows, size_t *n);

/*
 * Calls visit() with each row of a bench that is of the way null, base or alt, in the order of store_benches(), without having
 * them all in memory. The row is good until visit() returns; an error of visit() ends it and is returned.
 */
typedef int store_bench_visit(void *context, const struct bench_row *row);
int store_benches_of(struct store *store, int64_t run, const char *base, const char *alt, store_bench_visit *visit, void *context);

/* The points of a bench with every way that sent something there: the view bench_v, by point. None is no error. */
int store_bench_points(struct store *store, int64_t run, struct bench_point_row **rows, size_t *n);

/* The first round of a bench at each of its points: which points and ways there are, without reading all blocks. None is no error. */
int store_bench_round(struct store *store, int64_t run, struct bench_row **rows, size_t *n);

/* The finished bench that has a round with all of null, base and alt, and that was made like `profile`, or like none: of several one with its host and
 * clock, like it, to receivers (topology sink is a null device), and the newest. *run is STORE_NULL when there is none, which is no error. */
int store_bench_for(struct store *store, int64_t profile, const char *base, const char *alt, int64_t *run);

/* The rows of `hist` with this name (schema.sql has all). */
int store_hist(struct store *store, int64_t run, const char *name, struct hist_row **rows, size_t *n);

/* The predictions made from one profile, or all when profile is STORE_NULL, oldest first. */
int store_predictions(struct store *store, int64_t profile, struct prediction_row **rows, size_t *n);

/* The predictions that were observed, with what was observed, oldest first. */
int store_scored(struct store *store, struct scored_row **rows, size_t *n);

/* ---- Suites and series ---- */

/* Notes the step of a suite, "NAME@VERSION/STEP#PASS", with the runs that `command` stored behind run `after`. *marked: how many. */
int store_mark_suite(struct store *store, int64_t after, const char *command, const char *suite, int64_t *marked);

/* The runs that are complete or interrupted and not yet in a series, in their order: numbers, for free(). None is no error. */
int store_series_missing(struct store *store, int64_t **runs, size_t *n);

/* Notes that all the figures of a run are in. */
int store_series_done(struct store *store, int64_t run);

struct store_point {
	int64_t run;
	double value;
};

/* Adds points to the end of the series `name`, which is made if need be. Within a transaction. */
int store_series_add(struct store *store, const char *name, const char *unit, bool cost, const struct store_point *points, size_t n);

/* What is known of a run without reading all of it. */
struct store_run_brief {
	int64_t run, host, started_ns;
	char clock[16];
};

/* The complete runs by number, of those with this label, or of the suite whose name or step begins so (NULL: any); for free(). */
int store_run_briefs(struct store *store, const char *label, const char *suite, struct store_run_brief **runs, size_t *n);

/* Every host, by number; store_rows_free(). */
int store_hosts(struct store *store, struct host_row **rows, size_t *n);

/* How many series have a name that matches the pattern (* and ?; NULL: any). */
int store_series_count(struct store *store, const char *pattern, size_t *n);

/*
 * Calls visit() with each series that matches in the order of the names, its points in the order in which they were added: of several of a run the
 * last counts, and runs may be gone. What it is given is good until it returns; an error of visit() ends it and is returned.
 */
typedef int store_series_visit(void *context, const char *name, const char *unit, bool cost, const struct store_point *points, size_t n);
int store_series_each(struct store *store, const char *pattern, store_series_visit *visit, void *context);

/* ---- Joining databases ---- */

/* One run with its host and all its rows as one JSON object (json_decref() it). The predictions that rest on it, and what was
 * observed of them, travel with it; other runs are named in it by host, kind and start. -ENOENT. */
int store_export(struct store *store, int64_t run, struct json_t **out);

/*
 * Adds a run that store_export() wrote, in one transaction of its own, and sets *run to its id here. A run that is already
 * here (same host, kind and start) is not added again: *is_new is false. Links to other runs (like_run, predictions,
 * observations) are made where both ends are here; as predictions travel with each of their runs, these may come in
 * any order, but a bench made --like a profile must come after that profile. -EINVAL when it is no such object.
 */
int store_import(struct store *store, const struct json_t *object, int64_t *run, bool *is_new);

#endif
