/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_like.h: what `bench --like` sent: the profile's shape, and the memory that it touched between bursts. */
#ifndef CLI_SHOW_LIKE_H
#define CLI_SHOW_LIKE_H

#include <jansson.h>
#include <stdint.h>

struct bench_like;
struct store;

/* As lines to stdout; 0 or -errno, said. */
int show_like(struct store *store, int64_t bench, int64_t profile, const struct bench_like *like);

/* {"run", "kinds": [{"share", "group", "payload", "one_destination"}], "period_ns", "train", "between_ns", "gap_ns", "footprint": [{"receivers", "bytes", "cycles_per_packet",
 * "used"}], "cycles_per_call"}; NULL on an error, said. */
json_t *show_like_json(struct store *store, int64_t bench, int64_t profile, const struct bench_like *like);

#endif
