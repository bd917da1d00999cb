/* SPDX-License-Identifier: GPL-2.0-or-later */
/* measure.c: runs the windows of a measurement and reduces each to a block. */
#include <linux/types.h>

#include "collect/measure.h"

#include <errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "analyze/store.h"
#include "base/err.h"
#include "base/now.h"
#include "collect/budget.h"
#include "collect/busy.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/event_counts.h"
#include "collect/ledger.h"
#include "collect/ledger_types.h"
#include "collect/meter.h"
#include "collect/nudge.h"

#define PIDS_MAX 256
/*
 * Before a window opens: attaching probes takes a CPU for some ms, on which the target's clients may wait. What they make up for would come
 * between the opening and the reading of the meters, and so be in the ledger and not in the meters.
 */
#define CALM_NS 3000000
#define SETTLE_NS 15000000 /* after a change of the way of sending: its first bursts find the caches as the other way left them */

/* What one window needs to be reduced to a block. */
struct window {
	struct meter before, after;
	pid_t pids[PIDS_MAX];
	int pids_n;
	bool all; /* they are all of the target's */
	int64_t open_ns;
	uint64_t *events; /* advance of each event, [LEDGER_EVENTS_MAX] for each CPU */
	uint64_t busy_ns; /* of the CPUs in scope, where the busy meter reads it */
	int64_t work_n[2]; /* that the target tells, before and after */
};

struct state {
	const struct measure_options *options;
	struct measurement *out;
	struct nudge *nudge; /* NULL when CPU times are of no interest */
	size_t room; /* blocks allocated */
	int pidfd;
	struct busy *busy; /* NULL: not needed, or the ledger's clock is another */
	int64_t start_ns;
	int64_t paused_ns; /* of the time since */
	int64_t cycle;
	const char *way;
};

int measure_row_is_async(uint32_t row, int all)
{
	uint32_t hardirq = row % ACCOUNT_HARDIRQ_MAX;
	uint32_t softirq = row / ACCOUNT_HARDIRQ_MAX % ACCOUNT_SOFTIRQ_MAX;
	uint32_t call = row / ACCOUNT_HARDIRQ_MAX / ACCOUNT_SOFTIRQ_MAX % ACCOUNT_CALL_MAX;
	uint32_t task = row / ACCOUNT_HARDIRQ_MAX / ACCOUNT_SOFTIRQ_MAX / ACCOUNT_CALL_MAX;

	if (call == ACCOUNT_CALL_PATH || (task == ACCOUNT_OTHER && call == ACCOUNT_CALL_OTHER))
		return 0;
	if (all)
		return hardirq || softirq;
	return hardirq == ACCOUNT_HARDIRQ_NET || softirq == ACCOUNT_SOFTIRQ_NET_RX || softirq == ACCOUNT_SOFTIRQ_NET_TX;
}

static int row_is_target(uint32_t row)
{
	return row / (ACCOUNT_CALL_MAX * ACCOUNT_SOFTIRQ_MAX * ACCOUNT_HARDIRQ_MAX) == ACCOUNT_TARGET;
}

static int row_is_path(uint32_t row)
{
	return row / (ACCOUNT_SOFTIRQ_MAX * ACCOUNT_HARDIRQ_MAX) % ACCOUNT_CALL_MAX == ACCOUNT_CALL_PATH;
}

/* Waits until `until_ns`; less when the target ends (1) or the user interrupts. */
static int wait_until(struct state *state, int64_t until_ns)
{
	for (;;) {
		int64_t left_ns = until_ns - now_ns();
		struct pollfd target = {.fd = state->pidfd, .events = POLLIN};

		if (left_ns <= 0 || *state->options->stop)
			return 0;
		/* poll() counts in ms; what is less than one is slept exactly */
		if (left_ns < 1000000) {
			struct timespec rest = {.tv_nsec = left_ns};
			nanosleep(&rest, NULL);
			continue;
		}
		int slice_ms = left_ns > 50000000 ? 50 : (int)(left_ns / 1000000);
		if (poll(&target, state->pidfd >= 0 ? 1 : 0, slice_ms) > 0)
			return 1;
	}
}

static int is_named(pid_t pid, const char *name)
{
	char path[64], comm[32] = "";

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	FILE *file = fopen(path, "re");
	if (file && fgets(comm, sizeof comm, file))
		comm[strcspn(comm, "\n")] = 0;
	if (file)
		fclose(file);
	return !strcmp(comm, name);
}

