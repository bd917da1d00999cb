/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_import.c: adds a run from the JSON object that store_export.c wrote, with new ids and its links to other runs. */
#include "analyze/rows.h"
#include "analyze/store.h"
#include "analyze/store_internal.h"
#include "base/err.h"

#include <errno.h>
#include <jansson.h>

/* ---- Rows ---- */

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

/* Fills a row from an object; what is missing is NULL; strings stay the object's. */
static int table_from_json(enum table_id id, const json_t *object, void *row)
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

/* ---- Links to other runs ---- */

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

/* ---- A run ---- */

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
	struct shape_row shape;
	struct footprint_row footprint;
	struct sample_row sample;
	struct event_row event;
	struct event_count_row event_count;
	struct bench_row bench;
	struct bench_event_row bench_event;
	struct counted_row counted;
	struct trial_row trial;
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
