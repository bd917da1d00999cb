/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_account.c: the cycle ledger against sequences of events written by hand, with the rows worked out by hand.
 *
 * Every test ends with done(): all rows of a CPU that are not 0 were expected, they add up to the clock's advance, and the
 * columns of the threads add up to the rows of the target.
 */
#include <linux/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "collect/account.h"

enum { CPUS = 2, THREADS = 6 };

/* System call numbers; SEND is the path. */
enum { READ = 0, SEND = 46, CLONE = 56, EXECVE = 59, EXIT = 60 };

/* Kernel's numbers of softirqs. */
enum { TIMER_VECTOR = 1, NET_TX_VECTOR = 2, NET_RX_VECTOR = 3, RCU_VECTOR = 9 };

static struct account_cpu cpus[CPUS];
static struct account_thread threads[THREADS]; /* by slot; slot 0 is nobody */

/* ---- The events, as ledger.bpf.c hands them on ---- */

static struct account_thread *current(int cpu)
{
	return cpus[cpu].thread ? &threads[cpus[cpu].thread] : NULL;
}

/* Opens a window on a CPU where the thread of `slot` runs; slot 0: nobody in scope, but a task of this class. */
static void opens(int cpu, uint64_t now, uint32_t slot, uint32_t task)
{
	cpus[cpu].thread = slot;
	cpus[cpu].task = slot ? ACCOUNT_TARGET : task;
	cpus[cpu].user_task = cpus[cpu].task != ACCOUNT_IDLE;
	cpus[cpu].call = slot ? ACCOUNT_CALL_UNKNOWN : ACCOUNT_CALL_NONE;
	cpus[cpu].last_cyc = cpus[cpu].open_cyc = now;
	cpus[cpu].on = 1;
}

static void closes(int cpu, uint64_t now)
{
	account_advance(&cpus[cpu], current(cpu), now);
	cpus[cpu].close_cyc = now;
	cpus[cpu].on = 0;
	for (size_t i = 1; i < sizeof threads / sizeof *threads; i++)
		account_run_end(&cpus[0], &threads[i]); /* as the loader does, whatever CPU they ran on */
}

static void enter(int cpu, uint64_t now, uint32_t nr)
{
	account_sys_enter(&cpus[cpu], current(cpu), nr, nr == SEND, now);
}

/* `nr` is what the registers say: exec changes it, so a call whose begin was seen keeps its own number. */
static void leave(int cpu, uint64_t now, uint32_t nr, int64_t result)
{
	const struct account_thread *thread = current(cpu);
	uint32_t own = thread->entered ? thread->nr : nr;

	account_sys_exit(&cpus[cpu], current(cpu), own, own == SEND, result, now);
}

static void send_call(int cpu, uint64_t from, uint64_t to, int64_t result)
{
	enter(cpu, from, SEND);
	leave(cpu, to, SEND, result);
}

/* Switches to a task in scope. */
static void to_thread(int cpu, uint64_t now, uint32_t slot)
{
	account_switch(&cpus[cpu], current(cpu), &threads[slot], slot, ACCOUNT_TARGET, 1, 0, now);
}

/* Switches to a task that is not. */
static void to_task(int cpu, uint64_t now, uint32_t task)
{
	account_switch(&cpus[cpu], current(cpu), NULL, 0, task, task == ACCOUNT_OTHER, task == ACCOUNT_IDLE, now);
}

static void to_kernel_thread(int cpu, uint64_t now)
{
	account_switch(&cpus[cpu], current(cpu), NULL, 0, ACCOUNT_OTHER, 0, 1, now);
}

static void softirq(int cpu, uint64_t now, uint32_t vector)
{
	if (!account_begin(&cpus[cpu]))
		return;
	account_softirq_enter(&cpus[cpu], current(cpu), vector, now);
	account_end(&cpus[cpu]);
}

static void softirq_end(int cpu, uint64_t now, uint32_t vector)
{
	if (!account_begin(&cpus[cpu]))
		return;
	account_softirq_exit(&cpus[cpu], current(cpu), vector, now);
	account_end(&cpus[cpu]);
}

static void hardirq(int cpu, uint64_t now, uint32_t kind)
{
	if (!account_begin(&cpus[cpu]))
		return;
	account_hardirq_enter(&cpus[cpu], current(cpu), kind, now);
	account_end(&cpus[cpu]);
}

static void hardirq_end(int cpu, uint64_t now, uint32_t kind)
{
	if (!account_begin(&cpus[cpu]))
		return;
	account_hardirq_exit(&cpus[cpu], current(cpu), kind, now);
	account_end(&cpus[cpu]);
}

static void thread_exit(int cpu, uint64_t now)
{
	account_exit(&cpus[cpu], current(cpu), now);
}

/* ---- What is expected ---- */

/* Takes a row out of the ledger: it must hold exactly this. */
static void row(int cpu, uint32_t task, uint32_t call, uint32_t soft, uint32_t hard, uint64_t cyc)
{
	uint64_t *at = (uint64_t *)&cpus[cpu].cyc[account_row(task, call, soft, hard)];

	assert_int_equal(*at, cyc);
	*at = 0;
}

static void target_row(int cpu, uint32_t call, uint64_t cyc)
{
	row(cpu, ACCOUNT_TARGET, call, 0, 0, cyc);
}

static uint64_t sum_of(const __u64 *values, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return sum;
}

static uint64_t target_sum(void)
{
	uint64_t sum = 0;
	size_t per_task = ACCOUNT_ROWS / ACCOUNT_TASK_MAX;

	for (int cpu = 0; cpu < CPUS; cpu++)
		sum += sum_of(cpus[cpu].cyc + ACCOUNT_TARGET * per_task, per_task);
	return sum;
}

static uint64_t threads_sum(void)
{
	uint64_t sum = 0;

	for (int slot = 1; slot < THREADS; slot++)
		sum += sum_of(threads[slot].cyc, ACCOUNT_THREAD_MAX);
	assert_int_equal(sum_of(threads[0].cyc, ACCOUNT_THREAD_MAX), 0);
	return sum;
}

/* Before the rows are taken out one by one: nothing is lost and nothing is counted twice. */
static void balances(void)
{
	for (int cpu = 0; cpu < CPUS; cpu++)
		assert_int_equal(sum_of(cpus[cpu].cyc, ACCOUNT_ROWS), cpus[cpu].last_cyc - cpus[cpu].open_cyc);
	assert_int_equal(threads_sum(), target_sum());
}

/* After the expected rows were taken out there is none left. */
static void done(void)
{
	for (int cpu = 0; cpu < CPUS; cpu++)
		assert_int_equal(sum_of(cpus[cpu].cyc, ACCOUNT_ROWS), 0);
}

/* Nothing went wrong that is counted. */
static void clean(void)
{
	for (int cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(cpus[cpu].unmatched_n, 0);
		assert_int_equal(cpus[cpu].nested_n, 0);
		assert_int_equal(cpus[cpu].torn_n, 0);
		assert_int_equal(cpus[cpu].backwards_n, 0);
	}
}