/* The processes whose CPU time counts in this window. */
static void window_pids(const struct measure_options *options, struct window *window)
{
	int n = ledger_pids(options->ledger, window->pids, PIDS_MAX), kept = 0;

	for (int i = 0; i < n && i < PIDS_MAX; i++)
		if (!options->left_out || !is_named(window->pids[i], options->left_out))
			window->pids[kept++] = window->pids[i];
	window->pids_n = kept;
	window->all = n <= PIDS_MAX;
}

/* What the busy meter has of the CPUs in scope until now. Without one, or in a window that the ledger watches, nothing. */
static int read_busy(const struct state *state, int dose, uint64_t *ns)
{
	struct busy_time times[CPUS_MAX] = {0};

	*ns = 0;
	if (!state->busy || dose)
		return 0;
	int err = busy_read(state->busy, times);
	for (int cpu = 0; cpu < CPUS_MAX && !err; cpu++)
		*ns += state->options->scope_cpus[cpu] ? busy_sum(times[cpu].ns) : 0;
	return err;
}

/* Busy time of whole CPUs cannot be had without watching the switches to idle: the busy meter does, at the least cost. */
static int attach(struct state *state, int dose)
{
	struct ledger *ledger = state->options->ledger;

	if (state->options->scope_cpus && !dose)
		return state->busy ? busy_attach(state->busy) : ledger_attach(ledger, 1, LEDGER_PROBE_SWITCH);
	return ledger_attach(ledger, dose, LEDGER_PROBE_ALL);
}

static void detach(struct state *state)
{
	ledger_detach(state->options->ledger);
	if (state->busy)
		busy_detach(state->busy);
}

static void rest(const struct state *state)
{
	if (state->options->rest)
		state->options->rest(state->options->context);
}

static void read_meters(const struct state *state, const struct window *window, struct meter *meter, int64_t *work_n)
{
	meter_read(state->nudge, window->pids, window->pids_n, meter);
	*work_n = state->options->work ? state->options->work(state->options->context) : -1;
}

#define ENDING_MS 100 /* a process that has left its namespaces is about to end */

/* Whether the target ended by now: also behind the last look of wait_until(), or while the meters were read. */
static bool has_ended(const struct state *state, const struct window *window)
{
	struct pollfd target = {.fd = state->pidfd, .events = POLLIN};
	bool ending = window->before.udp_n >= 0 && window->after.udp_n < 0;

	return state->pidfd >= 0 && poll(&target, 1, ending ? ENDING_MS : 0) > 0;
}

/* Meters and stamps are read in the same order at both ends, so that their stretches of time are equally long. */
static int run_window(struct state *state, int dose, struct window *window)
{
	const struct measure_options *options = state->options;
	struct ledger *ledger = options->ledger;
	uint64_t busy_ns;

	int err = options->refresh ? options->refresh(options->context) : 0;
	window_pids(options, window);
	if (!err)
		err = attach(state, dose);
	if (!err)
		state->out->ended |= wait_until(state, now_ns() + CALM_NS);
	rest(state);
	if (!err)
		err = ledger_window_open(ledger);
	window->open_ns = now_ns();
	if (err)
		return err;
	event_counts_read(options->events, window->events, 1);
	err = read_busy(state, dose, &busy_ns);
	read_meters(state, window, &window->before, &window->work_n[0]);
	if (options->opened && !state->out->blocks_n) /* now a target that waited for it may begin */
		options->opened(options->context);
	state->out->ended |= wait_until(state, now_ns() + options->window_ms * INT64_C(1000000));
	rest(state);
	event_counts_read(options->events, window->events, 0);
	if (!err)
		err = ledger_window_close(ledger);
	if (!err)
		err = read_busy(state, dose, &window->busy_ns);
	window->busy_ns -= busy_ns;
	read_meters(state, window, &window->after, &window->work_n[1]);
	state->out->ended |= has_ended(state, window);
	detach(state);
	return err;
}

static int64_t scaled(const struct state *state, uint64_t units)
{
	return llround((double)units * ledger_scale(state->options->ledger));
}

/* The advance of a meter; NULL where it was not readable. */
static int64_t advance(int64_t before, int64_t after)
{
	return before < 0 || after < 0 ? STORE_NULL : after - before;
}

