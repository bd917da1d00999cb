/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_cpus.c: what the kernel tells of each processor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "collect/cpus.h"

/* The sum over all CPUs that /proc/stat begins with, read by itself. */
static int64_t all_idle_ns(void)
{
	long long idle, waiting;
	FILE *file = fopen("/proc/stat", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "cpu %*d %*d %*d %lld %lld", &idle, &waiting), 2);
	fclose(file);
	return (idle + waiting) * (1000000000 / sysconf(_SC_CLK_TCK));
}

static void idle_time_of_all_cpus_is_what_the_kernel_says_of_the_whole(void **state)
{
	uint8_t online[CPUS_MAX];
	int64_t sum = 0, before = all_idle_ns();

	(void)state;
	int n = cpus_online(online);
	assert_true(n > 0);
	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		sum += online[cpu] ? cpus_idle_ns(cpu) : 0;
	int64_t after = all_idle_ns(), tick = 1000000000 / sysconf(_SC_CLK_TCK);
	if (n == cpus_possible()) /* else some that are offline were idle, too */
		assert_in_range((uint64_t)sum, (uint64_t)(before - n * tick), (uint64_t)(after + n * tick));
}

static void a_cpu_that_is_not_there_has_no_idle_time(void **state)
{
	(void)state;
	assert_int_equal(cpus_idle_ns(CPUS_MAX - 1), -1);
	assert_int_equal(cpus_idle_ns(-1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_time_of_all_cpus_is_what_the_kernel_says_of_the_whole),
		cmocka_unit_test(a_cpu_that_is_not_there_has_no_idle_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
