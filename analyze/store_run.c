/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_run.c: the life of a run (host, begin, end, delete) and how runs are found. */
#include "analyze/rows.h"
#include "analyze/store.h"
#include "analyze/store_internal.h"
#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* ---- Host ---- */

#define DIGEST_SIZE 33 /* 128 bits in hexadecimal */

typedef unsigned __int128 hash_t; /* FNV-1a, G. Fowler, L. C. Noll, P. Vo; the 128 bit constants of RFC 9923 */
#define FNV_PRIME (((hash_t)1 << 88) + 0x13b)
#define FNV_BASIS (((hash_t)0x6c62272e07bb0142ull << 64) + 0x62b821756295c58dull)

static hash_t hash_byte(hash_t hash, unsigned char byte)
{
	return (hash ^ byte) * FNV_PRIME;
}

/* Bytes that need not be kept as they are (text that is not UTF-8) count as '?', so that an imported host matches. */
static hash_t hash_text(hash_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = hash_byte(hash, (unsigned char)*text < 0x80 ? (unsigned char)*text : '?');
	return hash_byte(hash, text ? 0 : 0xff); /* ends the field, and tells NULL from "" */
}

/* Of every column but the id and the digest itself. */
static void host_digest(const struct host_row *row, char digest[DIGEST_SIZE])
{
	const struct table *table = &store_tables[TABLE_HOST];
	hash_t hash = FNV_BASIS;

	for (size_t i = 2; i < table->columns_n; i++) {
		const struct column *column = &table->columns[i];
		char number[24];

		if (column->type == COLUMN_INT)
			snprintf(number, sizeof number, "%" PRId64, *column_int(column, row));
		hash = hash_text(hash, column->type == COLUMN_INT ? number : *column_text(column, row));
	}
	snprintf(digest, DIGEST_SIZE, "%016" PRIx64 "%016" PRIx64, (uint64_t)(hash >> 64), (uint64_t)hash);
}

static int host_find_or_add(struct store *store, const struct host_row *row, int64_t *host)
{
	struct bind bind = { .text = row->digest };
	void *found;
	int err = table_select_one(store, TABLE_HOST, "digest = ?1", &bind, 1, &found);

	if (err == -ENOENT)
		return table_insert_new(store, TABLE_HOST, row, host);
	if (err)
		return err;
	*host = ((struct host_row *)found)->host;
	store_rows_free(found);
	return 0;
}

int store_host(struct store *store, const struct host_row *row, int64_t *host)
{
	bool own = sqlite3_get_autocommit(store->db);
	char digest[DIGEST_SIZE];
	struct host_row full = *row;
	int err = own ? store_begin(store) : 0; /* two programs may add the same host at once */

	if (err)
		return err;
	host_digest(row, digest);
	full.digest = digest;
	err = host_find_or_add(store, &full, host);
	if (own && !err)
		err = store_commit(store);
	if (own && err)
		store_rollback(store);
	return err;
}

/* ---- Begin, end, delete ---- */

int store_run_begin(struct store *store, const struct run_row *row, int64_t *run)
{
	struct run_row begun = *row;

	if (!sqlite3_get_autocommit(store->db))
		return fail(-EINVAL, "store: a run begins outside of any transaction; report this as a fault of forecall");
	begun.state = "incomplete";
	begun.wall_ns = begun.span_ns = begun.once_ns = begun.twice_ns = STORE_NULL;
	begun.quiet_n = begun.waking_n = begun.quiet_ns = begun.waking_ns = STORE_NULL;
	begun.residue = NAN;
	begun.lost_n = begun.unbalanced = begun.steal_ns = 0;
	return table_insert_new(store, TABLE_RUN, &begun, run);
}

static int no_run(struct store *store, int64_t run)
{
	return fail(-ENOENT, "store: there is no run %" PRId64 " in %s; `forecall runs list` shows those there are", run,
		    store->path);
}