static void block_meters(const struct state *state, const struct window *window, struct block_row *block)
{
	const struct meter *before = &window->before, *after = &window->after;

	block->meter_udp = advance(before->udp_n, after->udp_n);
	block->meter_io = advance(before->io_n, after->io_n);
	block->meter_switch = advance(before->switch_n, after->switch_n);
	block->meter_own = advance(window->work_n[0], window->work_n[1]);
	/* a process that ended in the window took its CPU time away */
	if (!state->options->scope_cpus && window->pids_n && window->all && before->alive == window->pids_n && after->alive == before->alive)
		block->cpu_cyc = llround((double)(after->cpu_ns - before->cpu_ns) * state->options->clock->hz / 1e9);
}

/* Sums of the rows that a block needs. */
struct sums {
	uint64_t target, path, async, async_target, irq, irq_target;
};

static void sum_rows(const struct account_cpu *cpu, struct sums *sums)
{
	for (uint32_t row = 0; row < ACCOUNT_ROWS; row++) {
		uint64_t cyc = cpu->cyc[row];
		int target = row_is_target(row);

		if (!cyc)
			continue;
		if (target)
			sums->target += cyc;
		if (target && row_is_path(row))
			sums->path += cyc;
		if (measure_row_is_async(row, 0)) {
			sums->async += cyc;
			sums->async_target += target ? cyc : 0;
		}
		if (measure_row_is_async(row, 1)) {
			sums->irq += cyc;
			sums->irq_target += target ? cyc : 0;
		}
	}
}

/* Counts of the whole window; all zero in the row when this is called. */
static void block_counts(const struct state *state, struct block_row *block)
{
	const struct ledger *ledger = state->options->ledger;

	for (int cpu = 0; cpu < ledger_cpus(ledger); cpu++) {
		const struct account_cpu *record = ledger_cpu(ledger, 0, cpu);

		for (int nr = 0; nr < ACCOUNT_CALLS_MAX; nr++)
			block->other_n += (int64_t)record->calls[nr].calls_n;
		block->errors_n += (int64_t)record->errors_n;
		for (int i = 0; i < ACCOUNT_HIST_MAX; i++)
			block->bytes += (int64_t)record->bytes_hist.total[i];
		block->switch_n += (int64_t)record->switch_n;
		block->frame_switch_n += (int64_t)record->frame_switch_n;
		block->late_calls_n += (int64_t)record->late_calls_n;
		block->late_irqs_n += (int64_t)record->late_irqs_n;
		block->softirq_n += (int64_t)record->softirq_n;
		block->frame_softirq_n += (int64_t)record->frame_softirq_n;
	}
	for (uint32_t slot = 1; slot < ledger_slots(ledger); slot++) {
		const struct account_thread *thread = ledger_thread(ledger, 0, slot);

		block->calls_n += (int64_t)thread->calls_n;
		block->sleep_cyc += scaled(state, thread->sleep_cyc);
	}
	block->other_n -= block->calls_n;
}

static void block_rows(const struct state *state, const struct window *window, int probed, struct block_row *block)
{
	const struct ledger *ledger = state->options->ledger;
	const uint8_t *scope = state->options->scope_cpus;
	struct sums sums = {0};

	for (int cpu = 0; cpu < ledger_cpus(ledger); cpu++)
		if (!scope || scope[cpu])
			sum_rows(ledger_cpu(ledger, 0, cpu), &sums);
	if (scope)
		block->cpu_cyc = probed || !state->busy ? scaled(state, sums.target)
							: llround((double)window->busy_ns * state->options->clock->hz / 1e9);
	if (!probed)
		return;
	block->calls_n = block->errors_n = block->bytes = block->other_n = 0;
	block->switch_n = block->frame_switch_n = block->softirq_n = block->frame_softirq_n = block->sleep_cyc = 0;
	block->late_calls_n = block->late_irqs_n = 0;
	block_counts(state, block);
	block->target_cyc = scaled(state, sums.target);
	block->path_cyc = scaled(state, sums.path);
	block->async_cyc = scaled(state, sums.async);
	block->async_target_cyc = scaled(state, sums.async_target);
	block->irq_cyc = scaled(state, sums.irq);
	block->irq_target_cyc = scaled(state, sums.irq_target);
}

