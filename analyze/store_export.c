/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_export.c: one run with all that belongs to it as one JSON object. */
#include "analyze/rows.h"
#include "analyze/store.h"
#include "analyze/store_internal.h"
#include "base/err.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>

/* ---- Rows ---- */

static json_t *column_to_json(const struct column *column, const void *row)
{
	int64_t i;
	double d;

	switch (column->type) {
	case COLUMN_INT:
		i = *column_int(column, row);
		return i == STORE_NULL ? json_null() : json_integer(i);
	case COLUMN_REAL:
		d = *column_real(column, row);
		return isnan(d) ? json_null() : json_real(d);
	case COLUMN_TEXT:
		return *column_text(column, row) ? json_string(*column_text(column, row)) : json_null();
	}
	return NULL;
}

/* A row as an object, without its first `skip` columns. NULL when out of memory or when a text is not UTF-8. */
static json_t *table_to_json(enum table_id id, const void *row, size_t skip)
{
	const struct table *table = &store_tables[id];
	json_t *object = json_object();

	for (size_t i = skip; i < table->columns_n; i++) {
		if (json_object_set_new(object, table->columns[i].name, column_to_json(&table->columns[i], row))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* ---- Links to other runs ---- */

static int not_json(void)
{
	return fail(-EINVAL, "export: out of memory, or a text of the run is not UTF-8; free memory, or repair the text with sqlite3");
}

static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) ? not_json() : 0;
}

/* Sets object[key] to what names the run in every database, null for STORE_NULL. */
static int set_link(struct store *store, json_t *object, const char *key, int64_t run)
{
	struct host_row *host = NULL;
	struct run_row *row;
	int err;

	if (run == STORE_NULL)
		return set(object, key, json_null());
	err = store_run(store, run, &row);
	if (err)
		return err;
	err = store_host_of(store, run, &host);
	if (!err)
		err = set(object, key, json_pack("{s:s, s:s, s:I}", "host", host->digest, "kind", row->kind, "started_ns",
						 (json_int_t)row->started_ns));
	store_rows_free(host);
	store_rows_free(row);
	return err;
}

/* ---- A run ---- */

static int export_rows(enum table_id id, const void *rows, size_t n, json_t *list)
{
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, table_to_json(id, (const char *)rows + i * store_tables[id].row_size, 1)))
			return not_json();
	return 0;
}

static int export_table(struct store *store, enum table_id id, int64_t run, json_t *object)
{
	struct bind bind = { .id = run };
	json_t *list = json_array();
	void *rows;
	size_t n;
	int err = set(object, store_tables[id].name, list);

	if (err)
		return err;
	err = table_select(store, id, "run = ?1", &bind, 1, &rows, &n);
	if (!err)
		err = export_rows(id, rows, n, list);
	store_rows_free(rows);
	return err;
}

static int export_observation(struct store *store, const struct prediction_row *prediction, json_t *object)
{
	struct bind bind = { .id = prediction->prediction };
	json_t *observation;
	void *row;
	int err = table_select_one(store, TABLE_OBSERVATION, "prediction = ?1", &bind, 1, &row);

	if (err)
		return err == -ENOENT ? 0 : err;
	observation = table_to_json(TABLE_OBSERVATION, row, 2);
	err = set(object, KEY_OBSERVATION, observation);
	if (!err)
		err = set_link(store, observation, KEY_OBSERVE, ((struct observation_row *)row)->run);
	store_rows_free(row);
	return err;
}

static int export_prediction(struct store *store, const struct prediction_row *row, json_t *list)
{
	json_t *object = table_to_json(TABLE_PREDICTION, row, 1);
	int err;

	if (json_array_append_new(list, object))
		return not_json();
	json_object_del(object, "profile");
	json_object_del(object, "bench");
	err = set_link(store, object, KEY_PROFILE, row->profile);
	if (!err)
		err = set_link(store, object, KEY_BENCH, row->bench);
	if (!err)
		err = export_observation(store, row, object);
	return err;
}

/* Those that rest on the run: as their profile, their bench or their observation. */
static int export_predictions(struct store *store, int64_t run, json_t *object)
{
	struct bind bind = { .id = run };
	json_t *list = json_array();
	void *rows;
	size_t n;
	int err = set(object, "prediction", list);

	if (err)
		return err;
	err = table_select(store, TABLE_PREDICTION,
			   "profile = ?1 OR bench = ?1 OR prediction IN (SELECT prediction FROM observation WHERE run = ?1)", &bind, 1,
			   &rows, &n);
	for (size_t i = 0; i < n && !err; i++)
		err = export_prediction(store, (struct prediction_row *)rows + i, list);
	store_rows_free(rows);
	return err;
}

static int export_host(struct store *store, int64_t run, json_t *object)
{
	struct host_row *row;
	int err = store_host_of(store, run, &row);

	if (!err)
		err = set(object, "host", table_to_json(TABLE_HOST, row, 1));
	store_rows_free(row);
	return err;
}

static int export_run(struct store *store, int64_t run, json_t *object)
{
	struct run_row *row;
	json_t *out;
	int err = store_run(store, run, &row);

	if (err)
		return err;
	out = table_to_json(TABLE_RUN, row, 1);
	err = set(object, "run", out);
	if (!err) {
		json_object_del(out, "host");
		json_object_del(out, "like_run");
		err = set_link(store, out, KEY_LIKE, row->like_run);
	}
	store_rows_free(row);
	return err;
}

static int export_all(struct store *store, int64_t run, json_t *object)
{
	int err = set(object, KEY_SCHEMA, json_integer(STORE_SCHEMA_VERSION));

	if (!err)
		err = export_run(store, run, object);
	if (!err)
		err = export_host(store, run, object);
	for (enum table_id id = TABLE_OF_RUN_FIRST; id <= TABLE_OF_RUN_LAST && !err; id++)
		err = export_table(store, id, run, object);
	return err ? err : export_predictions(store, run, object);
}

int store_export(struct store *store, int64_t run, json_t **out)
{
	json_t *object = json_object();
	int err = store_exec(store, "SAVEPOINT export"); /* all reads see the same state */

	*out = NULL;
	if (!err) {
		err = export_all(store, run, object);
		store_exec(store, "RELEASE export");
	}
	if (err)
		json_decref(object);
	else
		*out = object;
	return err;
}
