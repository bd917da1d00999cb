/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.c: opens and closes the database, and keeps its schema current. */
#include "analyze/store.h"

#include "analyze/store_internal.h"
#include "base/err.h"
#include "schema.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID 0x6663616c /* as in schema.sql: "fcal" */

/* ---- Schema ---- */

static int schema_version(struct store *store, int64_t *version)
{
	return store_query(store, "PRAGMA user_version", NULL, 0, version);
}

/* Lays the schema into an empty database, unless another process was faster. */
static int create(struct store *store)
{
	int64_t objects_n;
	int err = store_begin(store);

	if (err)
		return err;
	err = store_query(store, "SELECT count(*) FROM sqlite_schema", NULL, 0, &objects_n);
	if (!err && objects_n == 0)
		err = store_exec(store, schema_sql);
	return store_finish(store, err);
}

/* The header says whose database it is; that the schema can be read says that the file goes on behind its header. */
static int check_identity(struct store *store)
{
	int64_t id, objects_n;
	int err = store_query(store, "PRAGMA application_id", NULL, 0, &id);

	if (!err)
		err = store_query(store, "SELECT count(*) FROM sqlite_schema", NULL, 0, &objects_n);
	if (err)
		return err;
	return id == APPLICATION_ID && objects_n > 0 ? 0 : store_error(store, SQLITE_NOTADB);
}

/* SQLite does not wait on its own when two processes switch a new database to WAL at once. */
static int use_wal(struct store *store)
{
	for (int waited_ms = 0; waited_ms < STORE_BUSY_MS; waited_ms += 10) {
		int code = sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);

		if (code == SQLITE_OK)
			return 0;
		if ((code & 0xff) != SQLITE_BUSY)
			return store_error(store, code);
		usleep(10000);
	}
	return store_error(store, SQLITE_BUSY);
}

static int prepare_for_writing(struct store *store)
{
	int64_t objects_n;
	int err;

	if (sqlite3_db_readonly(store->db, "main") == 1)
		return store_error(store, SQLITE_READONLY);
	err = store_query(store, "SELECT count(*) FROM sqlite_schema", NULL, 0, &objects_n);
	if (!err && objects_n == 0)
		err = use_wal(store);
	if (!err && objects_n == 0)
		err = create(store);
	return err;
}

/* An old schema is brought forward through a connection of its own when this one may only read. */
static int update_schema(struct store *store, enum store_mode mode)
{
	struct store *writer;
	int err;

	if (mode == STORE_WRITE)
		return store_migrate(store, schema_sql, STORE_SCHEMA_VERSION);
	err = store_open(store->path, STORE_WRITE, &writer);
	store_free(writer);
	return err;
}

static int check_schema(struct store *store, enum store_mode mode)
{
	int64_t version;
	int err = check_identity(store);

	if (!err)
		err = schema_version(store, &version);
	if (err)
		return err;
	if (version < 1)
		return store_error(store, SQLITE_NOTADB);
	if (version > STORE_SCHEMA_VERSION)
		return fail(-ENOTSUP, "store: %s has schema %lld, this forecall knows up to %d; install a newer forecall, "
			    "or name another database with --db FILE", store->path, (long long)version, STORE_SCHEMA_VERSION);
	return version < STORE_SCHEMA_VERSION ? update_schema(store, mode) : 0;
}

/* ---- Opening ---- */

static int missing(const char *path)
{
	return fail(-ENOENT, "store: there is no database %s; measure something first (forecall profile), or name one with --db FILE",
		    path);
}

static int check_file(const char *path, enum store_mode mode)
{
	struct stat st;

	if (stat(path, &st)) {
		if (errno != ENOENT)
			return fail(-errno, "store: cannot open %s: %s; name another with --db FILE", path, strerror(errno));
		return mode == STORE_READ ? missing(path) : 0;
	}
	if (S_ISDIR(st.st_mode))
		return fail(-EISDIR, "store: %s is a directory; name a file in it with --db FILE", path);
	return 0;
}

/* "file:<path>?immutable=1", with the characters escaped that mean something there. The caller frees it. */
static char *immutable_uri(const char *path)
{
	char *uri = malloc(strlen("file:?immutable=1") + 3 * strlen(path) + 1), *end;

	if (!uri)
		return NULL;
	end = stpcpy(uri, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			end += sprintf(end, "%%%02X", (unsigned char)*path);
		else
			*end++ = *path;
	}
	memcpy(end, "?immutable=1", sizeof "?immutable=1");
	return uri;
}

/* Whether some committed rows may still lie in the write-ahead log beside the database. */
static bool has_log(const char *path)
{
	struct stat st;
	char *log = sqlite3_mprintf("%s-wal", path);
	bool found = !log || (stat(log, &st) == 0 && st.st_size > 0);

	sqlite3_free(log);
	return found;
}

static int connect_to(struct store *store, const char *name, int flags)
{
	int code;

	sqlite3_close(store->db);
	/* one thread at a time uses a store (store.h): its locks would be a fifth of the time that reading a large bench takes */
	code = sqlite3_open_v2(name, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return code;
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	return SQLITE_OK;
}

static int probe(struct store *store)
{
	int code = SQLITE_OK;

	/* fails where another program that creates the database has just removed the journal that this one found */
	for (int waited_ms = 0; waited_ms < STORE_BUSY_MS; waited_ms += 10) {
		code = sqlite3_exec(store->db, "PRAGMA schema_version", NULL, NULL, NULL);
		if (code != SQLITE_IOERR_DELETE_NOENT)
			break;
		usleep(10000);
	}
	return code;
}

/* A WAL database wants to write beside itself even to be read. On a read-only disk it is read as it lies there. */
static int connect_read(struct store *store)
{
	int again, code = connect_to(store, store->path, SQLITE_OPEN_READONLY);
	char *uri;

	if (code == SQLITE_OK)
		code = probe(store);
	if (((code & 0xff) != SQLITE_CANTOPEN && (code & 0xff) != SQLITE_READONLY) || has_log(store->path))
		return code;
	uri = immutable_uri(store->path);
	if (!uri)
		return SQLITE_NOMEM;
	again = connect_to(store, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	free(uri);
	return again == SQLITE_OK ? probe(store) : again;
}

static int connect_write(struct store *store)
{
	int code = connect_to(store, store->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

	return code == SQLITE_OK ? probe(store) : code;
}

static int connect_and_check(struct store *store, enum store_mode mode)
{
	int code = mode == STORE_READ ? connect_read(store) : connect_write(store);
	int err;

	if (code != SQLITE_OK)
		return store_error(store, code);
	err = store_exec(store, "PRAGMA foreign_keys = ON");
	if (!err && mode == STORE_WRITE)
		err = prepare_for_writing(store);
	if (!err)
		err = check_schema(store, mode);
	return err;
}

int store_open(const char *path, enum store_mode mode, struct store **out)
{
	struct store *store;
	int err = check_file(path, mode);

	*out = NULL;
	if (err)
		return err;
	store = calloc(1, sizeof *store);
	if (!store || !(store->path = strdup(path))) {
		free(store);
		return fail(-ENOMEM, "store: out of memory");
	}
	err = connect_and_check(store, mode);
	if (err) {
		store_free(store);
		return err;
	}
	*out = store;
	return 0;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < TABLE_MAX; i++)
		sqlite3_finalize(store->insert[i]);
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

void store_rows_free(void *rows)
{
	free(rows);
}