static int reset(void **state)
{
	(void)state;
	memset(cpus, 0, sizeof cpus);
	memset(threads, 0, sizeof threads);
	return 0;
}

/* ---- Frames ---- */

static void a_frame_is_apart_from_user_space_and_other_calls(void **state)
{
	(void)state;
	opens(0, 1000, 1, 0);
	enter(0, 1100, SEND); /* 100 in user space: known now, though nothing was known when the window opened */
	leave(0, 1140, SEND, 500);
	enter(0, 1150, READ);
	leave(0, 1175, READ, -11);
	closes(0, 1180);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_USER, 100 + 10 + 5);
	target_row(0, ACCOUNT_CALL_PATH, 40);
	target_row(0, ACCOUNT_CALL_OTHER, 25);
	done();
	assert_int_equal(threads[1].calls_n, 1);
	assert_int_equal(threads[1].sleep_cyc, 0);
	assert_int_equal(cpus[0].calls[SEND].calls_n, 1);
	assert_int_equal(cpus[0].calls[SEND].cyc, 40);
	assert_int_equal(cpus[0].calls[READ].calls_n, 1);
	assert_int_equal(cpus[0].calls[READ].errors_n, 1);
	assert_int_equal(cpus[0].calls[READ].cyc, 25);
	assert_int_equal(cpus[0].errors_n, 0); /* those of the path only */
}

static void entries_count_how_often_a_context_began(void **state)
{
	uint32_t net = account_row(ACCOUNT_TARGET, ACCOUNT_CALL_PATH, ACCOUNT_SOFTIRQ_NET_RX, 0);

	(void)state;
	opens(0, 0, 1, 0);
	for (uint64_t i = 0; i < 3; i++) {
		enter(0, 100 * i + 10, SEND);
		softirq(0, 100 * i + 20, NET_RX_VECTOR);
		softirq_end(0, 100 * i + 30, NET_RX_VECTOR);
		leave(0, 100 * i + 40, SEND, 1);
	}
	assert_int_equal(cpus[0].entries_n[net], 3);
	assert_int_equal(cpus[0].softirq_n, 3);
	assert_int_equal(cpus[0].frame_softirq_n, 3);
	assert_int_equal(cpus[0].softirqs_n[ACCOUNT_SOFTIRQ_NET_RX], 3);
}

static void numbers_beyond_the_table_share_its_last_place(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 10, 100000);
	leave(0, 20, 100000, 0);
	closes(0, 20);
	assert_int_equal(cpus[0].calls[ACCOUNT_CALLS_MAX - 1].calls_n, 1);
	assert_int_equal(cpus[0].calls[0].calls_n, 0);
}

/* ---- Interrupts ---- */

static void a_hardirq_inside_a_hardirq_is_charged_once(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 0, READ);
	leave(0, 0, READ, 0); /* in user space */
	hardirq(0, 100, ACCOUNT_HARDIRQ_TIMER);
	hardirq(0, 130, ACCOUNT_HARDIRQ_NET);
	hardirq_end(0, 137, ACCOUNT_HARDIRQ_NET);
	hardirq_end(0, 150, ACCOUNT_HARDIRQ_TIMER);
	closes(0, 160);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_USER, 100 + 10);
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_USER, 0, ACCOUNT_HARDIRQ_TIMER, 30 + 13);
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_USER, 0, ACCOUNT_HARDIRQ_NET, 7);
	done();
	assert_int_equal(threads[1].cyc[ACCOUNT_THREAD_IRQ], 50); /* outside system calls: apart */
	assert_int_equal(threads[1].cyc[ACCOUNT_THREAD_USER], 110);
}

static void a_hardirq_inside_a_softirq_inside_a_frame_is_charged_once(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 10, SEND);
	softirq(0, 30, NET_RX_VECTOR);
	hardirq(0, 50, ACCOUNT_HARDIRQ_TIMER);
	hardirq_end(0, 55, ACCOUNT_HARDIRQ_TIMER);
	softirq_end(0, 70, NET_RX_VECTOR);
	leave(0, 80, SEND, 100);
	closes(0, 81);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_USER, 10 + 1);
	target_row(0, ACCOUNT_CALL_PATH, 20 + 10);
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_PATH, ACCOUNT_SOFTIRQ_NET_RX, 0, 20 + 15);
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_PATH, ACCOUNT_SOFTIRQ_NET_RX, ACCOUNT_HARDIRQ_TIMER, 5);
	done();
	assert_int_equal(threads[1].cyc[ACCOUNT_THREAD_PATH], 70); /* interrupts inside a call belong to it */
	assert_int_equal(threads[1].cyc[ACCOUNT_THREAD_IRQ], 0);
	assert_int_equal(cpus[0].calls[SEND].cyc, 70);
}

/* Four are remembered; the two above them are charged to the innermost that is known, and counted. */
static void nesting_deeper_than_is_kept_is_counted_and_still_balances(void **state)
{
	static const uint32_t kinds[6] = {ACCOUNT_HARDIRQ_NET,           ACCOUNT_HARDIRQ_LINE,     ACCOUNT_HARDIRQ_TIMER,
					  ACCOUNT_HARDIRQ_CALL_FUNCTION, ACCOUNT_HARDIRQ_IRQ_WORK, ACCOUNT_HARDIRQ_OTHER};

	(void)state;
	assert_int_equal(ACCOUNT_NEST_MAX, 4);
	opens(0, 0, 0, ACCOUNT_OTHER);
	for (uint64_t i = 0; i < 6; i++)
		hardirq(0, 10 * (i + 1), kinds[i]);
	for (uint64_t i = 6; i-- > 0;)
		hardirq_end(0, 70 + (5 - i), kinds[i]);
	closes(0, 80);

	balances();
	assert_int_equal(cpus[0].nested_n, 2);
	assert_int_equal(cpus[0].unmatched_n, 0);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, 0, 10 + 5); /* before the first and after the last (75 to 80) */
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, kinds[0], 10 + 1);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, kinds[1], 10 + 1);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, kinds[2], 10 + 1);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, kinds[3], 10);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, kinds[4], 10);
	/* the sixth ended at 70, the fifth at 71, the fourth at 72: what they had interrupted was not kept */
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, kinds[5], 10 + 2);
	done();
}

static void a_softirq_outside_calls_is_apart_from_user_space(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	leave(0, 5, READ, 0);
	hardirq(0, 20, ACCOUNT_HARDIRQ_NET);
	hardirq_end(0, 24, ACCOUNT_HARDIRQ_NET);
	softirq(0, 25, NET_RX_VECTOR);
	softirq_end(0, 45, NET_RX_VECTOR);
	closes(0, 50);

	balances();
	target_row(0, ACCOUNT_CALL_OTHER, 5);
	target_row(0, ACCOUNT_CALL_USER, 15 + 1 + 5);
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_USER, 0, ACCOUNT_HARDIRQ_NET, 4);
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_USER, ACCOUNT_SOFTIRQ_NET_RX, 0, 20);
	done();
	assert_int_equal(threads[1].cyc[ACCOUNT_THREAD_IRQ], 24);
	assert_int_equal(cpus[0].softirq_n, 1);
	assert_int_equal(cpus[0].frame_softirq_n, 0);
}

