/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_events.c: names of events, good, bad and made up at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/events.h"

static char why[EVENT_WHY_MAX];

static void software_events_have_the_kernels_numbers(void **state)
{
	struct perf_event_attr attr;

	(void)state;
	assert_int_equal(event_encode("page-faults", &attr, why), 0);
	assert_int_equal(attr.type, PERF_TYPE_SOFTWARE);
	assert_int_equal(attr.config, PERF_COUNT_SW_PAGE_FAULTS);
	assert_int_equal(event_encode("perf::CONTEXT-SWITCHES", &attr, why), 0);
	assert_int_equal(attr.config, PERF_COUNT_SW_CONTEXT_SWITCHES);
	assert_int_equal(event_encode("instructions", &attr, why), 0);
	assert_int_equal(attr.type, PERF_TYPE_HARDWARE);
	assert_int_equal(attr.config, PERF_COUNT_HW_INSTRUCTIONS);
}

static void a_raw_code_is_taken_as_it_is(void **state)
{
	struct perf_event_attr attr;

	(void)state;
	assert_int_equal(event_encode("r1b", &attr, why), 0);
	assert_int_equal(attr.type, PERF_TYPE_RAW);
	assert_int_equal(attr.config, 0x1b);
	assert_int_equal(event_encode("r11112222333344445", &attr, why), -EINVAL); /* too long */
}

static void what_is_no_event_is_refused_with_a_reason(void **state)
{
	static const char *const bad[] = {"", " ", "no_such_event", "perf::", "::", "page-faults;", "a b", "nopmu/x/", "/", "//", "msr//", "../../etc/passwd",
					  "..//", "software/../../x/", "page-faults/", "r", "cpu/event=/", "\xff\xfe", "cycles:cycles:cycles", "%n%s"};
	struct perf_event_attr attr;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		*why = 0;
		assert_int_equal(event_encode(bad[i], &attr, why), -EINVAL);
		assert_true(*why);
	}
}

static void a_counter_counts(void **state)
{
	uint64_t before[3], after[3]; /* value, enabled, running */
	int fd = event_open("task-clock", 0, -1, -1, why);

	(void)state;
	if (fd == -EACCES || fd == -EPERM || fd == -ENOSYS)
		skip();
	assert_true(fd >= 0);
	assert_int_equal(read(fd, before, sizeof before), sizeof before);
	assert_int_equal(before[0], 0); /* a leader begins disabled */
	close(fd);
	int leader = event_open("task-clock", 0, -1, -1, why), member = event_open("page-faults", 0, -1, leader, why);
	assert_true(leader >= 0 && member >= 0);
	assert_int_equal(read(member, after, sizeof after), sizeof after);
	close(member);
	close(leader);
}

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Pieces of real names and of nonsense, put together. `make bench-engines` does it a million times. */
static void random_names_crash_nothing(void **state)
{
	static const char *const pieces[] = {"perf", "::", ":", "cycles", "CYCLES", "arm_n1", "msr", "/", "tsc", "=", "0x", "1", ",", "u", "k", "r", "ff", "-",
					     "LLC", "_", "MISSES", "L1-dcache", "load", "event", "config", "config1", "umask", ".", "..", "c=", "e=", "i",
					     "period", "freq", "18446744073709551616", "\x80", " ", "%s", "skl", "ix86arch", "perf_raw", "precise=3"};
	struct perf_event_attr attr;
	uint64_t seed = 5;

	(void)state;
	const char *names = getenv("NAMES"); /* make fuzz-events */
	long names_n = names ? strtol(names, NULL, 10) : 20000;

	for (long i = 0; i < names_n; i++) {
		char name[200] = "";
		int n = (int)(next(&seed) % 9);

		for (int j = 0; j < n; j++)
			strcat(name, pieces[next(&seed) % (sizeof pieces / sizeof *pieces)]);
		int err = event_encode(name, &attr, why);
		assert_true(err == 0 || err == -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(software_events_have_the_kernels_numbers), cmocka_unit_test(a_raw_code_is_taken_as_it_is),
		cmocka_unit_test(what_is_no_event_is_refused_with_a_reason), cmocka_unit_test(a_counter_counts),
		cmocka_unit_test(random_names_crash_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
