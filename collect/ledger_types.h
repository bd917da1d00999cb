/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_types.h: what the BPF program and its loader share besides account.h, which is included before it. Types only. */
#ifndef COLLECT_LEDGER_TYPES_H
#define COLLECT_LEDGER_TYPES_H

#define LEDGER_SETS 2           /* the ledger and its shadow, which the second dose of probes fills */
#define LEDGER_THREADS_MAX 8192 /* threads in scope over a whole run; slot 0 is nobody */
#define LEDGER_PIDS_MAX 8192
#define LEDGER_LINES_MAX 1024   /* interrupt lines */
#define LEDGER_EVENTS_MAX 4     /* counters besides the clock */

enum ledger_clock {
	LEDGER_CLOCK_TSC, /* the kernel's monotonic clock, which runs on the TSC: ns */
	LEDGER_CLOCK_PMU, /* a counter per CPU, opened by the loader */
};

/* One CPU: what the counters besides the clock advanced by in each row of the ledger. */
struct ledger_events {
	__u64 open[LEDGER_EVENTS_MAX], last[LEDGER_EVENTS_MAX]; /* readings where the window opened, and at the previous event */
	__u64 errors_n;                                         /* readings that failed: the counter was not scheduled */
	__u64 n[ACCOUNT_ROWS][LEDGER_EVENTS_MAX];
};

/* A thread in scope, whoever it was: survives windows and the thread's end. */
struct ledger_who {
	__u64 start_ns; /* boot time at which the thread began: tells apart those that had the same tid */
	__u32 tid, pid;
	__u32 ended;
	char comm[16];
};

#endif