/* ---- Softirqs while another task is current: who is the cause ---- */

static void a_softirq_behind_a_hardirq_has_no_call_for_its_cause(void **state)
{
	(void)state;
	opens(0, 0, 0, ACCOUNT_OTHER);
	hardirq(0, 10, ACCOUNT_HARDIRQ_CALL_FUNCTION);
	hardirq_end(0, 12, ACCOUNT_HARDIRQ_CALL_FUNCTION);
	softirq(0, 13, NET_RX_VECTOR);
	softirq_end(0, 33, NET_RX_VECTOR);
	softirq(0, 34, RCU_VECTOR); /* the next one of the same pass */
	softirq_end(0, 39, RCU_VECTOR);
	closes(0, 40);

	balances();
	clean();
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, 0, 10 + 1 + 1 + 1);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, ACCOUNT_HARDIRQ_CALL_FUNCTION, 2);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, ACCOUNT_SOFTIRQ_NET_RX, 0, 20);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, ACCOUNT_SOFTIRQ_RCU, 0, 5);
	done();
}

static void a_softirq_that_follows_no_hardirq_is_the_other_tasks_own(void **state)
{
	(void)state;
	opens(0, 0, 0, ACCOUNT_OTHER);
	softirq(0, 10, NET_TX_VECTOR);
	softirq_end(0, 14, NET_TX_VECTOR);
	softirq(0, 15, NET_RX_VECTOR); /* the next one of the same pass */
	softirq_end(0, 35, NET_RX_VECTOR);
	closes(0, 40);

	balances();
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, 0, 10 + 1 + 5);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_OTHER, ACCOUNT_SOFTIRQ_NET_TX, 0, 4);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_OTHER, ACCOUNT_SOFTIRQ_NET_RX, 0, 20);
	done();
}

static void a_softirq_of_a_system_call_begun_after_a_hardirq_is_the_other_tasks_own(void **state)
{
	(void)state;
	opens(0, 0, 0, ACCOUNT_OTHER);
	hardirq(0, 10, ACCOUNT_HARDIRQ_TIMER);
	hardirq_end(0, 12, ACCOUNT_HARDIRQ_TIMER);
	account_other_call(&cpus[0]); /* it sends */
	softirq(0, 20, NET_RX_VECTOR);
	softirq_end(0, 30, NET_RX_VECTOR);
	hardirq(0, 31, ACCOUNT_HARDIRQ_NET); /* and is interrupted */
	hardirq_end(0, 33, ACCOUNT_HARDIRQ_NET);
	softirq(0, 33, NET_RX_VECTOR);
	softirq_end(0, 40, NET_RX_VECTOR);
	account_other_call(&cpus[0]); /* it sends again */
	softirq(0, 50, NET_RX_VECTOR);
	softirq_end(0, 65, NET_RX_VECTOR);
	closes(0, 65);

	balances();
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, 0, 10 + 8 + 1 + 10);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, ACCOUNT_HARDIRQ_TIMER, 2);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, ACCOUNT_HARDIRQ_NET, 2);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_OTHER, ACCOUNT_SOFTIRQ_NET_RX, 0, 10 + 15);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, ACCOUNT_SOFTIRQ_NET_RX, 0, 7);
	done();
}

static void a_softirq_of_a_kernel_thread_or_of_idle_has_no_call_for_its_cause(void **state)
{
	(void)state;
	opens(0, 0, 0, ACCOUNT_IDLE);
	softirq(0, 10, NET_RX_VECTOR);
	softirq_end(0, 20, NET_RX_VECTOR);
	to_kernel_thread(0, 30); /* ksoftirqd */
	softirq(0, 40, NET_RX_VECTOR);
	softirq_end(0, 55, NET_RX_VECTOR);
	closes(0, 60);

	balances();
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 10 + 10);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, ACCOUNT_SOFTIRQ_NET_RX, 0, 10);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, 0, 10 + 5);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, ACCOUNT_SOFTIRQ_NET_RX, 0, 15);
	done();
}

/* ---- Frames that are interrupted ---- */

static void preemption_in_a_frame_is_not_time_in_the_frame(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 100, SEND);
	to_task(0, 120, ACCOUNT_OTHER);
	to_thread(0, 170, 1);
	leave(0, 200, SEND, 10);
	closes(0, 210);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_USER, 100 + 10);
	target_row(0, ACCOUNT_CALL_PATH, 20 + 30);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, 0, 50);
	done();
	assert_int_equal(threads[1].sleep_cyc, 50); /* T_sc is 100, T_sleep 50 */
	assert_int_equal(threads[1].calls_n, 1);
	assert_int_equal(cpus[0].calls[SEND].cyc, 50);
	assert_int_equal(cpus[0].switch_n, 2);
	assert_int_equal(cpus[0].frame_switch_n, 2);
}

static void ends_right_before_a_preemption_are_late(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 10, SEND);
	softirq(0, 20, 3); /* wakes a client */
	softirq_end(0, 30, 3);
	leave(0, 40, SEND, 10);
	to_task(0, 45, ACCOUNT_OTHER);
	assert_int_equal(cpus[0].late_calls_n, 1);
	assert_int_equal(cpus[0].late_irqs_n, 1);
	to_thread(0, 60, 1);
	hardirq(0, 70, ACCOUNT_HARDIRQ_RESCHEDULE);
	hardirq_end(0, 75, ACCOUNT_HARDIRQ_RESCHEDULE);
	to_task(0, 80, ACCOUNT_OTHER);
	assert_int_equal(cpus[0].late_calls_n, 1); /* that one was long before */
	assert_int_equal(cpus[0].late_irqs_n, 2);
	to_thread(0, 90, 1);
	to_task(0, 95, ACCOUNT_OTHER); /* it has done nothing */
	to_thread(0, 100, 1);
	enter(0, 105, SEND);
	softirq(0, 110, 3);
	softirq_end(0, 120, 3);
	to_task(0, 130, ACCOUNT_OTHER); /* it sleeps: the kernel reads its clock then */
	closes(0, 140);
	assert_int_equal(cpus[0].late_calls_n, 1);
	assert_int_equal(cpus[0].late_irqs_n, 2);
	balances();
}

static void sleep_in_a_frame_is_t_sleep_and_idle(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 10, SEND);
	to_task(0, 15, ACCOUNT_IDLE);
	hardirq(0, 300, ACCOUNT_HARDIRQ_NET); /* what it waits for */
	hardirq_end(0, 310, ACCOUNT_HARDIRQ_NET);
	to_thread(0, 415, 1);
	to_task(0, 420, ACCOUNT_IDLE); /* and once more */
	to_thread(0, 520, 1);
	leave(0, 540, SEND, 10);
	closes(0, 540);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_USER, 10);
	target_row(0, ACCOUNT_CALL_PATH, 5 + 5 + 20);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 285 + 105 + 100);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, ACCOUNT_HARDIRQ_NET, 10);
	done();
	assert_int_equal(threads[1].sleep_cyc, 400 + 100);
	assert_int_equal(cpus[0].calls[SEND].cyc, 30);
}

