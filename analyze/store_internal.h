/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_internal.h: what the files store*.c share, and their unit test: the open database, and the engine that moves
 * rows between it and the structs of analyze/rows.h by a table of columns. Not for other parts.
 */
#ifndef ANALYZE_STORE_INTERNAL_H
#define ANALYZE_STORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

#define STORE_BUSY_MS 10000 /* how long a lock of another program is waited for */

enum column_type { COLUMN_INT, COLUMN_REAL, COLUMN_TEXT };

struct column {
	const char *name;
	enum column_type type;
	size_t offset;
};

enum table_id {
	TABLE_HOST,
	TABLE_RUN,
	TABLE_WARNING,
	TABLE_CALIBRATION,
	TABLE_BLOCK,
	TABLE_LEDGER,
	TABLE_BALANCE,
	TABLE_THREAD,
	TABLE_CALL,
	TABLE_HIST,
	TABLE_SHAPE,
	TABLE_FOOTPRINT,
	TABLE_SAMPLE,
	TABLE_EVENT,
	TABLE_EVENT_COUNT,
	TABLE_BENCH_EVENT,
	TABLE_COUNTED,
	TABLE_BENCH,
	TABLE_TRIAL,
	TABLE_PREDICTION,
	TABLE_OBSERVATION,
	TABLE_SCORED, /* the view prediction_v */
	TABLE_BENCH_POINT, /* the view bench_v */
	TABLE_MAX
};

/* The tables whose rows belong to one run: those of which `run` is the first column, in the order of enum table_id. */
#define TABLE_OF_RUN_FIRST TABLE_WARNING
#define TABLE_OF_RUN_LAST TABLE_TRIAL

struct table {
	const char *name;
	const char *order; /* ORDER BY */
	size_t row_size;
	const struct column *columns; /* all of the table's, in its order */
	size_t columns_n;
	bool replaces; /* a new row takes the place of the one with its key */
};

extern const struct table store_tables[TABLE_MAX];

struct store {
	struct sqlite3 *db;
	char *path;
	struct sqlite3_stmt *insert[TABLE_MAX]; /* prepared at their first use */
};

/* store_sql.c ------------------------------------------------------------------------------------------------------ */

/* Turns the database's last error (an SQLite result code) into -errno, and prints it with its remedy. */
int store_error(struct store *store, int code);

/* Prepares one statement; the caller finalizes it. */
int store_prepare(struct store *store, const char *sql, struct sqlite3_stmt **out);

/* Runs statements that return nothing. */
int store_exec(struct store *store, const char *sql);

/* Runs a statement with the ids bound to ?1, ?2, ... (STORE_NULL binds NULL). *out is the first column of its first row,
 * STORE_NULL when there is none. out may be NULL. */
int store_query(struct store *store, const char *sql, const int64_t *ids, size_t ids_n, int64_t *out);

/* Ends a transaction: commits when err is 0, rolls back when it is not. Returns err, or what the commit met. */
int store_finish(struct store *store, int err);

/* store_migrate.c -------------------------------------------------------------------------------------------------- */

/* Brings a database whose schema is older than `version` to `schema`, the text of schema.sql of that version: all or nothing. */
int store_migrate(struct store *store, const char *schema, int64_t version);

/* store_engine.c --------------------------------------------------------------------------------------------------- */

/* Access to the field of a column in a row. */
int64_t *column_int(const struct column *column, const void *row);
double *column_real(const struct column *column, const void *row);
const char **column_text(const struct column *column, const void *row);

/* Makes every field NULL. */
void table_null(enum table_id id, void *row);

/* Adds a row. -EINVAL when a number is infinite or the row breaks a rule of the schema. */
int table_insert(struct store *store, enum table_id id, const void *row);

/* Adds a row whose first column is its integer primary key, which the store chooses. */
int table_insert_new(struct store *store, enum table_id id, const void *row, int64_t *key);

/* What a WHERE clause compares with: a text, or when that is NULL an id (STORE_NULL: NULL). */
struct bind {
	int64_t id;
	const char *text;
};

/* Rows for which `where` (NULL: all; ?1, ?2 are binds[0], binds[1]) holds, in one piece of memory for free(). */
int table_select(struct store *store, enum table_id id, const char *where, const struct bind *binds, size_t binds_n,
		 void **rows, size_t *n);

/* Calls visit() with each of these rows, one in memory at a time: it and its texts are good until visit() returns. An error of
 * visit() ends it and is returned. */
typedef int table_visit(void *context, const void *row);
int table_each(struct store *store, enum table_id id, const char *where, const struct bind *binds, size_t binds_n, table_visit *visit,
	       void *context);

/* As table_select(), for a row that must be there: -ENOENT, without a message, when there is none. The first is taken. */
int table_select_one(struct store *store, enum table_id id, const char *where, const struct bind *binds, size_t binds_n,
		     void **row);

/* store_export.c, store_import.c ----------------------------------------------------------------------------------- */

/* Keys that are not columns. A run has another id in every database, so links name it by what is the same everywhere. */
#define KEY_SCHEMA "schema"           /* the version that wrote the object */
#define KEY_LIKE "like"               /* instead of run.like_run */
#define KEY_PROFILE "profile_run"     /* instead of prediction.profile */
#define KEY_BENCH "bench_run"         /* instead of prediction.bench */
#define KEY_OBSERVATION "observation" /* in a prediction: the row of that table */
#define KEY_OBSERVE "observe_run"     /* instead of observation.run */

#endif
