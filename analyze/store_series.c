/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_series.c: figures of runs by benchmark, packed, so that millions of them are read in a second; and marks of suites. */
#include "analyze/store.h"
#include "analyze/store_internal.h"
#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_POINTS = 4096 }; /* what is written anew when one point is added is less than this */

/* ---- Marks ---- */

/* Runs a statement that returns nothing and takes an id as ?1 and a text as ?2. */
static int run_with(struct store *store, const char *sql, int64_t id, const char *text)
{
	sqlite3_stmt *stmt;
	int err = store_prepare(store, sql, &stmt);

	if (err)
		return err;
	sqlite3_bind_int64(stmt, 1, id);
	if (text)
		sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
	int code = sqlite3_step(stmt);
	if (code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_finalize(stmt);
	return err;
}

int store_mark_suite(struct store *store, int64_t after, const char *command, const char *suite, int64_t *marked)
{
	sqlite3_stmt *stmt;
	int err = store_prepare(store, "UPDATE run SET suite = ?3 WHERE run > ?1 AND command = ?2 AND suite IS NULL", &stmt);

	*marked = 0;
	if (err)
		return err;
	sqlite3_bind_int64(stmt, 1, after);
	sqlite3_bind_text(stmt, 2, command, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, suite, -1, SQLITE_STATIC);
	int code = sqlite3_step(stmt);
	if (code != SQLITE_DONE)
		err = store_error(store, code);
	else
		*marked = sqlite3_changes(store->db);
	sqlite3_finalize(stmt);
	return err;
}

int store_series_done(struct store *store, int64_t run)
{
	return run_with(store, "INSERT OR IGNORE INTO series_run VALUES (?1)", run, NULL);
}

int store_series_missing(struct store *store, int64_t **runs, size_t *n)
{
	size_t room = 0;
	sqlite3_stmt *stmt;
	int code = SQLITE_DONE, err = store_prepare(store, "SELECT run FROM run WHERE state <> 'incomplete' AND run NOT IN "
							   "(SELECT run FROM series_run) ORDER BY run", &stmt);

	*runs = NULL;
	*n = 0;
	while (!err && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (*n == room) {
			int64_t *more = realloc(*runs, (room = room ? 2 * room : 64) * sizeof *more);

			if (!more) {
				err = fail(-ENOMEM, "store: out of memory");
				break;
			}
			*runs = more;
		}
		(*runs)[(*n)++] = sqlite3_column_int64(stmt, 0);
	}
	if (!err && code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_finalize(stmt);
	if (err) {
		free(*runs);
		*runs = NULL;
	}
	return err;
}

/* ---- Adding ---- */

/* The number of a series, which is made if need be. */
static int find_series(struct store *store, const char *name, const char *unit, bool cost, int64_t *series)
{
	sqlite3_stmt *stmt;
	int err = store_prepare(store, "INSERT INTO series (name, unit, cost) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET "
				       "unit = excluded.unit, cost = excluded.cost RETURNING series", &stmt);

	if (err)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, unit, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 3, cost);
	int code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		*series = sqlite3_column_int64(stmt, 0);
		code = sqlite3_step(stmt);
	}
	if (code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_finalize(stmt);
	return err;
}

/* The last chunk of a series if there is room in it: its number and its points, into points[CHUNK_POINTS]. Else a new one. */
static int open_chunk(struct store *store, int64_t series, int64_t *chunk, struct store_point *points, size_t *n)
{
	sqlite3_stmt *stmt;
	int err = store_prepare(store, "SELECT chunk, points FROM series_chunk WHERE series = ?1 ORDER BY chunk DESC LIMIT 1", &stmt);

	*chunk = 0;
	*n = 0;
	if (err)
		return err;
	sqlite3_bind_int64(stmt, 1, series);
	int code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		size_t held = (size_t)sqlite3_column_bytes(stmt, 1) / sizeof *points;

		*chunk = sqlite3_column_int64(stmt, 0) + (held >= CHUNK_POINTS);
		*n = held < CHUNK_POINTS ? held : 0;
		if (*n)
			memcpy(points, sqlite3_column_blob(stmt, 1), *n * sizeof *points);
	} else if (code != SQLITE_DONE) {
		err = store_error(store, code);
	}
	sqlite3_finalize(stmt);
	return err;
}