static void sleep_in_another_call_is_not_t_sleep(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 10, READ);
	to_task(0, 20, ACCOUNT_IDLE);
	to_thread(0, 90, 1);
	leave(0, 100, READ, 10);
	closes(0, 100);

	balances();
	target_row(0, ACCOUNT_CALL_USER, 10);
	target_row(0, ACCOUNT_CALL_OTHER, 20);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 70);
	done();
	assert_int_equal(threads[1].sleep_cyc, 0);
	assert_int_equal(cpus[0].switch_n, 2);
	assert_int_equal(cpus[0].frame_switch_n, 0);
}

static void a_frame_that_migrates_is_one_call_on_two_cpus(void **state)
{
	(void)state;
	opens(0, 1000, 1, 0);
	opens(1, 1003, 0, ACCOUNT_IDLE);
	enter(0, 1100, SEND);
	to_task(0, 1120, ACCOUNT_OTHER);
	to_thread(1, 1160, 1);
	softirq(1, 1165, NET_RX_VECTOR);
	softirq_end(1, 1175, NET_RX_VECTOR);
	leave(1, 1180, SEND, 7);
	closes(0, 1200);
	closes(1, 1200);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_USER, 100);
	target_row(0, ACCOUNT_CALL_PATH, 20);
	row(0, ACCOUNT_OTHER, ACCOUNT_CALL_NONE, 0, 0, 80);
	row(1, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 157);
	target_row(1, ACCOUNT_CALL_PATH, 5 + 5);
	row(1, ACCOUNT_TARGET, ACCOUNT_CALL_PATH, ACCOUNT_SOFTIRQ_NET_RX, 0, 10);
	target_row(1, ACCOUNT_CALL_USER, 20);
	done();
	assert_int_equal(threads[1].sleep_cyc, 40);
	assert_int_equal(threads[1].calls_n, 1);
	assert_int_equal(cpus[0].calls[SEND].calls_n + cpus[1].calls[SEND].calls_n, 1);
	assert_int_equal(cpus[0].calls[SEND].cyc + cpus[1].calls[SEND].cyc, 40);
}

static void threads_that_share_a_cpu_keep_their_own_frames(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 10, SEND);
	to_thread(0, 20, 2); /* new in the window: where it is, is not known */
	enter(0, 25, SEND);  /* it was in user space */
	to_thread(0, 40, 1);
	leave(0, 45, SEND, 1);
	to_thread(0, 50, 2);
	leave(0, 70, SEND, 1);
	closes(0, 70);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_USER, 10 + 5 + 5);
	target_row(0, ACCOUNT_CALL_PATH, 10 + 15 + 5 + 20);
	done();
	assert_int_equal(threads[1].cyc[ACCOUNT_THREAD_PATH], 15);
	assert_int_equal(threads[2].cyc[ACCOUNT_THREAD_PATH], 35);
	assert_int_equal(threads[1].sleep_cyc, 20);
	assert_int_equal(threads[2].sleep_cyc, 10);
	assert_int_equal(cpus[0].switch_n, 6); /* each switch leaves one and comes to one */
	assert_int_equal(cpus[0].frame_switch_n, 4); /* all but the first coming of thread 2 and the second going of thread 1 */
}

/* ---- exec, exit, new threads ---- */

static void exec_is_counted_under_its_own_number(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 10, EXECVE);
	leave(0, 110, (uint32_t)-1, 0); /* the new program's registers */
	enter(0, 120, SEND);
	leave(0, 130, SEND, 5);
	closes(0, 130);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_USER, 10 + 10);
	target_row(0, ACCOUNT_CALL_OTHER, 100);
	target_row(0, ACCOUNT_CALL_PATH, 10);
	done();
	assert_int_equal(cpus[0].calls[EXECVE].calls_n, 1);
	assert_int_equal(cpus[0].calls[EXECVE].cyc, 100);
	assert_int_equal(cpus[0].calls[ACCOUNT_CALLS_MAX - 1].calls_n, 0);
}

/* A signal that kills comes at the end of the call: its exit is never seen. */
static void exit_in_a_frame_ends_the_frame_uncounted(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	send_call(0, 10, 20, 9);
	enter(0, 30, SEND);
	to_task(0, 35, ACCOUNT_IDLE);
	to_thread(0, 95, 1); /* killed */
	thread_exit(0, 100);
	to_task(0, 140, ACCOUNT_IDLE);
	closes(0, 150);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_USER, 10 + 10);
	target_row(0, ACCOUNT_CALL_PATH, 10 + 5 + 5);
	target_row(0, ACCOUNT_CALL_NONE, 40);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 60 + 10);
	done();
	assert_int_equal(threads[1].calls_n, 1);
	assert_int_equal(cpus[0].calls[SEND].calls_n, 1);
	assert_int_equal(cpus[0].calls[SEND].cyc, 10);
	assert_int_equal(cpus[0].burst_hist.n[1], 1); /* what there was of the burst is not lost */
	assert_int_equal(cpus[0].frame_switch_n, 2);  /* it leaves for good outside the frame */
	assert_int_equal(threads[1].cyc[ACCOUNT_THREAD_KERNEL], 40);
}

static void a_thread_that_begins_is_unknown_until_its_first_event(void **state)
{
	(void)state;
	opens(0, 0, 0, ACCOUNT_IDLE);
	to_thread(0, 50, 2);
	leave(0, 58, CLONE, 0); /* a new thread's first event is the end of a call that it never began */
	enter(0, 60, EXIT);
	thread_exit(0, 65);
	to_task(0, 70, ACCOUNT_IDLE);
	to_thread(0, 80, 3); /* this one makes no event at all */
	to_task(0, 91, ACCOUNT_IDLE);
	closes(0, 91);

	balances();
	clean();
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 50 + 10);
	target_row(0, ACCOUNT_CALL_OTHER, 8 + 5);
	target_row(0, ACCOUNT_CALL_USER, 2);
	target_row(0, ACCOUNT_CALL_NONE, 5);
	target_row(0, ACCOUNT_CALL_UNKNOWN, 11);
	done();
	assert_int_equal(cpus[0].calls[CLONE].calls_n, 0); /* its parent's end of it is the one that counts */
	assert_int_equal(cpus[0].calls[EXIT].calls_n, 0);
	assert_int_equal(threads[3].cyc[ACCOUNT_THREAD_UNKNOWN], 11);
}

