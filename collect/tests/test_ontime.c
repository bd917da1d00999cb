/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_ontime.c: switches told twice, once and not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/ontime.h"

static void the_time_between_two_switches_is_whose_it_was(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1300, true, false); /* ours since the begin */
	ontime_switch(&time, 1500, false, true);
	ontime_switch(&time, 1900, true, true);
	assert_int_equal(ontime_end(&time, 2000, false), 300 + 500);
}

static void a_switch_that_is_told_twice_is_one(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1100, false, true); /* as the other goes: what the switch takes is of who comes */
	ontime_switch(&time, 1104, false, true); /* and as it comes */
	ontime_switch(&time, 1500, true, false);
	ontime_switch(&time, 1504, true, false);
	assert_int_equal(ontime_end(&time, 2000, false), 400);
}

static void a_switch_that_is_told_as_one_comes_alone_ends_idle_time(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1100, true, false);
	ontime_switch(&time, 1800, false, true); /* that idle goes was not told */
	ontime_switch(&time, 1900, true, false);
	assert_int_equal(ontime_end(&time, 2000, false), 100 + 100);
}

static void a_switch_that_is_not_told_at_all_makes_nobody_run_longer(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1100, true, false);
	ontime_switch(&time, 1900, true, false); /* it has come meanwhile, nobody knows when */
	assert_int_equal(ontime_end(&time, 2000, false), 100);
}

static void without_a_switch_the_samples_tell(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	assert_int_equal(ontime_end(&time, 2000, true), 1000);
	ontime_begin(&time, 1000);
	assert_int_equal(ontime_end(&time, 2000, false), 0);
}

static void what_was_told_before_the_begin_only_says_who_runs(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 900, true, false);
	ontime_switch(&time, 950, false, true);
	assert_int_equal(ontime_end(&time, 1200, false), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_time_between_two_switches_is_whose_it_was),
		cmocka_unit_test(a_switch_that_is_told_twice_is_one),
		cmocka_unit_test(a_switch_that_is_told_as_one_comes_alone_ends_idle_time),
		cmocka_unit_test(a_switch_that_is_not_told_at_all_makes_nobody_run_longer),
		cmocka_unit_test(without_a_switch_the_samples_tell),
		cmocka_unit_test(what_was_told_before_the_begin_only_says_who_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
