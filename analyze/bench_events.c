/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_events.c: events per packet and per cycle, round by round. */
#include "analyze/bench_events.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analyze/rows.h"

/* What events and rows have in common. */
struct key {
	int64_t group_size, payload_bytes, private_bytes, round;
	const char *way, *name;
};

static int compare_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_place(const struct key *key, int64_t group, int64_t payload, int64_t private, int64_t round, const char *way)
{
	int order = compare_i64(key->group_size, group);

	order = order ? order : compare_i64(key->payload_bytes, payload);
	order = order ? order : compare_i64(key->private_bytes, private);
	order = order ? order : compare_i64(key->round, round);
	return order ? order : strcmp(key->way, way);
}

static int compare_row(const void *a, const void *b)
{
	const struct bench_row *row = b;

	return compare_place(a, row->group_size, row->payload_bytes, row->private_bytes, row->round, row->way);
}

static int compare_event(const void *a, const void *b)
{
	const struct bench_event_row *row = b;
	const struct key *key = a;
	int order = compare_place(key, row->group_size, row->payload_bytes, row->private_bytes, row->round, row->way);

	return order ? order : strcmp(key->name, row->name);
}

struct run {
	const struct bench_row *rows;
	const struct bench_event_row *events;
	size_t n, events_n;
	const char *cycles; /* name of the event; NULL: the clock's are used, if they are a processor's */
	bool clock_is_cycles;
};

/* Per packet of one way in one round; NAN where it sent nothing or was not counted. */
static double event_per_packet(const struct run *run, struct key key, const char *way, const char *name)
{
	key.way = way;
	key.name = name;
	const struct bench_row *row = bsearch(&key, run->rows, run->n, sizeof *row, compare_row);
	const struct bench_event_row *event = bsearch(&key, run->events, run->events_n, sizeof *event, compare_event);

	return row && event && row->packets_n > 0 ? (double)event->n / (double)row->packets_n : NAN;
}

static double cycles_per_packet(const struct run *run, struct key key, const char *way)
{
	if (run->cycles)
		return event_per_packet(run, key, way, run->cycles);
	key.way = way;
	const struct bench_row *row = bsearch(&key, run->rows, run->n, sizeof *row, compare_row);
	return run->clock_is_cycles && row && row->packets_n > 0 ? (double)row->cpu_cyc / (double)row->packets_n : NAN;
}

static bool is_cycles(const char *name)
{
	static const char *const names[] = {"cycles", "cpu-cycles", "cpu_cycles", "cpu_clk_unhalted"};
	const char *colon = strrchr(name, ':');

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcasecmp(colon ? colon + 1 : name, names[i]))
			return true;
	return false;
}

static struct bench_event_cost *cost_of(const struct bench_event_row *event, struct bench_event_cost *costs, size_t *n)
{
	for (size_t i = *n; i-- > 0;) {
		struct bench_event_cost *cost = &costs[i];

		if (cost->group_size == event->group_size && cost->payload_bytes == event->payload_bytes &&
		    cost->private_bytes == event->private_bytes && !strcmp(cost->way, event->way) && !strcmp(cost->name, event->name))
			return cost;
	}
	costs[*n] = (struct bench_event_cost){
		.way = event->way, .name = event->name, .group_size = event->group_size, .payload_bytes = event->payload_bytes,
		.private_bytes = event->private_bytes, .counted = 1, .per_packet = figure_exact(NAN), .per_cycle = figure_exact(NAN),
	};
	return &costs[(*n)++];
}

static int add_value(double **values, size_t n, double value)
{
	double *more = realloc(*values, (n + 1) * sizeof *more);

	if (!more)
		return -ENOMEM;
	more[n] = value;
	*values = more;
	return 0;
}

static int add_round(const struct run *run, const struct bench_event_row *event, struct bench_event_cost *cost)
{
	const struct key key = {event->group_size, event->payload_bytes, event->private_bytes, event->round, event->way, event->name};
	double packet = event_per_packet(run, key, event->way, event->name) - event_per_packet(run, key, "null", event->name);
	double cycles = cycles_per_packet(run, key, event->way) - cycles_per_packet(run, key, "null");

	if (event->enabled_ns > 0)
		cost->counted = fmin(cost->counted, (double)event->running_ns / (double)event->enabled_ns);
	if (isnan(packet))
		return 0;
	int err = add_value(&cost->packet_rep, cost->rounds_n, packet);
	if (!err)
		err = add_value(&cost->cycle_rep, cost->rounds_n, cycles > 0 ? packet / cycles : NAN);
	cost->rounds_n += !err;
	return err;
}

static void finish(struct bench_event_cost *cost)
{
	if (!cost->rounds_n)
		return;
	stats_mean(cost->packet_rep, cost->rounds_n, &cost->per_packet);
	for (size_t i = 0; i < cost->rounds_n; i++)
		if (isnan(cost->cycle_rep[i]))
			return;
	stats_mean(cost->cycle_rep, cost->rounds_n, &cost->per_cycle);
}

int bench_events_compute(const struct bench_row *rows, size_t n, const struct bench_event_row *events, size_t events_n, bool clock_is_cycles,
			 struct bench_event_cost **out, size_t *out_n)
{
	struct run run = {rows, events, n, events_n, NULL, clock_is_cycles};
	int err = 0;

	*out_n = 0;
	*out = calloc(events_n + 1, sizeof **out);
	if (!*out)
		return -ENOMEM;
	for (size_t i = 0; i < events_n && !run.cycles; i++)
		if (is_cycles(events[i].name))
			run.cycles = events[i].name;
	for (size_t i = 0; i < events_n && !err; i++)
		if (strcmp(events[i].way, "null") != 0)
			err = add_round(&run, &events[i], cost_of(&events[i], *out, out_n));
	for (size_t i = 0; i < *out_n; i++)
		finish(&(*out)[i]);
	if (err) {
		bench_events_free(*out, *out_n);
		*out = NULL;
		*out_n = 0;
	}
	return err;
}

void bench_events_free(struct bench_event_cost *costs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(costs[i].packet_rep);
		free(costs[i].cycle_rep);
	}
	free(costs);
}
