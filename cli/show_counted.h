/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_counted.h: a counted bench (bench --count), way by way: instructions per packet by stage, and by function. */
#ifndef CLI_SHOW_COUNTED_H
#define CLI_SHOW_COUNTED_H

#include <jansson.h>
#include <stdbool.h>

struct run_row;
struct store;

/* A table for each point, a column for each way; with `functions` a row for each function too. 0 or -errno, said. */
int show_counted(struct store *store, const struct run_row *run, bool functions);

/* A list of {"way", "group", "payload", "private", "cycles_per_packet", "rest", "stages", "functions"}. NULL, said, on an error. */
json_t *show_counted_json(struct store *store, const struct run_row *run);

#endif
