/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample.c: empties the rings of the counters of all CPUs in scope, and adds each sample to a cell. */
#include <linux/types.h>

#include "collect/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analyze/stats.h"
#include "base/err.h"
#include "base/now.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/ontime.h"
#include "collect/sample_missed.h"
#include "collect/sample_ring.h"
#include "collect/sample_scope.h"
#include "collect/sample_sites.h"
#include "collect/sample_watch.h"
#include "collect/symbols.h"

#define RECORD_BYTES 1100 /* of a sample with the longest chain */
#define SWITCH_BYTES 64   /* of the two records of a switch */
#define SWITCHES_HZ 2e5   /* of one CPU; what is more may be lost, and is told then */
#define PERIOD_LEAST 0.7  /* of the nominal period, and the most of it */
#define PERIOD_MOST 1.3
#define PERIOD_MIN_NS 10000 /* the kernel's own least */
#define ENDED_MAX 256 /* processes at a time */

/* A sample that waits for the end of its window. */
struct pending {
	uint32_t cpu, row, stage, pid, tid;
	uint64_t time_ns, user_ip;
	double cyc;
	bool unresolved; /* in a system call; else in user space */
};

/* The periods of one CPU's counters: the one since since_ns (CLOCK_MONOTONIC), and the one until then. */
struct drawn {
	uint64_t period, before, since_ns;
};

struct sampler {
	struct symbols *symbols;
	struct frames *frames;
	struct scope *scope;
	struct sites *sites;
	struct stats_rng *rng;
	struct watches watches;
	struct pending *pending;
	size_t pending_n, pending_room;
	struct sample_totals totals;
	double cut_cyc; /* of periods that ended without a sample */
	int cpus_n;
	uint8_t cpus[CPUS_MAX]; /* watched */
	bool whole;             /* the scope is CPUs */
	bool timing;            /* switches are told */
	uint64_t from_ns;       /* CLOCK_MONOTONIC: samples of before do not count */
	uint32_t self;          /* this process */
	void (*saw)(void *context, uint64_t time_ns, uint32_t call); /* or NULL */
	void *saw_context;
	int out_of_memory;
	/* while a ring is read */
	struct sample_window *window;
	int cpu;
	struct missed missed[CPUS_MAX];
	bool ours[CPUS_MAX]; /* the last sample of the CPU was */
	struct drawn drawn[CPUS_MAX];
	struct ontime ontime[CPUS_MAX];
};

/* ---- Opening ---- */

static int choose_cpus(struct sampler *s, const uint8_t *scope)
{
	uint8_t online[CPUS_MAX];
	int err = cpus_online(online);

	if (err < 0)
		return err;
	s->cpus_n = cpus_possible();
	for (int cpu = 0; cpu < s->cpus_n; cpu++)
		s->cpus[cpu] = online[cpu] && (!scope || scope[cpu]);
	return 0;
}

int sampler_open(const struct sample_options *options, pid_t pid, struct sampler **out)
{
	struct sampler *s = calloc(1, sizeof *s);
	int err = s ? 0 : -ENOMEM;

	*out = NULL;
	if (!err) {
		s->whole = options->scope_cpus != NULL;
		s->self = (uint32_t)getpid();
		s->saw = options->saw;
		s->saw_context = options->saw_context;
		s->scope = scope_new();
		s->sites = sites_new();
		s->rng = stats_rng_new(options->seed ? options->seed : STATS_SEED);
		err = s->scope && s->sites && s->rng ? choose_cpus(s, options->scope_cpus) : -ENOMEM;
	}
	if (!err)
		err = symbols_open(&s->symbols);
	if (!err)
		err = frames_new(s->symbols, options->path, &s->frames);
	if (!err) {
		const struct watches_options watch = {
			.clock = options->clock, .cpus = s->cpus, .cpus_n = s->cpus_n, .whole = s->whole,
			.hz = options->hz > 0 ? options->hz : SAMPLE_HZ, .pid = pid,
		};

		err = watches_open(&watch, &s->watches);
		for (int cpu = 0; cpu < s->cpus_n; cpu++)
			s->drawn[cpu] = (struct drawn){.period = s->watches.period};
	}
	if (err) {
		sampler_free(s);
		return err;
	}
	*out = s;
	return 0;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	watches_close(&s->watches);
	free(s->pending);
	frames_free(s->frames);
	symbols_free(s->symbols);
	scope_free(s->scope);
	sites_free(s->sites);
	stats_rng_free(s->rng);
	free(s);
}

