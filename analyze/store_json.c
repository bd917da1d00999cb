/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_json.c: one run as one JSON object, written and read back, so that databases can be joined. */
#include "analyze/rows.h"
#include "analyze/store.h"
#include "analyze/store_internal.h"
#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

/* Keys that are not columns. A run has another id in every database, so links name it by what is the same everywhere. */
#define KEY_SCHEMA "schema"           /* the version that wrote the object */
#define KEY_LIKE "like"               /* instead of run.like_run */
#define KEY_PROFILE "profile_run"     /* instead of prediction.profile */
#define KEY_BENCH "bench_run"         /* instead of prediction.bench */
#define KEY_OBSERVATION "observation" /* in a prediction: the row of that table */
#define KEY_OBSERVE "observe_run"     /* instead of observation.run */

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

json_t *table_to_json(enum table_id id, const void *row, size_t skip)
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

static int wrong_type(const struct table *table, const struct column *column, const char *wanted)
{
	return fail(-EINVAL, "import: %s.%s is not %s; use a file that `forecall runs export` wrote", table->name, column->name,
		    wanted);
}

static int column_from_json(const struct table *table, const struct column *column, const json_t *value, void *row)
{
	if (!value || json_is_null(value))
		return 0;
	switch (column->type) {
	case COLUMN_INT:
		if (!json_is_integer(value))
			return wrong_type(table, column, "a whole number");
		*column_int(column, row) = json_integer_value(value);
		break;
	case COLUMN_REAL:
		if (!json_is_number(value))
			return wrong_type(table, column, "a number");
		*column_real(column, row) = json_number_value(value);
		break;
	case COLUMN_TEXT:
		if (!json_is_string(value))
			return wrong_type(table, column, "a text");
		*column_text(column, row) = json_string_value(value);
		break;
	}
	return 0;
}

int table_from_json(enum table_id id, const json_t *object, void *row)
{
	const struct table *table = &store_tables[id];
	int err = 0;

	if (!json_is_object(object))
		return fail(-EINVAL, "import: there is no %s; use a file that `forecall runs export` wrote", table->name);
	table_null(id, row);
	for (size_t i = 0; i < table->columns_n && !err; i++)
		err = column_from_json(table, &table->columns[i], json_object_get(object, table->columns[i].name), row);
	return err;
}

/* ---- Links between runs ---- */

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

static int find_run(struct store *store, const char *digest, const char *kind, int64_t started_ns, int64_t *run)
{
	struct bind binds[] = { { .text = digest }, { .text = kind }, { .id = started_ns } };
	void *row;
	int err = table_select_one(store, TABLE_RUN,
				   "host = (SELECT host FROM host WHERE digest = ?1) AND kind = ?2 AND started_ns = ?3", binds, 3,
				   &row);

	*run = err ? STORE_NULL : ((struct run_row *)row)->run;
	store_rows_free(row);
	return err == -ENOENT ? 0 : err;
}

/* The id here of a linked run; STORE_NULL when the link is null or the run is not here. */
static int resolve(struct store *store, const json_t *link, int64_t *run)
{
	const char *digest, *kind;
	json_int_t started_ns;

	*run = STORE_NULL;
	if (!link || json_is_null(link))
		return 0;
	if (json_unpack((json_t *)link, "{s:s, s:s, s:I}", "host", &digest, "kind", &kind, "started_ns", &started_ns))
		return fail(-EINVAL, "import: a link to another run is incomplete; use a file that `forecall runs export` wrote");
	return find_run(store, digest, kind, started_ns, run);
}

/* ---- Export ---- */

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

/* ---- Import ---- */

/* A row as large as the largest of those that belong to one run. */
union row_of_run {
	struct warning_row warning;
	struct calibration_row calibration;
	struct block_row block;
	struct ledger_row ledger;
	struct balance_row balance;
	struct thread_row thread;
	struct call_row call;
	struct hist_row hist;
	struct bench_row bench;
};

static int import_table(struct store *store, enum table_id id, const json_t *object, int64_t run)
{
	const json_t *list = json_object_get(object, store_tables[id].name);
	union row_of_run row;
	int err = 0;

	for (size_t i = 0; i < json_array_size(list) && !err; i++) {
		err = table_from_json(id, json_array_get(list, i), &row);
		*column_int(&store_tables[id].columns[0], &row) = run;
		if (!err)
			err = table_insert(store, id, &row);
	}
	return err;
}

static int import_new_run(struct store *store, const json_t *object, struct run_row *row, int64_t *run)
{
	int err = resolve(store, json_object_get(json_object_get(object, "run"), KEY_LIKE), &row->like_run);

	if (!err)
		err = table_insert_new(store, TABLE_RUN, row, run);
	for (enum table_id id = TABLE_OF_RUN_FIRST; id <= TABLE_OF_RUN_LAST && !err; id++)
		err = import_table(store, id, object, *run);
	return err;
}