static void kernel_threads_and_io_uring_workers_have_no_call(void **state)
{
	(void)state;
	opens(0, 0, 0, ACCOUNT_IDLE);
	/* a worker of a process in scope: its cycles are the target's, but no frame's */
	account_switch(&cpus[0], NULL, &threads[4], 4, ACCOUNT_TARGET, 1, 1, 10);
	softirq(0, 15, NET_RX_VECTOR);
	softirq_end(0, 35, NET_RX_VECTOR);
	to_task(0, 40, ACCOUNT_IDLE);
	account_switch(&cpus[0], NULL, &threads[4], 4, ACCOUNT_TARGET, 1, 1, 50);
	closes(0, 57);

	balances();
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 10 + 10);
	target_row(0, ACCOUNT_CALL_NONE, 5 + 5 + 7);
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_NONE, ACCOUNT_SOFTIRQ_NET_RX, 0, 20);
	done();
	assert_int_equal(threads[4].cyc[ACCOUNT_THREAD_KERNEL], 17);
	assert_int_equal(threads[4].cyc[ACCOUNT_THREAD_IRQ], 20);
	assert_int_equal(threads[4].sleep_cyc, 0);
}

/* ---- Events in flight when the probes attach ---- */

static void a_frame_in_flight_is_charged_and_not_counted(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	leave(0, 40, SEND, 100);
	send_call(0, 50, 60, 100);
	closes(0, 70);

	balances();
	clean();
	target_row(0, ACCOUNT_CALL_PATH, 40 + 10);
	target_row(0, ACCOUNT_CALL_USER, 10 + 10);
	done();
	assert_int_equal(threads[1].calls_n, 1);
	assert_int_equal(cpus[0].calls[SEND].calls_n, 1);
	assert_int_equal(sum_of(cpus[0].bytes_hist.total, ACCOUNT_HIST_MAX), 100);
}

static void a_frame_in_flight_on_a_sleeping_thread_is_charged_from_its_waking(void **state)
{
	(void)state;
	opens(0, 0, 0, ACCOUNT_IDLE);
	to_thread(0, 40, 1);
	leave(0, 45, SEND, 100);
	closes(0, 50);

	balances();
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 40);
	target_row(0, ACCOUNT_CALL_PATH, 5);
	target_row(0, ACCOUNT_CALL_USER, 5);
	done();
	assert_int_equal(threads[1].sleep_cyc, 0); /* since when it slept, nobody knows */
	assert_int_equal(threads[1].calls_n, 0);
}

static void a_softirq_in_flight_is_charged_to_its_vector(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	softirq_end(0, 30, NET_RX_VECTOR);
	leave(0, 40, SEND, 1);
	closes(0, 40);

	balances();
	assert_int_equal(cpus[0].unmatched_n, 1);
	/* which call it ran in is not known when it ends */
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_UNKNOWN, ACCOUNT_SOFTIRQ_NET_RX, 0, 30);
	target_row(0, ACCOUNT_CALL_PATH, 10);
	done();
}

static void a_hardirq_in_flight_is_charged_to_its_kind(void **state)
{
	(void)state;
	opens(0, 0, 0, ACCOUNT_IDLE);
	hardirq_end(0, 12, ACCOUNT_HARDIRQ_TIMER);
	softirq(0, 13, TIMER_VECTOR);
	softirq_end(0, 20, TIMER_VECTOR);
	closes(0, 25);

	balances();
	assert_int_equal(cpus[0].unmatched_n, 1);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, ACCOUNT_HARDIRQ_TIMER, 12);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, ACCOUNT_SOFTIRQ_TIMER, 0, 7);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 1 + 5);
	done();
}

static void an_unknown_vector_is_charged_to_the_last(void **state)
{
	(void)state;
	opens(0, 0, 0, ACCOUNT_IDLE);
	softirq(0, 0, 77);
	softirq_end(0, 5, 77);
	closes(0, 5);
	balances();
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, ACCOUNT_SOFTIRQ_MAX - 1, 0, 5);
	done();
}

static void a_switch_ends_a_softirq_whose_end_was_missed(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	leave(0, 10, READ, 0);
	hardirq(0, 12, ACCOUNT_HARDIRQ_LINE);
	softirq(0, 15, NET_RX_VECTOR);
	to_task(0, 20, ACCOUNT_IDLE);
	hardirq(0, 30, ACCOUNT_HARDIRQ_TIMER); /* and the nesting begins anew */
	hardirq_end(0, 34, ACCOUNT_HARDIRQ_TIMER);
	closes(0, 40);

	balances();
	assert_int_equal(cpus[0].unmatched_n, 1);
	target_row(0, ACCOUNT_CALL_OTHER, 10);
	target_row(0, ACCOUNT_CALL_USER, 2);
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_USER, 0, ACCOUNT_HARDIRQ_LINE, 3);
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_USER, ACCOUNT_SOFTIRQ_NET_RX, ACCOUNT_HARDIRQ_LINE, 5);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 10 + 6);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, ACCOUNT_HARDIRQ_TIMER, 4);
	done();
}

/* ---- The clock ---- */

static void a_clock_that_goes_back_is_counted_and_the_rows_still_balance(void **state)
{
	(void)state;
	opens(0, 1000, 1, 0);
	enter(0, 1100, SEND);
	leave(0, 1090, SEND, 1); /* 10 back */
	enter(0, 1120, READ);    /* 20 since the latest stamp there was */
	leave(0, 1130, READ, 0);
	closes(0, 1150);

	balances();
	assert_int_equal(cpus[0].backwards_n, 1);
	target_row(0, ACCOUNT_CALL_USER, 100 + 20 + 20);
	target_row(0, ACCOUNT_CALL_OTHER, 10);
	done();
	assert_int_equal(cpus[0].calls[SEND].calls_n, 1);
	assert_int_equal(cpus[0].calls[SEND].cyc, 0);
}

/* While the handler of sys_enter is at work a timer comes, and a softirq behind it: all of it inside the handler. */
static void an_interrupt_inside_a_handler_is_charged_once_to_what_it_interrupted(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	assert_true(account_begin(&cpus[0]));
	uint64_t now = 100; /* the handler has read the clock */
	hardirq(0, 110, ACCOUNT_HARDIRQ_TIMER);
	hardirq_end(0, 130, ACCOUNT_HARDIRQ_TIMER);
	softirq(0, 131, NET_RX_VECTOR);
	softirq_end(0, 139, NET_RX_VECTOR);
	account_sys_enter(&cpus[0], &threads[1], SEND, 1, now);
	account_end(&cpus[0]);
	hardirq(0, 145, ACCOUNT_HARDIRQ_TIMER); /* this one is not inside of it */
	hardirq_end(0, 147, ACCOUNT_HARDIRQ_TIMER);
	leave(0, 150, SEND, 1);
	closes(0, 150);

	balances();
	assert_int_equal(cpus[0].torn_n, 4);
	assert_int_equal(cpus[0].backwards_n, 0);
	assert_int_equal(cpus[0].unmatched_n, 0);
	target_row(0, ACCOUNT_CALL_USER, 100);
	target_row(0, ACCOUNT_CALL_PATH, 45 + 3); /* the handler's own time and that of the interrupt in it */
	row(0, ACCOUNT_TARGET, ACCOUNT_CALL_PATH, 0, ACCOUNT_HARDIRQ_TIMER, 2);
	done();
	assert_int_equal(threads[1].calls_n, 1);
	assert_int_equal(cpus[0].hardirqs_n[ACCOUNT_HARDIRQ_TIMER], 1);
}

