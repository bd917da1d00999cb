/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_measure.c: runs the windows of the sampling engine. */
#include <linux/types.h>

#include "collect/sample_measure.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "analyze/stats.h"
#include "analyze/store.h"
#include "base/now.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/meter.h"
#include "collect/nudge.h"
#include "collect/ontime.h"
#include "collect/sample.h"

#define PIDS_MAX 256
/* Another period is drawn after so long, or a window if these are shorter, but not before it could have passed a few times. It costs an interrupt on every CPU. */
#define DRAW_NS INT64_C(100000000)
#define DRAW_PERIODS 8
/* Of a window and of what a period lasts: by so much they vary, or a server that works in time with them would be seen in one phase. */
#define VARY 0.25
#define TIMED_EVERY 8 /* windows: one of them learns how long the target runs */
#define TIMED_PART 8 /* of the length of others it has, and at least TIMED_NS: its records slow down a server that switches often, and who talks with it */
#define TIMED_NS 10000000

struct run {
	const struct sample_measure_options *options;
	struct sample_measurement *out;
	struct sample_window window;
	struct stats_rng *rng;
	struct nudge *nudge; /* NULL when CPU times are of no interest */
	int pidfd;
	struct meter meter; /* of pids[pids_n], once it is metered */
	pid_t pids[PIDS_MAX];
	int pids_n, metered;
	bool all; /* they are all of the target's */
	int64_t start_ns, seconds_ns, draw_ns;
	uint64_t drawn_at; /* samples */
	int closed; /* what the window was to end with has come */
};

static int over(const struct run *run)
{
	return run->out->ended || *run->options->stop;
}

/* ns, more or less. */
static int64_t vary(struct run *run, int64_t ns)
{
	return llround((double)ns * (1 - VARY + 2 * VARY * stats_rng_uniform(run->rng)));
}

/* Sleeps; less when the target or the window ends. */
static void pause_for(struct run *run, int64_t ns)
{
	struct timespec timeout = {ns / 1000000000, ns % 1000000000};
	struct pollfd ends[] = {{.fd = run->pidfd, .events = POLLIN}, {.fd = run->options->end_fd ? run->options->end_fd : -1, .events = POLLIN}};

	if (ns <= 0 || ppoll(ends, 2, &timeout, NULL) <= 0)
		return;
	run->out->ended |= ends[0].revents != 0;
	run->closed = ends[1].revents != 0;
}

/* When other periods are to be drawn. */
static int64_t next_draw(struct run *run)
{
	int64_t window_ns = run->options->window_ms * INT64_C(1000000), least_ns = DRAW_PERIODS * sampler_period_ns(run->options->sampler);
	int64_t wanted_ns = window_ns < DRAW_NS && !run->options->end_fd ? window_ns : DRAW_NS;

	return now_ns() + vary(run, wanted_ns > least_ns ? wanted_ns : least_ns);
}

/* New periods, if the old ones passed a few times: a PMU's cycles do so only while the CPU is busy. */
static void draw(struct run *run, uint64_t *draws_n)
{
	struct sampler *sampler = run->options->sampler;
	uint64_t samples_n = sampler_totals(sampler)->samples_n;

	if (samples_n - run->drawn_at >= DRAW_PERIODS) {
		sampler_draw(sampler);
		++*draws_n;
		run->drawn_at = samples_n;
	}
	run->draw_ns = next_draw(run);
}

/* Windows are not to begin as a period does: what comes right behind their begin would never be seen. */
static void fall_out_of_step(struct run *run)
{
	pause_for(run, (int64_t)((double)sampler_period_ns(run->options->sampler) * stats_rng_uniform(run->rng)));
	run->draw_ns = next_draw(run);
	run->drawn_at = sampler_totals(run->options->sampler)->samples_n;
}

/* Samples until the window is to close, in periods that begin and end within windows, wherever that is: *draws_n more. */
static int fill_window(struct run *run, int64_t close_ns, uint64_t *draws_n)
{
	struct sampler *sampler = run->options->sampler;
	int64_t now = now_ns();
	int err = 0;

	for (run->closed = 0; !err && !over(run) && !run->closed && now < close_ns; now = now_ns()) {
		if (now >= run->draw_ns)
			draw(run, draws_n);
		int64_t until_ns = run->draw_ns < close_ns ? run->draw_ns : close_ns, room_ns = sampler_room_ns(sampler);
		pause_for(run, until_ns - now < room_ns ? until_ns - now : room_ns);
		err = sampler_poll(sampler, &run->window);
	}
	return err;
}

