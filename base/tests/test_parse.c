/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_parse.c: numbers and lists as users type them, rightly and wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "base/parse.h"

#define MARK 4711u /* what a result must still hold after an error */

static void a_whole_number_is_read_up_to_both_ends_of_its_range(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(parse_u64("1", 1, 86400, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(parse_u64("86400", 1, 86400, &value), 0);
	assert_int_equal(value, 86400);
	assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(parse_u64("007", 0, 10, &value), 0); /* decimal, not octal */
	assert_int_equal(value, 7);
}

static void a_whole_number_outside_its_range_is_refused(void **state)
{
	uint64_t value = MARK;

	(void)state;
	assert_int_equal(parse_u64("0", 1, 86400, &value), -ERANGE);
	assert_int_equal(parse_u64("86401", 1, 86400, &value), -ERANGE);
	assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(value, MARK);
}

static void what_is_no_whole_number_is_refused(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x10", "1.5", "1e3", "ten", "1,2", "1\n" };
	uint64_t value = MARK;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse_u64(bad[i], 0, UINT64_MAX, &value), -EINVAL);
	assert_int_equal(value, MARK);
}

static void a_decimal_number_is_read_up_to_both_ends_of_its_range(void **state)
{
	double value;

	(void)state;
	assert_int_equal(parse_double("0.05", 0.05, 0.95, &value), 0);
	assert_true(value == 0.05);
	assert_int_equal(parse_double("95e-2", 0.05, 0.95, &value), 0);
	assert_true(value == 0.95);
	assert_int_equal(parse_double("-3", -INFINITY, INFINITY, &value), 0);
	assert_true(value == -3);
}

static void a_decimal_number_outside_its_range_is_refused(void **state)
{
	double value = MARK;

	(void)state;
	assert_int_equal(parse_double("0.04", 0.05, 0.95, &value), -ERANGE);
	assert_int_equal(parse_double("0.951", 0.05, 0.95, &value), -ERANGE);
	assert_int_equal(parse_double("1e999", 0, INFINITY, &value), -ERANGE);
	assert_true(value == MARK);
}

static void infinity_is_refused_even_where_there_is_no_upper_end(void **state)
{
	double value = MARK;

	(void)state;
	assert_int_equal(parse_double("inf", 0, INFINITY, &value), -ERANGE);
	assert_true(value == MARK);
}

static void what_is_no_decimal_number_is_refused(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "1s", "nan", "one", ".", "1.2.3" };
	double value = MARK;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse_double(bad[i], -INFINITY, INFINITY, &value), -EINVAL);
	assert_true(value == MARK);
}

static void a_list_keeps_its_order_and_tells_its_length(void **state)
{
	uint64_t values[4];
	size_t n = 4;

	(void)state;
	assert_int_equal(parse_u64_list("10,1,1000", 1, 1000, values, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(values[0], 10);
	assert_int_equal(values[1], 1);
	assert_int_equal(values[2], 1000);
}

static void a_list_that_exactly_fills_its_room_is_read(void **state)
{
	uint64_t values[3] = { 0, 0, MARK };
	size_t n = 2;

	(void)state;
	assert_int_equal(parse_u64_list("1,2", 0, 9, values, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(values[2], MARK);
}

static void a_list_longer_than_its_room_is_refused(void **state)
{
	uint64_t values[3] = { 0, 0, MARK };
	size_t n = 2;

	(void)state;
	assert_int_equal(parse_u64_list("1,2,3", 0, 9, values, &n), -E2BIG);
	assert_int_equal(values[2], MARK);
}

static void a_list_with_an_empty_or_foreign_member_is_refused(void **state)
{
	static const char *const bad[] = { "", ",", "1,", ",1", "1,,2", "1;2", "1, 2", "1,x", "1-3" };
	uint64_t values[8];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		size_t n = 8;

		assert_int_equal(parse_u64_list(bad[i], 0, 9, values, &n), -EINVAL);
	}
}

static void every_member_of_a_list_is_held_to_the_range(void **state)
{
	uint64_t values[8];
	size_t n = 8;

	(void)state;
	assert_int_equal(parse_u64_list("1,2,10", 1, 9, values, &n), -ERANGE);
	n = 8;
	assert_int_equal(parse_u64_list("0,2", 1, 9, values, &n), -ERANGE);
}

static void a_cpu_list_sets_its_cpus_and_clears_the_others(void **state)
{
	uint8_t set[10] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, MARK & 0xff };
	const uint8_t expected[10] = { 1, 0, 1, 1, 1, 0, 0, 0, 1, MARK & 0xff };

	(void)state;
	assert_int_equal(parse_cpulist("0,2-4,8", set, 9), 0);
	assert_memory_equal(set, expected, sizeof set);
}

static void a_cpu_list_as_the_kernel_writes_it_may_end_in_a_newline(void **state)
{
	uint8_t set[4];

	(void)state;
	assert_int_equal(parse_cpulist("1-3\n", set, 4), 0);
	assert_int_equal(set[0] + set[1] + set[2] + set[3], 3);
}

static void a_cpu_that_there_is_no_room_for_is_refused(void **state)
{
	uint8_t set[5] = { 0, 0, 0, 0, MARK & 0xff };

	(void)state;
	assert_int_equal(parse_cpulist("4", set, 4), -ERANGE);
	assert_int_equal(parse_cpulist("0-4", set, 4), -ERANGE);
	assert_int_equal(set[4], MARK & 0xff);
}

static void a_cpu_range_that_runs_backwards_is_refused(void **state)
{
	uint8_t set[4];

	(void)state;
	assert_int_equal(parse_cpulist("3-1", set, 4), -ERANGE);
}

static void what_is_no_cpu_list_is_refused(void **state)
{
	static const char *const bad[] = { "", "\n", "a", "1,", "1-", "-1", "1--2", "1 2", "1-2-3" };
	uint8_t set[4];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse_cpulist(bad[i], set, 4), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_number_is_read_up_to_both_ends_of_its_range),
		cmocka_unit_test(a_whole_number_outside_its_range_is_refused),
		cmocka_unit_test(what_is_no_whole_number_is_refused),
		cmocka_unit_test(a_decimal_number_is_read_up_to_both_ends_of_its_range),
		cmocka_unit_test(a_decimal_number_outside_its_range_is_refused),
		cmocka_unit_test(infinity_is_refused_even_where_there_is_no_upper_end),
		cmocka_unit_test(what_is_no_decimal_number_is_refused),
		cmocka_unit_test(a_list_keeps_its_order_and_tells_its_length),
		cmocka_unit_test(a_list_that_exactly_fills_its_room_is_read),
		cmocka_unit_test(a_list_longer_than_its_room_is_refused),
		cmocka_unit_test(a_list_with_an_empty_or_foreign_member_is_refused),
		cmocka_unit_test(every_member_of_a_list_is_held_to_the_range),
		cmocka_unit_test(a_cpu_list_sets_its_cpus_and_clears_the_others),
		cmocka_unit_test(a_cpu_list_as_the_kernel_writes_it_may_end_in_a_newline),
		cmocka_unit_test(a_cpu_that_there_is_no_room_for_is_refused),
		cmocka_unit_test(a_cpu_range_that_runs_backwards_is_refused),
		cmocka_unit_test(what_is_no_cpu_list_is_refused),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
