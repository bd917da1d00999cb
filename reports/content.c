/* SPDX-License-Identifier: GPL-2.0-or-later */
/* content.c: reads everything that a report shows. */
#include "reports/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/store.h"
#include "base/err.h"

static bool is_kind(const struct run_row *run, const char *kind)
{
	return !strcmp(run->kind, kind);
}

static const struct scored_row *main_prediction(const struct report_data *data)
{
	for (size_t i = 0; i < data->predictions_n; i++)
		if (!data->predictions[i].forced)
			return &data->predictions[i];
	return data->predictions_n ? &data->predictions[0] : NULL;
}

/* ---- Profiles ---- */

static int load_profiles(struct store *store, struct content *out)
{
	int err = 0;

	out->profiles = calloc(CONTENT_PROFILES_MAX, sizeof *out->profiles);
	if (!out->profiles)
		return fail(-ENOMEM, "report: out of memory");
	for (size_t i = out->data.runs_n; i-- > 0 && !err;) {
		if (!is_kind(out->data.runs[i], "profile") || out->profiles_all_n++ >= CONTENT_PROFILES_MAX)
			continue;
		err = detail_load(store, out->data.runs[i], &out->profiles[out->profiles_n]);
		out->profiles_n += !err;
	}
	return err;
}

/* What each way that was benched would gain for them. */
static int load_alternatives(struct store *store, alternatives_needs *needs, struct content *out)
{
	struct alternatives *alternatives = alternatives_new(store, out->data.runs, out->data.runs_n, needs);
	int err = alternatives ? 0 : -ENOMEM;

	for (size_t i = 0; i < out->profiles_n && !err; i++) {
		struct detail *detail = &out->profiles[i];

		if (detail->known)
			err = alternatives_of(alternatives, detail->run, &detail->fraction, &detail->alternatives, &detail->alternatives_n);
	}
	alternatives_free(alternatives);
	return err;
}

const struct detail *content_profile(const struct content *content, int64_t run)
{
	for (size_t i = 0; i < content->profiles_n; i++)
		if (content->profiles[i].run->run == run)
			return &content->profiles[i];
	return NULL;
}

const struct detail *content_first(const struct content *content)
{
	if (content->main)
		return content_profile(content, content->main->profile);
	return content->profiles_n ? &content->profiles[0] : NULL;
}

/* ---- Grids ---- */

/* A bench in the shape of a profile has one point: nothing to draw a line through. */
static int load_grids(struct store *store, struct content *out)
{
	int err = 0;

	out->grids = calloc(CONTENT_GRIDS_MAX, sizeof *out->grids);
	if (!out->grids)
		return fail(-ENOMEM, "report: out of memory");
	for (size_t i = out->data.runs_n; i-- > 0 && !err;) {
		const struct run_row *run = out->data.runs[i];

		if (!is_kind(run, "bench") || run->like_run != STORE_NULL || out->grids_all_n++ >= CONTENT_GRIDS_MAX)
			continue;
		err = grid_load(store, run, &out->grids[out->grids_n]);
		out->grids_n += !err;
	}
	return err;
}

static bool has_way(const struct grid *grid, const char *way)
{
	for (size_t i = 0; i < grid->ways_n; i++)
		if (!strcmp(grid->ways[i], way))
			return true;
	return false;
}

const struct grid *content_grid(const struct content *content, const struct scored_row *prediction)
{
	const struct grid *newest = NULL;

	for (size_t i = 0; i < content->grids_n && prediction; i++) {
		const struct grid *grid = &content->grids[i];

		if (strcmp(grid->base, prediction->path) || !has_way(grid, prediction->alternative) || !grid_longest(grid, GRID_GROUP))
			continue;
		if (grid->run->run == prediction->bench)
			return grid;
		if (!newest)
			newest = grid;
	}
	return newest;
}

/* ---- Stages ---- */

static bool was_sampled(const struct run_row *run)
{
	return is_kind(run, "slice") || (is_kind(run, "profile") && strcmp(run->engine, "ledger"));
}

/* A run in which no sample lies inside the path has no stages, and is passed over. */
static int load_sliced(struct store *store, struct content *out)
{
	int err = 0;

	out->sliced = calloc(CONTENT_SLICED_MAX, sizeof *out->sliced);
	if (!out->sliced)
		return fail(-ENOMEM, "report: out of memory");
	for (size_t i = out->data.runs_n; i-- > 0 && !err;) {
		if (!was_sampled(out->data.runs[i]) || out->sliced_all_n++ >= CONTENT_SLICED_MAX)
			continue;
		out->sliced[out->sliced_n].run = out->data.runs[i];
		err = slices_load(store, out->data.runs[i], &out->sliced[out->sliced_n].slices);
		out->sliced_n += !err;
		if (err == -ENOENT || err == -ENODATA)
			err = 0;
	}
	return err;
}

