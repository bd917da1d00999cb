/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_counter.c: the reading of counters in user space against pages made by hand; and a thread's own counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collect/counter.h"

static struct perf_event_mmap_page page;
static uint64_t registers[8];
static int switches; /* as often a reading is interrupted by the kernel */

/* The register of a PMU; a context switch comes in between as often as is wanted: the page then has another offset and index. */
static uint64_t pmc(uint32_t index)
{
	uint64_t value = registers[index];

	if (switches > 0) {
		switches--;
		page.lock++;
		page.offset += 1000;
		page.index = 2;
	}
	return value;
}

static int page_of_a_counter(void **state)
{
	(void)state;
	memset(&page, 0, sizeof page);
	page.cap_user_rdpmc = 1;
	page.pmc_width = 48;
	page.index = 1;
	page.offset = 5000;
	memset(registers, 0, sizeof registers);
	switches = 0;
	return 0;
}

static void a_value_is_the_offset_and_the_register(void **state)
{
	uint64_t value;

	(void)state;
	registers[0] = 77;
	assert_int_equal(counter_page_read(&page, pmc, &value), 0);
	assert_int_equal(value, 5077);
}

static void a_register_that_counts_up_to_zero_is_negative(void **state)
{
	uint64_t value;

	(void)state;
	registers[0] = (UINT64_C(1) << 48) - 100;
	assert_int_equal(counter_page_read(&page, pmc, &value), 0);
	assert_int_equal(value, 4900);
	page.pmc_width = 64;
	registers[0] = (uint64_t)-3;
	assert_int_equal(counter_page_read(&page, pmc, &value), 0);
	assert_int_equal(value, 4997);
	page.pmc_width = 32;
	registers[0] = 0x80000000u;
	page.offset = 0x80000001;
	assert_int_equal(counter_page_read(&page, pmc, &value), 0);
	assert_int_equal(value, 1);
}

static void a_reading_that_was_interrupted_is_made_again(void **state)
{
	uint64_t value;

	(void)state;
	registers[0] = 77;
	registers[1] = 5;
	switches = 2;
	assert_int_equal(counter_page_read(&page, pmc, &value), 0);
	assert_int_equal(value, 7005);
	assert_int_equal(switches, 0);
}

static void what_cannot_be_read_in_user_space_is_left_to_the_kernel(void **state)
{
	uint64_t value;

	(void)state;
	page.index = 0; /* not on the PMU now */
	assert_int_equal(counter_page_read(&page, pmc, &value), -EAGAIN);
	page.index = 1;
	page.cap_user_rdpmc = 0;
	assert_int_equal(counter_page_read(&page, pmc, &value), -EAGAIN);
}

static void a_threads_own_counters_count_what_it_does(void **state)
{
	uint64_t before[COUNTERS_MAX], after[COUNTERS_MAX], enabled_ns, running_ns;
	struct counters *counters = NULL;
	size_t bytes = 64 * (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	int err = counters_open("page-faults,task-clock", &counters);
	if (err == -EACCES || err == -EPERM || err == -ENOSYS)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(counters_n(counters), 2);
	assert_string_equal(counters_name(counters, 0), "page-faults");
	volatile char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	madvise((void *)memory, bytes, MADV_NOHUGEPAGE);
	assert_int_equal(counters_read(counters, before), 0);
	for (size_t i = 0; i < bytes; i += (size_t)sysconf(_SC_PAGESIZE))
		memory[i] = 1;
	assert_int_equal(counters_read(counters, after), 0);
	assert_true(after[0] - before[0] >= 64 && after[0] - before[0] < 80);
	assert_true(after[1] > before[1]);
	assert_int_equal(counters_times(counters, &enabled_ns, &running_ns), 0);
	assert_true(enabled_ns > 0 && enabled_ns == running_ns);
	assert_int_equal(counters_in_user_space(counters), 0); /* software events never */
	counters_free(counters);
	munmap((void *)memory, bytes);
}

static void what_is_no_list_of_events_is_refused(void **state)
{
	struct counters *counters = NULL;

	(void)state;
	assert_int_equal(counters_open("", &counters), -EINVAL);
	assert_int_equal(counters_open("page-faults,", &counters), -EINVAL);
	assert_int_equal(counters_open("no-such-event", &counters), -EINVAL);
	assert_null(counters);
	assert_int_equal(counters_n(NULL), 0);
	counters_free(NULL);
}

static void the_clock_advances(void **state)
{
	uint64_t first = counter_clock(), last = first;

	(void)state;
	for (int i = 0; i < 1000; i++)
		last = counter_clock();
	assert_true(last > first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_value_is_the_offset_and_the_register, page_of_a_counter),
		cmocka_unit_test_setup(a_register_that_counts_up_to_zero_is_negative, page_of_a_counter),
		cmocka_unit_test_setup(a_reading_that_was_interrupted_is_made_again, page_of_a_counter),
		cmocka_unit_test_setup(what_cannot_be_read_in_user_space_is_left_to_the_kernel, page_of_a_counter),
		cmocka_unit_test(a_threads_own_counters_count_what_it_does),
		cmocka_unit_test(what_is_no_list_of_events_is_refused),
		cmocka_unit_test(the_clock_advances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
