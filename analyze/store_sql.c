/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_sql.c: runs SQL, and says what went wrong with it and what to do about that. */
#include "analyze/store.h"
#include "analyze/store_internal.h"
#include "base/err.h"

#include <errno.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Errors ---- */

static int full(struct store *store)
{
	return fail(-ENOSPC, "store: no room left for %s; free some, or name a database on another disk with --db FILE",
		    store->path);
}

static int read_only(struct store *store)
{
	return fail(-EROFS, "store: %s cannot be written; make it and its directory writable, or name another with --db FILE",
		    store->path);
}

static int damaged(struct store *store)
{
	return fail(-EBADMSG, "store: %s is damaged or is not a forecall database; move it away and restore a copy, "
		    "or name another with --db FILE", store->path);
}

/* A failed write says only "I/O error": whether the disk is full, or a quota or limit is reached, the system call knows. */
static int io_error(struct store *store)
{
	int sys = sqlite3_system_errno(store->db);

	if (sys == ENOSPC || sys == EDQUOT || sys == EFBIG)
		return full(store);
	return fail(-EIO, "store: %s: input or output error (%s); see dmesg about the disk", store->path,
		    sys ? strerror(sys) : sqlite3_errmsg(store->db));
}

/* Whether the directory of the database is there but takes no new file. */
static bool directory_is_read_only(const char *path)
{
	char *copy = strdup(path);
	bool read_only = copy && access(dirname(copy), W_OK) && errno != ENOENT;

	free(copy);
	return read_only;
}

/* What cannot be created SQLite tries to open once more, for reading, and then reports that it is missing. */
static int cannot_open(struct store *store)
{
	int sys = sqlite3_system_errno(store->db);

	if (sys == ENOSPC || sys == EDQUOT)
		return full(store);
	if (sys == EROFS || (sys == ENOENT && directory_is_read_only(store->path)))
		return read_only(store);
	return fail(sys ? -sys : -EIO, "store: cannot open %s: %s; name another with --db FILE", store->path,
		    sys ? strerror(sys) : sqlite3_errmsg(store->db));
}

int store_error(struct store *store, int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return full(store);
	case SQLITE_READONLY:
		return read_only(store);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return damaged(store);
	case SQLITE_IOERR:
		return io_error(store);
	case SQLITE_CANTOPEN:
		return cannot_open(store);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(-EBUSY, "store: %s was locked by another program for %d s; end that, then repeat", store->path,
			    STORE_BUSY_MS / 1000);
	case SQLITE_NOMEM:
		return fail(-ENOMEM, "store: out of memory");
	case SQLITE_CONSTRAINT:
		return fail(-EINVAL, "store: %s: a row was refused: %s", store->path, sqlite3_errmsg(store->db));
	default:
		return fail(-EIO, "store: %s: %s", store->path, sqlite3_errmsg(store->db));
	}
}

/* ---- Statements ---- */

int store_prepare(struct store *store, const char *sql, sqlite3_stmt **out)
{
	int code = sqlite3_prepare_v2(store->db, sql, -1, out, NULL);

	return code == SQLITE_OK ? 0 : store_error(store, code);
}

int store_exec(struct store *store, const char *sql)
{
	int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : store_error(store, code);
}

int store_query(struct store *store, const char *sql, const int64_t *ids, size_t ids_n, int64_t *out)
{
	sqlite3_stmt *stmt;
	int code, err = store_prepare(store, sql, &stmt);

	if (err)
		return err;
	for (size_t i = 0; i < ids_n; i++)
		if (ids[i] != STORE_NULL) /* unbound is NULL */
			sqlite3_bind_int64(stmt, (int)i + 1, ids[i]);
	code = sqlite3_step(stmt);
	if (out)
		*out = code == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL ? sqlite3_column_int64(stmt, 0) :
											   STORE_NULL;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		err = store_error(store, code);
	sqlite3_finalize(stmt);
	return err;
}

int store_begin(struct store *store)
{
	return store_exec(store, "BEGIN IMMEDIATE");
}

int store_commit(struct store *store)
{
	return store_exec(store, "COMMIT");
}

void store_rollback(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

int store_finish(struct store *store, int err)
{
	if (!err)
		err = store_commit(store);
	if (err)
		store_rollback(store);
	return err;
}
