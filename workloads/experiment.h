/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * experiment.h: the whole line once, on livecast: profile it from outside, bench in its shape, predict, let it send by the
 * alternative at the same load, compare.
 *
 * A machine may work half as fast again for a second (a neighbour, a clock, a cache). Profile, bench and observation therefore
 * take turns of fractions of one, the server's stream standing still while the bench sends, and the observation alternates
 * between both ways in short windows and random order: what the machine does falls on all of them alike. For the same reason idle
 * processors are kept from halting: one that halted is lent to a neighbour, and comes back late and cold.
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
	double rel_width;     /* the bench goes on, alone in the end, until s is known to this half width; 0: it ends with the others */
	uint64_t max_rounds;  /* of the bench */
	int window_ms; /* at least; longer where packets are rarer */
	bool halt;            /* let idle CPUs halt; otherwise they are kept from it, where that is possible (collect/idle.h) */
	int calibration_rounds; /* of the profile; 0: CALIBRATE_ROUNDS */
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
	struct traffic_quality quality; /* the clients' service, from the first turn to the last */
};

/* Runs it. 0; -EINTR when *stop was set (finished runs stay); -ECANCELED the prediction was refused; or as the parts say.
 * Free with experiment_free() after success. */
int experiment_run(struct store *store, const struct experiment_options *options, struct experiment *out);
void experiment_free(struct experiment *experiment);

#endif