/* With whole CPUs in scope: thread 1 goes in a frame to CPU 1, which is not, makes calls there, and comes back. */
static void what_a_thread_does_on_a_cpu_out_of_scope_is_not_counted(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	enter(0, 10, READ);
	leave(0, 12, READ, 0);
	send_call(0, 14, 16, 1);
	enter(0, 20, SEND);
	to_task(0, 30, ACCOUNT_IDLE);
	account_forget(&cpus[1], &threads[1]);
	to_thread(0, 100, 1);
	leave(0, 105, SEND, 1); /* of a call that it began there: this one or another */
	send_call(0, 110, 120, 1);
	closes(0, 120);

	balances();
	target_row(0, ACCOUNT_CALL_USER, 10 + 2 + 4 + 5);
	target_row(0, ACCOUNT_CALL_OTHER, 2);
	target_row(0, ACCOUNT_CALL_PATH, 2 + 10 + 5 + 10);
	row(0, ACCOUNT_IDLE, ACCOUNT_CALL_NONE, 0, 0, 70);
	done();
	assert_int_equal(threads[1].calls_n, 2); /* not the one of which a part was not seen */
	assert_int_equal(threads[1].sleep_cyc, 0);
	assert_int_equal(cpus[1].burst_hist.n[1], 1); /* the burst so far */
	assert_int_equal(sum_of(cpus[0].gap_hist.n, ACCOUNT_HIST_MAX), 1); /* and what followed is no gap in it */
}

/* ---- Bursts, gaps, bytes ---- */

static void a_burst_ends_at_another_call_and_its_gaps_are_those_inside_it(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	send_call(0, 10, 20, 1);
	send_call(0, 25, 30, 1); /* gap 5 */
	send_call(0, 37, 40, 1); /* gap 7: of eight gaps in a row only the first is looked at */
	enter(0, 50, READ);      /* ends a burst of 3 */
	leave(0, 60, READ, 0);
	send_call(0, 70, 80, 1);
	send_call(0, 85, 90, 1); /* gap 5 */
	enter(0, 95, EXIT);      /* ends a burst of 2 */
	thread_exit(0, 99);
	closes(0, 99);

	balances();
	const struct account_hist *burst = &cpus[0].burst_hist, *gap = &cpus[0].gap_hist;
	assert_int_equal(sum_of(burst->n, ACCOUNT_HIST_MAX), 2);
	assert_int_equal(burst->n[3], 1);
	assert_int_equal(burst->total[3], 3);
	assert_int_equal(burst->n[2], 1);
	assert_int_equal(sum_of(gap->n, ACCOUNT_HIST_MAX), 2);
	assert_int_equal(gap->n[5], 2);
	assert_int_equal(gap->total[5], 10);
	assert_int_equal(threads[1].burst, 0);
}

/* Watching a call takes time before its begin is stamped. */
static void a_gap_before_a_call_that_is_watched_is_not_counted(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	for (uint64_t i = 0; i < 3; i++) {
		uint64_t begin = 10 + 15 * i + (account_wants_watch(&threads[1]) ? 4 : 0);

		send_call(0, begin, 20 + 15 * i, 1);
	}
	enter(0, 95, EXIT);
	thread_exit(0, 99);
	closes(0, 99);

	const struct account_hist *gap = &cpus[0].gap_hist;
	assert_int_equal(cpus[0].watched_n[0][0], 1);
	assert_int_equal(sum_of(gap->n, ACCOUNT_HIST_MAX), 1);
	assert_int_equal(gap->total[5], 5);
}

/* The cell of bursts that were not watched. */
static const struct account_shape *shape_cell(uint64_t length, uint64_t bytes)
{
	return &cpus[0].shape[(ACCOUNT_WENT_UNKNOWN * ACCOUNT_HALVES + account_half(length)) * ACCOUNT_HALVES + account_half(bytes)];
}

static void a_burst_is_counted_by_its_length_and_its_mean_bytes_together(void **state)
{
	uint64_t n = 0;

	(void)state;
	opens(0, 0, 1, 0);
	send_call(0, 1, 2, 7); /* its begin may lie before the window */
	enter(0, 3, READ);
	leave(0, 4, READ, 0);
	send_call(0, 10, 11, 1000);
	send_call(0, 12, 13, 1000);
	send_call(0, 14, 15, 400);
	enter(0, 20, READ);
	leave(0, 21, READ, 0);
	send_call(0, 30, 31, 50);
	send_call(0, 32, 33, -11); /* counted in the length, and has no bytes */
	enter(0, 40, READ);
	leave(0, 41, READ, 0);
	send_call(0, 50, 51, 9); /* does not end in the window */
	closes(0, 60);

	balances();
	for (int i = 0; i < ACCOUNT_SHAPE_MAX; i++)
		n += cpus[0].shape[i].n;
	assert_int_equal(n, 2);
	assert_int_equal(shape_cell(3, 800)->n, 1);
	assert_int_equal(shape_cell(3, 800)->calls_n, 3);
	assert_int_equal(shape_cell(3, 800)->bytes, 2400);
	assert_int_equal(shape_cell(2, 25)->n, 1);
	assert_int_equal(shape_cell(2, 25)->bytes, 50);
}

static void halves_are_two_to_a_power_of_two(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < ACCOUNT_HALVES; i++) {
		assert_int_equal(account_half(account_half_low(i)), i);
		if (i)
			assert_int_equal(account_half(account_half_low(i) - 1), i - 1);
	}
	assert_int_equal(account_half(5), account_half(4));
	assert_int_equal(account_half(UINT64_MAX), ACCOUNT_HALVES - 1);
}

static void bursts_are_of_one_thread_and_outlast_switches(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	send_call(0, 10, 20, 1);
	to_thread(0, 30, 2);
	send_call(0, 40, 50, 1);
	to_thread(0, 60, 1);
	send_call(0, 70, 80, 1); /* gap 50, in which another thread ran */
	enter(0, 90, READ);
	leave(0, 91, READ, 0);
	to_thread(0, 100, 2);
	enter(0, 110, READ);
	closes(0, 110);

	balances();
	assert_int_equal(cpus[0].burst_hist.n[2], 1);
	assert_int_equal(cpus[0].burst_hist.n[1], 1);
	assert_int_equal(sum_of(cpus[0].gap_hist.n, ACCOUNT_HIST_MAX), 1);
	assert_int_equal(sum_of(cpus[0].gap_hist.total, ACCOUNT_HIST_MAX), 50);
}

