/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice_exact.c: windows over a running server, and how timed blocks become rows. */
#include <linux/types.h>

#include "workloads/slice_exact.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/store.h"
#include "base/err.h"
#include "base/now.h"
#include "collect/account.h"
#include "collect/clock.h"
#include "collect/host.h"
#include "collect/meter.h"
#include "collect/nudge.h"
#include "collect/syscalls.h"

#define LOST 0.001 /* of all pieces */

/* ---- The record ---- */

static int grow(struct slice_record *record)
{
	size_t room = record->room ? 2 * record->room : 64;
	struct block_row *blocks = realloc(record->blocks, room * sizeof *blocks);

	if (blocks)
		record->blocks = blocks;
	struct stage_sums *sums = blocks ? realloc(record->sums, room * sizeof *sums) : NULL;
	if (!sums)
		return fail(-ENOMEM, "slice: out of memory");
	record->sums = sums;
	record->room = room;
	return 0;
}

int slice_record_add(struct slice_record *record, const char *way, int64_t cycle, int64_t wall_ns, int64_t cpu_ns, int64_t packets_n,
		     const struct stage_sums *sums, double hz)
{
	int err = record->n == record->room ? grow(record) : 0;

	if (err)
		return err;
	struct block_row *block = &record->blocks[record->n];
	store_null_block(block);
	block->run = 0;
	block->block = (int64_t)record->n;
	block->cycle = cycle;
	block->way = way;
	block->dose = sums != NULL;
	block->start_ns = 0;
	block->wall_cyc = llround((double)wall_ns * hz / 1e9);
	block->cpu_cyc = llround((double)cpu_ns * hz / 1e9);
	block->meter_udp = packets_n < 0 ? STORE_NULL : packets_n;
	block->calls_n = sums ? (int64_t)sums->frames_n : STORE_NULL;
	record->sums[record->n++] = sums ? *sums : (struct stage_sums){0};
	return 0;
}

void slice_record_free(struct slice_record *record)
{
	free(record->blocks);
	free(record->sums);
	*record = (struct slice_record){0};
}

static int write_stages(struct store *store, int64_t run, const struct slice_record *record, size_t block, double hz)
{
	const struct stage_sums *sums = &record->sums[block];
	int err = 0;

	for (int stage = 0; stage < SAMPLE_STAGE_MAX && !err; stage++) {
		const struct sample_row row = {
			.run = run, .block = (int64_t)block, .cpu = 0, .task = "target", .call = "path", .softirq = "none", .hardirq = "none",
			.stage = sample_stage_names[stage], .samples_n = (int64_t)sums->pieces_n[stage],
			.cyc = llround((double)sums->ns[stage] * hz / 1e9),
		};

		if (row.samples_n)
			err = store_add_sample(store, &row);
	}
	return err;
}

static int write_lost(struct store *store, int64_t run, const struct slice_record *record)
{
	uint64_t lost = 0, pieces = 0;
	char text[256];

	for (size_t i = 0; i < record->n; i++) {
		lost += record->sums[i].lost_n;
		for (int stage = 0; stage < SAMPLE_STAGE_MAX; stage++)
			pieces += record->sums[i].pieces_n[stage];
	}
	if ((double)lost <= LOST * (double)pieces)
		return 0;
	snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 " begins and ends of stages were not seen: some of the time stands in the wrong stage", lost,
		 lost + pieces);
	return store_add_warning(store, &(struct warning_row){.run = run, .code = "stages-lost", .text = text});
}

int slice_record_write(struct store *store, int64_t run, const struct slice_record *record, double hz)
{
	int err = 0;

	for (size_t i = 0; i < record->n && !err; i++) {
		struct block_row row = record->blocks[i];

		row.run = run;
		err = store_add_block(store, &row);
		if (!err)
			err = write_stages(store, run, record, i, hz);
	}
	return err ? err : write_lost(store, run, record);
}

/* ---- A running server ---- */

struct slicing {
	const struct slice_exact_options *o;
	struct clock clock;
	struct stage_timer *stages;
	struct nudge *nudge;
	struct slice_record record;
	char *path;
};

