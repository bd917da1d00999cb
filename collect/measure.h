/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * measure.h: a measurement is a sequence of short windows over a target, in cycles of the same steps in random order.
 *
 * A step is a dose of probes and, for a target that can be told how to send, a way of sending. The machine drifts; what is
 * to be compared therefore lies close together in time and is compared cycle by cycle.
 */
#ifndef COLLECT_MEASURE_H
#define COLLECT_MEASURE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "analyze/rows.h"
#include "collect/account.h"
#include "collect/ledger_types.h"

struct ledger;
struct clock;
struct event_counts;
struct budget;
struct measurement;

struct measure_step {
	int dose;        /* 0, 1, 2 */
	const char *way; /* NULL: the target sends as it does */
};

struct measure_options {
	struct ledger *ledger;
	const struct clock *clock;
	const struct event_counts *events; /* that the ledger counts too; NULL: none */
	const uint8_t *scope_cpus;        /* [CPUS_MAX]; NULL: the scope is processes */
	const char *left_out;             /* name of processes whose CPU time does not count; NULL: none */
	pid_t pid;                        /* the measurement ends with this process; 0: with none */
	int64_t origin_ns;                /* CLOCK_MONOTONIC: the windows' start_ns counts from here; 0: from the begin of the measurement */
	const struct measure_step *steps; /* one cycle */
	int steps_n;
	double seconds;                   /* as many whole cycles as fit, at least one */
	int window_ms;
	struct budget *budget;            /* of what the probes may add (budget.h): cycles hold more unprobed windows for it; NULL: no bound */
	uint64_t seed;                    /* of the order of steps */
	const volatile sig_atomic_t *stop; /* ends the measurement within some 100 ms */
	int (*refresh)(void *context); /* before each window: who is new joins the scope; 0 or -errno; may be NULL */
	int (*set_way)(void *context, const char *way); /* before a window whose way is another; 0 or -errno */
	/* A target that tells its work: waits until it rests, so that its CPU time is that of work that is done; and how much that is, -1: not
	 * known. Both or none. */
	void (*rest)(void *context);
	int64_t (*work)(void *context);
	void (*opened)(void *context);                  /* when the first window is open; may be NULL */
	void (*progress)(void *context, double done);   /* after each window; 0 to 1; may be NULL */
	/* With a budget: what probes of each dose add to the target's CPU time while they are attached, [BUDGET_DOSES], by the windows so far.
	 * 0 or -errno. */
	int (*added)(void *context, const struct measurement *so_far, double *added);
	int (*between)(void *context);                  /* after each cycle, while nothing is attached; 0 or -errno; may be NULL */
	int (*pause)(void *context);                    /* as between(), but the time that it takes is none of the measurement's */
	void *context;
};

/* A thread's sums. */
struct measure_thread {
	uint64_t cyc[ACCOUNT_THREAD_MAX], sleep_cyc, calls_n;
};

/* A CPU's sums. */
struct measure_cpu {
	uint64_t cyc[ACCOUNT_ROWS], entries_n[ACCOUNT_ROWS];
	uint64_t softirqs_n[ACCOUNT_SOFTIRQ_MAX], hardirqs_n[ACCOUNT_HARDIRQ_MAX];
	uint64_t window; /* open to close */
	int64_t residue;
	double worst;    /* |residue| / window of the worst window */
	uint64_t events[ACCOUNT_ROWS][LEDGER_EVENTS_MAX]; /* counts besides the clock's */
	uint64_t event_n[LEDGER_EVENTS_MAX];              /* their advance over the windows, as the rows' sum must be */
	uint64_t event_own_n[LEDGER_EVENTS_MAX];          /* the same as user space reads it, a few microseconds inside of each window */
};

struct measurement {
	struct block_row *blocks; /* in order of time; run and block are left 0 and counted */
	size_t blocks_n;

	/* The rest: sums over the dose 1 windows, in units of the ledger (times ledger_scale() gives cycles). */
	struct measure_cpu *cpus; /* [cpus_n] */
	int cpus_n;
	struct measure_thread *threads; /* [threads_n], by slot */
	uint32_t threads_n;
	struct account_calls calls[ACCOUNT_CALLS_MAX];
	struct account_hist bytes, burst, gap, train;
	struct account_shape shape[ACCOUNT_SHAPE_MAX];
	uint64_t sockets_n[2], destinations_n[2]; /* watched bursts of several calls: those of one, and those of several */

	double residue;  /* worst of all probed windows, as a fraction */
	uint64_t event_errors_n; /* readings that failed */
	uint64_t torn_n, backwards_n, unmatched_n, nested_n, missed_n, missed_cyc; /* as in struct account_cpu */
	int64_t steal_ns;
	int64_t wall_ns;
	int ended;       /* the target ended */
	int interrupted; /* *stop was set */
};

/* Measures. 0 also when the target ended or the user interrupted; whatever was whole by then is in *out.
 * Free with measure_free() in any case. */
int measure(const struct measure_options *options, struct measurement *out);
void measure_free(struct measurement *m);

/* Work of rows: network interrupts and softirqs outside frames that the target's sends may have caused. With `all`, every
 * interrupt and softirq. A softirq that another task's own system call ran is that task's. */
int measure_row_is_async(uint32_t row, int all);

#endif
