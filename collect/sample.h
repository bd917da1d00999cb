/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample.h: the sampling engine: looks at each CPU some hundred times a second and classifies what it was doing.
 *
 * Statistical, nearly free, and without BPF. The counter is the PMU's cycles where the clock is one, else the kernel's timer. Its
 * period is drawn anew, for each CPU by itself, between 0.7 and 1.3 times the nominal one, every 100 ms or so: a fixed one locks onto the
 * period of a server that works in time with a clock, and one for all CPUs looks at a server while those that it sends to are stopped by
 * the same look. Each sample stands for the period that led to it.
 *
 * The timer cannot interrupt where interrupts are off. What happens there is seen at the next instruction where they are on:
 * hardirqs are charged to what they interrupted, and the way back to user space to the instruction behind the system call. So a
 * sample at exactly such an address belongs to that call's exit, and one at a call's entry, before it is known which call it is, to
 * the call that the address belongs to. Which addresses these are is learnt from samples inside calls.
 *
 * Idle time may be missing: a virtual CPU that is halted is not always woken for the timer. So may samples of code that the kernel keeps
 * to itself: where two samples of the target are two periods apart, the one between them is counted as of an unknown call, and so are its
 * neighbours' kinds (sample_missed.h).
 *
 * With the privilege for it, whole CPUs are watched and samples told apart by process; without it, for a process of one's own,
 * only its threads (one counter per thread and CPU).
 */
#ifndef COLLECT_SAMPLE_H
#define COLLECT_SAMPLE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include <sys/types.h>

#include "collect/account.h"
#include "collect/sample_frames.h"
#include "collect/sample_missed.h"

struct clock;
struct ontime;
struct sampler;

/*
 * Samples per second of each CPU: primes, so that no round period of a server is a multiple of theirs. A sample takes what an interrupt
 * takes: 20 us of a server's time in a virtual machine, whose caches of code and branches it empties. The usual rate keeps that below 1 % there;
 * the stages of a path, of which some are small, are looked at more often.
 */
#define SAMPLE_HZ 251
#define SAMPLE_STAGES_HZ 1499

/* Contexts of one CPU in one window: [ACCOUNT_ROWS][SAMPLE_STAGE_MAX], see sample_cell(). */
#define SAMPLE_CELLS (ACCOUNT_ROWS * SAMPLE_STAGE_MAX)

struct sample_cell {
	uint32_t samples_n;
	double cyc; /* of the run's clock */
};

struct sample_thread {
	uint32_t tid, pid;
	double cyc[ACCOUNT_THREAD_MAX];
	uint64_t path_n; /* samples inside frames */
};

struct sample_window {
	struct sample_cell *cells; /* [cpus_n][SAMPLE_CELLS] */
	uint32_t *used;            /* [used_n], those that hold something; there is room for all */
	size_t used_n;
	int cpus_n;
	int64_t open_ns; /* CLOCK_MONOTONIC */
};

struct sample_totals {
	uint64_t samples_n, lost_n, throttled_n;
	uint64_t target_n;      /* of the target */
	uint64_t missed_n;      /* expiries of the timer that left none, between two of these: of an unknown call */
	uint64_t unresolved_n;  /* in a system call that stayed unknown: counted as no call of the path */
	uint64_t sites_full_n;  /* addresses that found no room in the table */
	double multiplexed;     /* 1 - running / enabled time of the counters */
};

struct sample_options {
	const struct clock *clock;
	const char *path;          /* names, comma separated */
	const uint8_t *scope_cpus; /* [CPUS_MAX]; NULL: the scope is processes */
	double hz;                 /* samples per second and CPU; 0: SAMPLE_HZ */
	uint64_t seed;
	/* Told of each sample of the target, in no order, its time (CLOCK_MONOTONIC) and enum account_call: for who has another clock to hold against it. Or NULL. */
	void (*saw)(void *context, uint64_t time_ns, uint32_t call);
	void *saw_context;
};

