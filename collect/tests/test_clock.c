/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_clock.c: how far counters are apart, by hand and on this machine with counters that are apart by construction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "collect/clock_sync.h"
#include "collect/cpus.h"

#define APART 5000000 /* ns: more than a reading takes on its way on any machine, a busy one too */

static uint64_t together(int cpu)
{
	struct timespec now;

	(void)cpu;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t apart(int cpu)
{
	return together(cpu) + (uint64_t)cpu * APART;
}

static void the_worst_pair_counts(void **state)
{
	const double low[] = {-100, 300, -900}, high[] = {50, 500, -700};
	struct clock_apart out;

	(void)state;
	clock_sync_spread(low, high, 3, &out);
	assert_true(out.least_ns == 1000); /* 300 to -700 */
	assert_true(out.most_ns == 1400);  /* 500 to -900 */
}

static void bounds_around_zero_prove_nothing(void **state)
{
	const double low[] = {-100, -30}, high[] = {50, 200};
	struct clock_apart out;

	(void)state;
	clock_sync_spread(low, high, 2, &out);
	assert_true(out.least_ns == 0);
	assert_true(out.most_ns == 300);
}

static void one_cpu_is_together_with_itself(void **state)
{
	struct clock_apart out;

	(void)state;
	clock_sync_spread(NULL, NULL, 0, &out);
	assert_true(out.least_ns == 0 && out.most_ns == 0);
}

static void counters_that_agree_are_not_said_to_be_apart(void **state)
{
	struct clock_apart out;

	(void)state;
	assert_int_equal(clock_sync(1e9, together, &out), 0);
	assert_true(out.least_ns == 0);
}

static void counters_that_are_apart_are_found(void **state)
{
	uint8_t online[CPUS_MAX];
	struct clock_apart out;

	(void)state;
	if (cpus_online(online) < 2)
		skip();
	assert_int_equal(clock_sync(1e9, apart, &out), 0);
	if (out.unknown_n) /* others did not let a thread run for 100 ms */
		skip();
	assert_true(out.most_ns >= APART);
	assert_true(out.least_ns > 0 && out.least_ns <= out.most_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_pair_counts),
		cmocka_unit_test(bounds_around_zero_prove_nothing),
		cmocka_unit_test(one_cpu_is_together_with_itself),
		cmocka_unit_test(counters_that_agree_are_not_said_to_be_apart),
		cmocka_unit_test(counters_that_are_apart_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
