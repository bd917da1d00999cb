/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_migrate.c: brings a database of an older schema forward, in one transaction. Every table is laid anew by schema.sql, so
 * that constraints, indices and views are the current ones whatever changed, and its rows are copied column by column: a column is
 * known by its name, one that is new gets its default (NULL: "not measured"), a table that is gone takes its rows along.
 *
 * A version that renames a column, or changes what one means, needs a statement of its own before the copy. None has yet.
 */
#include "analyze/store.h"
#include "analyze/store_internal.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASIDE "migrating_" /* put before a table's name while its successor is filled */

/* Runs the statements that `sql` writes: one text, NULL when there is nothing to do. */
static int exec_generated(struct store *store, const char *sql)
{
	char *script = NULL;
	sqlite3_stmt *stmt;
	int code, err = store_prepare(store, sql, &stmt);

	if (err)
		return err;
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
		script = strdup((const char *)sqlite3_column_text(stmt, 0));
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_finalize(stmt);
	if (!err && script)
		err = store_exec(store, script);
	free(script);
	return err;
}

/* Views and indices go; tables wait under another name. */
static int set_aside(struct store *store)
{
	return exec_generated(store, "SELECT group_concat(CASE type WHEN 'table' THEN "
				"  format('ALTER TABLE \"%w\" RENAME TO \"" ASIDE "%w\";', name, name) "
				"  ELSE format('DROP %s \"%w\";', type, name) END, ' ') "
				"FROM (SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
				"      ORDER BY type = 'table')");
}

/* Columns that both have: the rows keep their values, and their keys. */
static int copy_rows(struct store *store)
{
	return exec_generated(store, "SELECT group_concat(format('INSERT INTO \"%w\" (%s) SELECT %s FROM \"" ASIDE "%w\";', "
				"                           name, columns, columns, name), ' ') "
				"FROM (SELECT new.name AS name, group_concat(format('\"%w\"', c.name)) AS columns "
				"      FROM sqlite_schema new "
				"      JOIN sqlite_schema old ON old.name = '" ASIDE "' || new.name "
				"      JOIN pragma_table_info(new.name) c "
				"      JOIN pragma_table_info(old.name) d ON d.name = c.name "
				"      WHERE new.type = 'table' GROUP BY new.name)");
}

static int drop_aside(struct store *store)
{
	return exec_generated(store, "SELECT group_concat(format('DROP TABLE \"%w\";', name), ' ') FROM sqlite_schema "
				"WHERE type = 'table' AND name LIKE '" ASIDE "%'");
}

/* A row that refers to none, which the copy cannot have made but a damaged file may hold. */
static int check_references(struct store *store)
{
	int64_t broken_n;
	int err = store_query(store, "SELECT count(*) FROM pragma_foreign_key_check", NULL, 0, &broken_n);

	return !err && broken_n > 0 ? store_error(store, SQLITE_CORRUPT) : err;
}

static int rebuild(struct store *store, const char *schema)
{
	int err = set_aside(store);

	if (!err)
		err = store_exec(store, schema);
	if (!err)
		err = copy_rows(store);
	if (!err)
		err = drop_aside(store);
	if (!err)
		err = check_references(store);
	return err;
}

/* Under the lock: another process may just have done it. */
static int rebuild_if_older(struct store *store, const char *schema, int64_t version)
{
	int64_t found;
	int err = store_query(store, "PRAGMA user_version", NULL, 0, &found);

	return !err && found < version ? rebuild(store, schema) : err;
}

int store_migrate(struct store *store, const char *schema, int64_t version)
{
	/* References are followed by none of the statements above: they are checked at the end. Not possible inside. */
	int err = store_exec(store, "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON");

	if (!err)
		err = store_begin(store);
	if (!err)
		err = store_finish(store, rebuild_if_older(store, schema, version));
	if (store_exec(store, "PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON") && !err)
		err = -EIO;
	return err;
}
