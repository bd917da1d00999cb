/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile_store.h: writes what a profile measured into the store, in one transaction. */
#ifndef COLLECT_PROFILE_STORE_H
#define COLLECT_PROFILE_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/wakes.h"

struct store;
struct ledger;
struct measurement;
struct calibration_row;
struct sample_measurement;
struct sampler;
struct event_counts;

struct profile_record {
	const struct ledger *ledger; /* who the threads were, and how many events were lost; NULL: there is none, only samples */
	const struct measurement *measurement; /* without a ledger only how it went: no blocks, no sums */
	const struct sample_measurement *sampled; /* NULL: nothing was sampled */
	struct sampler *sampler;
	struct calibration_row *calibrations; /* their `run` is set here */
	size_t calibrations_n;
	int64_t calibrated_ns; /* time that they took */
	struct wakes_count woken; /* calls that woke nobody, and those that did; none: not counted */
	int64_t wakes_ns;         /* how long they were counted */
	pid_t pid;
	const char *path;
	const struct event_counts *events; /* NULL: none */
	const char *clock_doubt; /* as in struct clock */
	int observed; /* an observation: no ledger is expected */
};

/* Writes everything, and the warnings that follow from it, and ends the run. Errors are the store's; all or nothing. */
int profile_store(struct store *store, int64_t run, const struct profile_record *record);

#endif
