/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile_store.c: turns the sums of a measurement into rows. */
#include <linux/types.h>

#include "collect/profile_store.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analyze/predict.h"
#include "analyze/store.h"
#include "collect/account_names.h"
#include "collect/event_counts.h"
#include "collect/ledger.h"
#include "collect/ledger_types.h"
#include "collect/measure.h"
#include "collect/sample_measure.h"
#include "collect/syscalls.h"

#define UNBALANCED 0.001
#define STEAL 0.01 /* of one CPU's time */
#define MISSED 0.001 /* of the target's cycles */

/* What every writer below needs. */
struct writer {
	struct store *store;
	int64_t run;
	const struct profile_record *record;
	const struct measurement *m;
	double scale;
};

static int64_t cycles(const struct writer *w, double units)
{
	return llround(units * w->scale);
}

static int write_blocks(const struct writer *w)
{
	int err = 0;

	for (size_t i = 0; i < w->m->blocks_n && !err; i++) {
		struct block_row row = w->m->blocks[i];

		row.run = w->run;
		err = store_add_block(w->store, &row);
	}
	for (size_t i = 0; i < w->record->calibrations_n && !err; i++) {
		w->record->calibrations[i].run = w->run;
		err = store_add_calibration(w->store, &w->record->calibrations[i]);
	}
	return err;
}

static int write_cpu_rows(const struct writer *w, int cpu)
{
	const struct measure_cpu *sums = &w->m->cpus[cpu];
	int err = 0;

	for (uint32_t row = 0; row < ACCOUNT_ROWS && !err; row++) {
		if (!sums->cyc[row] && !sums->entries_n[row])
			continue;
		const struct account_words words = account_words(row);
		const struct ledger_row out = {
			.run = w->run,
			.cpu = cpu,
			.task = words.task,
			.call = words.call,
			.softirq = words.softirq,
			.hardirq = words.hardirq,
			.cyc = cycles(w, (double)sums->cyc[row]),
			.entries_n = (int64_t)sums->entries_n[row],
		};
		err = store_add_ledger(w->store, &out);
	}
	return err;
}

static int write_ledger(const struct writer *w)
{
	int err = 0;

	for (int cpu = 0; cpu < w->m->cpus_n && !err; cpu++) {
		const struct measure_cpu *sums = &w->m->cpus[cpu];
		const struct balance_row balance = {
			.run = w->run,
			.cpu = cpu,
			.window_cyc = cycles(w, (double)sums->window),
			.residue_cyc = cycles(w, (double)sums->residue),
			.worst = sums->worst,
		};

		if (!sums->window)
			continue;
		err = write_cpu_rows(w, cpu);
		if (!err)
			err = store_add_balance(w->store, &balance);
	}
	return err;
}

