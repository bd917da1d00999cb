/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_lab_store.c: brings the runs of a guest into the host's database. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cmd_lab.h"

/* Moves every moment in it that is a wall clock's: started_ns of the run and of runs that it names, made_ns. */
static void move_times(json_t *value, int64_t by_ns)
{
	const char *key;
	json_t *member;
	size_t i;

	json_object_foreach(value, key, member) {
		if (json_is_integer(member) && (!strcmp(key, "started_ns") || !strcmp(key, "made_ns")))
			json_integer_set(member, json_integer_value(member) + by_ns);
		else
			move_times(member, by_ns);
	}
	json_array_foreach(value, i, member)
		move_times(member, by_ns);
}

static int store_one(const struct cli *cli, struct store *store, json_t *object, int64_t by_ns)
{
	int64_t run;
	bool is_new;
	int err;

	move_times(object, by_ns);
	err = store_import(store, object, &run, &is_new);
	if (!err && !cli->quiet)
		fprintf(stderr, "lab: run %lld in %s\n", (long long)run, cli->db);
	return err;
}

/* One object a line. */
static int store_all(const struct cli *cli, struct store *store, const struct buffer *runs, int64_t by_ns)
{
	size_t at = 0;
	int err = 0;

	while (at < runs->n && !err) {
		json_error_t error;
		json_t *object = json_loadb(runs->data + at, runs->n - at, JSON_DISABLE_EOF_CHECK, &error);

		if (!object && at + strspn(runs->data + at, " \n\t") < runs->n)
			return fail(-EINVAL, "lab: what the guest's store holds cannot be read: %s", error.text);
		if (!object)
			break;
		at += (size_t)error.position;
		err = store_one(cli, store, object, by_ns);
		json_decref(object);
	}
	return err;
}

int lab_store_runs(const struct cli *cli, const struct lab_options *options, const struct lab_result *result)
{
	int64_t by_ns = options->icount ? result->started_ns - LAB_EPOCH_S * 1000000000 : 0;
	struct store *store = NULL;
	int err;

	if (!result->runs.n)
		return 0;
	err = store_open(cli->db, STORE_WRITE, &store);
	if (!err)
		err = store_all(cli, store, &result->runs, by_ns);
	store_free(store);
	return err;
}
