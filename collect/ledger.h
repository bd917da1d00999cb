/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger.h: loads the ledger's BPF program, follows the threads in scope, and opens and closes windows.
 *
 * A window is a stretch of time on every CPU: ledger_attach, ledger_window_open, (time passes), ledger_window_close,
 * ledger_detach. While it is open the probes run as often as its dose says; in between nothing is attached but the programs
 * that follow fork, exec and exit. After it was closed and detached its records lie still, until the next one opens.
 * Everything goes away with the process, also on SIGKILL.
 */
#ifndef COLLECT_LEDGER_H
#define COLLECT_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/clock.h"

struct ledger;
struct account_cpu;
struct account_thread;
struct ledger_who;
struct ledger_events;
struct event_counts;

enum ledger_probes {
	LEDGER_PROBE_CALLS = 1,  /* system calls */
	LEDGER_PROBE_SWITCH = 2, /* context switches */
	LEDGER_PROBE_IRQ = 4,    /* hardirqs, inter-processor interrupts, softirqs */
	LEDGER_PROBE_ALL = 7,
};

struct ledger_options {
	const struct clock *clock;  /* stays open as long as the ledger */
	const uint8_t *path;        /* [ACCOUNT_CALLS_MAX], 1 for each system call number of the path */
	const uint8_t *scope_cpus;  /* [CPUS_MAX], 1 for each CPU in scope; NULL: the scope is processes */
	const struct event_counts *events; /* counted in each row too; NULL: none. Stay open as long as the ledger. */
};

/* Loads everything, attaches only what follows the scope. Errors are said: no BTF (-ENOENT), no privilege (-EPERM). */
int ledger_open(const struct ledger_options *options, struct ledger **out);
void ledger_free(struct ledger *ledger);

/* Adds a process, its threads and its descendants to the scope; later ones follow by themselves. -ESRCH: no such process. */
int ledger_add(struct ledger *ledger, pid_t pid);

/* The same without those it has started so far: this program's own children are no part of what it calibrates. */
int ledger_add_alone(struct ledger *ledger, pid_t pid);

/* Whether a process is in the scope, itself or by who started it. */
bool ledger_has(const struct ledger *ledger, pid_t pid);

/* Takes a process out of the scope again; its slots stay. */
void ledger_remove(struct ledger *ledger, pid_t pid);

/* Changes the path, between windows; `before` (may be NULL) gets the one so far. */
void ledger_path(struct ledger *ledger, const uint8_t *path, uint8_t *before);

/* Attaches `probes` (enum ledger_probes), each `dose` (0 to 2) times: some 10 ms. Nothing is counted yet. */
int ledger_attach(struct ledger *ledger, int dose, unsigned int probes);
void ledger_detach(struct ledger *ledger);

/* How long probes of this dose (1, 2) have been attached so far, with the time that attaching and detaching take. */
int64_t ledger_attached_ns(const struct ledger *ledger, int dose);

/* Opens and closes the window: a stamp on each CPU, some microseconds. Between them the attached probes count. */
int ledger_window_open(struct ledger *ledger);
int ledger_window_close(struct ledger *ledger);

/* Of the window closed last. `set` 0 is the ledger, 1 its shadow (meaningful at dose 2 only). Units: ledger_scale(). */
const struct account_cpu *ledger_cpu(const struct ledger *ledger, int set, int cpu);
const struct account_thread *ledger_thread(const struct ledger *ledger, int set, uint32_t slot);

/* What the events advanced by on a CPU in the window closed last; NULL when there are none. */
const struct ledger_events *ledger_events(const struct ledger *ledger, int cpu);

/* Threads in scope so far: slots 1 to ledger_slots() - 1. */
uint32_t ledger_slots(const struct ledger *ledger);
const struct ledger_who *ledger_who(const struct ledger *ledger, uint32_t slot);

/* CPU numbers are below ledger_cpus(); ledger_cpu_online() tells those that are measured. */
int ledger_cpus(const struct ledger *ledger);
int ledger_cpu_online(const struct ledger *ledger, int cpu);

/* Processes in scope that live: fills `pids`, returns how many there are (more than `max` means: not all fitted). */
int ledger_pids(const struct ledger *ledger, pid_t *pids, int max);

/* Cycles per unit of every number in the records. */
double ledger_scale(const struct ledger *ledger);

/* Events lost since the ledger was opened: programs that the kernel would not start (recursion), threads without a slot. */
uint64_t ledger_lost(const struct ledger *ledger);

#endif