/* Three bursts, then a sleep in a call of another kind; only what began behind a sleep is a whole train. */
static void bursts_between_two_sleeps_are_a_train(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	for (uint64_t round = 0; round < 3; round++) {
		uint64_t at = round * 1000;

		for (uint64_t burst = 0; burst < 3; burst++) {
			send_call(0, at + 10 + 100 * burst, at + 20 + 100 * burst, 1);
			to_thread(0, at + 30 + 100 * burst, 2); /* preempted in user space: no sleep */
			to_thread(0, at + 40 + 100 * burst, 1);
			enter(0, at + 50 + 100 * burst, READ);
			if (burst == 2) {
				to_thread(0, at + 60 + 100 * burst, 2);
				to_thread(0, at + 90 + 100 * burst, 1);
			}
			leave(0, at + 95 + 100 * burst, READ, 0);
		}
	}
	enter(0, 4000, READ); /* and a sleep without a burst before it is none */
	to_thread(0, 4010, 2);
	closes(0, 4100);

	balances();
	assert_int_equal(cpus[0].train_hist.n[3], 2);
	assert_int_equal(cpus[0].train_hist.total[3], 6);
	assert_int_equal(sum_of(cpus[0].train_hist.n, ACCOUNT_HIST_MAX), 2);
}

static void bytes_and_errors_of_the_path_are_counted_apart(void **state)
{
	(void)state;
	opens(0, 0, 1, 0);
	send_call(0, 10, 11, 1000);
	send_call(0, 12, 13, 1000); /* the same again takes a short cut */
	send_call(0, 14, 15, -11);
	send_call(0, 16, 17, 1000);
	send_call(0, 18, 19, 0); /* nothing sent is no error */
	send_call(0, 20, 21, 1016);
	send_call(0, 22, 23, -4095); /* the last error number there is */
	closes(0, 23);

	balances();
	const struct account_hist *bytes = &cpus[0].bytes_hist;
	assert_int_equal(threads[1].calls_n, 7);
	assert_int_equal(cpus[0].errors_n, 2);
	assert_int_equal(cpus[0].calls[SEND].errors_n, 2);
	assert_int_equal(sum_of(cpus[0].bytes_hist.total, ACCOUNT_HIST_MAX), 4016);
	assert_int_equal(sum_of(bytes->n, ACCOUNT_HIST_MAX), 5);
	assert_int_equal(bytes->n[0], 1);
	assert_int_equal(bytes->n[account_bucket(1000)], 4); /* 992 to 1023 share a bucket ... */
	assert_int_equal(bytes->total[account_bucket(1000)], 4016); /* ... and their sum stays exact */
}

/* Exact below 32; then 16 to a power of two, so that 32 to 63 go by 2, 64 to 127 by 4, 1024 to 2047 by 64. */
static void buckets_are_exact_below_32_and_16_to_a_power_of_two_above(void **state)
{
	(void)state;
	for (uint32_t value = 0; value < 32; value++)
		assert_int_equal(account_bucket(value), value);
	assert_int_equal(account_bucket(32), 32);
	assert_int_equal(account_bucket(33), 32);
	assert_int_equal(account_bucket(34), 33);
	assert_int_equal(account_bucket(63), 47);
	assert_int_equal(account_bucket(64), 48);
	assert_int_equal(account_bucket(67), 48);
	assert_int_equal(account_bucket(68), 49);
	assert_int_equal(account_bucket(1023), 111);
	assert_int_equal(account_bucket(1024), 112);
	assert_int_equal(account_bucket(1087), 112);
	assert_int_equal(account_bucket(1088), 113);
	assert_int_equal(account_bucket((UINT64_C(1) << 41) - 1), ACCOUNT_HIST_MAX - 1);
	assert_int_equal(account_bucket(UINT64_C(1) << 41), ACCOUNT_HIST_MAX - 1);
	assert_int_equal(account_bucket(UINT64_MAX), ACCOUNT_HIST_MAX - 1);
}

static void a_buckets_low_end_is_the_least_value_in_it(void **state)
{
	(void)state;
	for (uint32_t bucket = 0; bucket < ACCOUNT_HIST_MAX; bucket++) {
		uint64_t low = account_bucket_low(bucket);

		assert_int_equal(account_bucket(low), bucket);
		if (bucket)
			assert_int_equal(account_bucket(low - 1), bucket - 1);
	}
	srand48(20040915);
	for (int i = 0; i < 100000; i++) {
		uint64_t value = ((uint64_t)mrand48() << 32 ^ (uint64_t)mrand48()) >> (lrand48() % 64);

		assert_true(account_bucket_low(account_bucket(value)) <= value);
	}
}

/* ---- Whatever happens, it balances ---- */

/* A thread that may come to this CPU: one that runs nowhere. 0 when all run. */
static uint32_t free_thread(void)
{
	uint32_t slot = 1 + (uint32_t)(lrand48() % (THREADS - 1));

	for (int cpu = 0; cpu < CPUS; cpu++)
		if (cpus[cpu].thread == slot)
			return 0;
	return slot;
}

static void storm_switch(int cpu, uint64_t now)
{
	uint32_t slot = free_thread();

	if (slot)
		account_switch(&cpus[cpu], current(cpu), &threads[slot], slot, ACCOUNT_TARGET, 1, lrand48() % 8 == 0, now);
	else if (lrand48() & 1)
		to_kernel_thread(cpu, now);
	else
		to_task(cpu, now, lrand48() & 1 ? ACCOUNT_IDLE : ACCOUNT_OTHER);
}

/* Any event, whether or not it makes sense there: probes that attach in mid-flight see such sequences. */
static void storm_event(int cpu, uint64_t now)
{
	uint32_t kind = 1 + (uint32_t)(lrand48() % (ACCOUNT_HARDIRQ_MAX - 1)), vector = (uint32_t)(lrand48() % 11);
	uint32_t nr = lrand48() & 1 ? SEND : (uint32_t)(lrand48() % 600);

	switch (lrand48() % 9) {
	case 0: hardirq(cpu, now, kind); break;
	case 1: hardirq_end(cpu, now, kind); break;
	case 2: softirq(cpu, now, vector); break;
	case 3: softirq_end(cpu, now, vector); break;
	case 4: storm_switch(cpu, now); break;
	case 5:
		if (current(cpu))
			thread_exit(cpu, now);
		else
			account_other_call(&cpus[cpu]);
		break;
	case 6:
		if (current(cpu))
			leave(cpu, now, nr, (int64_t)mrand48() % 5000);
		break;
	default:
		if (current(cpu))
			enter(cpu, now, nr);
	}
}

static void any_storm_of_events_balances(void **state)
{
	uint64_t now = 1000;

	(void)state;
	srand48(20040915);
	opens(0, now, 1, 0);
	opens(1, now, 0, ACCOUNT_OTHER);
	for (int i = 0; i < 200000; i++) {
		now += (uint64_t)(lrand48() % 1000);
		storm_event((int)(lrand48() % CPUS), lrand48() % 100 ? now : now - (uint64_t)(lrand48() % 2000));
		if (i % 1000 == 0)
			balances();
	}
	closes(0, now + 1);
	closes(1, now + 1);
	balances();
	for (int cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(cpus[cpu].last_cyc, now + 1);
		assert_true(cpus[cpu].backwards_n > 0 && cpus[cpu].nested_n > 0 && cpus[cpu].unmatched_n > 0);
	}
}

