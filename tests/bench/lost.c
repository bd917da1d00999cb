/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lost.c: whether the ledger sees every event and every cycle: 10^7 calls by threads that share and change CPUs.
 *
 * The threads count their null calls themselves; all calls of a round lie inside one window. What the ledger counted must be the
 * same, nothing may be lost, and on every CPU the rows of every window must add up to the clock. Usage: lost [CALLS]
 */
#include <linux/types.h>

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/parse.h"
#include "collect/account.h"
#include "collect/clock.h"
#include "collect/ledger.h"
#include "collect/syscalls.h"
#include "tests/bench/judge.h"
#include "tests/bench/null_call.h"

#define TARGET_RESIDUE 0.001
#define CALLS_N 10000000
#define THREADS_N 4 /* more than a small machine has CPUs, so that they preempt each other inside frames */
#define WINDOWS_N 40

struct bench {
	struct clock clock;
	struct ledger *ledger;
	pthread_barrier_t begin, end; /* of a round: around the calls, inside the window */
	long calls_per_round; /* by each thread */
	uint64_t made_n, counted_n;
	double residue; /* worst of all windows and CPUs, as a fraction */
};

static void *caller(void *argument)
{
	struct bench *bench = argument;

	for (int window = 0; window < WINDOWS_N; window++) {
		pthread_barrier_wait(&bench->begin);
		null_calls(bench->calls_per_round);
		__atomic_add_fetch(&bench->made_n, (uint64_t)bench->calls_per_round, __ATOMIC_RELAXED);
		pthread_barrier_wait(&bench->end);
	}
	return NULL;
}

static void count_calls(struct bench *bench)
{
	for (uint32_t slot = 1; slot < ledger_slots(bench->ledger); slot++)
		bench->counted_n += ledger_thread(bench->ledger, 0, slot)->calls_n;
}

static void take_residues(struct bench *bench)
{
	for (int cpu = 0; cpu < ledger_cpus(bench->ledger); cpu++) {
		const struct account_cpu *record = ledger_cpu(bench->ledger, 0, cpu);
		uint64_t rows = 0, window = record->close_cyc - record->open_cyc;

		if (!ledger_cpu_online(bench->ledger, cpu))
			continue;
		for (int row = 0; row < ACCOUNT_ROWS; row++)
			rows += record->cyc[row];
		bench->residue = fmax(bench->residue, fabs((double)(int64_t)(window - rows)) / (double)window);
	}
}

static int run_window(struct bench *bench)
{
	int err = ledger_attach(bench->ledger, 1, LEDGER_PROBE_ALL);

	if (!err)
		err = ledger_window_open(bench->ledger);
	pthread_barrier_wait(&bench->begin);
	pthread_barrier_wait(&bench->end);
	if (!err)
		err = ledger_window_close(bench->ledger);
	ledger_detach(bench->ledger);
	count_calls(bench);
	take_residues(bench);
	return err;
}

/* All windows are gone through even after an error, for the threads wait for them. */
static int run_windows(struct bench *bench)
{
	int err = 0;

	for (int window = 0; window < WINDOWS_N; window++) {
		int failed = run_window(bench);

		err = err ? err : failed;
	}
	return err;
}

static int run(struct bench *bench)
{
	pthread_t threads[THREADS_N];
	int err = ledger_add(bench->ledger, getpid());

	if (err)
		return err;
	pthread_barrier_init(&bench->begin, NULL, THREADS_N + 1);
	pthread_barrier_init(&bench->end, NULL, THREADS_N + 1);
	for (int i = 0; i < THREADS_N; i++)
		if (pthread_create(&threads[i], NULL, caller, bench))
			return fail(-1, "lost: cannot create a thread");
	err = run_windows(bench);
	for (int i = 0; i < THREADS_N; i++)
		pthread_join(threads[i], NULL);
	return err;
}

static int bench_open(struct bench *bench, uint64_t calls_n)
{
	uint8_t path[ACCOUNT_CALLS_MAX];
	struct ledger_options options = {.clock = &bench->clock, .path = path};
	int err = syscalls_path(NULL_CALL_NAME, path);

	bench->calls_per_round = (long)((calls_n + THREADS_N * WINDOWS_N - 1) / (THREADS_N * WINDOWS_N));
	if (!err)
		err = clock_open("auto", &bench->clock);
	return err ? err : ledger_open(&options, &bench->ledger);
}

static void report(const struct bench *bench)
{
	printf("%.4g null calls by %d threads, counted by themselves, in %d windows\n", (double)bench->made_n, THREADS_N, WINDOWS_N);
	judge_at_most("lost events", figure_exact((double)ledger_lost(bench->ledger)), 0);
	judge_within("calls counted minus calls made", figure_exact((double)(int64_t)(bench->counted_n - bench->made_n)), 0, 0);
	judge_at_most("worst residue of a CPU's window", figure_exact(bench->residue), TARGET_RESIDUE);
}

int main(int argc, char **argv)
{
	struct bench bench = {0};
	uint64_t calls_n = CALLS_N;

	err_program("lost");
	if (argc > 1 && parse_u64(argv[1], 1, UINT64_C(1) << 40, &calls_n))
		return fail(2, "usage: lost [CALLS]");
	if (bench_open(&bench, calls_n) || run(&bench))
		return 1;
	report(&bench);
	ledger_free(bench.ledger);
	clock_free(&bench.clock);
	return judge_missed > 0;
}