static int write_warning(const struct writer *w, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int write_event_rows(const struct writer *w, int cpu, int event)
{
	int err = 0;

	for (uint32_t row = 0; row < ACCOUNT_ROWS && !err; row++) {
		const struct account_words words = account_words(row);
		const struct event_count_row out = {
			.run = w->run, .cpu = cpu, .task = words.task, .call = words.call, .softirq = words.softirq, .hardirq = words.hardirq,
			.name = w->record->events->names[event], .n = (int64_t)w->m->cpus[cpu].events[row][event],
		};

		if (out.n)
			err = store_add_event_count(w->store, &out);
	}
	return err;
}

/* Marks an event that was not on the PMU all the time. */
static int write_multiplexed(const struct writer *w, const char *name, uint64_t enabled_ns, uint64_t running_ns, int *marked)
{
	if (running_ns >= enabled_ns || *marked)
		return 0;
	*marked = 1;
	return write_warning(w, running_ns ? "multiplexed" : "unscheduled", "%s was counted %.2g %% of the time only and is not scaled: ask for fewer events, "
			     "or end who else uses the PMU", name, 100 * (double)running_ns / (double)enabled_ns);
}

static int write_events(const struct writer *w)
{
	const struct event_counts *events = w->record->events;
	int err = 0, marked = 0;

	for (int cpu = 0; events && cpu < w->m->cpus_n && !err; cpu++)
		for (int i = 0; i < events->n && !err; i++) {
			struct event_row row = {.run = w->run, .cpu = cpu, .name = events->names[i], .window_n = (int64_t)w->m->cpus[cpu].event_n[i],
						.own_n = (int64_t)w->m->cpus[cpu].event_own_n[i]};
			uint64_t enabled_ns, running_ns;

			if (event_counts_times(events, i, cpu, &enabled_ns, &running_ns))
				continue;
			row.enabled_ns = (int64_t)enabled_ns;
			row.running_ns = (int64_t)running_ns;
			err = store_add_event(w->store, &row);
			if (!err)
				err = write_event_rows(w, cpu, i);
			if (!err)
				err = write_multiplexed(w, events->names[i], enabled_ns, running_ns, &marked);
		}
	if (!err && w->m->event_errors_n)
		err = write_warning(w, "event-errors", "%" PRIu64 " readings of events failed: the counters were not on the PMU then", w->m->event_errors_n);
	return err;
}

static int write_threads(const struct writer *w)
{
	int err = 0;

	for (uint32_t slot = 1; slot < w->m->threads_n && !err; slot++) {
		const struct measure_thread *t = &w->m->threads[slot];
		const struct ledger_who *who = ledger_who(w->record->ledger, slot);
		uint64_t any = t->sleep_cyc | t->calls_n;

		for (int i = 0; i < ACCOUNT_THREAD_MAX; i++)
			any |= t->cyc[i];
		if (!any) /* never ran in a dose 1 window */
			continue;
		const struct thread_row row = {
			.run = w->run,
			.tid = who->tid,
			.start = (int64_t)who->start_ns,
			.pid = who->pid,
			.comm = who->comm,
			.user_cyc = cycles(w, (double)t->cyc[ACCOUNT_THREAD_USER]),
			.path_cyc = cycles(w, (double)t->cyc[ACCOUNT_THREAD_PATH]),
			.call_cyc = cycles(w, (double)t->cyc[ACCOUNT_THREAD_CALL]),
			.kernel_cyc = cycles(w, (double)t->cyc[ACCOUNT_THREAD_KERNEL]),
			.irq_cyc = cycles(w, (double)t->cyc[ACCOUNT_THREAD_IRQ]),
			.unknown_cyc = cycles(w, (double)t->cyc[ACCOUNT_THREAD_UNKNOWN]),
			.sleep_cyc = cycles(w, (double)t->sleep_cyc),
			.calls_n = (int64_t)t->calls_n,
		};
		err = store_add_thread(w->store, &row);
	}
	return err;
}

/* Of the watched bursts: one is 1, several are 2. */
static int write_several(const struct writer *w, const char *name, const uint64_t n[2])
{
	int err = 0;

	for (int64_t i = 0; i < 2 && !err; i++)
		if (n[i])
			err = store_add_hist(w->store, &(struct hist_row){.run = w->run, .name = name, .low = i + 1, .n = (int64_t)n[i],
									  .total = (i + 1) * (int64_t)n[i]});
	return err;
}

static int write_calls(const struct writer *w)
{
	int err = 0;

	for (int nr = 0; nr < ACCOUNT_CALLS_MAX && !err; nr++) {
		const struct account_calls *calls = &w->m->calls[nr];
		const struct call_row row = {
			.run = w->run,
			.name = syscalls_name(nr),
			.calls_n = (int64_t)calls->calls_n,
			.errors_n = (int64_t)calls->errors_n,
			.cyc = cycles(w, (double)calls->cyc),
		};

		if (calls->calls_n)
			err = store_add_call(w->store, &row);
	}
	return err;
}

/* `unit`: what turns the values of the histogram into the stored ones. */
static int write_hist(const struct writer *w, const char *name, const struct account_hist *hist, double unit)
{
	int err = 0;

	for (uint32_t i = 0; i < ACCOUNT_HIST_MAX && !err; i++) {
		const struct hist_row row = {
			.run = w->run,
			.name = name,
			.low = llround((double)account_bucket_low(i) * unit),
			.n = (int64_t)hist->n[i],
			.total = llround((double)hist->total[i] * unit),
		};

		if (hist->n[i])
			err = store_add_hist(w->store, &row);
	}
	return err;
}

/* 0 unknown, 1 one, 2 several. */
static struct shape_row shape_row_of(const struct writer *w, uint32_t cell)
{
	const struct account_shape *shape = &w->m->shape[cell];
	uint32_t bytes = cell % ACCOUNT_HALVES, burst = cell / ACCOUNT_HALVES % ACCOUNT_HALVES, went = cell / ACCOUNT_HALVES / ACCOUNT_HALVES;
	bool known = went != ACCOUNT_WENT_UNKNOWN;

	return (struct shape_row){
		.run = w->run,
		.burst_low = (int64_t)account_half_low(burst),
		.bytes_low = (int64_t)account_half_low(bytes),
		.sockets = known ? 1 + went / 2 : 0,
		.destinations = known ? 1 + went % 2 : 0,
		.n = (int64_t)shape->n,
		.calls_n = (int64_t)shape->calls_n,
		.bytes = (int64_t)shape->bytes,
	};
}

static int write_shape(const struct writer *w)
{
	int err = 0;

	for (uint32_t cell = 0; cell < ACCOUNT_SHAPE_MAX && !err; cell++) {
		const struct shape_row row = shape_row_of(w, cell);

		if (row.n)
			err = store_add_shape(w->store, &row);
	}
	return err;
}

static int write_warning(const struct writer *w, const char *code, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return store_add_warning(w->store, &(struct warning_row){.run = w->run, .code = code, .text = text});
}

static size_t probed_windows(const struct measurement *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->blocks_n; i++)
		n += m->blocks[i].dose > 0;
	return n;
}

