/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice_ways.c: rounds of blocks through one `groupsend --serve`, sampled while they run. */
#include "workloads/slice_ways.h"

#include "analyze/stats.h"
#include "analyze/store.h"
#include "base/err.h"
#include "base/now.h"
#include "collect/clock.h"
#include "collect/host.h"
#include "collect/sample.h"
#include "collect/sample_measure.h"
#include "collect/stage.h"
#include "collect/syscalls.h"
#include "workloads/block.h"
#include "workloads/child.h"
#include "workloads/slice_exact.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MS = 20000, PROBE_PACKETS = 4000 };

struct slicing {
	const struct slice_ways_options *o;
	struct clock clock;
	struct sampler *sampler;
	struct sample_measurement m;
	struct stage_timer *stages;      /* exact: instead of these two */
	struct slice_record record;
	int64_t start_ns;
	struct topology *here; /* groupsend makes the topology of the run itself */
	struct child groupsend;
	struct stats_rng *rng;
	uint64_t bursts[SLICE_WAYS_MAX]; /* that fill a block, by way; 0: it is left out */
	size_t ways_n;                   /* that are not */
};

static int start_groupsend(struct slicing *s)
{
	const struct slice_ways_options *o = s->o;
	struct child_args args = {0};
	int err = topology_new(TOPOLOGY_LO, -1, &s->here);

	child_arg(&args, "groupsend");
	child_arg(&args, "--serve");
	child_arg(&args, "--topology=%s", topology_names[o->topology]);
	child_arg(&args, "--receivers=%" PRIu64, o->group);
	if (o->server_cpu >= 0)
		child_arg(&args, "--cpu=%d", o->server_cpu);
	if (o->peer_cpu >= 0)
		child_arg(&args, "--peer-cpu=%d", o->peer_cpu);
	return err ? err : child_start(&s->groupsend, "groupsend", &args, s->here, TOPOLOGY_SERVER);
}

static int ask_block(struct slicing *s, size_t way, uint64_t bursts)
{
	char line[CHILD_LINE_BYTES];
	struct block block = {.group = s->o->group, .payload = s->o->payload_bytes, .head = s->o->private_bytes, .bursts = bursts};

	snprintf(block.way, sizeof block.way, "%s", s->o->ways[way]);
	block_format(&block, line, sizeof line);
	return child_say(&s->groupsend, line);
}

/* -EOPNOTSUPP with the reason in why[size], when the way cannot send this. */
static int hear_block(struct slicing *s, int64_t *packets_n, double *cpu_ns, char *why, size_t size)
{
	char line[CHILD_LINE_BYTES];
	int err = child_hear(&s->groupsend, ANSWER_MS, line, sizeof line);

	if (err)
		return err;
	json_t *answer = json_loads(line, 0, NULL);
	const json_t *error = json_object_get(answer, "error");
	*packets_n = json_integer_value(json_object_get(answer, "packets"));
	*cpu_ns = json_number_value(json_object_get(answer, "cpu_ns"));
	if (!answer || error || *packets_n <= 0) {
		snprintf(why, size, "%.200s", error ? json_string_value(error) : answer ? "not one packet was sent" : line);
		err = -EOPNOTSUPP;
	}
	json_decref(answer);
	return err;
}

/* How many bursts fill a block of this way. The first block also makes its group. */
static int find_bursts(struct slicing *s, size_t way)
{
	uint64_t probe = PROBE_PACKETS / s->o->group + 1;
	double cpu_ns = 0;
	int64_t packets_n;
	char why[256] = "";
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		err = ask_block(s, way, probe);
		if (!err)
			err = hear_block(s, &packets_n, &cpu_ns, why, sizeof why);
	}
	if (err == -EOPNOTSUPP && s->o->absent) {
		s->o->absent(s->o->absent_context, s->o->ways[way], why);
		return 0;
	}
	if (err == -EOPNOTSUPP)
		return fail(err, "slice: %s cannot send this: %s", s->o->ways[way], why);
	s->ways_n++;
	s->bursts[way] = 1 + (uint64_t)((double)s->o->block_ms * 1e6 / (cpu_ns / (double)probe + 1));
	return err;
}

