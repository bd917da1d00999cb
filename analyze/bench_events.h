/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_events.h: what a way of sending costs in events (instructions, cache misses) per packet, from a bench with --event.
 *
 * Per round n / packets_n of the way less the same of `null`, as cycles are (speedup.h): the harness's own share is taken off. Figures
 * are means over rounds with their 95 % interval (stats_mean()). Nothing is scaled: an event that was not counting all the time says so.
 */
#ifndef ANALYZE_BENCH_EVENTS_H
#define ANALYZE_BENCH_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/stats.h"

struct bench_row;
struct bench_event_row;

/* One event of one way at one point. */
struct bench_event_cost {
	const char *way, *name; /* point into the rows */
	int64_t group_size, payload_bytes, private_bytes;
	struct figure per_packet;
	struct figure per_cycle; /* per cycle of the processor: of instructions, the instructions per cycle; NAN where none were counted */
	double counted;          /* share of the time that it counted: 1 is all */
	double *packet_rep, *cycle_rep; /* of each round; freed by bench_events_free() */
	size_t rounds_n;
};

/*
 * rows and events are those of one run, in the order of the store. Cycles are those of an event called cycles (CPU_CYCLES, cpu-cycles)
 * where there is one, else those of the clock when `clock_is_cycles`. *out has *out_n of them, `null` left out; free with
 * bench_events_free(). 0 or -ENOMEM, not said.
 */
int bench_events_compute(const struct bench_row *rows, size_t n, const struct bench_event_row *events, size_t events_n, bool clock_is_cycles,
			 struct bench_event_cost **out, size_t *out_n);
void bench_events_free(struct bench_event_cost *costs, size_t n);

#endif