static int64_t path_calls(const struct measurement *m)
{
	int64_t n = 0;

	for (size_t i = 0; i < m->blocks_n; i++)
		n += m->blocks[i].calls_n == STORE_NULL ? 0 : m->blocks[i].calls_n;
	return n;
}

static double target_cyc(const struct measurement *m)
{
	double sum = 0;

	for (size_t i = 0; i < m->blocks_n; i++)
		sum += m->blocks[i].target_cyc == STORE_NULL ? 0 : (double)m->blocks[i].target_cyc;
	return sum;
}

/* Of the machine and of how the measurement went. */
static int write_common_warnings(const struct writer *w, int64_t lost)
{
	const struct measurement *m = w->m;
	int err = 0;

	if (lost)
		err = write_warning(w, "lost", "%" PRId64 " events were lost: the figures are too low; raise the limits of the ledger or measure fewer threads", lost);
	if (!err && m->residue > UNBALANCED)
		err = write_warning(w, "unbalanced", "the ledger's rows miss the clock by %.2g %% in a window (limit 0.1 %%): do not trust them; "
				    "is the clock steady?", 100 * m->residue);
	if (!err && (double)m->missed_cyc * w->scale > MISSED * target_cyc(m))
		err = write_warning(w, "switches", "the kernel did not tell of %" PRIu64 " context switch%s: up to %.2g %% of the target's cycles "
				    "may be charged to the wrong task", m->missed_n, m->missed_n == 1 ? "" : "es", 100 * (double)m->missed_cyc * w->scale / target_cyc(m));
	if (!err && (double)m->steal_ns > STEAL * (double)m->wall_ns)
		err = write_warning(w, "steal", "the hypervisor took %.1f %% of a CPU's time away: repeat on a quieter machine",
				    100.0 * (double)m->steal_ns / (double)m->wall_ns);
	if (!err && w->record->clock_doubt)
		err = write_warning(w, "clock", "%s", w->record->clock_doubt);
	if (!err && m->interrupted)
		err = write_warning(w, "interrupted", "ended early on request after %.1f s: the intervals are wider for it", (double)m->wall_ns / 1e9);
	if (!err && m->ended)
		err = write_warning(w, "ended", "the target ended after %.1f s of measurement", (double)m->wall_ns / 1e9);
	return err;
}

static int write_no_calls(const struct writer *w)
{
	return write_warning(w, "no-calls", "the target never called %s: f = 0, there is nothing to replace; see its system calls below, "
			     "and choose with --path", w->record->path);
}