static void block_wall(const struct state *state, struct block_row *block)
{
	const struct ledger *ledger = state->options->ledger;
	uint64_t wall = 0, n = 0;

	for (int cpu = 0; cpu < ledger_cpus(ledger); cpu++) {
		const struct account_cpu *record = ledger_cpu(ledger, 0, cpu);

		if (ledger_cpu_online(ledger, cpu)) {
			wall += record->close_cyc - record->open_cyc;
			n++;
		}
	}
	block->wall_cyc = scaled(state, n ? wall / n : 0);
}

static void cpu_balance(struct measurement *out, struct measure_cpu *sum, const struct account_cpu *record, int keep)
{
	uint64_t rows = 0, window = record->close_cyc - record->open_cyc;

	for (int row = 0; row < ACCOUNT_ROWS; row++)
		rows += record->cyc[row];
	int64_t residue = (int64_t)(window - rows);
	double fraction = window ? fabs((double)residue) / (double)window : 0;
	out->residue = fmax(out->residue, fraction);
	out->torn_n += record->torn_n;
	out->backwards_n += record->backwards_n;
	out->unmatched_n += record->unmatched_n;
	out->nested_n += record->nested_n;
	out->missed_n += record->missed_n;
	out->missed_cyc += record->missed_cyc;
	if (!keep)
		return;
	sum->window += window;
	sum->residue += residue;
	sum->worst = fmax(sum->worst, fraction);
}

static void hist_sum(struct account_hist *sum, const struct account_hist *hist)
{
	for (int i = 0; i < ACCOUNT_HIST_MAX; i++) {
		sum->n[i] += hist->n[i];
		sum->total[i] += hist->total[i];
	}
}

static void shape_sum(struct account_shape *sum, const struct account_shape *shape)
{
	for (int i = 0; i < ACCOUNT_SHAPE_MAX; i++) {
		sum[i].n += shape[i].n;
		sum[i].calls_n += shape[i].calls_n;
		sum[i].bytes += shape[i].bytes;
	}
}

/* A burst that outlasted the window: what was seen of it. */
static void shape_add(struct account_shape *shape, const struct account_thread *record)
{
	struct account_shape *cell = &shape[account_shape_of(record)];

	cell->n++;
	cell->calls_n += record->burst;
	cell->bytes += record->burst_bytes;
}

static void total_cpu(struct measurement *out, struct measure_cpu *sum, const struct account_cpu *record)
{
	for (int row = 0; row < ACCOUNT_ROWS; row++) {
		sum->cyc[row] += record->cyc[row];
		sum->entries_n[row] += record->entries_n[row];
	}
	for (int i = 0; i < ACCOUNT_SOFTIRQ_MAX; i++)
		sum->softirqs_n[i] += record->softirqs_n[i];
	for (int i = 0; i < ACCOUNT_HARDIRQ_MAX; i++)
		sum->hardirqs_n[i] += record->hardirqs_n[i];
	for (int nr = 0; nr < ACCOUNT_CALLS_MAX; nr++) {
		out->calls[nr].calls_n += record->calls[nr].calls_n;
		out->calls[nr].errors_n += record->calls[nr].errors_n;
		out->calls[nr].cyc += record->calls[nr].cyc;
	}
	hist_sum(&out->bytes, &record->bytes_hist);
	hist_sum(&out->burst, &record->burst_hist);
	hist_sum(&out->gap, &record->gap_hist);
	hist_sum(&out->train, &record->train_hist);
	shape_sum(out->shape, record->shape);
	for (int several = 0; several < 2; several++) {
		out->sockets_n[several] += record->watched_n[several][0] + record->watched_n[several][1];
		out->destinations_n[several] += record->watched_n[0][several] + record->watched_n[1][several];
	}
}

static void total_thread(struct measurement *out, struct measure_thread *sum, const struct account_thread *record)
{
	for (int i = 0; i < ACCOUNT_THREAD_MAX; i++)
		sum->cyc[i] += record->cyc[i];
	sum->sleep_cyc += record->sleep_cyc;
	sum->calls_n += record->calls_n;
	/* A burst that outlasts whole windows never ends in one: what was seen of it is its length at least. */
	if (!record->burst || record->burst != record->calls_n)
		return;
	account_hist_add(&out->burst, account_bucket(record->burst), record->burst, 1);
	shape_add(out->shape, record);
	if (record->watched && record->burst > 1) {
		out->sockets_n[record->several_sockets & 1]++;
		out->destinations_n[record->several_destinations & 1]++;
	}
}

