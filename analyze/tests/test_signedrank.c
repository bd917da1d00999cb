/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_signedrank.c: critical values against published tables, an interval worked out by hand, and how often it holds. */
#include "analyze/signedrank.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The tables have the greatest sum that rejects, which is k - 1. */
static void critical_values_are_those_of_the_tables(void **state)
{
	(void)state;
	assert_int_equal(signedrank_critical(5, 0.05), 0);
	assert_int_equal(signedrank_critical(6, 0.05), 0 + 1);
	assert_int_equal(signedrank_critical(10, 0.05), 8 + 1);
	assert_int_equal(signedrank_critical(20, 0.05), 52 + 1);
	assert_int_equal(signedrank_critical(20, 0.01), 37 + 1);
	assert_int_equal(signedrank_critical(50, 0.05), 434 + 1);
	size_t exact = signedrank_critical(100, 0.05), beyond = signedrank_critical(101, 0.05);
	assert_true(beyond > exact && beyond < exact + 60);
}

/* Six values: the means of two range from 1 to 6, k is 1. */
static void the_interval_of_six_values(void **state)
{
	const double x[] = { 4, 1, 6, 3, 2, 5 };
	struct figure figure;

	(void)state;
	assert_int_equal(signedrank_interval(x, 6, 0.05, &figure), 0);
	assert_true(figure.value == 3.5 && figure.low == 1 && figure.high == 6);
	assert_int_equal(signedrank_interval(x, 5, 0.05, &figure), -ENODATA);
	assert_int_equal(signedrank_interval(x, SIGNEDRANK_MAX + 1, 0.05, &figure), -E2BIG);
}

/* One value of a thousand times the size moves the centre little, and the interval not to it. */
static void one_disturbed_value_is_not_taken_to_heart(void **state)
{
	double x[20];
	struct figure figure;

	(void)state;
	for (int i = 0; i < 20; i++)
		x[i] = 1 + 0.01 * i;
	x[7] = 1000;
	assert_int_equal(signedrank_interval(x, 20, 0.05, &figure), 0);
	assert_true(figure.value > 1.05 && figure.value < 1.15 && figure.high < 1.3);
}

/* Noise that is ten times as large in one value of ten. */
static void intervals_hold_as_often_as_they_say(void **state)
{
	enum { TRIALS = 4000, N = 24 };
	struct stats_rng *rng = stats_rng_new(7);
	size_t missed = 0;

	(void)state;
	for (int trial = 0; trial < TRIALS; trial++) {
		struct figure figure;
		double x[N];

		for (int i = 0; i < N; i++)
			x[i] = stats_rng_normal(rng) * (stats_rng_uniform(rng) < 0.1 ? 10 : 1);
		assert_int_equal(signedrank_interval(x, N, 0.05, &figure), 0);
		missed += figure.low > 0 || figure.high < 0;
	}
	stats_rng_free(rng);
	assert_in_range(missed, TRIALS * 0.035, TRIALS * 0.06);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(critical_values_are_those_of_the_tables), cmocka_unit_test(the_interval_of_six_values),
		cmocka_unit_test(one_disturbed_value_is_not_taken_to_heart), cmocka_unit_test(intervals_hold_as_often_as_they_say),
	};

	return cmocka_run_group_tests_name("signedrank", tests, NULL, NULL);
}