/* One window, timed or not. */
static int run_window(struct slicing *s, int64_t cycle, int timed)
{
	const struct timespec length = {s->o->window_ms / 1000, s->o->window_ms % 1000 * 1000000L};
	struct meter before, after;
	struct stage_sums sums;
	int err = timed ? stage_begin(s->stages) : 0;

	if (err)
		return err;
	int64_t from_ns = now_ns();
	meter_read(s->nudge, &s->o->pid, 1, &before);
	nanosleep(&length, NULL);
	meter_read(s->nudge, &s->o->pid, 1, &after);
	int64_t wall_ns = now_ns() - from_ns;
	if (timed)
		stage_end(s->stages, &sums);
	if (!before.alive || !after.alive)
		return -ESRCH;
	int64_t packets_n = before.udp_n < 0 || after.udp_n < 0 ? -1 : after.udp_n - before.udp_n;
	return slice_record_add(&s->record, NULL, cycle, wall_ns, after.cpu_ns - before.cpu_ns, packets_n, timed ? &sums : NULL, s->clock.hz);
}

static int run_windows(struct slicing *s)
{
	int64_t from_ns = now_ns(), wanted_ns = llround(s->o->seconds * 1e9), done_ns = 0;
	int err = 0;

	for (int64_t cycle = 0; !err && !*s->o->stop && done_ns < wanted_ns; cycle++) {
		err = run_window(s, cycle, cycle & 1);
		if (!err)
			err = run_window(s, cycle, !(cycle & 1));
		done_ns = now_ns() - from_ns;
		if (s->o->progress)
			s->o->progress(s->o->progress_context, fmin(1, (double)done_ns / (double)wanted_ns), "timing the stages");
	}
	if (err == -ESRCH)
		err = s->record.n >= 4 ? 0 : fail(err, "slice: process %d ended before it could be measured", s->o->pid);
	return err;
}

static int begin_run(const struct slicing *s, struct store *store, int64_t *run)
{
	struct host *host = NULL;
	struct run_row row;
	int64_t host_id = 0;
	char target[64];
	int err = host_read(&host);

	if (!err)
		err = store_host(store, host_row(host), &host_id);
	host_free(host);
	if (err)
		return err;
	snprintf(target, sizeof target, "process %d", s->o->pid);
	store_null_run(&row);
	row.kind = "slice";
	row.label = s->o->label;
	row.host = host_id;
	row.started_ns = clock_ns(CLOCK_REALTIME);
	row.command = s->o->command_line;
	row.version = s->o->version;
	row.scope = "process";
	row.target = target;
	row.pid = s->o->pid;
	row.path = s->path;
	row.clock = clock_name(s->clock.kind);
	row.clock_hz = s->clock.hz;
	row.engine = "exact";
	return store_run_begin(store, &row, run);
}

static int write_run(struct slicing *s, struct store *store, int64_t run, int64_t wall_ns)
{
	const struct run_end end = {.state = *s->o->stop ? "interrupted" : "complete", .wall_ns = wall_ns, .residue = NAN};
	int err = store_begin(store);

	if (!err)
		err = slice_record_write(store, run, &s->record, s->clock.hz);
	if (!err)
		err = store_run_end(store, run, &end);
	if (!err)
		err = store_commit(store);
	if (err)
		store_rollback(store);
	return err;
}

int slice_exact_server(struct store *store, const struct slice_exact_options *options, int64_t *run)
{
	struct slicing s = {.o = options};
	uint8_t path[ACCOUNT_CALLS_MAX];
	int err = syscalls_path(options->path, path);

	if (!err)
		err = (s.path = syscalls_names(path)) ? 0 : fail(-ENOMEM, "slice: out of memory");
	if (!err)
		err = clock_open(options->clock, &s.clock);
	if (!err) {
		err = stage_open(path, options->pid, &s.stages);
		if (!err)
			err = nudge_new(&s.nudge);
		if (!err)
			err = begin_run(&s, store, run);
		if (!err) {
			int64_t from_ns = now_ns();
			err = run_windows(&s);
			if (!err)
				err = write_run(&s, store, *run, now_ns() - from_ns);
			if (err)
				store_delete(store, *run);
		}
		clock_free(&s.clock);
	}
	nudge_free(s.nudge);
	stage_free(s.stages);
	slice_record_free(&s.record);
	free(s.path);
	return err;
}
