/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_engine.c: moves rows between the database and their structs by a table of columns, alike for every table. */
#include "analyze/rows.h"
#include "analyze/store.h"
#include "analyze/store_internal.h"
#include "base/err.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* ---- Fields ---- */

static void *field(const struct column *column, const void *row)
{
	return (char *)row + column->offset;
}

int64_t *column_int(const struct column *column, const void *row)
{
	return field(column, row);
}

double *column_real(const struct column *column, const void *row)
{
	return field(column, row);
}

const char **column_text(const struct column *column, const void *row)
{
	return field(column, row);
}

void table_null(enum table_id id, void *row)
{
	const struct table *table = &store_tables[id];

	for (size_t i = 0; i < table->columns_n; i++) {
		const struct column *column = &table->columns[i];

		if (column->type == COLUMN_INT)
			*column_int(column, row) = STORE_NULL;
		else if (column->type == COLUMN_REAL)
			*column_real(column, row) = NAN;
		else
			*column_text(column, row) = NULL;
	}
}

/* ---- Text ---- */

/* Bytes of the UTF-8 character at s; 0 when it is none (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* The first byte that is not part of a UTF-8 character; the terminating 0 when all are. */
static const char *utf8_bad(const char *s)
{
	size_t n;

	while (*s && (n = utf8_length((const unsigned char *)s)))
		s += n;
	return s;
}

static int bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	char *copy, *bad;

	if (!text)
		return sqlite3_bind_null(stmt, at);
	if (!*utf8_bad(text))
		return sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
	copy = strdup(text);
	if (!copy)
		return SQLITE_NOMEM;
	for (bad = copy; *(bad = (char *)utf8_bad(bad));)
		*bad = '?';
	return sqlite3_bind_text(stmt, at, copy, -1, free);
}

/* ---- Insert ---- */

static char *insert_sql(const struct table *table)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendf(sql, "INSERT %sINTO %s (", table->replaces ? "OR REPLACE " : "", table->name);
	for (size_t i = 0; i < table->columns_n; i++)
		sqlite3_str_appendf(sql, "%s%s", i ? ", " : "", table->columns[i].name);
	sqlite3_str_appendall(sql, ") VALUES (");
	for (size_t i = 0; i < table->columns_n; i++)
		sqlite3_str_appendall(sql, i ? ", ?" : "?");
	sqlite3_str_appendall(sql, ")");
	return sqlite3_str_finish(sql);
}

static int prepare_owned(struct store *store, char *sql, sqlite3_stmt **out)
{
	int err = sql ? store_prepare(store, sql, out) : store_error(store, SQLITE_NOMEM);

	sqlite3_free(sql);
	return err;
}

static int insert_statement(struct store *store, enum table_id id)
{
	return store->insert[id] ? 0 : prepare_owned(store, insert_sql(&store_tables[id]), &store->insert[id]);
}

static int bind_column(sqlite3_stmt *stmt, int at, const struct column *column, const void *row)
{
	int64_t i;
	double d;

	switch (column->type) {
	case COLUMN_INT:
		i = *column_int(column, row);
		return i == STORE_NULL ? sqlite3_bind_null(stmt, at) : sqlite3_bind_int64(stmt, at, i);
	case COLUMN_REAL:
		d = *column_real(column, row);
		return isnan(d) ? sqlite3_bind_null(stmt, at) : sqlite3_bind_double(stmt, at, d);
	case COLUMN_TEXT:
		return bind_text(stmt, at, *column_text(column, row));
	}
	return SQLITE_MISUSE;
}

static int check_numbers(const struct table *table, const void *row)
{
	for (size_t i = 0; i < table->columns_n; i++) {
		const struct column *column = &table->columns[i];

		if (column->type == COLUMN_REAL && isinf(*column_real(column, row)))
			return fail(-EINVAL, "store: %s.%s would be infinite; report this as a fault of forecall", table->name,
				    column->name);
	}
	return 0;
}

static int insert_from(struct store *store, enum table_id id, const void *row, size_t first)
{
	const struct table *table = &store_tables[id];
	int code = SQLITE_OK, err = check_numbers(table, row);
	sqlite3_stmt *stmt;

	if (!err)
		err = insert_statement(store, id);
	if (err)
		return err;
	stmt = store->insert[id];
	for (size_t i = first; i < table->columns_n && code == SQLITE_OK; i++)
		code = bind_column(stmt, (int)i + 1, &table->columns[i], row);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return err;
}