/* The run here that is the same one; STORE_NULL when there is none. */
static int find_same(struct store *store, const struct run_row *row, int64_t *run)
{
	const struct bind binds[] = { { .id = row->host }, { .id = row->started_ns }, { .text = row->kind } };
	void *found;
	int err = table_select_one(store, TABLE_RUN, "host = ?1 AND started_ns = ?2 AND kind = ?3", binds, 3, &found);

	*run = err ? STORE_NULL : ((struct run_row *)found)->run;
	store_rows_free(found);
	return err == -ENOENT ? 0 : err;
}

static int import_run(struct store *store, const json_t *object, int64_t *run, bool *is_new)
{
	struct host_row host;
	struct run_row row;
	int err = table_from_json(TABLE_HOST, json_object_get(object, "host"), &host);

	if (!err)
		err = table_from_json(TABLE_RUN, json_object_get(object, "run"), &row);
	if (!err)
		err = store_host(store, &host, &row.host);
	if (!err)
		err = find_same(store, &row, run);
	if (err)
		return err;
	*is_new = *run == STORE_NULL;
	return *is_new ? import_new_run(store, object, &row, run) : 0;
}

static int find_prediction(struct store *store, const struct prediction_row *row, int64_t *prediction)
{
	const struct bind binds[] = { { .id = row->profile }, { .id = row->made_ns }, { .text = row->alternative } };
	void *found;
	int err = table_select_one(store, TABLE_PREDICTION,
				   "profile IS ?1 AND made_ns = ?2 AND alternative = ?3", binds, 3,
				   &found);

	*prediction = err ? STORE_NULL : ((struct prediction_row *)found)->prediction;
	store_rows_free(found);
	return err == -ENOENT ? 0 : err;
}

static int import_observation(struct store *store, const json_t *object, int64_t prediction)
{
	struct observation_row row;
	int64_t run, known;
	int err = resolve(store, json_object_get(object, KEY_OBSERVE), &run);

	if (err || run == STORE_NULL)
		return err;
	err = store_query(store, "SELECT prediction FROM observation WHERE prediction = ?1", &prediction, 1, &known);
	if (err || known != STORE_NULL)
		return err;
	err = table_from_json(TABLE_OBSERVATION, object, &row);
	row.prediction = prediction;
	row.run = run;
	return err ? err : table_insert(store, TABLE_OBSERVATION, &row);
}

/* Adds the prediction, or completes the one that is here with the bench that now came. */
static int add_or_complete(struct store *store, const struct prediction_row *row, int64_t *prediction)
{
	int err = find_prediction(store, row, prediction);

	if (err)
		return err;
	if (*prediction == STORE_NULL)
		return table_insert_new(store, TABLE_PREDICTION, row, prediction);
	return store_query(store, "UPDATE prediction SET bench = ?2 WHERE prediction = ?1 AND bench IS NULL",
			   (int64_t[]){ *prediction, row->bench }, 2, NULL);
}

static int import_prediction(struct store *store, const json_t *object)
{
	const json_t *profile = json_object_get(object, KEY_PROFILE), *observation = json_object_get(object, KEY_OBSERVATION);
	struct prediction_row row;
	int64_t prediction;
	int err = table_from_json(TABLE_PREDICTION, object, &row);

	if (!err)
		err = resolve(store, profile, &row.profile);
	if (!err)
		err = resolve(store, json_object_get(object, KEY_BENCH), &row.bench);
	if (err || (profile && !json_is_null(profile) && row.profile == STORE_NULL))
		return err; /* it comes again with its profile */
	err = add_or_complete(store, &row, &prediction);
	return err || !observation ? err : import_observation(store, observation, prediction);
}

static int import_all(struct store *store, const json_t *object, int64_t *run, bool *is_new)
{
	const json_t *predictions = json_object_get(object, "prediction");
	int err = import_run(store, object, run, is_new);

	for (size_t i = 0; i < json_array_size(predictions) && !err; i++)
		err = import_prediction(store, json_array_get(predictions, i));
	return err;
}

static int check_version(const json_t *object)
{
	const json_t *schema = json_object_get(object, KEY_SCHEMA);

	if (!json_is_integer(schema))
		return fail(-EINVAL, "import: this is no run; use a file that `forecall runs export` wrote");
	if (json_integer_value(schema) > STORE_SCHEMA_VERSION)
		return fail(-ENOTSUP, "import: the run has schema %" JSON_INTEGER_FORMAT ", this forecall knows up to %d; "
			    "install a newer forecall", json_integer_value(schema), STORE_SCHEMA_VERSION);
	return 0;
}

int store_import(struct store *store, const json_t *object, int64_t *run, bool *is_new)
{
	int err = check_version(object);

	if (!err)
		err = store_begin(store);
	if (err)
		return err;
	err = import_all(store, object, run, is_new);
	if (!err)
		err = store_commit(store);
	if (err)
		store_rollback(store);
	return err;
}
