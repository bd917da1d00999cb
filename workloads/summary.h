/* SPDX-License-Identifier: GPL-2.0-or-later */
/* summary.h: the quality of service of all clients together, as one JSON object. */
#ifndef WORKLOADS_SUMMARY_H
#define WORKLOADS_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct sinks;

/* The object of the first `n` clients, for the caller to release, or NULL without memory: clients, silent (those that got
 * nothing), packets, bytes, expected, lost, loss (lost / expected), duplicates, reordered, restarts, malformed, corrupt,
 * rate_bps and jitter_ns with min, mean and max over the clients that got something, seconds (from the first packet of
 * any to the last of any). With `each`, also a list of that name with the same per client. */
json_t *summary_json(const struct sinks *sinks, size_t n, bool each);

#endif