static void total_events(const struct state *state, const struct window *window, int cpu)
{
	const struct ledger_events *events = ledger_events(state->options->ledger, cpu);
	struct measure_cpu *sum = &state->out->cpus[cpu];

	for (int i = 0; events && i < LEDGER_EVENTS_MAX; i++) {
		for (int row = 0; row < ACCOUNT_ROWS; row++)
			sum->events[row][i] += events->n[row][i];
		sum->event_n[i] += events->last[i] - events->open[i];
		sum->event_own_n[i] += window->events[cpu * LEDGER_EVENTS_MAX + i];
	}
	state->out->event_errors_n += events ? events->errors_n : 0;
}

static int totals(struct state *state, const struct window *window, int keep)
{
	const struct ledger *ledger = state->options->ledger;
	struct measurement *out = state->out;
	uint32_t slots = ledger_slots(ledger);

	for (int cpu = 0; cpu < out->cpus_n; cpu++) {
		cpu_balance(out, &out->cpus[cpu], ledger_cpu(ledger, 0, cpu), keep);
		if (keep)
			total_cpu(out, &out->cpus[cpu], ledger_cpu(ledger, 0, cpu));
		if (keep)
			total_events(state, window, cpu);
	}
	if (slots > out->threads_n) {
		struct measure_thread *more = realloc(out->threads, slots * sizeof *more);

		if (!more)
			return -ENOMEM;
		memset(more + out->threads_n, 0, (slots - out->threads_n) * sizeof *more);
		out->threads = more;
		out->threads_n = slots;
	}
	for (uint32_t slot = 1; keep && slot < slots; slot++)
		total_thread(out, &out->threads[slot], ledger_thread(ledger, 0, slot));
	return 0;
}

static struct block_row *block_new(struct state *state)
{
	if (state->out->blocks_n == state->room) {
		size_t room = state->room ? 2 * state->room : 64;
		struct block_row *more = realloc(state->out->blocks, room * sizeof *more);

		if (!more)
			return NULL;
		state->out->blocks = more;
		state->room = room;
	}
	return &state->out->blocks[state->out->blocks_n];
}

static int choose_way(struct state *state, const char *way)
{
	struct timespec settle = {.tv_nsec = SETTLE_NS};

	if (!way || (state->way && !strcmp(way, state->way)))
		return 0;
	int err = state->options->set_way(state->options->context, way);
	if (err)
		return err;
	state->way = way;
	nanosleep(&settle, NULL);
	return 0;
}

static int run_step(struct state *state, const struct measure_step *step)
{
	uint64_t events[state->options->events ? state->out->cpus_n * LEDGER_EVENTS_MAX : 1];
	struct window window = {.events = events};
	int err = choose_way(state, step->way);

	if (err)
		return err;
	struct block_row *block = block_new(state);
	if (!block)
		return -ENOMEM;
	store_null_block(block);
	block->run = 0;
	block->block = (int64_t)state->out->blocks_n;
	block->cycle = state->cycle;
	block->way = step->way;
	block->dose = step->dose;
	err = run_window(state, step->dose, &window);
	if (err || (state->out->ended && !step->dose && !state->options->scope_cpus)) /* its CPU time and work went with it, and no probe counted */
		return err;
	block->start_ns = window.open_ns - (state->options->origin_ns ? state->options->origin_ns : state->start_ns);
	block_wall(state, block);
	block_meters(state, &window, block);
	block_rows(state, &window, step->dose > 0, block);
	state->out->blocks_n++;
	return step->dose ? totals(state, &window, step->dose == 1) : 0;
}

static int over(const struct state *state)
{
	return state->out->ended || *state->options->stop;
}

static int64_t measured_ns(const struct state *state)
{
	return now_ns() - state->start_ns - state->paused_ns;
}

static int pause_between(struct state *state)
{
	int64_t from_ns = now_ns();
	int err = state->options->pause(state->options->context);

	state->paused_ns += now_ns() - from_ns;
	return err;
}

/* The windows of the next cycle, in random order. Where only unprobed ones are left to fill the time, they belong to the last cycle. */
static int plan_cycle(struct state *state, gsl_rng *rng, double left_ns, struct measure_step *steps)
{
	const struct measure_options *options = state->options;
	int n = options->steps_n, probed = 0;

	if (options->budget)
		n = budget_plan(options->budget, options->steps, n, state->cycle, left_ns, steps);
	else
		memcpy(steps, options->steps, (size_t)n * sizeof *steps);
	for (int i = 0; i < n; i++)
		probed |= steps[i].dose;
	if (options->budget && n && !probed)
		state->cycle--;
	if (n) /* GSL ends the program otherwise */
		gsl_ran_shuffle(rng, steps, (size_t)n, sizeof *steps);
	return n;
}