/* Opens the counters, disabled. Errors are said: -EACCES without privilege, -ENOENT no entry point for the path.
 * `pid`: of the target, needed without privilege; 0: none, or not yet known. */
int sampler_open(const struct sample_options *options, pid_t pid, struct sampler **out);
void sampler_free(struct sampler *sampler);

/* Adds a process with its descendants to the scope; later ones follow by themselves. -ESRCH. */
int sampler_add(struct sampler *sampler, pid_t pid);

/* The same without those it has started so far. */
int sampler_add_alone(struct sampler *sampler, pid_t pid);

/* Enables the counters, each CPU's with a period of its own, and disables them. */
int sampler_start(struct sampler *sampler);
void sampler_stop(struct sampler *sampler);

/* The longest period that is drawn. */
int64_t sampler_period_ns(const struct sampler *sampler);

/* Draws a new period for each CPU: an interrupt on each. To be called a few times a second while started, at random moments. Nothing is seen until
 * the first of these periods is over: so not always where a window begins, nor is a window to begin with sampler_start(). */
void sampler_draw(struct sampler *sampler);

/* What was sampled before `ns` (CLOCK_MONOTONIC) belongs to no window, and counts for nothing from the next poll on. */
void sampler_from(struct sampler *sampler, int64_t ns);

/*
 * From now on each context switch is told, for how long the target really runs: what it is charged with is more (docs/design.md), and samples tell by
 * chance. It slows a server that switches often down. Returns 0, or without a word -EOPNOTSUPP when only threads are watched, -errno when the kernel does not
 * let us.
 */
int sampler_tell_switches(struct sampler *sampler);

/* Counts how long the target runs from `ns` (CLOCK_MONOTONIC) on, on all CPUs, and their switches: to be called before the first poll behind that. */
void sampler_time_begin(struct sampler *sampler, int64_t ns);

/* Until `ns`: to be called before the last poll. */
void sampler_time_until(struct sampler *sampler, int64_t ns);

/* Switches are told no longer. *sum: `ns` and `switches_n` of all CPUs; nothing where the time never began. */
void sampler_time_end(struct sampler *sampler, struct ontime *sum);

/* Takes what the rings hold into *window. To be called at least every sampler_room_ns() while started, or samples are lost. */
int sampler_poll(struct sampler *sampler, struct sample_window *window);

int64_t sampler_room_ns(const struct sampler *sampler);

/* Resolves what needs hindsight; to be called once, after the last poll of a window. */
void sampler_settle(struct sampler *sampler, struct sample_window *window);

int sample_window_new(const struct sampler *sampler, struct sample_window *window);
void sample_window_clear(struct sample_window *window);
void sample_window_free(struct sample_window *window);

/* What the expiries since the last time, or since the begin, had for neighbours, on the CPUs where the target was. False where none could be missed: of
 * a PMU, or of threads, which do not run all the time. */
bool sampler_missed(struct sampler *sampler, struct missed_counts *counts);

const struct sample_totals *sampler_totals(struct sampler *sampler);

/* The threads in scope that were seen; *n of them. Good until the next poll. */
const struct sample_thread *sampler_threads(const struct sampler *sampler, size_t *n);

/* Takes processes that are no more out of the scope, once what they started is in it: they have no CPU time any more. */
void sampler_forget_ended(struct sampler *sampler);

/* Processes in scope: fills `pids`, returns how many there are. */
int sampler_pids(const struct sampler *sampler, pid_t *pids, int max);

/* Cycles of all CPUs that no sample stands for, because a new period was drawn before the old one was over. 0 when only threads
 * are watched: there it is not known, as they do not run all the time. */
double sampler_cut_cyc(const struct sampler *sampler);

/* "cycles" or "cpu-clock": what is sampled. */
const char *sampler_source(const struct sampler *sampler);

/* Whether whole CPUs are watched, or threads only. */
int sampler_sees_all(const struct sampler *sampler);

#endif
