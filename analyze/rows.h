/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rows.h: one struct per table of the store, its fields named as the columns. Meaning and unit of each: schema.sql.
 *
 * NULL ("not measured", never zero) is STORE_NULL in an int64_t, NAN in a double, a null pointer in a string.
 * Start a row with its store_null_<table>() (analyze/store.h), which makes every field NULL, then set what is known.
 * Strings are UTF-8. A row that is handed to the store keeps owning its strings; rows that the store hands out lie,
 * with their strings, in one piece of memory that store_rows_free() frees.
 */
#ifndef ANALYZE_ROWS_H
#define ANALYZE_ROWS_H

#include <stdint.h>

#define STORE_NULL INT64_MIN

/* What host.virt says of a guest of the lab, whose cycles are not a processor's. */
#define HOST_VIRT_ICOUNT   "QEMU, icount"   /* one instruction is one cycle */
#define HOST_VIRT_EMULATED "QEMU, emulated" /* they are the emulator's */

struct host_row {
	int64_t host;       /* set by the store */
	const char *digest; /* set by the store */
	const char *name, *cpu_model;
	int64_t cpus_n;
	const char *microcode, *kernel, *build, *arch, *cmdline, *mitigations, *governor, *clocksource, *virt, *tsc_flags, *config;
};

struct run_row {
	int64_t run; /* set by the store */
	const char *kind, *state, *label;
	int64_t host, started_ns, wall_ns;
	const char *command, *version, *scope, *target;
	int64_t pid;
	const char *path, *clock;
	double clock_hz;
	const char *engine, *topology, *way, *idle;
	int64_t like_run, lost_n;
	double residue;
	int64_t unbalanced, steal_ns;
	const char *suite;
	double budget;
	int64_t span_ns, once_ns, twice_ns;
	int64_t quiet_n, waking_n, quiet_ns, waking_ns;
};

struct warning_row {
	int64_t run;
	const char *code, *text;
};

struct calibration_row {
	int64_t run, cpu, round;
	const char *call, *probes;
	int64_t dose, calls_n;
	double call_cyc, frame_cyc;
};

struct block_row {
	int64_t run, block, cycle;
	const char *way;
	int64_t dose, start_ns, wall_cyc, cpu_cyc;
	int64_t meter_udp, meter_io, meter_switch, meter_own;
	int64_t calls_n, errors_n, bytes, other_n;
	int64_t switch_n, frame_switch_n, late_calls_n, late_irqs_n, softirq_n, frame_softirq_n;
	int64_t target_cyc, path_cyc, sleep_cyc, async_cyc, async_target_cyc, irq_cyc, irq_target_cyc;
	int64_t sampled;
	int64_t came_n, came_own_n, went_n, went_idle_n, others_n, others_idle_n;
	int64_t between_n, between_idle_n, idle_n, idle_missed_n;
};

struct ledger_row {
	int64_t run, cpu;
	const char *task, *call, *softirq, *hardirq;
	int64_t cyc, entries_n;
};

struct balance_row {
	int64_t run, cpu, window_cyc, residue_cyc;
	double worst;
};

struct thread_row {
	int64_t run, tid, start, pid;
	const char *comm;
	int64_t user_cyc, path_cyc, call_cyc, kernel_cyc, irq_cyc, unknown_cyc, sleep_cyc, calls_n;
};

struct call_row {
	int64_t run;
	const char *name;
	int64_t calls_n, errors_n, cyc;
};

struct hist_row {
	int64_t run;
	const char *name;
	int64_t low, n, total;
};

struct sample_row {
	int64_t run, block, cpu;
	const char *task, *call, *softirq, *hardirq, *stage;
	int64_t samples_n, cyc;
};

struct event_row {
	int64_t run, cpu;
	const char *name;
	int64_t window_n, own_n, enabled_ns, running_ns;
};

struct event_count_row {
	int64_t run, cpu;
	const char *task, *call, *softirq, *hardirq, *name;
	int64_t n;
};

struct shape_row {
	int64_t run, burst_low, bytes_low, sockets, destinations, n, calls_n, bytes;
};

struct footprint_row {
	int64_t run;
	const char *receivers;
	int64_t bytes;
	double packet_cyc, wanted_cyc;
	int64_t used, work_ns;
	double sleeps, wanted_wakes;
};

struct bench_row {
	int64_t run, round;
	const char *way;
	int64_t group_size, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, async_cyc, preempt_n;
};

struct bench_event_row {
	int64_t run, round;
	const char *way;
	int64_t group_size, payload_bytes, private_bytes;
	const char *name;
	int64_t n, enabled_ns, running_ns;
};

struct counted_row {
	int64_t run, round;
	const char *way;
	int64_t group_size, payload_bytes, private_bytes;
	const char *stage, *function;
	int64_t insn_n;
};

struct trial_row {
	int64_t run, trial;
	const char *way;
	int64_t group_size, payload_bytes, packets_per_s, work_ns;
	double quality;
	int64_t wall_ns, cpu_ns, expected_n, lost_n, silent_n;
	double rate_bps, rate_bps_min, rate_bps_mean;
};

struct prediction_row {
	int64_t prediction; /* set by the store */
	int64_t profile, bench, made_ns;
	const char *path, *alternative;
	double fraction, fraction_low, fraction_high;
	double speedup, speedup_low, speedup_high;
	double overhead;
	double predicted, predicted_low, predicted_high;
	double capacity, capacity_low, capacity_high;
	int64_t forced;
};

struct observation_row {
	int64_t prediction, run;
	double observed, observed_low, observed_high;
};

/* A row of the view bench_v: one way at one point of a bench, over all its rounds. */
struct bench_point_row {
	int64_t run, group_size, payload_bytes, private_bytes;
	const char *way;
	int64_t rounds_n, packets_n, errors_n;
	double cycles_per_packet;
};

/* A row of the view prediction_v: a prediction beside what was observed (NULL where nothing was yet). */
struct scored_row {
	int64_t prediction, profile, bench;
	const char *path, *alternative;
	double fraction, fraction_low, fraction_high;
	double speedup, speedup_low, speedup_high;
	double overhead;
	double predicted, predicted_low, predicted_high;
	double capacity, capacity_low, capacity_high;
	int64_t forced;
	int64_t observe;
	double observed, observed_low, observed_high;
	double error;
	int64_t overlaps;
};

#endif
