/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_measure.h: windows of the sampling engine over a target, each reduced to a block and its counts. */
#ifndef COLLECT_SAMPLE_MEASURE_H
#define COLLECT_SAMPLE_MEASURE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct block_row;
struct clock;
struct sampler;
struct store;

struct sample_measure_options {
	struct sampler *sampler;
	const struct clock *clock;
	const uint8_t *scope_cpus; /* [CPUS_MAX]; NULL: the scope is processes */
	pid_t pid;                 /* the measurement ends with this process; 0: with none */
	int64_t origin_ns;         /* CLOCK_MONOTONIC: the windows' start_ns counts from here; 0: from the begin of the measurement */
	const char *way;           /* of sending, where it is known */
	int window_ms;
	int end_fd;                /* not 0: a window ends when this can be read, not after window_ms */
	const volatile sig_atomic_t *stop;
	void (*opened)(void *context);                /* when the counters run; may be NULL */
	void (*progress)(void *context, double done); /* after each window; may be NULL */
	void *context;
};

/* Samples of one context in one window. */
struct sample_count {
	int64_t block; /* its place in blocks[] */
	int cpu;
	uint32_t row, stage; /* account_row(), enum sample_stage */
	uint32_t samples_n;
	double cyc;
};

/* Zero before the first use. */
struct sample_measurement {
	struct block_row *blocks; /* sampled windows; run and block are left 0 and counted */
	size_t blocks_n, blocks_room;
	struct sample_count *counts;
	size_t counts_n, counts_room;
	int64_t wall_ns, steal_ns;
	uint64_t draws_n[2]; /* periods, in windows that do not tell of switches and in those that do */
	bool by_samples; /* the scope is CPUs, whose busy time is what samples say */
	int untold;      /* -errno: from some window on nobody told of switches any more */
	int ended;       /* the target ended */
	int interrupted; /* *stop was set */
};

/* Adds windows for `seconds`, at least one. 0 also when the target ended or the user interrupted; -ENOMEM, or of the sampler.
 * Free with sample_measurement_free() in any case. */
int sample_measure(const struct sample_measure_options *options, double seconds, struct sample_measurement *out);
void sample_measurement_free(struct sample_measurement *m);

/* Cycles that one of `cyc` in the counts stands for: a little more than 1, for the periods that were cut short. */
double sample_scale(const struct sample_measurement *m, const struct sampler *sampler);

/* A count as a row, without its run. */
struct sample_row sample_row_of(const struct sample_count *count, double scale);

/*
 * Adds the windows, as blocks from number `first` on, and their samples to the run, and warnings that follow. With `alone`, where
 * the samples are all there is, the ledger and the threads too. Within a transaction.
 */
int sample_store(struct store *store, int64_t run, const struct sample_measurement *m, struct sampler *sampler, int64_t first, int alone);

#endif