/* A server that behaves: what its loop does is known, so are the sums, whatever comes in between. */
static void a_storm_of_interrupts_changes_no_count_of_calls(void **state)
{
	uint64_t now = 0, sends_n = 0, reads_n = 0, bytes = 0, interrupts_cyc = 0;

	(void)state;
	srand48(7);
	opens(0, now, 1, 0);
	for (int i = 0; i < 20000; i++) {
		int sends = lrand48() & 1;
		int64_t result = lrand48() % 1500;

		enter(0, now += 10, sends ? SEND : READ);
		if (lrand48() % 3 == 0) {
			softirq(0, now += 1, NET_RX_VECTOR);
			if (lrand48() % 3 == 0) {
				hardirq(0, now += 1, ACCOUNT_HARDIRQ_TIMER);
				hardirq_end(0, now += 2, ACCOUNT_HARDIRQ_TIMER);
				interrupts_cyc += 3;
			}
			softirq_end(0, now += 5, NET_RX_VECTOR);
			interrupts_cyc += 5;
		}
		leave(0, now += 20, sends ? SEND : READ, result);
		sends_n += (uint64_t)sends;
		reads_n += (uint64_t)!sends;
		bytes += sends ? (uint64_t)result : 0;
	}
	closes(0, now);

	balances();
	clean();
	assert_int_equal(threads[1].calls_n, sends_n);
	assert_int_equal(cpus[0].calls[READ].calls_n, reads_n);
	assert_int_equal(sum_of(cpus[0].bytes_hist.total, ACCOUNT_HIST_MAX), bytes);
	uint64_t in_softirq = 0;
	for (uint32_t call = 0; call < ACCOUNT_CALL_MAX; call++)
		for (uint32_t hard = 0; hard < ACCOUNT_HARDIRQ_MAX; hard++)
			in_softirq += cpus[0].cyc[account_row(ACCOUNT_TARGET, call, ACCOUNT_SOFTIRQ_NET_RX, hard)];
	assert_int_equal(in_softirq, interrupts_cyc);
	assert_int_equal(cpus[0].calls[SEND].cyc + cpus[0].calls[READ].cyc, now - 10 * 20000);
	target_row(0, ACCOUNT_CALL_USER, 10 * 20000);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

/* Twenty bursts of `n` calls whose sockets and destinations are `socket * i` and `destination * i` in call i. */
static void watch_bursts(struct account_cpu *cpu, unsigned n, unsigned socket, unsigned destination)
{
	struct account_thread thread = { 0 };

	memset(cpu, 0, sizeof *cpu);
	for (unsigned burst = 0; burst < 20; burst++) {
		for (unsigned i = 0; i < n; i++) {
			if (account_wants_watch(&thread))
				account_watch(&thread, 3 + socket * i, 5 + destination * i);
			thread.burst++;
		}
		account_burst_end(cpu, &thread);
	}
}

static void one_burst_of_sixteen_is_watched_for_its_sockets_and_destinations(void **state)
{
	static struct account_cpu cpu;

	(void)state;
	watch_bursts(&cpu, 10, 0, 0);
	assert_int_equal(cpu.watched_n[0][0], 2); /* the first and the seventeenth */
	watch_bursts(&cpu, 10, 0, 1);
	assert_int_equal(cpu.watched_n[0][1], 2);
	watch_bursts(&cpu, 2, 1, 1);
	assert_int_equal(cpu.watched_n[1][1], 2);
	assert_int_equal(cpu.watched_n[0][0] + cpu.watched_n[0][1] + cpu.watched_n[1][0], 0);
	watch_bursts(&cpu, 1, 1, 1); /* a burst of one is none */
	assert_int_equal(cpu.watched_n[0][0] + cpu.watched_n[1][1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_frame_is_apart_from_user_space_and_other_calls),
		TEST(entries_count_how_often_a_context_began),
		TEST(numbers_beyond_the_table_share_its_last_place),
		TEST(a_hardirq_inside_a_hardirq_is_charged_once),
		TEST(a_hardirq_inside_a_softirq_inside_a_frame_is_charged_once),
		TEST(nesting_deeper_than_is_kept_is_counted_and_still_balances),
		TEST(a_softirq_outside_calls_is_apart_from_user_space),
		TEST(a_softirq_behind_a_hardirq_has_no_call_for_its_cause),
		TEST(a_softirq_that_follows_no_hardirq_is_the_other_tasks_own),
		TEST(a_softirq_of_a_system_call_begun_after_a_hardirq_is_the_other_tasks_own),
		TEST(a_softirq_of_a_kernel_thread_or_of_idle_has_no_call_for_its_cause),
		TEST(preemption_in_a_frame_is_not_time_in_the_frame),
		TEST(ends_right_before_a_preemption_are_late),
		TEST(sleep_in_a_frame_is_t_sleep_and_idle),
		TEST(sleep_in_another_call_is_not_t_sleep),
		TEST(a_frame_that_migrates_is_one_call_on_two_cpus),
		TEST(threads_that_share_a_cpu_keep_their_own_frames),
		TEST(exec_is_counted_under_its_own_number),
		TEST(exit_in_a_frame_ends_the_frame_uncounted),
		TEST(a_thread_that_begins_is_unknown_until_its_first_event),
		TEST(kernel_threads_and_io_uring_workers_have_no_call),
		TEST(a_frame_in_flight_is_charged_and_not_counted),
		TEST(a_frame_in_flight_on_a_sleeping_thread_is_charged_from_its_waking),
		TEST(a_softirq_in_flight_is_charged_to_its_vector),
		TEST(a_hardirq_in_flight_is_charged_to_its_kind),
		TEST(an_unknown_vector_is_charged_to_the_last),
		TEST(a_switch_ends_a_softirq_whose_end_was_missed),
		TEST(a_clock_that_goes_back_is_counted_and_the_rows_still_balance),
		TEST(an_interrupt_inside_a_handler_is_charged_once_to_what_it_interrupted),
		TEST(what_a_thread_does_on_a_cpu_out_of_scope_is_not_counted),
		TEST(a_burst_ends_at_another_call_and_its_gaps_are_those_inside_it),
		TEST(a_gap_before_a_call_that_is_watched_is_not_counted),
		TEST(a_burst_is_counted_by_its_length_and_its_mean_bytes_together),
		TEST(halves_are_two_to_a_power_of_two),
		TEST(bursts_are_of_one_thread_and_outlast_switches),
		TEST(bursts_between_two_sleeps_are_a_train),
		TEST(bytes_and_errors_of_the_path_are_counted_apart),
		TEST(buckets_are_exact_below_32_and_16_to_a_power_of_two_above),
		TEST(a_buckets_low_end_is_the_least_value_in_it),
		TEST(any_storm_of_events_balances),
		TEST(a_storm_of_interrupts_changes_no_count_of_calls),
		TEST(one_burst_of_sixteen_is_watched_for_its_sockets_and_destinations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
