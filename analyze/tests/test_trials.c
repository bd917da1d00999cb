/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_trials.c: what trials of a capacity search say, against figures worked out by hand. */
#include "analyze/trials.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyze/rows.h"

/* A trial of a stream of 1,000 bits a second: what the worst client got of it, and the CPU share, in per cent. */
static struct trial_row trial(const char *way, int64_t group, double got, int64_t cpu)
{
	return (struct trial_row){ .way = way, .group_size = group, .quality = 0.99, .wall_ns = 1000, .cpu_ns = 10 * cpu, .rate_bps = 1000,
				   .rate_bps_min = 10 * got, .rate_bps_mean = 1000 };
}

static void a_trial_is_served_when_the_worst_client_got_enough_and_none_got_nothing(void **state)
{
	struct trial_row row = trial("a", 10, 99, 50);

	(void)state;
	assert_true(trial_served(&row));
	assert_float_equal(trial_cpu_share(&row), 0.5, 1e-12);
	row.rate_bps_min = 989;
	assert_false(trial_served(&row));
	row.rate_bps_min = 1000;
	row.silent_n = 1;
	assert_false(trial_served(&row));
}

static void the_bracket_is_what_most_trials_of_a_group_say(void **state)
{
	const struct trial_row rows[] = {
		trial("a", 100, 100, 40), trial("a", 200, 50, 70), trial("a", 200, 100, 72), trial("a", 200, 100, 71), /* served: 2 of 3 */
		trial("a", 300, 100, 99), trial("a", 300, 50, 99), trial("a", 300, 50, 99), /* not served */
		trial("a", 400, 100, 99), /* above one that was not: does not count */
		trial("b", 1000, 100, 10),
	};
	struct trials a, b, none;

	(void)state;
	trials_sum(rows, sizeof rows / sizeof *rows, "a", &a);
	assert_int_equal(a.served, 200);
	assert_int_equal(a.refused, 300);
	assert_int_equal(a.n, 8);
	assert_float_equal(a.cpu_share, 0.71, 1e-12);
	assert_false(a.idle);
	trials_sum(rows, sizeof rows / sizeof *rows, "b", &b);
	assert_true(b.served == 1000 && b.refused == 0 && b.n == 1 && isnan(b.saturation));
	trials_sum(rows, sizeof rows / sizeof *rows, "c", &none);
	assert_true(none.served == 0 && none.n == 0 && isnan(none.cpu_share) && isnan(none.saturation));
}

static void the_line_through_what_was_served_tells_where_the_cpu_is_full(void **state)
{
	/* 10 % and 0.2 % per client: full at 450. The last was not served, and is not on the line. */
	const struct trial_row rows[] = { trial("a", 100, 100, 30), trial("a", 200, 100, 50), trial("a", 400, 100, 90), trial("a", 800, 60, 100) };
	struct trials a;

	(void)state;
	trials_sum(rows, 4, "a", &a);
	assert_float_equal(a.saturation, 450, 1e-9);
}

static void a_server_with_time_left_was_not_the_limit(void **state)
{
	const struct trial_row rows[] = { trial("a", 100, 100, 30), trial("a", 200, 80, 60) };
	struct trials a;

	(void)state;
	trials_sum(rows, 2, "a", &a);
	assert_true(a.idle);
}

static void the_gain_lies_between_what_was_served_and_what_was_not(void **state)
{
	const struct trials before = { .served = 100, .refused = 110 }, after = { .served = 150, .refused = 160 }, open = { .served = 300 }, none = { 0 };
	struct figure gain = trials_gain(&before, &after);

	(void)state;
	assert_float_equal(gain.value, 1.5, 1e-12);
	assert_float_equal(gain.low, 150.0 / 110, 1e-12);
	assert_float_equal(gain.high, 1.6, 1e-12);
	assert_true(isnan(trials_gain(&before, &open).high));
	assert_true(isnan(trials_gain(&none, &after).value) && isnan(trials_gain(&before, &none).value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trial_is_served_when_the_worst_client_got_enough_and_none_got_nothing),
		cmocka_unit_test(the_bracket_is_what_most_trials_of_a_group_say),
		cmocka_unit_test(the_line_through_what_was_served_tells_where_the_cpu_is_full),
		cmocka_unit_test(a_server_with_time_left_was_not_the_limit),
		cmocka_unit_test(the_gain_lies_between_what_was_served_and_what_was_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
