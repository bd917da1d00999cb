/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_ontime.c: switches told twice, once and not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/ontime.h"

static const struct ontime_thread IDLE = {0, ONTIME_IDLE}, OTHER = {7, ONTIME_OTHER}, OURS = {8, ONTIME_OURS}, OURS_TOO = {9, ONTIME_OURS};

static void the_time_between_two_switches_is_whose_it_was(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1300, OURS, OTHER); /* ours since the begin */
	ontime_switch(&time, 1500, OTHER, OURS);
	ontime_switch(&time, 1900, OURS, OURS_TOO);
	ontime_until(&time, 2000);
	assert_int_equal(ontime_end(&time, false), 300 + 500);
}

static void switches_are_counted_by_who_goes_and_who_comes(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1100, OTHER, OURS); /* told twice */
	ontime_switch(&time, 1104, OTHER, OURS);
	for (uint64_t ns = 1200; ns < 1230; ns += 10) {
		ontime_switch(&time, ns, OURS, OURS_TOO);
		ontime_switch(&time, ns + 5, OURS_TOO, OURS);
	}
	ontime_switch(&time, 1400, OURS, IDLE);
	ontime_switch(&time, 1500, IDLE, OURS);
	ontime_switch(&time, 1501, OURS, IDLE); /* that is another one */
	assert_int_equal(time.switches_n[ONTIME_OTHER][ONTIME_OURS], 1);
	assert_int_equal(time.switches_n[ONTIME_OURS][ONTIME_OURS], 6);
	assert_int_equal(time.switches_n[ONTIME_OURS][ONTIME_IDLE], 2);
	assert_int_equal(time.switches_n[ONTIME_IDLE][ONTIME_OURS], 1);
	assert_int_equal(time.switches_n[ONTIME_OURS][ONTIME_OTHER], 0);
	ontime_begin(&time, 2000);
	assert_int_equal(time.switches_n[ONTIME_OURS][ONTIME_OURS], 0);
}

static void a_switch_that_is_told_twice_is_one(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1100, OTHER, OURS); /* as the other goes: what the switch takes is of who comes */
	ontime_switch(&time, 1104, OTHER, OURS); /* and as it comes */
	ontime_switch(&time, 1500, OURS, OTHER);
	ontime_switch(&time, 1504, OURS, OTHER);
	ontime_until(&time, 2000);
	assert_int_equal(ontime_end(&time, false), 400);
}

static void a_switch_that_is_told_as_one_comes_alone_ends_idle_time(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1100, OURS, OTHER);
	ontime_switch(&time, 1800, OTHER, OURS); /* that idle goes was not told */
	ontime_switch(&time, 1900, OURS, OTHER);
	ontime_until(&time, 2000);
	assert_int_equal(ontime_end(&time, false), 100 + 100);
}

static void a_switch_that_is_not_told_at_all_makes_nobody_run_longer(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1100, OURS, OTHER);
	ontime_switch(&time, 1900, OURS, OTHER); /* it has come meanwhile, nobody knows when */
	ontime_until(&time, 2000);
	assert_int_equal(ontime_end(&time, false), 100);
}

static void without_a_switch_the_samples_tell(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_until(&time, 2000);
	assert_int_equal(ontime_end(&time, true), 1000);
	ontime_begin(&time, 1000);
	ontime_until(&time, 2000);
	assert_int_equal(ontime_end(&time, false), 0);
}

static void what_was_told_before_the_begin_only_says_who_runs(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 900, OURS, OTHER);
	ontime_switch(&time, 950, OTHER, OURS);
	ontime_until(&time, 1200);
	assert_int_equal(ontime_end(&time, false), 200);
	assert_int_equal(time.switches_n[ONTIME_OURS][ONTIME_OTHER] + time.switches_n[ONTIME_OTHER][ONTIME_OURS], 0);
}

static void what_is_told_behind_the_end_only_says_who_ran_until_it(void **state)
{
	struct ontime time;

	(void)state;
	ontime_begin(&time, 1000);
	ontime_switch(&time, 1100, OTHER, OURS);
	ontime_until(&time, 1500); /* who comes then is told of later */
	ontime_switch(&time, 1600, OURS, OTHER);
	ontime_switch(&time, 1700, OTHER, OURS);
	assert_int_equal(ontime_end(&time, false), 400);
	assert_int_equal(time.switches_n[ONTIME_OTHER][ONTIME_OURS], 1);
	assert_int_equal(time.switches_n[ONTIME_OURS][ONTIME_OTHER], 0);
	ontime_begin(&time, 2000); /* nothing between the two ends */
	ontime_until(&time, 2500);
	ontime_switch(&time, 2600, OURS, OTHER);
	assert_int_equal(ontime_end(&time, false), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_time_between_two_switches_is_whose_it_was),
		cmocka_unit_test(switches_are_counted_by_who_goes_and_who_comes),
		cmocka_unit_test(a_switch_that_is_told_twice_is_one),
		cmocka_unit_test(a_switch_that_is_told_as_one_comes_alone_ends_idle_time),
		cmocka_unit_test(a_switch_that_is_not_told_at_all_makes_nobody_run_longer),
		cmocka_unit_test(without_a_switch_the_samples_tell),
		cmocka_unit_test(what_was_told_before_the_begin_only_says_who_runs),
		cmocka_unit_test(what_is_told_behind_the_end_only_says_who_ran_until_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
