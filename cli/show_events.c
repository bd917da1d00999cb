/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_events.c: counts of events in the path, in the rest of the target, and in all. */
#include "cli/show_events.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "analyze/store.h"
#include "cli/print.h"

enum { NAMES_MAX = 16 };

/* Sums over CPUs; cycles of the same rows beside them. */
struct sums {
	const char *name;
	double path, rest, all;         /* of the target inside frames, outside of them, and everybody */
	double window, own;             /* what the rows must add up to, and what user space read */
	double enabled_ns, running_ns;
};

struct events {
	struct event_row *rows;
	struct event_count_row *counts;
	struct ledger_row *ledger;
	size_t rows_n, counts_n, ledger_n;
	struct sums sums[NAMES_MAX];
	size_t n;
	double path_cyc, rest_cyc;
	int64_t calls_n;
};

static struct sums *sums_of(struct events *events, const char *name)
{
	for (size_t i = 0; i < events->n; i++)
		if (!strcmp(events->sums[i].name, name))
			return &events->sums[i];
	if (events->n == NAMES_MAX)
		return NULL;
	events->sums[events->n].name = name;
	return &events->sums[events->n++];
}

static void add_rows(struct events *events)
{
	for (size_t i = 0; i < events->rows_n; i++) {
		const struct event_row *row = &events->rows[i];
		struct sums *sums = sums_of(events, row->name);

		if (!sums)
			continue;
		sums->window += (double)row->window_n;
		sums->own += (double)row->own_n;
		sums->enabled_ns += (double)row->enabled_ns;
		sums->running_ns += (double)row->running_ns;
	}
	for (size_t i = 0; i < events->counts_n; i++) {
		const struct event_count_row *row = &events->counts[i];
		struct sums *sums = sums_of(events, row->name);

		if (!sums)
			continue;
		sums->all += (double)row->n;
		if (!strcmp(row->task, "target"))
			*(strcmp(row->call, "path") ? &sums->rest : &sums->path) += (double)row->n;
	}
	for (size_t i = 0; i < events->ledger_n; i++) {
		const struct ledger_row *row = &events->ledger[i];

		if (!strcmp(row->task, "target"))
			*(strcmp(row->call, "path") ? &events->rest_cyc : &events->path_cyc) += (double)row->cyc;
	}
}

static int load(struct store *store, int64_t run, struct events *events)
{
	struct thread_row *threads = NULL;
	size_t n = 0;
	int err = store_events(store, run, &events->rows, &events->rows_n);

	if (!err)
		err = store_event_counts(store, run, &events->counts, &events->counts_n);
	if (!err)
		err = store_ledgers(store, run, &events->ledger, &events->ledger_n);
	if (!err)
		err = store_threads(store, run, &threads, &n);
	for (size_t i = 0; i < n && !err; i++)
		events->calls_n += threads[i].calls_n;
	store_rows_free(threads);
	if (!err)
		add_rows(events);
	return err;
}

static void unload(struct events *events)
{
	store_rows_free(events->rows);
	store_rows_free(events->counts);
	store_rows_free(events->ledger);
}

static bool is_whole(const struct sums *sums)
{
	return sums->running_ns >= sums->enabled_ns;
}

int show_events(struct store *store, int64_t run)
{
	struct events events = {0};
	int err = load(store, run, &events);

	if (!err && events.n) {
		struct table *table = table_new("event|>in the path|>per call|>per 1000 cycles|>elsewhere in the target|>per 1000 cycles|counted");

		for (size_t i = 0; i < events.n; i++) {
			const struct sums *s = &events.sums[i];

			table_text(table, s->name);
			table_cell(table, "%.0f", s->path);
			table_cell(table, "%.4g", s->path / (double)events.calls_n);
			table_cell(table, "%.4g", 1000 * s->path / events.path_cyc);
			table_cell(table, "%.0f", s->rest);
			table_cell(table, "%.4g", 1000 * s->rest / events.rest_cyc);
			table_cell(table, is_whole(s) ? "all the time" : "%.1f %% of the time, not scaled", 100 * s->running_ns / s->enabled_ns);
		}
		err = table_print(table);
		table_free(table);
		printf("(as counted, the probes' own included)\n\n");
	}
	unload(&events);
	return err;
}

json_t *show_events_json(struct store *store, int64_t run)
{
	struct events events = {0};
	json_t *list = load(store, run, &events) ? NULL : json_array();

	for (size_t i = 0; list && i < events.n; i++) {
		const struct sums *s = &events.sums[i];

		json_array_append_new(list, json_pack("{ss sf sf sf sf sf sb so}", "event", s->name, "path", s->path, "target", s->path + s->rest, "all",
						      s->all, "window", s->window, "own", s->own, "whole", is_whole(s), "per_call",
						      json_number(events.calls_n ? s->path / (double)events.calls_n : NAN)));
	}
	unload(&events);
	return list;
}