int sampler_add(struct sampler *s, pid_t pid)
{
	return scope_add(s->scope, pid);
}

int sampler_add_alone(struct sampler *s, pid_t pid)
{
	return scope_add_alone(s->scope, pid);
}

static uint64_t draw(const struct sampler *s)
{
	uint64_t period = (uint64_t)((double)s->watches.period * (PERIOD_LEAST + (PERIOD_MOST - PERIOD_LEAST) * stats_rng_uniform(s->rng)));

	return s->watches.source == RING_CPU_CLOCK && period < PERIOD_MIN_NS ? PERIOD_MIN_NS : period;
}

/* Begins new periods. Returns the cycles of those before that end here, half way on average. */
static double begin_periods(struct sampler *s)
{
	bool drawn[CPUS_MAX] = {0};
	double cut_cyc = 0;

	for (size_t i = 0; i < s->watches.n; i++) {
		const struct watch *watch = &s->watches.list[i];
		struct drawn *of = &s->drawn[watch->cpu];

		if (!drawn[watch->cpu]) /* threads have a counter each */
			*of = (struct drawn){.period = draw(s), .before = of->period, .since_ns = (uint64_t)now_ns()};
		drawn[watch->cpu] = true;
		if (!ring_period(watch->ring, of->period))
			cut_cyc += (double)of->before / 2 * s->watches.cyc_per_unit;
	}
	return cut_cyc;
}

int sampler_start(struct sampler *s)
{
	int err = 0;

	for (size_t i = 0; i < s->watches.n && !err; i++)
		err = ring_enable(s->watches.list[i].ring);
	if (err)
		return fail(err, "sample: cannot start counting: %s", strerror(-err));
	begin_periods(s);
	return 0;
}

int64_t sampler_period_ns(const struct sampler *s)
{
	return (int64_t)(1e9 / s->watches.hz * PERIOD_MOST);
}

void sampler_draw(struct sampler *s)
{
	s->cut_cyc += begin_periods(s);
}

void sampler_stop(struct sampler *s)
{
	for (size_t i = 0; i < s->watches.n; i++)
		ring_disable(s->watches.list[i].ring);
}

/* ---- Samples ---- */

static bool in_scope(const struct sampler *s, uint32_t pid)
{
	return s->whole || scope_has(s->scope, pid);
}

static uint32_t task_of(const struct sampler *s, const struct ring_sample *sample, const struct sample_context *context)
{
	if (context->idle)
		return ACCOUNT_IDLE;
	return in_scope(s, sample->pid) ? ACCOUNT_TARGET : ACCOUNT_OTHER;
}

/* As the ledger has it: of a task that is not in scope only a softirq that its own system call runs is known by its call. */
static uint32_t call_of(uint32_t task, const struct sample_context *context)
{
	if (task == ACCOUNT_TARGET)
		return context->call;
	return context->softirq && !context->nested && context->call >= ACCOUNT_CALL_PATH ? ACCOUNT_CALL_OTHER : ACCOUNT_CALL_NONE;
}

static void add_cell(const struct sampler *s, struct sample_window *window, const struct pending *p, uint32_t call, uint32_t stage)
{
	uint32_t inner = ACCOUNT_SOFTIRQ_MAX * ACCOUNT_HARDIRQ_MAX;
	uint32_t task = p->row / (ACCOUNT_CALL_MAX * inner), row = (task * ACCOUNT_CALL_MAX + call) * inner + p->row % inner;
	uint32_t at = p->cpu * SAMPLE_CELLS + row * SAMPLE_STAGE_MAX + stage;
	struct sample_cell *cell = &window->cells[at];

	if (!cell->samples_n++)
		window->used[window->used_n++] = at;
	cell->cyc += p->cyc;
	if (task != ACCOUNT_TARGET)
		return;
	if (s->saw && call != ACCOUNT_CALL_UNKNOWN)
		s->saw(s->saw_context, p->time_ns, call);
	struct sample_thread *thread = scope_thread(s->scope, p->pid, p->tid);
	if (!thread)
		return;
	uint32_t column = call < ACCOUNT_CALL_PATH && p->row % inner ? ACCOUNT_THREAD_IRQ : call;
	thread->cyc[column] += p->cyc;
	thread->path_n += call == ACCOUNT_CALL_PATH;
}