/* ---- Capacity ---- */

const char *search_alternative(const struct search *search)
{
	for (size_t i = 0; i < search->n; i++)
		if (strcmp(search->rows[i].way, search->run->path))
			return search->rows[i].way;
	return NULL;
}

static const struct scored_row *prediction_beside(const struct report_data *data, const struct search *search)
{
	const char *alternative = search_alternative(search);

	for (size_t i = 0; i < data->predictions_n && alternative && search->run->like_run != STORE_NULL; i++)
		if (data->predictions[i].profile == search->run->like_run && !data->predictions[i].forced &&
		    !strcmp(data->predictions[i].alternative, alternative))
			return &data->predictions[i];
	return NULL;
}

static int load_searches(struct store *store, struct content *out)
{
	int err = 0;

	for (size_t i = out->data.runs_n; i-- > 0 && !err;) {
		struct search *search = &out->searches[out->searches_n];

		if (!is_kind(out->data.runs[i], "capacity") || out->searches_all_n++ >= CONTENT_SEARCHES_MAX)
			continue;
		*search = (struct search){ .run = out->data.runs[i] };
		err = store_trials(store, search->run->run, &search->rows, &search->n);
		if (err || !search->n) {
			store_rows_free(search->rows);
			continue;
		}
		search->prediction = prediction_beside(&out->data, search);
		out->searches_n++;
	}
	return err;
}

/* ---- Ways ---- */

static size_t find_way(const struct content *content, const char *way)
{
	size_t i = 0;

	while (i < content->ways_n && strcmp(content->ways[i], way))
		i++;
	return i;
}

static void add_way(struct content *content, const char *way)
{
	if (way && content->ways_n < CONTENT_WAYS_MAX && find_way(content, way) == content->ways_n)
		content->ways[content->ways_n++] = way;
}

static void collect_ways(struct content *content)
{
	for (size_t i = 0; i < content->grids_n; i++)
		add_way(content, content->grids[i].base);
	for (size_t i = 0; i < content->data.predictions_n; i++)
		add_way(content, content->data.predictions[i].path);
	for (size_t i = 0; i < content->searches_n; i++)
		add_way(content, content->searches[i].run->path);
	for (size_t i = 0; i < content->grids_n; i++)
		for (size_t j = 0; j < content->grids[i].ways_n; j++)
			add_way(content, content->grids[i].ways[j]);
	for (size_t i = 0; i < content->data.predictions_n; i++)
		add_way(content, content->data.predictions[i].alternative);
	for (size_t i = 0; i < content->searches_n; i++)
		add_way(content, search_alternative(&content->searches[i]));
}

const char *content_colour(const struct content *content, const char *way)
{
	static const char *const colours[] = { "way0", "way1", "way2", "way3", "way4", "way5", "way6", "way7" };

	return colours[find_way(content, way) % (sizeof colours / sizeof *colours)];
}

/* ---- All of it ---- */

/* ---- Kernels ---- */

static int load_track(struct store *store, struct content *out)
{
	char text[256]; /* only interrupted runs have figures, say: there is nothing to draw then */
	size_t n;
	int err = store_series_count(store, NULL, &n);

	if (err || !n)
		return err;
	err_catch(text, sizeof text);
	err = track_make(store, &(struct track_options){ .by_date = false }, &out->track);
	err_catch(NULL, 0);
	if (err && err != -ENOENT)
		return fail(err, "%s", text);
	return 0;
}

int content_load(struct store *store, const int64_t *runs, size_t n, alternatives_needs *needs, struct content *out)
{
	*out = (struct content){ .profiles_n = 0 };
	int err = report_data_load(store, runs, n, &out->data);

	if (err)
		return err;
	out->main = main_prediction(&out->data);
	err = load_profiles(store, out);
	if (!err)
		err = load_alternatives(store, needs, out);
	if (!err)
		err = load_grids(store, out);
	if (!err)
		err = load_sliced(store, out);
	if (!err)
		err = load_track(store, out);
	if (!err)
		err = load_searches(store, out);
	if (err)
		content_free(out);
	else
		collect_ways(out);
	return err;
}

void content_free(struct content *content)
{
	for (size_t i = 0; i < content->profiles_n; i++)
		detail_free(&content->profiles[i]);
	for (size_t i = 0; i < content->grids_n; i++)
		grid_free(&content->grids[i]);
	for (size_t i = 0; i < content->searches_n; i++)
		store_rows_free(content->searches[i].rows);
	free(content->profiles);
	free(content->grids);
	free(content->sliced);
	track_free(&content->track);
	report_data_free(&content->data);
	*content = (struct content){ .profiles_n = 0 };
}