static void bind_end(sqlite3_stmt *stmt, int64_t run, const struct run_end *end)
{
	const int64_t numbers[] = { end->wall_ns, end->lost_n, end->unbalanced, end->steal_ns, run };
	const int64_t spans[] = { end->span_ns, end->once_ns, end->twice_ns };
	const int64_t wakes[] = { end->quiet_n, end->waking_n, end->quiet_ns, end->waking_ns };

	sqlite3_bind_text(stmt, 1, end->state, -1, SQLITE_STATIC);
	for (int i = 0; i < 5; i++)
		if (numbers[i] != STORE_NULL) /* unbound is NULL */
			sqlite3_bind_int64(stmt, 2 + i, numbers[i]);
	for (int i = 0; i < 3 && end->span_ns; i++)
		sqlite3_bind_int64(stmt, 8 + i, spans[i]);
	for (int i = 0; i < 4 && end->quiet_n + end->waking_n > 0; i++)
		sqlite3_bind_int64(stmt, 11 + i, wakes[i]);
	if (!isnan(end->residue))
		sqlite3_bind_double(stmt, 7, end->residue);
}

/* What was emulated says so wherever it is shown; collect/host.c tells it by host.virt. */
static int mark_emulated(struct store *store, int64_t run)
{
	static const char *const marks[] = {
		"INSERT OR IGNORE INTO warning SELECT run, 'instructions', 'made in a guest under icount: the figures are instructions, "
		"not cycles; cache misses, mode switches and what a network card costs are not in them' "
		"FROM run JOIN host USING (host) WHERE run = ?1 AND virt = '" HOST_VIRT_ICOUNT "'",
		"INSERT OR IGNORE INTO warning SELECT run, 'emulated', 'made in an emulated guest: the figures are cycles of the emulator, "
		"and say nothing about a real machine' "
		"FROM run JOIN host USING (host) WHERE run = ?1 AND virt = '" HOST_VIRT_EMULATED "'",
	};
	int err = 0;

	for (size_t i = 0; i < sizeof marks / sizeof *marks && !err; i++)
		err = store_query(store, marks[i], &run, 1, NULL);
	return err;
}

int store_run_end(struct store *store, int64_t run, const struct run_end *end)
{
	sqlite3_stmt *stmt;
	int code, err = store_prepare(store,
				      "UPDATE run SET state = ?1, wall_ns = ?2, lost_n = ?3, unbalanced = ?4, steal_ns = ?5,"
				      " residue = ?7, span_ns = ?8, once_ns = ?9, twice_ns = ?10, quiet_n = ?11, waking_n = ?12, quiet_ns = ?13,"
				      " waking_ns = ?14 WHERE run = ?6", &stmt);

	if (err)
		return err;
	bind_end(stmt, run, end);
	code = sqlite3_step(stmt);
	if (code != SQLITE_DONE)
		err = store_error(store, code);
	else if (sqlite3_changes(store->db) == 0)
		err = no_run(store, run);
	sqlite3_finalize(stmt);
	return err ? err : mark_emulated(store, run);
}

static int delete_run_and_host(struct store *store, int64_t run)
{
	int64_t host;
	int err = store_query(store, "SELECT host FROM run WHERE run = ?1", &run, 1, &host);

	if (err)
		return err;
	if (host == STORE_NULL)
		return no_run(store, run);
	err = store_query(store, "DELETE FROM run WHERE run = ?1", &run, 1, NULL);
	if (err)
		return err;
	return store_query(store, "DELETE FROM host WHERE host = ?1 AND NOT EXISTS (SELECT 1 FROM run WHERE host = ?1)", &host, 1,
			   NULL);
}

int store_delete(struct store *store, int64_t run)
{
	int err = store_begin(store);

	if (err)
		return err;
	err = delete_run_and_host(store, run);
	if (!err)
		err = store_commit(store);
	if (err)
		store_rollback(store);
	return err;
}