static int sample_block(struct slicing *s, size_t way)
{
	const struct sample_measure_options options = {
		.sampler = s->sampler, .clock = &s->clock, .way = s->o->ways[way], .end_fd = s->groupsend.from, .stop = s->o->stop,
		.origin_ns = s->start_ns,
	};
	int64_t packets_n = 0;
	double cpu_ns;
	char why[256];
	int err = ask_block(s, way, s->bursts[way]);

	if (!err)
		err = sample_measure(&options, 1e-6, &s->m); /* one window, which ends with the answer */
	int heard = err ? 0 : hear_block(s, &packets_n, &cpu_ns, why, sizeof why);
	if (heard == -EOPNOTSUPP)
		fail(heard, "slice: %s does not send any more: %s", s->o->ways[way], why);
	if (!err && !heard && s->m.blocks_n) {
		struct block_row *block = &s->m.blocks[s->m.blocks_n - 1];

		block->meter_udp = packets_n;
		if (block->target_cyc == STORE_NULL) /* the sender's own, of all these packets: sampling began a little later */
			block->cpu_cyc = llround(cpu_ns * s->clock.hz / 1e9);
	}
	return err ? err : heard;
}

/* Exact: a block, timed or not. */
static int time_block(struct slicing *s, size_t way, int64_t cycle, bool timed)
{
	struct stage_sums sums;
	int64_t packets_n = 0, from_ns;
	double cpu_ns = 0;
	char why[256];
	int err = timed ? stage_begin(s->stages) : 0;

	if (err)
		return err;
	from_ns = now_ns();
	err = ask_block(s, way, s->bursts[way]);
	if (!err)
		err = hear_block(s, &packets_n, &cpu_ns, why, sizeof why);
	int64_t wall_ns = now_ns() - from_ns;
	if (timed)
		stage_end(s->stages, &sums);
	if (err == -EOPNOTSUPP)
		return fail(err, "slice: %s does not send any more: %s", s->o->ways[way], why);
	return err ? err : slice_record_add(&s->record, s->o->ways[way], cycle, wall_ns, llround(cpu_ns), packets_n, timed ? &sums : NULL, s->clock.hz);
}

/* One round of a way: both blocks, in either order. */
static int time_pair(struct slicing *s, size_t way, uint64_t round)
{
	bool first = stats_rng_uniform(s->rng) < 0.5;
	int64_t cycle = (int64_t)(round * SLICE_WAYS_MAX + way);
	int err = time_block(s, way, cycle, first);

	return err ? err : time_block(s, way, cycle, !first);
}

/* Fisher and Yates. */
static void shuffle(struct slicing *s, size_t *order)
{
	for (size_t i = 0; i < s->o->ways_n; i++)
		order[i] = i;
	for (size_t i = s->o->ways_n; i-- > 1;) {
		size_t j = (size_t)(stats_rng_uniform(s->rng) * (double)(i + 1)), way = order[i];

		order[i] = order[j];
		order[j] = way;
	}
}

static int run_rounds(struct slicing *s)
{
	const struct slice_ways_options *o = s->o;
	int err = 0;

	for (size_t i = 0; i < o->ways_n && !err; i++)
		err = find_bursts(s, i);
	for (uint64_t round = 0; round < o->rounds && !err && !*o->stop; round++) {
		size_t order[SLICE_WAYS_MAX] = {0};

		shuffle(s, order);
		for (size_t i = 0; i < o->ways_n && !err && !*o->stop; i++)
			err = !s->bursts[order[i]] ? 0 : s->stages ? time_pair(s, order[i], round) : sample_block(s, order[i]);
		if (o->progress)
			o->progress(o->progress_context, (double)(round + 1) / (double)o->rounds, s->stages ? "timing every way" : "sampling every way");
	}
	size_t blocks_n = s->stages ? s->record.n / 2 : s->m.blocks_n;
	if (!err && (!s->ways_n || blocks_n < SLICE_ROUNDS_MIN * s->ways_n))
		err = fail(-ENODATA, s->ways_n ? "slice: interrupted too early: nothing was stored" : "slice: no way can send this here");
	return err;
}

