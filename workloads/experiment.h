/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * experiment.h: the whole line once, on livecast: profile it from outside, bench in its shape, predict, let it send by the
 * alternative at the same load, compare.
 *
 * The observation alternates between both ways in one server process, in short windows and random order, so that what
 * the machine does meanwhile falls on both sides alike.
 */
#ifndef WORKLOADS_EXPERIMENT_H
#define WORKLOADS_EXPERIMENT_H

#include <signal.h>
#include <stdint.h>

#include "analyze/answer.h"
#include "workloads/traffic.h"

struct store;

struct experiment_options {
	struct livecast_setup setup; /* its way is the baseline */
	const char *alternative;
	const char *clock;
	double profile_seconds, observe_seconds;
	double rel_width;     /* of the bench's s; 0: 0.005 */
	uint64_t max_rounds;  /* of the bench; 0: 200 */
	int window_ms;
	uint64_t seed;
	bool force;
	volatile sig_atomic_t *stop;
	void (*progress)(void *context, double done, const char *text); /* may be NULL */
	void *progress_context;
	const char *label, *command_line, *version;
};

struct experiment {
	int64_t profile, bench, observe; /* runs */
	struct answer answer;
	struct observe observed;
	struct traffic_quality before, after; /* service during profile, and during the observation */
};

/* Runs it. 0; -EINTR when *stop was set (finished runs stay); -ECANCELED the prediction was refused; or as the parts say.
 * Free with experiment_free() after success. */
int experiment_run(struct store *store, const struct experiment_options *options, struct experiment *out);
void experiment_free(struct experiment *experiment);

#endif