static int add_count(struct sample_measurement *out, const struct sample_count *count)
{
	if (out->counts_n == out->counts_room) {
		size_t room = out->counts_room ? 2 * out->counts_room : 4096;
		struct sample_count *more = realloc(out->counts, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		out->counts = more;
		out->counts_room = room;
	}
	out->counts[out->counts_n++] = *count;
	return 0;
}

static int harvest(struct run *run, int64_t block)
{
	const struct sample_window *window = &run->window;
	int err = 0;

	for (size_t i = 0; i < window->used_n && !err; i++) {
		uint32_t at = window->used[i];
		const struct sample_count count = {
			.block = block, .cpu = (int)(at / SAMPLE_CELLS), .row = at % SAMPLE_CELLS / SAMPLE_STAGE_MAX,
			.stage = at % SAMPLE_STAGE_MAX, .samples_n = window->cells[at].samples_n, .cyc = window->cells[at].cyc,
		};

		err = add_count(run->out, &count);
	}
	return err;
}

static struct block_row *block_new(struct sample_measurement *out)
{
	if (out->blocks_n == out->blocks_room) {
		size_t room = out->blocks_room ? 2 * out->blocks_room : 64;
		struct block_row *more = realloc(out->blocks, room * sizeof *more);

		if (!more)
			return NULL;
		out->blocks = more;
		out->blocks_room = room;
	}
	struct block_row *block = &out->blocks[out->blocks_n];
	store_null_block(block);
	block->run = 0;
	block->block = block->cycle = (int64_t)out->blocks_n;
	block->dose = 0;
	block->sampled = 1;
	return block;
}

static int64_t advance(int64_t before, int64_t after)
{
	return before < 0 || after < 0 ? STORE_NULL : after - before;
}

static void block_meters(const struct run *run, const struct meter *before, const struct meter *after, int pids_n, struct block_row *block)
{
	block->meter_udp = advance(before->udp_n, after->udp_n);
	block->meter_io = advance(before->io_n, after->io_n);
	block->meter_switch = advance(before->switch_n, after->switch_n);
	if (!run->options->scope_cpus && pids_n && run->all && before->alive == pids_n && after->alive == pids_n)
		block->cpu_cyc = llround((double)(after->cpu_ns - before->cpu_ns) * run->options->clock->hz / 1e9);
}

/* Neighbours of the expiries in this window. */
static void block_missed(const struct run *run, struct block_row *block)
{
	struct missed_counts counts;

	if (!sampler_missed(run->options->sampler, &counts))
		return;
	block->between_n = (int64_t)counts.between_n;
	block->between_idle_n = (int64_t)counts.between_idle_n;
	block->idle_n = (int64_t)counts.idle_n;
	block->idle_missed_n = (int64_t)counts.idle_missed_n;
}

/* Busy cycles of whole CPUs: samples of what is not idle. */
static int64_t busy_cyc(const struct sample_measurement *out, int64_t block, size_t from)
{
	double busy = 0;

	for (size_t i = from; i < out->counts_n; i++)
		if (out->counts[i].block == block &&
		    out->counts[i].row / (ACCOUNT_CALL_MAX * ACCOUNT_SOFTIRQ_MAX * ACCOUNT_HARDIRQ_MAX) == ACCOUNT_TARGET &&
		    out->counts[i].row / (ACCOUNT_SOFTIRQ_MAX * ACCOUNT_HARDIRQ_MAX) % ACCOUNT_CALL_MAX != ACCOUNT_CALL_UNKNOWN)
			busy += out->counts[i].cyc;
	return llround(busy);
}

/* From now on CPU time counts, and samples. */
static void read_meters(struct run *run)
{
	meter_read(run->nudge, run->pids, run->pids_n, &run->meter);
	sampler_from(run->options->sampler, run->meter.ns);
}

/* The meters as the window opens: those that the last one closed with, if the scope is still the same and no time was lost between them. */
static void open_meters(struct run *run)
{
	pid_t pids[PIDS_MAX] = {0};

	sampler_forget_ended(run->options->sampler);
	int n = sampler_pids(run->options->sampler, pids, PIDS_MAX);
	run->all = n <= PIDS_MAX;
	n = run->all ? n : PIDS_MAX;
	if (run->metered && n == run->pids_n && !memcmp(pids, run->pids, sizeof pids))
		return;
	memcpy(run->pids, pids, sizeof pids);
	run->pids_n = n;
	run->metered = 1;
	read_meters(run);
}

/* Samples of such a window are of a server that is slowed down, so f is of the others' alone (analyze/sampled.h). */
static bool is_timed(const struct run *run)
{
	return !run->options->scope_cpus && !run->out->untold && run->out->blocks_n % TIMED_EVERY == TIMED_EVERY / 2;
}

/* Whether switches are told from now on. They are not where that is not allowed any more, which is noted once. */
static bool begin_timing(struct run *run)
{
	int err = sampler_tell_switches(run->options->sampler);

	if (err == -EOPNOTSUPP)
		return false;
	read_meters(run); /* again: it took its time */
	run->out->untold = err;
	sampler_time_begin(run->options->sampler, run->meter.ns);
	return !err;
}

/* How long the window lasts, which its end may cut short; 0: until that. */
static int64_t window_ns(struct run *run, bool timed)
{
	int64_t length_ns = vary(run, run->options->window_ms * INT64_C(1000000));

	if (!timed)
		return run->options->end_fd ? 0 : length_ns;
	return length_ns / TIMED_PART > TIMED_NS ? length_ns / TIMED_PART : TIMED_NS;
}

/* What the records of a window's switches tell. */
static void block_switches(const struct run *run, const struct ontime *time, struct block_row *block)
{
	const uint64_t *ours = time->switches_n[ONTIME_OURS], *other = time->switches_n[ONTIME_OTHER], *idle = time->switches_n[ONTIME_IDLE];

	block->target_cyc = llround((double)time->ns * run->options->clock->hz / 1e9);
	block->came_n = (int64_t)(other[ONTIME_OURS] + idle[ONTIME_OURS]);
	block->came_own_n = (int64_t)ours[ONTIME_OURS];
	block->went_n = (int64_t)ours[ONTIME_OTHER];
	block->went_idle_n = (int64_t)ours[ONTIME_IDLE];
	block->others_n = (int64_t)(other[ONTIME_OTHER] + idle[ONTIME_OTHER]);
	block->others_idle_n = (int64_t)other[ONTIME_IDLE];
}

/* Until the meters stood as they do now. */
static int end_timing(struct run *run, const struct meter *meter, struct block_row *block)
{
	struct sampler *sampler = run->options->sampler;
	struct ontime time;

	sampler_time_until(sampler, meter->ns);
	int err = sampler_poll(sampler, &run->window);
	sampler_time_end(sampler, &time);
	block_switches(run, &time, block);
	run->metered = 0; /* that took its time, too */
	return err;
}

/* One window, from reading the meters to reading them: *end_ns. */
static int watch_window(struct run *run, struct meter *after, int64_t *end_ns, struct block_row *block)
{
	bool timed = is_timed(run) && begin_timing(run);
	int64_t length_ns = window_ns(run, timed);

	sample_window_clear(&run->window);
	int err = fill_window(run, length_ns ? run->window.open_ns + length_ns : INT64_MAX, &run->out->draws_n[timed]);
	meter_read(run->nudge, run->pids, run->pids_n, after);
	*end_ns = now_ns();
	if (timed) {
		int failed = end_timing(run, after, block);

		err = err ? err : failed;
	}
	return err;
}

static int run_window(struct run *run)
{
	const struct sample_measure_options *options = run->options;
	struct block_row *block = block_new(run->out);
	size_t counts_before = run->out->counts_n;
	struct meter after;
	int64_t end_ns;

	if (!block)
		return -ENOMEM;
	open_meters(run);
	int err = watch_window(run, &after, &end_ns, block);
	if (err)
		return err;
	sampler_settle(options->sampler, &run->window);
	block->way = options->way;
	block->start_ns = run->window.open_ns - (options->origin_ns ? options->origin_ns : run->start_ns);
	block->wall_cyc = llround((double)(end_ns - run->window.open_ns) * options->clock->hz / 1e9);
	block_meters(run, &run->meter, &after, run->pids_n, block);
	block_missed(run, block);
	run->meter = after;
	err = harvest(run, block->block);
	run->out->by_samples = options->scope_cpus != NULL;
	if (run->out->by_samples)
		block->cpu_cyc = busy_cyc(run->out, block->block, counts_before);
	run->out->blocks_n++;
	return err;
}

static int run_windows(struct run *run)
{
	const struct sample_measure_options *options = run->options;
	int err = sampler_start(options->sampler);

	/* again when it goes on after a pause: what was started meanwhile wrote no record */
	if (!err && options->pid && sampler_add(options->sampler, options->pid) == -ESRCH)
		run->out->ended = 1;
	if (!err)
		fall_out_of_step(run);
	if (!err && options->opened)
		options->opened(options->context);
	for (int64_t spent_ns = 0; !err && !over(run) && spent_ns < run->seconds_ns;) {
		err = run_window(run);
		spent_ns = now_ns() - run->start_ns;
		if (options->progress)
			options->progress(options->context, fmin(1, (double)spent_ns / (double)run->seconds_ns));
	}
	sampler_stop(options->sampler);
	return err;
}

int sample_measure(const struct sample_measure_options *options, double seconds, struct sample_measurement *out)
{
	struct run run = {.options = options, .out = out, .pidfd = -1, .start_ns = now_ns(), .seconds_ns = llround(seconds * 1e9)};
	uint8_t all[CPUS_MAX];
	int err = sample_window_new(options->sampler, &run.window);

	run.rng = stats_rng_new((uint64_t)run.start_ns);
	if (!err && !run.rng)
		err = -ENOMEM;
	if (options->pid)
		run.pidfd = (int)syscall(SYS_pidfd_open, options->pid, 0);
	if (options->pid && run.pidfd < 0 && errno == ESRCH)
		out->ended = 1;
	memset(all, 1, sizeof all);
	const uint8_t *cpus = options->scope_cpus ? options->scope_cpus : all;
	int64_t steal = cpus_steal_ns(cpus);
	if (!err && !options->scope_cpus)
		err = nudge_new(&run.nudge);
	if (!err)
		err = run_windows(&run);
	out->steal_ns += cpus_steal_ns(cpus) - steal;
	out->wall_ns += now_ns() - run.start_ns;
	out->interrupted |= *options->stop != 0;
	if (run.pidfd >= 0)
		close(run.pidfd);
	nudge_free(run.nudge);
	stats_rng_free(run.rng);
	sample_window_free(&run.window);
	return err;
}

void sample_measurement_free(struct sample_measurement *m)
{
	free(m->blocks);
	free(m->counts);
	*m = (struct sample_measurement){0};
}

/* Cycles of periods that were cut short, in windows that count. */
static double cut_cyc(const struct sample_measurement *m, const struct sampler *sampler)
{
	double draws = (double)(m->draws_n[0] + m->draws_n[1]);

	return draws > 0 ? sampler_cut_cyc(sampler) * (double)m->draws_n[0] / draws : 0;
}

/* Cycles in which the counters ran, in windows that count: the timer's all the time, a PMU's as their samples say. */
static double counted_cyc(const struct sample_measurement *m, const struct sampler *sampler)
{
	uint8_t seen[CPUS_MAX] = {0};
	double wall = 0, cpus = 0, cyc = 0;

	for (size_t i = 0; i < m->counts_n; i++) {
		cpus += !seen[m->counts[i].cpu];
		seen[m->counts[i].cpu] = 1;
		cyc += m->blocks[m->counts[i].block].target_cyc == STORE_NULL ? m->counts[i].cyc : 0;
	}
	for (size_t i = 0; i < m->blocks_n; i++)
		wall += m->blocks[i].target_cyc == STORE_NULL ? (double)m->blocks[i].wall_cyc : 0;
	return strcmp(sampler_source(sampler), "cycles") ? wall * cpus : cyc + cut_cyc(m, sampler);
}

double sample_scale(const struct sample_measurement *m, const struct sampler *sampler)
{
	double cut = cut_cyc(m, sampler), all = counted_cyc(m, sampler);

	return cut < all / 2 ? 1 / (1 - cut / all) : 1;
}
