/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_sample_missed.c: who the expiries without a sample belong to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/sample_missed.h"

#define PERIOD 1e6

/* One expiry a period for each letter: t target, o other, - missed. Each sample a little late. Returns how often a missed one was called the target's. */
static int play(struct missed *missed, const char *expiries)
{
	uint64_t now = 1000000000;
	int told = 0;

	for (; *expiries; expiries++) {
		now += (uint64_t)PERIOD;
		if (*expiries != '-')
			told += missed_sample(missed, now + 16000, PERIOD, *expiries == 't');
	}
	return told;
}

static void repeat(struct missed *missed, const char *expiries, int times)
{
	for (int i = 0; i < times; i++) {
		missed_break(missed);
		play(missed, expiries);
	}
}

static void one_expiry_between_two_of_the_target_is_told(void **state)
{
	struct missed missed = {0};

	(void)state;
	assert_int_equal(play(&missed, "t-ttt"), 1);
	assert_int_equal(play(&missed, "t--t"), 0); /* an idle CPU's timer may have been late */
	assert_int_equal(play(&missed, "t-o-t"), 0);
	assert_int_equal(play(&missed, "o-o"), 0);
	assert_int_equal(missed_seen_n(&missed, 1), 1);
	assert_int_equal(missed.others.missed_n, 1);
}

static void nothing_is_told_across_a_break(void **state)
{
	struct missed missed = {0};

	(void)state;
	assert_false(missed_sample(&missed, 1000000, PERIOD, true));
	missed_break(&missed);
	assert_false(missed_sample(&missed, 3000000, PERIOD, true));
	assert_int_equal(missed_seen_n(&missed, 1), 0);
}

static void all_samples_of_the_target_miss_as_many_as_those_among_themselves(void **state)
{
	struct missed missed = {0};

	(void)state;
	repeat(&missed, "ttttttttttt", 1000); /* 9 each have the target on both sides */
	assert_true(missed_odds(&missed, 1) == 0);
	repeat(&missed, "t-t", 90);
	assert_float_equal(missed_odds(&missed, 1), 0.01, 0.0001);
	repeat(&missed, "oto", 5000); /* they have other neighbours */
	repeat(&missed, "o-t", 50);
	assert_float_equal(missed_odds(&missed, 1), 0.01, 0.0001);
}

static void what_an_idle_cpu_misses_is_not_the_targets(void **state)
{
	struct missed missed = {0};

	(void)state;
	repeat(&missed, "ooo", 10000);
	repeat(&missed, "o-o", 2000);
	repeat(&missed, "ttt", 10000);
	repeat(&missed, "tot", 1000);
	repeat(&missed, "t-t", 200);
	assert_true(missed_odds(&missed, 1) == 0);
	repeat(&missed, "t-t", 100);
	assert_float_equal(missed_odds(&missed, 1), 0.01, 0.0003);
}

static void each_cpu_misses_by_itself(void **state)
{
	struct missed cpus[2] = {0};

	(void)state;
	repeat(&cpus[0], "ooo", 1000);
	repeat(&cpus[0], "ttt", 10000);
	repeat(&cpus[0], "tot", 1000);
	repeat(&cpus[0], "t-t", 100);
	repeat(&cpus[1], "o-o", 1000); /* where the target never runs */
	repeat(&cpus[1], "ooo", 1000);
	assert_float_equal(missed_odds(cpus, 2), 0.01, 0.0001);
}

static void few_tell_little(void **state)
{
	struct missed missed = {0};

	(void)state;
	repeat(&missed, "ttt", 10);
	repeat(&missed, "t-t", 1); /* 0.1, and as much by chance */
	assert_in_range((uintmax_t)(missed_odds(&missed, 1) * 1e6), 3000, 5000);
}

static void nothing_of_nothing(void **state)
{
	struct missed missed = {0};

	(void)state;
	assert_true(missed_odds(&missed, 1) == 0);
	repeat(&missed, "t-t", 3); /* never seen where it is sampled */
	assert_true(missed_odds(&missed, 1) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_expiry_between_two_of_the_target_is_told),
		cmocka_unit_test(nothing_is_told_across_a_break),
		cmocka_unit_test(all_samples_of_the_target_miss_as_many_as_those_among_themselves),
		cmocka_unit_test(what_an_idle_cpu_misses_is_not_the_targets),
		cmocka_unit_test(each_cpu_misses_by_itself),
		cmocka_unit_test(few_tell_little),
		cmocka_unit_test(nothing_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
