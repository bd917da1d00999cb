/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_store.c: turns what was sampled into rows. */
#include <linux/types.h>

#include "collect/sample_measure.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/store.h"
#include "collect/account_names.h"
#include "collect/cpus.h"
#include "collect/sample.h"

#define UNRESOLVED 0.002 /* of the target's samples */
#define MULTIPLEXED 0.001
#define MISSED 0.002 /* of the samples of the target */

struct writer {
	struct store *store;
	int64_t run;
	const struct sample_measurement *m;
	struct sampler *sampler;
	double scale;
};

struct sample_row sample_row_of(const struct sample_count *count, double scale)
{
	struct account_words words = account_words(count->row);

	return (struct sample_row){
		.block = count->block, .cpu = count->cpu, .task = words.task, .call = words.call, .softirq = words.softirq, .hardirq = words.hardirq,
		.stage = sample_stage_names[count->stage], .samples_n = count->samples_n, .cyc = llround(count->cyc * scale),
	};
}

static int write_blocks(const struct writer *w, int64_t first)
{
	int err = 0;

	for (size_t i = 0; i < w->m->blocks_n && !err; i++) {
		struct block_row row = w->m->blocks[i];

		row.run = w->run;
		if (w->m->by_samples && row.cpu_cyc != STORE_NULL)
			row.cpu_cyc = llround((double)row.cpu_cyc * w->scale);
		row.block += first;
		row.cycle += first;
		err = store_add_block(w->store, &row);
	}
	return err;
}

static int write_samples(const struct writer *w, int64_t first)
{
	int err = 0;

	for (size_t i = 0; i < w->m->counts_n && !err; i++) {
		struct sample_row row = sample_row_of(&w->m->counts[i], w->scale);

		row.run = w->run;
		row.block += first;
		err = store_add_sample(w->store, &row);
	}
	return err;
}

struct cell {
	double cyc;
	int64_t samples_n;
};

static int write_cpu_rows(const struct writer *w, int cpu, const struct cell *cells)
{
	int err = 0;

	for (uint32_t i = 0; i < ACCOUNT_ROWS && !err; i++) {
		struct account_words words = account_words(i);
		const struct ledger_row row = {
			.run = w->run, .cpu = cpu, .task = words.task, .call = words.call, .softirq = words.softirq, .hardirq = words.hardirq,
			.cyc = llround(cells[i].cyc * w->scale), .entries_n = cells[i].samples_n,
		};

		if (cells[i].samples_n)
			err = store_add_ledger(w->store, &row);
	}
	return err;
}

/* The ledger as the samples have it: its rows' entries_n are samples. */
static int write_ledger(const struct writer *w)
{
	int cpus_n = 0, err = 0;

	for (size_t i = 0; i < w->m->counts_n; i++)
		if (w->m->counts[i].cpu >= cpus_n)
			cpus_n = w->m->counts[i].cpu + 1;
	struct cell *cells = calloc((size_t)cpus_n * ACCOUNT_ROWS + 1, sizeof *cells);
	if (!cells)
		return -ENOMEM;
	for (size_t i = 0; i < w->m->counts_n; i++) {
		const struct sample_count *count = &w->m->counts[i];
		struct cell *cell = &cells[(size_t)count->cpu * ACCOUNT_ROWS + count->row];

		cell->cyc += count->cyc;
		cell->samples_n += count->samples_n;
	}
	for (int cpu = 0; cpu < cpus_n && !err; cpu++)
		err = write_cpu_rows(w, cpu, cells + (size_t)cpu * ACCOUNT_ROWS);
	free(cells);
	return err;
}

/* The name of a thread that still runs; "?" for one that does not. */
static void read_comm(const struct sample_thread *thread, char *comm, size_t size)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%u/task/%u/comm", thread->pid, thread->tid);
	FILE *file = fopen(path, "re");
	if (!file || !fgets(comm, (int)size, file))
		snprintf(comm, size, "?");
	comm[strcspn(comm, "\n")] = 0;
	if (file)
		fclose(file);
}

