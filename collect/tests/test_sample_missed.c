/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_sample_missed.c: expiries without a sample, and what is around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/sample_missed.h"

#define PERIOD 1e6

/* One expiry a period for each letter: t target, o another task, i idle, - missed. Each sample a little late. Returns how often one was told to be missed. */
static int play(struct missed *missed, const char *expiries)
{
	uint64_t now = 1000000000;
	int told = 0;

	missed_break(missed);
	for (; *expiries; expiries++) {
		now += (uint64_t)PERIOD;
		if (*expiries != '-')
			told += missed_sample(missed, now + 16000, PERIOD, *expiries == 't' ? MISSED_TARGET : *expiries == 'o' ? MISSED_TASK : MISSED_IDLE);
	}
	return told;
}

static void assert_counts(struct missed *missed, struct missed_counts want)
{
	struct missed_counts counts = {0};

	missed_take(missed, &counts);
	assert_int_equal(counts.between_n, want.between_n);
	assert_int_equal(counts.between_idle_n, want.between_idle_n);
	assert_int_equal(counts.idle_n, want.idle_n);
	assert_int_equal(counts.idle_missed_n, want.idle_missed_n);
}

static void one_expiry_between_two_of_the_target_is_told(void **state)
{
	struct missed missed = {0};

	(void)state;
	assert_int_equal(play(&missed, "t-ttt-t"), 2);
	assert_counts(&missed, (struct missed_counts){.between_n = 1});
	assert_int_equal(play(&missed, "t--t"), 0); /* an idle CPU's timer may have been late */
	assert_int_equal(play(&missed, "t-o-t-i-t"), 0);
	assert_counts(&missed, (struct missed_counts){0});
}

static void expiries_are_told_by_their_neighbours(void **state)
{
	struct missed missed = {0};

	(void)state;
	assert_int_equal(play(&missed, "totitttoo"), 0);
	assert_counts(&missed, (struct missed_counts){.between_n = 2, .between_idle_n = 1});
	assert_int_equal(play(&missed, "iii-iooitti"), 0);
	assert_counts(&missed, (struct missed_counts){.idle_n = 1, .idle_missed_n = 1});
	assert_int_equal(play(&missed, "tti-i"), 0); /* what is behind a missed one has no neighbour there */
	assert_counts(&missed, (struct missed_counts){.idle_missed_n = 1});
}

static void nothing_is_told_across_a_break(void **state)
{
	struct missed missed = {0};

	(void)state;
	assert_false(missed_sample(&missed, 1000000, PERIOD, MISSED_TARGET));
	missed_break(&missed);
	assert_false(missed_sample(&missed, 3000000, PERIOD, MISSED_TARGET));
	missed_break(&missed);
	assert_false(missed_sample(&missed, 4000000, PERIOD, MISSED_TARGET));
	assert_counts(&missed, (struct missed_counts){0});
}

static void cpus_without_the_target_miss_what_they_miss(void **state)
{
	struct missed missed = {0};
	struct missed_counts counts = {.idle_n = 7};

	(void)state;
	play(&missed, "iiii-i");
	missed_take(&missed, &counts);
	assert_int_equal(counts.idle_n, 7);
	assert_int_equal(counts.idle_missed_n, 0);
	play(&missed, "iiit"); /* adds to what is there, and what was left is forgotten */
	missed_take(&missed, &counts);
	assert_int_equal(counts.idle_n, 8);
	missed_take(&missed, &counts);
	assert_int_equal(counts.idle_n, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_expiry_between_two_of_the_target_is_told),
		cmocka_unit_test(expiries_are_told_by_their_neighbours),
		cmocka_unit_test(nothing_is_told_across_a_break),
		cmocka_unit_test(cpus_without_the_target_miss_what_they_miss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
