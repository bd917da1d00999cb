/* SPDX-License-Identifier: GPL-2.0-or-later */
/* synthetic.h: for benchmarks: a database in a temporary place, and runs in it that nobody measured. */
#ifndef TESTS_BENCH_SYNTHETIC_H
#define TESTS_BENCH_SYNTHETIC_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze/store.h"
#include "base/err.h"

#define SYNTHETIC_HZ 2.5e9

struct synthetic {
	char dir[32], path[64];
	struct store *store;
	int64_t host;
	int64_t started_ns; /* differs from run to run */
};

/* A new database with one host. */
static inline int synthetic_open(struct synthetic *db)
{
	struct host_row host;

	*db = (struct synthetic){.dir = "/tmp/forecall-bench-XXXXXX"};
	if (!mkdtemp(db->dir))
		return fail(-errno, "bench: cannot make a directory in /tmp: %s", strerror(errno));
	snprintf(db->path, sizeof db->path, "%s/bench.db", db->dir);
	store_null_host(&host);
	host.name = "synthetic";
	host.cpu_model = "none";
	host.cpus_n = 2;
	host.kernel = host.build = "none";
	host.arch = "none";
	int err = store_open(db->path, STORE_WRITE, &db->store);
	return err ? err : store_host(db->store, &host, &db->host);
}

/* Closes the database, so that another program can measure how long it takes to open it. */
static inline void synthetic_close(struct synthetic *db)
{
	store_free(db->store);
	db->store = NULL;
}

static inline void synthetic_free(struct synthetic *db)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};

	synthetic_close(db);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char path[80];

		snprintf(path, sizeof path, "%s%s", db->path, suffixes[i]);
		unlink(path);
	}
	rmdir(db->dir);
}

/* Begins a run, and the transaction that its rows are added in. */
static inline int synthetic_begin(struct synthetic *db, const char *kind, int64_t like_run, int64_t *run)
{
	struct run_row row;

	store_null_run(&row);
	row.kind = kind;
	row.host = db->host;
	row.started_ns = ++db->started_ns;
	row.command = row.version = row.target = "synthetic";
	row.scope = "process";
	row.path = "sendmsg";
	row.clock = "tsc";
	row.clock_hz = SYNTHETIC_HZ;
	row.engine = strcmp(kind, "bench") ? "ledger" : "none";
	row.like_run = like_run;
	int err = store_run_begin(db->store, &row, run);
	return err ? err : store_begin(db->store);
}

static inline int synthetic_end(struct synthetic *db, int64_t run)
{
	const struct run_end end = {.state = "complete", .wall_ns = 1, .residue = 0};
	int err = store_run_end(db->store, run, &end);

	return err ? err : store_commit(db->store);
}

#endif