static int write_chunk(struct store *store, int64_t series, int64_t chunk, const struct store_point *points, size_t n)
{
	sqlite3_stmt *stmt;
	int err = store_prepare(store, "INSERT OR REPLACE INTO series_chunk VALUES (?1, ?2, ?3)", &stmt);

	if (err)
		return err;
	sqlite3_bind_int64(stmt, 1, series);
	sqlite3_bind_int64(stmt, 2, chunk);
	sqlite3_bind_blob64(stmt, 3, points, n * sizeof *points, SQLITE_STATIC);
	int code = sqlite3_step(stmt);
	if (code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_finalize(stmt);
	return err;
}

int store_series_add(struct store *store, const char *name, const char *unit, bool cost, const struct store_point *points, size_t n)
{
	struct store_point *room = malloc(CHUNK_POINTS * sizeof *room);
	int64_t series = 0, chunk;
	size_t held;

	if (!room) {
		fail(-ENOMEM, "store: out of memory");
		return -ENOMEM;
	}
	int err = find_series(store, name, unit, cost, &series);
	if (!err)
		err = open_chunk(store, series, &chunk, room, &held);
	for (size_t done = 0; done < n && !err; chunk++, held = 0) {
		size_t take = n - done < CHUNK_POINTS - held ? n - done : CHUNK_POINTS - held;

		memcpy(room + held, points + done, take * sizeof *room);
		err = write_chunk(store, series, chunk, room, held + take);
		done += take;
	}
	free(room);
	return err;
}

/* ---- Reading ---- */

int store_hosts(struct store *store, struct host_row **rows, size_t *n)
{
	void *found;
	int err = table_select(store, TABLE_HOST, NULL, NULL, 0, &found, n);

	*rows = found;
	return err;
}

static int take_brief(sqlite3_stmt *stmt, struct store_run_brief **runs, size_t *n, size_t *room)
{
	if (*n == *room) {
		struct store_run_brief *more = realloc(*runs, (*room = *room ? 2 * *room : 64) * sizeof *more);

		if (!more) {
			fail(-ENOMEM, "store: out of memory");
			return -ENOMEM;
		}
		*runs = more;
	}
	struct store_run_brief *brief = &(*runs)[(*n)++];
	*brief = (struct store_run_brief){ sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2), "" };
	snprintf(brief->clock, sizeof brief->clock, "%s", (const char *)sqlite3_column_text(stmt, 3));
	return 0;
}

int store_run_briefs(struct store *store, const char *label, const char *suite, struct store_run_brief **runs, size_t *n)
{
	size_t room = 0;
	sqlite3_stmt *stmt;
	int code = SQLITE_DONE,
	    err = store_prepare(store, "SELECT run, host, started_ns, clock FROM run WHERE state = 'complete' AND (?1 IS NULL OR label = ?1) "
				       "AND (?2 IS NULL OR substr(suite, 1, length(?2)) = ?2) ORDER BY run", &stmt);

	*runs = NULL;
	*n = 0;
	if (err)
		return err;
	if (label)
		sqlite3_bind_text(stmt, 1, label, -1, SQLITE_STATIC);
	if (suite)
		sqlite3_bind_text(stmt, 2, suite, -1, SQLITE_STATIC);
	while (!err && (code = sqlite3_step(stmt)) == SQLITE_ROW)
		err = take_brief(stmt, runs, n, &room);
	if (!err && code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_finalize(stmt);
	if (err) {
		free(*runs);
		*runs = NULL;
	}
	return err;
}

static int prepare_matching(struct store *store, const char *sql, const char *pattern, sqlite3_stmt **out)
{
	int err = store_prepare(store, sql, out);

	if (!err)
		sqlite3_bind_text(*out, 1, pattern ? pattern : "*", -1, SQLITE_STATIC);
	return err;
}

int store_series_count(struct store *store, const char *pattern, size_t *n)
{
	sqlite3_stmt *stmt;
	int err = prepare_matching(store, "SELECT count(*) FROM series WHERE name GLOB ?1", pattern, &stmt);

	*n = 0;
	if (err)
		return err;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*n = (size_t)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return 0;
}

struct points {
	struct store_point *at;
	size_t n, room;
};

/* Adds the points of the series' next chunk. */
static int take_chunk(struct points *points, sqlite3_stmt *stmt, int column)
{
	size_t bytes = (size_t)sqlite3_column_bytes(stmt, column), more = bytes / sizeof *points->at;

	if (points->n + more > points->room) {
		size_t room = 2 * (points->n + more);
		struct store_point *moved = realloc(points->at, room * sizeof *moved);

		if (!moved)
			return fail(-ENOMEM, "store: out of memory");
		points->at = moved;
		points->room = room;
	}
	if (more)
		memcpy(points->at + points->n, sqlite3_column_blob(stmt, column), more * sizeof *points->at);
	points->n += more;
	return 0;
}

static int read_chunks(struct store *store, sqlite3_stmt *chunks, int64_t series, struct points *points)
{
	int code, err = 0;

	points->n = 0;
	sqlite3_bind_int64(chunks, 1, series);
	while (!err && (code = sqlite3_step(chunks)) == SQLITE_ROW)
		err = take_chunk(points, chunks, 0);
	if (!err && code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_reset(chunks);
	return err;
}

int store_series_each(struct store *store, const char *pattern, store_series_visit *visit, void *context)
{
	struct points points = { 0 };
	sqlite3_stmt *series = NULL, *chunks = NULL;
	int code = SQLITE_DONE, err = prepare_matching(store, "SELECT series, name, unit, cost FROM series WHERE name GLOB ?1 ORDER BY name",
						       pattern, &series);

	if (!err)
		err = store_prepare(store, "SELECT points FROM series_chunk WHERE series = ?1 ORDER BY chunk", &chunks);
	while (!err && (code = sqlite3_step(series)) == SQLITE_ROW) {
		err = read_chunks(store, chunks, sqlite3_column_int64(series, 0), &points);
		if (!err)
			err = visit(context, (const char *)sqlite3_column_text(series, 1), (const char *)sqlite3_column_text(series, 2),
				    sqlite3_column_int(series, 3) != 0, points.at, points.n);
	}
	if (!err && code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_finalize(series);
	sqlite3_finalize(chunks);
	free(points.at);
	return err;
}