static int write_warnings(const struct writer *w, int64_t lost)
{
	size_t probed = probed_windows(w->m);
	int err = write_common_warnings(w, lost);

	if (err || w->record->observed)
		return err;
	if (probed < PREDICT_WINDOWS_MIN)
		err = write_warning(w, "short", "only %zu probed windows: too few for an interval; measure longer (--seconds)", probed);
	if (!err && !path_calls(w->m))
		err = write_no_calls(w);
	return err;
}

/* A run without a ledger: samples are all there is. */
static int write_sampled(const struct writer *w)
{
	const struct sample_measurement *sampled = w->record->sampled;
	const struct measurement *m = w->m;
	int64_t path_n = 0;
	int err = sample_store(w->store, w->run, sampled, w->record->sampler, 0, 1);

	for (size_t i = 0; i < sampled->counts_n; i++)
		path_n += strcmp(account_words(sampled->counts[i].row).call, "path") ? 0 : sampled->counts[i].samples_n;
	if (!err)
		err = write_common_warnings(w, 0);
	if (!err && sampled->blocks_n < PREDICT_WINDOWS_MIN)
		err = write_warning(w, "short", "only %zu windows: too few for an interval; measure longer (--seconds)", sampled->blocks_n);
	if (!err && !path_n)
		err = write_no_calls(w);
	const struct run_end end = {
		.state = m->interrupted ? "interrupted" : "complete", .wall_ns = m->wall_ns, .residue = NAN, .steal_ns = m->steal_ns,
	};
	return err ? err : store_run_end(w->store, w->run, &end);
}

static int write_all(const struct writer *w)
{
	const struct measurement *m = w->m;
	int64_t lost = (int64_t)(ledger_lost(w->record->ledger) + m->nested_n);
	int err = write_blocks(w);

	if (!err && w->record->sampled)
		err = sample_store(w->store, w->run, w->record->sampled, w->record->sampler, (int64_t)m->blocks_n, 0);
	if (!err)
		err = write_ledger(w);
	if (!err)
		err = write_events(w);
	if (!err)
		err = write_threads(w);
	if (!err)
		err = write_calls(w);
	if (!err)
		err = write_hist(w, "bytes", &m->bytes, 1);
	if (!err)
		err = write_hist(w, "burst", &m->burst, 1);
	if (!err)
		err = write_hist(w, "gap", &m->gap, w->scale);
	if (!err)
		err = write_hist(w, "train", &m->train, 1);
	if (!err)
		err = write_shape(w);
	if (!err)
		err = write_several(w, "sockets", m->sockets_n);
	if (!err)
		err = write_several(w, "destinations", m->destinations_n);
	if (!err)
		err = write_warnings(w, lost);
	const struct run_end end = {
		.state = m->interrupted ? "interrupted" : "complete",
		.wall_ns = m->wall_ns,
		.span_ns = w->record->calibrated_ns + m->wall_ns + w->record->wakes_ns,
		.once_ns = ledger_attached_ns(w->record->ledger, 1) + w->record->wakes_ns,
		.twice_ns = ledger_attached_ns(w->record->ledger, 2),
		.quiet_n = (int64_t)w->record->woken.calls_n[0],
		.waking_n = (int64_t)w->record->woken.calls_n[1],
		.quiet_ns = (int64_t)w->record->woken.ns[0],
		.waking_ns = (int64_t)w->record->woken.ns[1],
		.lost_n = lost,
		.residue = m->residue,
		.unbalanced = m->residue > UNBALANCED,
		.steal_ns = m->steal_ns,
	};
	return err ? err : store_run_end(w->store, w->run, &end);
}

int profile_store(struct store *store, int64_t run, const struct profile_record *record)
{
	const struct writer w = {store, run, record, record->measurement, record->ledger ? ledger_scale(record->ledger) : 1};
	int err = store_begin(store);

	if (!err)
		err = record->ledger ? write_all(&w) : write_sampled(&w);
	if (!err)
		err = store_commit(store);
	if (err)
		store_rollback(store);
	return err;
}