int table_insert(struct store *store, enum table_id id, const void *row)
{
	return insert_from(store, id, row, 0);
}

int table_insert_new(struct store *store, enum table_id id, const void *row, int64_t *key)
{
	int err = insert_from(store, id, row, 1); /* an unbound primary key is NULL, for which SQLite takes the next */

	if (!err)
		*key = sqlite3_last_insert_rowid(store->db);
	return err;
}

/* ---- Select ---- */

/* Rows being read. While the memory may still move, a text field holds its offset in `texts` + 1, 0 for NULL. */
struct reader {
	const struct table *table;
	char *rows;
	size_t rows_n, rows_room;
	char *texts;
	size_t texts_n, texts_room;
};

static int make_room(char **memory, size_t *room, size_t needed)
{
	size_t larger = *room ? *room : 4096;
	char *moved;

	if (needed <= *room)
		return 0;
	while (larger < needed)
		larger *= 2;
	moved = realloc(*memory, larger);
	if (!moved)
		return fail(-ENOMEM, "store: out of memory");
	*memory = moved;
	*room = larger;
	return 0;
}

static char *reader_row(const struct reader *reader, size_t i)
{
	return reader->rows + i * reader->table->row_size;
}

/* Neighbouring rows mostly have the same words: the row before is looked at first, and its text shared. */
static int read_text(struct reader *reader, const struct column *column, const char *text, size_t size, uintptr_t *offset)
{
	int err;

	if (reader->rows_n) {
		memcpy(offset, field(column, reader_row(reader, reader->rows_n - 1)), sizeof *offset);
		if (*offset && strcmp(reader->texts + *offset - 1, text) == 0)
			return 0;
	}
	err = make_room(&reader->texts, &reader->texts_room, reader->texts_n + size + 1);
	if (err)
		return err;
	memcpy(reader->texts + reader->texts_n, text, size + 1);
	*offset = reader->texts_n + 1;
	reader->texts_n += size + 1;
	return 0;
}

/* SQLite reads NULL as 0, and only of a 0 must be asked which of the two it was. */
static bool is_null(sqlite3_stmt *stmt, int at)
{
	return sqlite3_column_type(stmt, at) == SQLITE_NULL;
}

/* Reads a column into its field. A text is good until the next step. */
static void view_column(sqlite3_stmt *stmt, int at, const struct column *column, void *row)
{
	int64_t i;
	double d;

	switch (column->type) {
	case COLUMN_INT:
		i = sqlite3_column_int64(stmt, at);
		*column_int(column, row) = i || !is_null(stmt, at) ? i : STORE_NULL;
		break;
	case COLUMN_REAL:
		d = sqlite3_column_double(stmt, at);
		*column_real(column, row) = d != 0 || !is_null(stmt, at) ? d : NAN;
		break;
	case COLUMN_TEXT:
		*column_text(column, row) = (const char *)sqlite3_column_text(stmt, at);
		break;
	}
}

static int read_column(struct reader *reader, sqlite3_stmt *stmt, int at, const struct column *column, char *row)
{
	uintptr_t offset = 0;
	int err = 0;

	view_column(stmt, at, column, row);
	if (column->type != COLUMN_TEXT)
		return 0;
	if (*column_text(column, row))
		err = read_text(reader, column, *column_text(column, row), (size_t)sqlite3_column_bytes(stmt, at), &offset);
	memcpy(row + column->offset, &offset, sizeof offset);
	return err;
}

static int read_row(struct reader *reader, sqlite3_stmt *stmt)
{
	const struct table *table = reader->table;
	int err = make_room(&reader->rows, &reader->rows_room, (reader->rows_n + 1) * table->row_size);

	for (size_t i = 0; i < table->columns_n && !err; i++)
		err = read_column(reader, stmt, (int)i, &table->columns[i], reader_row(reader, reader->rows_n));
	if (!err)
		reader->rows_n++;
	return err;
}

