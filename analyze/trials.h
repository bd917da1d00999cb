/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trials.h: what the trials of a capacity search say: which group was served, how busy the server was, where it would have no time left.
 * Pure; nothing here prints.
 */
#ifndef ANALYZE_TRIALS_H
#define ANALYZE_TRIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/stats.h"

struct trial_row;

/* Whether every client got what was asked for: no client without a packet, and none below quality times the rate of the stream. */
bool trial_served(const struct trial_row *row);

/* CPU time of the server over time. */
double trial_cpu_share(const struct trial_row *row);

#define TRIALS_BUSY 0.9 /* of a CPU: a server that has more left than that was not what kept the clients from their packets */

/* What the trials of one way say. A group counts as served when more of its trials were served than were not. */
struct trials {
	int64_t served;    /* largest group that was served, with none below it that was not; 0: none was */
	int64_t refused;   /* smallest group that was not; 0: all were served */
	double cpu_share;  /* at `served`: mean of its trials; NAN when there is none */
	double saturation; /* the group for which the server would need a whole CPU: a line through the trials that were served. NAN when they are
			    * of fewer than two sizes, or the line does not rise */
	bool idle;         /* at `refused` the server had time left: the clients, the source, or others on its CPU were the limit */
	size_t n;
};

void trials_sum(const struct trial_row *rows, size_t n, const char *way, struct trials *out);

/*
 * How many times as large a group `after` serves as `before`, and between which bounds that lies: at least served after / refused before, at
 * most refused after / served before. No interval of chance: a bracket. All NAN when a side served none; without bounds where nothing was refused.
 */
struct figure trials_gain(const struct trials *before, const struct trials *after);

#endif