static int begin_run(const struct slicing *s, struct store *store, int64_t *run)
{
	struct host *host = NULL;
	struct run_row row;
	int64_t host_id = 0;
	int err = host_read(&host);

	if (!err)
		err = store_host(store, host_row(host), &host_id);
	host_free(host);
	if (err)
		return err;
	store_null_run(&row);
	row.kind = "slice";
	row.label = s->o->label;
	row.host = host_id;
	row.started_ns = clock_ns(CLOCK_REALTIME);
	row.command = s->o->command_line;
	row.version = s->o->version;
	row.scope = "process";
	row.target = "groupsend";
	row.path = SLICE_PATH;
	row.clock = clock_name(s->clock.kind);
	row.clock_hz = s->clock.hz;
	row.engine = s->o->exact ? "exact" : "sample";
	row.topology = topology_names[s->o->topology];
	return store_run_begin(store, &row, run);
}

static int write_run(struct slicing *s, struct store *store, int64_t run)
{
	int err = store_begin(store);

	if (!err)
		err = s->stages ? slice_record_write(store, run, &s->record, s->clock.hz) : sample_store(store, run, &s->m, s->sampler, 0, 1);
	const struct run_end end = {
		.state = *s->o->stop ? "interrupted" : "complete", .wall_ns = now_ns() - s->start_ns, .residue = NAN, .steal_ns = s->m.steal_ns,
	};
	if (!err)
		err = store_run_end(store, run, &end);
	if (!err)
		err = store_commit(store);
	if (err)
		store_rollback(store);
	return err;
}

static int open_stages(struct slicing *s)
{
	uint8_t path[ACCOUNT_CALLS_MAX];
	int err = syscalls_path(SLICE_PATH, path);

	return err ? err : stage_open(path, s->groupsend.pid, &s->stages);
}

static int measure(struct slicing *s)
{
	const struct sample_options sampling = {.clock = &s->clock, .path = SLICE_PATH, .hz = s->o->rate > 0 ? s->o->rate : SAMPLE_STAGES_HZ, .seed = s->o->seed};
	int err = start_groupsend(s);

	if (!err && s->o->exact) {
		err = open_stages(s);
		return err ? err : run_rounds(s);
	}
	if (!err)
		err = sampler_open(&sampling, s->groupsend.pid, &s->sampler);
	if (!err)
		err = sampler_add_alone(s->sampler, s->groupsend.pid); /* its receivers are no part of the sending */
	return err ? err : run_rounds(s);
}

int slice_ways_run(struct store *store, const struct slice_ways_options *options, int64_t *run)
{
	struct slicing s = {.o = options, .start_ns = now_ns(), .rng = stats_rng_new(options->seed ? options->seed : STATS_SEED)};
	int err = s.rng ? clock_open(options->clock, &s.clock) : -ENOMEM;

	if (!err) {
		err = begin_run(&s, store, run);
		if (!err) {
			err = measure(&s);
			if (!err)
				err = write_run(&s, store, *run);
			if (err)
				store_delete(store, *run);
		}
		clock_free(&s.clock);
	}
	child_kill(&s.groupsend);
	topology_free(s.here);
	sampler_free(s.sampler);
	stage_free(s.stages);
	slice_record_free(&s.record);
	sample_measurement_free(&s.m);
	stats_rng_free(s.rng);
	return err;
}
