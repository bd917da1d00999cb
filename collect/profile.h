/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile.h: watches a target and stores what it saw: one run of the store, kind `profile` or `observe`.
 *
 * A profile has windows of every dose of probes, a calibration and the ledger. An observation (of a server that can be told
 * how to send, or of one that was ported) has unprobed windows only, but where network interrupts on other CPUs must
 * be counted too.
 *
 * With the engine `sample` there is neither a ledger nor a calibration, and BPF is not needed: windows in which call chains are
 * sampled. With `both` such windows alternate with the cycles of the ledger's, and take as much time as such a cycle would without a budget.
 */
#ifndef COLLECT_PROFILE_H
#define COLLECT_PROFILE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct scope;
struct store;

/* The usual cycle: dose 1 is what the ledger is made of, dose 0 the truth about T, dose 2 a check. */
#define PROFILE_DOSES {1, 0, 1, 0, 2}
#define PROFILE_DOSES_MAX 32

struct profile_options {
	/* the scope: one of the four */
	pid_t pid;
	struct scope *scope;  /* processes that come and go (scope.h); not with the engines that sample */
	double wait_seconds;  /* for the first of them */
	const uint8_t *cpus;  /* [CPUS_MAX] */
	char *const *command; /* argv, NULL at its end: started, and ended with the measurement */

	const char *left_out; /* name of processes whose CPU time does not count, though they are in scope; NULL: none */
	const char *path;     /* names of system calls, comma separated */
	const char *clock;    /* auto, cycles, ref-cycles, tsc */
	const char *events;   /* counters besides the clock, comma separated; NULL: none. Of the ledger only. */
	const char *engine;   /* ledger, sample, both; NULL: ledger. Observations are the ledger's. */
	double rate;          /* of samples, per second and CPU; 0: SAMPLE_HZ */
	double seconds;
	int window_ms;
	int calibration_rounds;
	const uint8_t *doses; /* of the windows of one cycle, in any order; none: PROFILE_DOSES. At least one is 1. */
	size_t doses_n;       /* up to PROFILE_DOSES_MAX */
	double budget;        /* what the probes may add to the target's own CPU time, as a share, over the whole profile; 0: no bound */
	uint64_t seed;

	const char *const *ways; /* observe: ways of sending to alternate between; NULL: a profile */
	size_t ways_n;
	int async;               /* observe: probe some windows for interrupts on other CPUs */
	int (*set_way)(void *context, const char *way);

	void (*rest)(void *context);     /* a target that tells its work (measure.h); NULL: it does not */
	int64_t (*work)(void *context);

	int (*pause)(void *context); /* after each cycle of windows; what happens meanwhile is not measured; may be NULL */
	void *pause_context;

	const volatile sig_atomic_t *stop;
	void (*progress)(void *context, double done, const char *text); /* may be NULL */
	void *progress_context;
	void *way_context; /* of set_way(), rest() and work() */

	/* The file of the store: once everything is attached, privileges are given up for good but for those that measuring and writing
	 * there take (privilege.h). NULL: all are kept, for a caller that goes on. */
	const char *drop_for;

	/* what the store shall know besides */
	const char *label, *command_line, *version, *topology, *way;
	const char *idle; /* IDLE_POLL when the caller keeps idle CPUs from halting, else NULL */
};

/*
 * Measures and stores; *run is the new run. 0 also when interrupted or when the target ended: the run then says so.
 * Errors, said: -ESRCH no such process, -EPERM not privileged, -EINVAL unknown call or clock, -ENODATA nothing whole was
 * measured (the run is deleted again), or of the store.
 */
int profile_run(struct store *store, const struct profile_options *options, int64_t *run);

#endif
