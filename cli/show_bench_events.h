/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_bench_events.h: how the events of a bench look: per packet and per cycle, way by way. */
#ifndef CLI_SHOW_BENCH_EVENTS_H
#define CLI_SHOW_BENCH_EVENTS_H

#include <jansson.h>
#include <stdint.h>

struct store;

/* A table of the events of a run; nothing when there are none. 0 or -errno, said. */
int show_bench_events(struct store *store, int64_t run);

/* A list of them, empty when there are none; NULL: out of memory, or an error of the store. */
json_t *show_bench_events_json(struct store *store, int64_t run);

#endif