static int run_counted_step(struct state *state, const struct measure_step *step)
{
	const struct measure_options *options = state->options;
	int64_t from_ns = now_ns(), attached_ns = ledger_attached_ns(options->ledger, step->dose);
	int err = run_step(state, step);

	if (options->budget && !err)
		budget_window(options->budget, step->dose, (double)(now_ns() - from_ns),
			      (double)(ledger_attached_ns(options->ledger, step->dose) - attached_ns));
	return err;
}

/* What the probes add is known better with each cycle; it is looked at when their number has doubled. */
static int look_at_added(const struct state *state)
{
	const struct measure_options *options = state->options;

	if (!options->budget || (state->cycle & (state->cycle - 1)))
		return 0;
	return options->added(options->context, state->out, options->budget->added);
}

static int measure_between(const struct state *state)
{
	const struct measure_options *options = state->options;
	int64_t from_ns = now_ns();
	int err = options->between(options->context);

	if (options->budget)
		budget_between(options->budget, (double)(now_ns() - from_ns));
	return err;
}

/* Cycles until the time is up. The last one is left unfinished only when the target ends or the user interrupts. */
static int run_cycles(struct state *state, gsl_rng *rng)
{
	const struct measure_options *options = state->options;
	int64_t wanted_ns = llround(options->seconds * 1e9);
	int err = 0;

	do {
		struct measure_step steps[BUDGET_STEPS_MAX];
		int n = plan_cycle(state, rng, (double)(wanted_ns - measured_ns(state)), steps);

		if (!n)
			break;
		for (int i = 0; i < n && !err && !over(state); i++) {
			err = run_counted_step(state, &steps[i]);
			if (options->progress)
				options->progress(options->context, fmin(1, (double)measured_ns(state) / (double)wanted_ns));
		}
		state->cycle++;
		if (!err && !over(state))
			err = look_at_added(state);
		if (!err && options->between && !over(state))
			err = measure_between(state);
		if (!err && options->pause && !over(state))
			err = pause_between(state);
	} while (!err && !over(state) && measured_ns(state) < wanted_ns);
	return err;
}

/* The busy meter reads the clock that the ledger reads by the TSC; PMU clocks stop with the CPU, and stay with the ledger. */
static int open_busy(struct state *state)
{
	const struct busy_options options = {.cpus = state->options->scope_cpus};

	if (!options.cpus || state->options->clock->kind != CLOCK_KIND_TSC)
		return 0;
	int err = busy_open(&options, &state->busy);
	if (!err)
		busy_detach(state->busy);
	return err;
}

int measure(const struct measure_options *options, struct measurement *out)
{
	struct state state = {.options = options, .out = out, .pidfd = -1, .start_ns = now_ns()};
	uint8_t all[CPUS_MAX];
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	*out = (struct measurement){.cpus_n = ledger_cpus(options->ledger)};
	out->cpus = calloc((size_t)out->cpus_n, sizeof *out->cpus);
	if (!rng || !out->cpus || options->steps_n > BUDGET_STEPS_MAX) {
		gsl_rng_free(rng);
		return -ENOMEM;
	}
	gsl_rng_set(rng, options->seed);
	if (options->pid)
		state.pidfd = (int)syscall(SYS_pidfd_open, options->pid, 0);
	if (options->pid && state.pidfd < 0 && errno == ESRCH)
		out->ended = 1;
	memset(all, 1, sizeof all);
	const uint8_t *cpus = options->scope_cpus ? options->scope_cpus : all;
	int64_t steal = cpus_steal_ns(cpus);
	int err = options->scope_cpus ? open_busy(&state) : nudge_new(&state.nudge);
	if (!err)
		err = run_cycles(&state, rng);
	busy_free(state.busy);
	out->steal_ns = cpus_steal_ns(cpus) - steal;
	out->wall_ns = measured_ns(&state);
	out->interrupted = *options->stop != 0;
	if (state.pidfd >= 0)
		close(state.pidfd);
	nudge_free(state.nudge);
	gsl_rng_free(rng);
	return err;
}

void measure_free(struct measurement *m)
{
	free(m->blocks);
	free(m->cpus);
	free(m->threads);
	*m = (struct measurement){0};
}