static void defer(struct sampler *s, const struct pending *p)
{
	if (s->pending_n == s->pending_room) {
		size_t room = s->pending_room ? 2 * s->pending_room : 4096;
		struct pending *more = realloc(s->pending, room * sizeof *more);

		if (!more) {
			s->out_of_memory = 1;
			return;
		}
		s->pending = more;
		s->pending_room = room;
	}
	s->pending[s->pending_n++] = *p;
}

/* What a sample stands for. The timer's tell the period that it was opened with, whatever it is by now. */
static double period_of(const struct sampler *s, const struct ring_sample *sample)
{
	const struct drawn *drawn = &s->drawn[s->cpu];

	if (s->watches.source == RING_CYCLES)
		return (double)sample->period;
	return (double)(sample->time_ns < drawn->since_ns ? drawn->before : drawn->period);
}

static bool sees_missed(const struct sampler *s)
{
	return s->watches.source == RING_CPU_CLOCK && s->watches.sees_all;
}

/* An expiry that left no sample between two of the target; whether it was the target's, the analysis says. */
static void note_missed(struct sampler *s, const struct ring_sample *sample, uint32_t task)
{
	struct missed *missed = &s->missed[s->cpu];
	uint64_t since_ns = s->drawn[s->cpu].since_ns;
	double period = period_of(s, sample);

	if (!sees_missed(s))
		return;
	if (missed->time_ns < since_ns && sample->time_ns >= since_ns)
		missed_break(missed);
	if (!missed_sample(missed, sample->time_ns, period, task == ACCOUNT_TARGET ? MISSED_TARGET : task == ACCOUNT_IDLE ? MISSED_IDLE : MISSED_TASK))
		return;
	const struct pending p = {
		.cpu = (uint32_t)s->cpu, .row = account_row(ACCOUNT_TARGET, ACCOUNT_CALL_UNKNOWN, ACCOUNT_SOFTIRQ_NONE, ACCOUNT_HARDIRQ_NONE),
		.pid = sample->pid, .tid = sample->tid, .cyc = period * s->watches.cyc_per_unit,
	};
	s->totals.missed_n++;
	add_cell(s, s->window, &p, ACCOUNT_CALL_UNKNOWN, SAMPLE_STAGE_NONE);
}

/* Frames have stages; outside of them it is told that a thread has just come. */
static uint32_t stage_of(uint32_t call, const struct sample_context *what)
{
	return call == ACCOUNT_CALL_PATH || what->stage == SAMPLE_STAGE_SWITCH ? what->stage : SAMPLE_STAGE_NONE;
}

static void take_sample(void *context, const struct ring_sample *sample)
{
	struct sampler *s = context;
	struct sample_context what;

	if (sample->time_ns < s->from_ns) {
		missed_break(&s->missed[s->cpu]); /* what is left out is not missed */
		s->ours[s->cpu] = false;
		return;
	}
	frames_classify(s->frames, sample->chain, sample->n, &what);
	uint32_t task = task_of(s, sample, &what), call = call_of(task, &what);
	struct pending p = {
		.cpu = (uint32_t)s->cpu, .row = account_row(task, call, what.softirq, what.hardirq), .stage = what.stage,
		.pid = sample->pid, .tid = sample->tid, .time_ns = sample->time_ns, .user_ip = sample->user_ip,
		.cyc = period_of(s, sample) * s->watches.cyc_per_unit, .unresolved = what.unresolved,
	};
	uint32_t stage = stage_of(call, &what);
	s->totals.target_n += task == ACCOUNT_TARGET;
	note_missed(s, sample, task);
	s->ours[s->cpu] = task == ACCOUNT_TARGET;
	if (task == ACCOUNT_TARGET && call >= ACCOUNT_CALL_PATH && !what.unresolved)
		sites_learn(s->sites, p.pid, p.user_ip, call == ACCOUNT_CALL_PATH);
	if (task == ACCOUNT_TARGET && (what.unresolved || sample->n == 0))
		defer(s, &p);
	else
		add_cell(s, s->window, &p, call, stage);
}

