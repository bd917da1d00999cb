/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands.h: the engine of `forecall bench --baseline-cmd`: two commands of the user's own against each other, in randomly
 * interleaved rounds, until s is known as narrowly as asked. */
#ifndef WORKLOADS_COMMANDS_H
#define WORKLOADS_COMMANDS_H

#include <signal.h>
#include <stdint.h>

struct bench_row; /* analyze/rows.h */

/* How the two are called in the rows; `null` costs nothing. */
#define COMMANDS_BASELINE "baseline-cmd"
#define COMMANDS_ALTERNATIVE "alternative-cmd"

struct commands_options {
	const char *baseline, *alternative; /* for sh -c; they do the same work */
	int cpu;		/* where they run; -1: anywhere */
	double clock_hz;	/* turns CPU time into cycles of the run's clock */
	double rel_width;	/* half width of the interval of s, relative to s */
	uint64_t max_rounds;
	uint64_t seed;
	volatile sig_atomic_t *stop;
	/* A row of each round, handed over when the round is done; not 0 ends the run and is returned. */
	int (*on_row)(void *arg, const struct bench_row *row);
	void (*on_progress)(void *arg, double done, const char *text); /* may be NULL */
	void *row_arg, *progress_arg;
};

/* The cost of a run is the CPU time of the command and of all descendants that it waited for. 0; -EINTR when *stop ended it; -ECHILD,
 * said, when a command failed; -errno, said. */
int commands_run(const struct commands_options *options);

#endif
