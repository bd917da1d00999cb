/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_bench_events.c: the events of a bench, as a table or a list. */
#include "cli/show_bench_events.h"

#include <errno.h>
#include <string.h>

#include "analyze/bench_events.h"
#include "analyze/store.h"
#include "base/err.h"
#include "cli/print.h"

struct costs {
	struct bench_row *rows;
	struct bench_event_row *events;
	struct bench_event_cost *costs;
	size_t n;
};

static int load(struct store *store, int64_t run, struct costs *out)
{
	struct run_row *row = NULL;
	size_t rows_n = 0, events_n = 0;
	int err = store_run(store, run, &row);

	if (!err)
		err = store_bench_events(store, run, &out->events, &events_n);
	if (!err && events_n)
		err = store_benches(store, run, &out->rows, &rows_n);
	if (!err && events_n && bench_events_compute(out->rows, rows_n, out->events, events_n, !strcmp(row->clock, "cycles"), &out->costs, &out->n))
		err = fail(-ENOMEM, "bench: out of memory");
	store_rows_free(row);
	return err;
}

static void unload(struct costs *costs)
{
	bench_events_free(costs->costs, costs->n);
	store_rows_free(costs->rows);
	store_rows_free(costs->events);
}

int show_bench_events(struct store *store, int64_t run)
{
	struct costs costs = {0};
	int err = load(store, run, &costs);
	struct table *table = table_new("event|way|>group|>payload|>private|>per packet|>per cycle|counted");

	for (size_t i = 0; i < costs.n; i++) {
		const struct bench_event_cost *cost = &costs.costs[i];

		table_text(table, cost->name);
		table_text(table, cost->way);
		table_i64(table, cost->group_size);
		table_i64(table, cost->payload_bytes);
		table_i64(table, cost->private_bytes);
		table_figure(table, cost->per_packet);
		table_figure(table, cost->per_cycle);
		table_cell(table, cost->counted >= 1 ? "all the time" : "%.1f %% of the time, not scaled", 100 * cost->counted);
	}
	if (!err && costs.n) {
		putchar('\n');
		err = table_print(table);
	}
	table_free(table);
	unload(&costs);
	return err;
}

json_t *show_bench_events_json(struct store *store, int64_t run)
{
	struct costs costs = {0};
	json_t *list = load(store, run, &costs) ? NULL : json_array();

	for (size_t i = 0; list && i < costs.n; i++) {
		const struct bench_event_cost *cost = &costs.costs[i];

		json_array_append_new(list, json_pack("{ss ss sI sI sI sI so so so}", "event", cost->name, "way", cost->way, "group",
						      (json_int_t)cost->group_size, "payload", (json_int_t)cost->payload_bytes, "private",
						      (json_int_t)cost->private_bytes, "rounds", (json_int_t)cost->rounds_n, "per_packet",
						      json_figure(cost->per_packet, "1"), "per_cycle", json_figure(cost->per_cycle, "1"), "counted",
						      json_number(cost->counted)));
	}
	unload(&costs);
	return list;
}