static struct ontime_thread thread_of(const struct sampler *s, const struct ring_task *task)
{
	const enum ontime_who who = !task->pid ? ONTIME_IDLE : task->pid == s->self ? ONTIME_WATCHER : in_scope(s, task->pid) ? ONTIME_OURS : ONTIME_OTHER;

	return (struct ontime_thread){task->tid, who};
}

static void take_switch(void *context, const struct ring_switch *task_switch)
{
	struct sampler *s = context;

	ontime_switch(&s->ontime[s->cpu], task_switch->time_ns, thread_of(s, &task_switch->went), thread_of(s, &task_switch->came));
}

static void take_fork(void *context, const struct ring_fork *fork)
{
	scope_fork(context, fork->pid, fork->ppid);
}

/* Starts of processes may stand in the rings of several CPUs, a child's before its parent's: read again until nothing is new. */
static void take_forks(struct sampler *s)
{
	int before;

	do {
		before = scope_pids(s->scope, NULL, 0);
		for (size_t i = 0; i < s->watches.n; i++)
			ring_forks(s->watches.list[i].ring, ring_head(s->watches.list[i].ring), take_fork, s->scope);
	} while (scope_pids(s->scope, NULL, 0) > before);
}

void sampler_forget_ended(struct sampler *s)
{
	uint32_t ended[ENDED_MAX];
	size_t n = scope_ended(s->scope, ended, ENDED_MAX);

	if (n)
		take_forks(s); /* what they started is in the rings by now */
	for (size_t i = 0; i < n; i++)
		scope_remove(s->scope, ended[i]);
}

/*
 * A process may run on one CPU when its start is written in the ring of another: the heads of all rings are read first, then the
 * forks up to where the rings are by then, then the samples up to those heads.
 */
static void read_heads_and_forks(struct sampler *s)
{
	for (size_t i = 0; i < s->watches.n; i++)
		s->watches.list[i].head = ring_head(s->watches.list[i].ring);
	if (!s->whole)
		take_forks(s);
}

int sampler_poll(struct sampler *s, struct sample_window *window)
{
	const struct ring_visitor visitor = {take_sample, take_switch, s};

	read_heads_and_forks(s);
	s->window = window;
	for (size_t i = 0; i < s->watches.n; i++) {
		const struct watch *watch = &s->watches.list[i];

		s->cpu = watch->cpu;
		ring_samples(watch->ring, watch->head, &visitor);
		ring_done(watch->ring, watch->head);
	}
	return s->out_of_memory ? -ENOMEM : 0;
}

void sampler_from(struct sampler *s, int64_t ns)
{
	s->from_ns = (uint64_t)ns;
}

/* Half of a ring's room, at the shortest period and with as many switches as a CPU makes at most. */
int64_t sampler_room_ns(const struct sampler *s)
{
	double bytes = (double)(SAMPLE_PAGES * sysconf(_SC_PAGESIZE)) / 2, samples = RECORD_BYTES * s->watches.hz / PERIOD_LEAST;

	return (int64_t)(bytes / (samples + (s->timing ? SWITCH_BYTES * SWITCHES_HZ : 0)) * 1e9);
}

int sampler_tell_switches(struct sampler *s)
{
	int err = s->watches.sees_all ? watches_tell_switches(&s->watches) : -EOPNOTSUPP;

	s->timing = !err;
	if (err)
		watches_leave_switches(&s->watches);
	return err;
}

void sampler_time_begin(struct sampler *s, int64_t ns)
{
	for (int cpu = 0; cpu < s->cpus_n; cpu++)
		ontime_begin(&s->ontime[cpu], (uint64_t)ns);
}

void sampler_time_until(struct sampler *s, int64_t ns)
{
	for (int cpu = 0; cpu < s->cpus_n; cpu++)
		ontime_until(&s->ontime[cpu], (uint64_t)ns);
}

