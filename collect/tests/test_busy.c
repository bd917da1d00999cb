/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_busy.c: the busy meter's account against sequences of events that were worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/types.h>

#include "collect/busy_account.h"

static struct busy_cpu cpu;
static __u64 share[BUSY_KIND_MAX];

static int begin_at_100(void **state)
{
	(void)state;
	cpu = (struct busy_cpu){.on = 1, .last_ns = 100};
	return 0;
}

static void assert_share(__u64 task, __u64 softirq, __u64 hardirq)
{
	assert_int_equal(share[BUSY_TASK], task);
	assert_int_equal(share[BUSY_SOFTIRQ], softirq);
	assert_int_equal(share[BUSY_HARDIRQ], hardirq);
}

/* What was settled is all that the clock advanced by. */
static void assert_balance(__u64 until)
{
	assert_int_equal(cpu.idle_ns + cpu.ns[BUSY_TASK] + cpu.ns[BUSY_SOFTIRQ] + cpu.ns[BUSY_HARDIRQ], until - 100);
}

static void a_task_and_idle_are_told_apart(void **state)
{
	(void)state;
	busy_switch(&cpu, 0, 130, share); /* a task ran for 30 */
	assert_share(30, 0, 0);
	busy_switch(&cpu, 1, 180, share); /* idle for 50 */
	assert_share(0, 0, 0);
	busy_settle(&cpu, 0, 187, share); /* and a task for 7, which goes on */
	assert_share(7, 0, 0);
	assert_int_equal(cpu.idle_ns, 50);
	assert_int_equal(cpu.switches_n, 2);
	assert_balance(187);
}

static void a_hardirq_inside_a_softirq_is_charged_once(void **state)
{
	(void)state;
	busy_enter(&cpu, &cpu.softirq, 110); /* task 10 */
	busy_enter(&cpu, &cpu.hardirq, 115); /* softirq 5 */
	busy_enter(&cpu, &cpu.hardirq, 118); /* hardirq 3, and one inside of it */
	busy_leave(&cpu, &cpu.hardirq, 119);
	busy_leave(&cpu, &cpu.hardirq, 125); /* 7 more */
	busy_leave(&cpu, &cpu.softirq, 131); /* softirq 6 */
	busy_switch(&cpu, 0, 140, share);    /* task 9 */
	assert_share(19, 11, 10);
	assert_balance(140);
}

static void interrupts_of_an_idle_cpu_are_busy(void **state)
{
	(void)state;
	busy_enter(&cpu, &cpu.hardirq, 150);
	busy_leave(&cpu, &cpu.hardirq, 152);
	busy_enter(&cpu, &cpu.softirq, 152);
	busy_leave(&cpu, &cpu.softirq, 160);
	busy_switch(&cpu, 1, 200, share);
	assert_share(0, 8, 2);
	assert_int_equal(cpu.idle_ns, 90);
	assert_balance(200);
}

static void what_ran_when_the_meter_was_opened_is_known_by_its_end(void **state)
{
	(void)state;
	busy_leave(&cpu, &cpu.softirq, 120);
	busy_leave(&cpu, &cpu.hardirq, 125);
	busy_switch(&cpu, 0, 130, share);
	assert_share(5, 20, 5);
	assert_int_equal(cpu.softirq + cpu.hardirq, 0);
}

static void an_end_that_was_missed_does_not_outlast_the_switch(void **state)
{
	(void)state;
	busy_enter(&cpu, &cpu.softirq, 110);
	busy_switch(&cpu, 0, 120, share);
	busy_switch(&cpu, 0, 150, share);
	assert_share(30, 0, 0);
	assert_balance(150);
}

static void an_event_inside_a_handler_is_left_out(void **state)
{
	(void)state;
	assert_true(busy_begin(&cpu));
	assert_false(busy_begin(&cpu));
	busy_end(&cpu);
	assert_true(busy_begin(&cpu));
	assert_int_equal(cpu.torn_n, 1);
}

static void a_clock_that_goes_back_takes_nothing_away(void **state)
{
	(void)state;
	busy_switch(&cpu, 0, 90, share);
	assert_share(0, 0, 0);
	busy_switch(&cpu, 0, 110, share);
	assert_share(10, 0, 0);
	assert_balance(110);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_task_and_idle_are_told_apart, begin_at_100),
		cmocka_unit_test_setup(a_hardirq_inside_a_softirq_is_charged_once, begin_at_100),
		cmocka_unit_test_setup(interrupts_of_an_idle_cpu_are_busy, begin_at_100),
		cmocka_unit_test_setup(what_ran_when_the_meter_was_opened_is_known_by_its_end, begin_at_100),
		cmocka_unit_test_setup(an_end_that_was_missed_does_not_outlast_the_switch, begin_at_100),
		cmocka_unit_test_setup(an_event_inside_a_handler_is_left_out, begin_at_100),
		cmocka_unit_test_setup(a_clock_that_goes_back_takes_nothing_away, begin_at_100),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