/* Joins rows and texts into one piece of memory, in which offsets become pointers. */
static int reader_finish(struct reader *reader)
{
	size_t rows_size = reader->rows_n * reader->table->row_size;
	int err = make_room(&reader->rows, &reader->rows_room, rows_size + reader->texts_n + 1);

	if (err)
		return err;
	if (reader->texts_n)
		memcpy(reader->rows + rows_size, reader->texts, reader->texts_n);
	for (size_t i = 0; i < reader->rows_n; i++) {
		for (size_t j = 0; j < reader->table->columns_n; j++) {
			const struct column *column = &reader->table->columns[j];
			uintptr_t offset;

			if (column->type != COLUMN_TEXT)
				continue;
			memcpy(&offset, field(column, reader_row(reader, i)), sizeof offset);
			*column_text(column, reader_row(reader, i)) = offset ? reader->rows + rows_size + offset - 1 : NULL;
		}
	}
	return 0;
}

static int read_all(struct reader *reader, struct store *store, sqlite3_stmt *stmt)
{
	int code, err = 0;

	while (!err && (code = sqlite3_step(stmt)) == SQLITE_ROW)
		err = read_row(reader, stmt);
	if (!err && code != SQLITE_DONE)
		err = store_error(store, code);
	return err ? err : reader_finish(reader);
}

static char *select_sql(const struct table *table, const char *where)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendall(sql, "SELECT ");
	for (size_t i = 0; i < table->columns_n; i++)
		sqlite3_str_appendf(sql, "%s%s", i ? ", " : "", table->columns[i].name);
	sqlite3_str_appendf(sql, " FROM %s", table->name);
	if (where)
		sqlite3_str_appendf(sql, " WHERE %s", where);
	sqlite3_str_appendf(sql, " ORDER BY %s", table->order);
	return sqlite3_str_finish(sql);
}

/* Prepares SELECT over a table, with its WHERE clause bound. */
static int select_statement(struct store *store, enum table_id id, const char *where, const struct bind *binds, size_t binds_n,
			    sqlite3_stmt **out)
{
	int err = prepare_owned(store, select_sql(&store_tables[id], where), out);

	for (size_t i = 0; i < binds_n && !err; i++) {
		if (binds[i].text)
			sqlite3_bind_text(*out, (int)i + 1, binds[i].text, -1, SQLITE_STATIC);
		else if (binds[i].id != STORE_NULL) /* unbound is NULL */
			sqlite3_bind_int64(*out, (int)i + 1, binds[i].id);
	}
	return err;
}

int table_select(struct store *store, enum table_id id, const char *where, const struct bind *binds, size_t binds_n,
		 void **rows, size_t *n)
{
	struct reader reader = { .table = &store_tables[id] };
	sqlite3_stmt *stmt = NULL;
	int err = select_statement(store, id, where, binds, binds_n, &stmt);

	*rows = NULL;
	*n = 0;
	if (err)
		return err;
	err = read_all(&reader, store, stmt);
	sqlite3_finalize(stmt);
	free(reader.texts);
	if (err) {
		free(reader.rows);
		return err;
	}
	*rows = reader.rows;
	*n = reader.rows_n;
	return 0;
}

int table_each(struct store *store, enum table_id id, const char *where, const struct bind *binds, size_t binds_n, table_visit *visit,
	       void *context)
{
	const struct table *table = &store_tables[id];
	void *row = malloc(table->row_size);
	sqlite3_stmt *stmt = NULL;
	int code = SQLITE_DONE, err = row ? 0 : fail(-ENOMEM, "store: out of memory");

	if (!err)
		err = select_statement(store, id, where, binds, binds_n, &stmt);
	while (!err && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (size_t i = 0; i < table->columns_n; i++)
			view_column(stmt, (int)i, &table->columns[i], row);
		err = visit(context, row);
	}
	if (!err && code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_finalize(stmt);
	free(row);
	return err;
}

int table_select_one(struct store *store, enum table_id id, const char *where, const struct bind *binds, size_t binds_n,
		     void **row)
{
	size_t n;
	int err = table_select(store, id, where, binds, binds_n, row, &n);

	if (!err && n == 0) {
		free(*row);
		*row = NULL;
		return -ENOENT;
	}
	return err;
}