static void add_switches(struct ontime *sum, const struct ontime *time)
{
	for (int went = 0; went < ONTIME_WHO_MAX; went++)
		for (int came = 0; came < ONTIME_WHO_MAX; came++)
			sum->switches_n[went][came] += time->switches_n[went][came];
}

void sampler_time_end(struct sampler *s, struct ontime *sum)
{
	*sum = (struct ontime){0};
	for (int cpu = 0; cpu < s->cpus_n; cpu++)
		if (s->watches.switches[cpu]) {
			sum->ns += ontime_end(&s->ontime[cpu], s->ours[cpu]);
			add_switches(sum, &s->ontime[cpu]);
		}
	watches_leave_switches(&s->watches);
	s->timing = false;
}

void sampler_settle(struct sampler *s, struct sample_window *window)
{
	for (size_t i = 0; i < s->pending_n; i++) {
		const struct pending *p = &s->pending[i];
		enum site site = sites_resolve(s->sites, p->pid, p->user_ip);

		s->totals.unresolved_n += site == SITE_UNKNOWN && p->unresolved;
		if (site == SITE_PATH)
			add_cell(s, window, p, ACCOUNT_CALL_PATH, p->unresolved ? p->stage : SAMPLE_STAGE_ENTRY);
		else if (site == SITE_OTHER || p->unresolved)
			add_cell(s, window, p, ACCOUNT_CALL_OTHER, SAMPLE_STAGE_NONE);
		else
			add_cell(s, window, p, ACCOUNT_CALL_USER, SAMPLE_STAGE_NONE);
	}
	s->pending_n = 0;
}

/* ---- Windows ---- */

int sample_window_new(const struct sampler *s, struct sample_window *window)
{
	*window = (struct sample_window){.cpus_n = s->cpus_n, .open_ns = now_ns()};
	window->cells = calloc((size_t)s->cpus_n * SAMPLE_CELLS, sizeof *window->cells);
	window->used = calloc((size_t)s->cpus_n * SAMPLE_CELLS, sizeof *window->used);
	return window->cells && window->used ? 0 : -ENOMEM;
}

void sample_window_clear(struct sample_window *window)
{
	while (window->used_n)
		window->cells[window->used[--window->used_n]] = (struct sample_cell){0};
	window->open_ns = now_ns();
}

void sample_window_free(struct sample_window *window)
{
	free(window->cells);
	free(window->used);
	*window = (struct sample_window){0};
}

bool sampler_missed(struct sampler *s, struct missed_counts *counts)
{
	*counts = (struct missed_counts){0};
	for (int cpu = 0; cpu < s->cpus_n; cpu++)
		missed_take(&s->missed[cpu], counts);
	return sees_missed(s);
}

const struct sample_totals *sampler_totals(struct sampler *s)
{
	uint64_t enabled = 0, running = 0;

	s->totals.samples_n = s->totals.lost_n = s->totals.throttled_n = 0;
	for (size_t i = 0; i < s->watches.n; i++) {
		const struct ring_counts *counts = ring_counts(s->watches.list[i].ring);
		uint64_t enabled_ns, running_ns;

		s->totals.samples_n += counts->samples_n;
		s->totals.lost_n += counts->lost_n;
		s->totals.throttled_n += counts->throttled_n;
		if (!ring_times(s->watches.list[i].ring, &enabled_ns, &running_ns)) {
			enabled += enabled_ns;
			running += running_ns;
		}
	}
	s->totals.sites_full_n = sites_refused(s->sites);
	s->totals.multiplexed = enabled && running < enabled ? 1 - (double)running / (double)enabled : 0;
	return &s->totals;
}

const struct sample_thread *sampler_threads(const struct sampler *s, size_t *n)
{
	return scope_threads(s->scope, n);
}

int sampler_pids(const struct sampler *s, pid_t *pids, int max)
{
	return scope_pids(s->scope, pids, max);
}

double sampler_cut_cyc(const struct sampler *s)
{
	return s->watches.sees_all ? s->cut_cyc : 0;
}

const char *sampler_source(const struct sampler *s)
{
	return s->watches.source == RING_CYCLES ? "cycles" : "cpu-clock";
}

int sampler_sees_all(const struct sampler *s)
{
	return s->watches.sees_all;
}
