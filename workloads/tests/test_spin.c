/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_spin.c: user work of a known amount. How exact it is on a machine is a benchmark's matter, not a test's: steps of
 * eight stand clear of what a busy neighbour on the same core can do. */
#include "workloads/spin.h"

#include "workloads/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t least_time_ns(uint64_t iterations)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 20; i++) {
		uint64_t begin = process_cpu_ns(), took;

		spin_run(iterations);
		took = process_cpu_ns() - begin;
		least = took < least ? took : least;
	}
	return least;
}

static void more_iterations_take_longer(void **state)
{
	uint64_t before = 0;

	(void)state;
	for (uint64_t n = 10000; n <= 640000; n *= 8) {
		uint64_t took = least_time_ns(n);

		assert_true(took > before);
		before = took;
	}
}

static void iterations_are_the_time_over_that_of_one(void **state)
{
	(void)state;
	assert_int_equal(spin_iterations(0.5, 0), 0);
	assert_int_equal(spin_iterations(0.5, 1000), 2000);
	assert_int_equal(spin_iterations(3, 1000), 333);
	assert_int_equal(spin_iterations(3, 1001), 334);
}

static void a_calibration_is_plausible(void **state)
{
	double iteration_ns = spin_calibrate();

	(void)state;
	assert_true(iteration_ns > 0.05 && iteration_ns < 100);
}

static void a_spin_is_of_the_length_that_was_asked(void **state)
{
	const uint64_t asked_ns = 5000000;
	uint64_t begin, took_ns;

	(void)state;
	spin_ns(1); /* calibrates */
	begin = process_cpu_ns();
	spin_ns(asked_ns);
	took_ns = process_cpu_ns() - begin;
	assert_true(took_ns > asked_ns / 8 && took_ns < asked_ns * 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_iterations_take_longer),
		cmocka_unit_test(iterations_are_the_time_over_that_of_one),
		cmocka_unit_test(a_calibration_is_plausible),
		cmocka_unit_test(a_spin_is_of_the_length_that_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