static int write_threads(const struct writer *w)
{
	size_t n;
	const struct sample_thread *threads = sampler_threads(w->sampler, &n);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct sample_thread *t = &threads[i];
		char comm[64];
		struct thread_row row;

		store_null_thread(&row);
		read_comm(t, comm, sizeof comm);
		row.run = w->run;
		row.tid = t->tid;
		row.start = 0;
		row.pid = t->pid;
		row.comm = comm;
		row.user_cyc = llround(t->cyc[ACCOUNT_THREAD_USER] * w->scale);
		row.path_cyc = llround(t->cyc[ACCOUNT_THREAD_PATH] * w->scale);
		row.call_cyc = llround(t->cyc[ACCOUNT_THREAD_CALL] * w->scale);
		row.kernel_cyc = llround(t->cyc[ACCOUNT_THREAD_KERNEL] * w->scale);
		row.irq_cyc = llround(t->cyc[ACCOUNT_THREAD_IRQ] * w->scale);
		row.unknown_cyc = row.sleep_cyc = 0;
		row.calls_n = (int64_t)t->path_n;
		err = store_add_thread(w->store, &row);
	}
	return err;
}

static int write_warning(const struct writer *w, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int write_warning(const struct writer *w, const char *code, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return store_add_warning(w->store, &(struct warning_row){.run = w->run, .code = code, .text = text});
}

static int write_warnings(const struct writer *w)
{
	const struct sample_totals *t = sampler_totals(w->sampler);
	double unresolved = (double)t->unresolved_n / (double)(t->target_n ? t->target_n : 1);
	int err = 0;

	if (t->lost_n)
		err = write_warning(w, "samples-lost", "%" PRIu64 " records of samples or context switches were lost, beside %" PRIu64 " samples that were read: "
				    "keep a CPU free to read them in time, or sample less often (--rate)", t->lost_n, t->samples_n);
	if (!err && t->throttled_n)
		err = write_warning(w, "throttled", "the kernel throttled the sampling %" PRIu64 " times: sample less often (--rate), or raise "
				    "kernel.perf_event_max_sample_rate", t->throttled_n);
	if (!err && t->multiplexed > MULTIPLEXED)
		err = write_warning(w, "samples-multiplexed", "the counter ran %.1f %% of the time only, others had the PMU: end them", 100 * (1 - t->multiplexed));
	if (!err && unresolved > UNRESOLVED)
		err = write_warning(w, "unresolved", "%.2g %% of the target's samples are in a system call that could not be told: f is too low by up to their share",
				    100 * unresolved);
	double missed = (double)t->missed_n / (double)(t->target_n + t->missed_n ? t->target_n + t->missed_n : 1);
	if (!err && missed > MISSED)
		err = write_warning(w, "samples-missing", "%.2g %% of the timer's expiries between two samples of the target left none: the kernel keeps something to itself, or "
				    "the CPU was halted; f takes those for system calls that idle CPUs do not explain, in proportion to the samples in them", 100 * missed);
	if (!err && w->m->untold)
		err = write_warning(w, "switches-untold", "context switches could not be watched any more (%s): what the kernel charges the target with beside its own time is known "
				    "from the windows before only; run as root, or raise `ulimit -n` where that is it", strerror(-w->m->untold));
	if (!err && !sampler_sees_all(w->sampler))
		err = write_warning(w, "own-threads", "without the privilege to watch whole CPUs only the target's own threads were sampled: --async "
				    "counts nothing; run as root or with CAP_PERFMON");
	return err;
}

int sample_store(struct store *store, int64_t run, const struct sample_measurement *m, struct sampler *sampler, int64_t first, int alone)
{
	const struct writer w = {store, run, m, sampler, sample_scale(m, sampler)};
	int err = write_blocks(&w, first);

	if (!err)
		err = write_samples(&w, first);
	if (!err && alone)
		err = write_ledger(&w);
	if (!err && alone)
		err = write_threads(&w);
	if (!err)
		err = write_warnings(&w);
	return err;
}