/* ---- Finding ---- */

int store_run(struct store *store, int64_t run, struct run_row **row)
{
	struct bind bind = { .id = run };
	void *found;
	int err = table_select_one(store, TABLE_RUN, "run = ?1", &bind, 1, &found);

	*row = found;
	return err == -ENOENT ? no_run(store, run) : err;
}

int store_host_of(struct store *store, int64_t run, struct host_row **row)
{
	struct bind bind = { .id = run };
	void *found;
	int err = table_select_one(store, TABLE_HOST, "host = (SELECT host FROM run WHERE run = ?1)", &bind, 1, &found);

	*row = found;
	return err == -ENOENT ? no_run(store, run) : err;
}

int store_prediction(struct store *store, int64_t prediction, struct prediction_row **row)
{
	struct bind bind = { .id = prediction };
	void *found;
	int err = table_select_one(store, TABLE_PREDICTION, "prediction = ?1", &bind, 1, &found);

	*row = found;
	if (err == -ENOENT)
		return fail(err, "store: there is no prediction %" PRId64 " in %s; `forecall predict` makes one", prediction,
			    store->path);
	return err;
}

int store_last_run(struct store *store, const char *kind, struct run_row **row)
{
	struct bind bind = { .text = kind };
	const char *where = kind ? "run = (SELECT max(run) FROM run WHERE state <> 'incomplete' AND kind = ?1)" :
				   "run = (SELECT max(run) FROM run WHERE state <> 'incomplete')";
	void *found;
	int err = table_select_one(store, TABLE_RUN, where, &bind, kind != NULL, &found);

	*row = found;
	if (err == -ENOENT)
		return fail(err, "store: %s holds no finished %s; make one with `forecall %s`", store->path, kind ? kind : "run",
			    kind ? kind : "profile");
	return err;
}

int store_runs(struct store *store, const char *kind, const char *state, struct run_row **rows, size_t *n)
{
	struct bind binds[] = { { .text = kind ? kind : "%" }, { .text = state ? state : "%" } };
	void *found;
	int err = table_select(store, TABLE_RUN, "kind LIKE ?1 AND state LIKE ?2", binds, 2, &found, n);

	*rows = found;
	return err;
}

/* A row of ?2 is looked for, and beside it one of ?3 and of null in the same round of the same point: each is one step down the
 * primary key, and the first round of a bench mostly has them all. */
#define BENCH_FOR                                                                                                      \
	"run = (SELECT run FROM run AS r WHERE kind = 'bench' AND state <> 'incomplete'"                               \
	" AND (like_run = ?1 OR like_run IS NULL) AND EXISTS (SELECT 1 FROM bench AS b"                                \
	" JOIN bench AS a USING (run, group_size, payload_bytes, private_bytes, round)"                                \
	" JOIN bench AS n USING (run, group_size, payload_bytes, private_bytes, round)"                                \
	" WHERE b.run = r.run AND b.way = ?2 AND a.way = ?3 AND n.way = 'null'"                                        \
	" AND b.packets_n > 0 AND a.packets_n > 0 AND n.packets_n > 0)"                                                \
	" ORDER BY EXISTS (SELECT 1 FROM run AS p WHERE p.run = ?1 AND p.host = r.host AND p.clock = r.clock) DESC,"      \
	" like_run IS NOT NULL DESC, topology IS 'sink', run DESC LIMIT 1)"

int store_bench_for(struct store *store, int64_t profile, const char *base, const char *alt, int64_t *run)
{
	struct bind binds[] = { { .id = profile }, { .text = base }, { .text = alt } };
	void *found;
	int err = table_select_one(store, TABLE_RUN, BENCH_FOR, binds, 3, &found);

	*run = err ? STORE_NULL : ((struct run_row *)found)->run;
	store_rows_free(found);
	return err == -ENOENT ? 0 : err;
}
