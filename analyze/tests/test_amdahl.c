/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_amdahl.c: Amdahl's law against the paper's figures, the earlier study's table and hand-made numbers. */
#include "analyze/amdahl.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

static void the_papers_f_and_s_give_its_r(void **state)
{
	double r;

	(void)state;
	assert_int_equal(amdahl_speedup(0.791, 1.664, 0, &r), 0);
	assert_near(r, 1.461, 0.0005);
}

static void the_earlier_studys_capacities_are_met_within_3_percent(void **state)
{
	const struct {
		double users, send_ms, users_after;
	} table[] = { { 40, 2.78, 42 }, { 120, 8.26, 148 }, { 240, 16.50, 390 }, { 360, 24.76, 861 }, { 480, 33.06, 2170 } };

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		double after;

		assert_int_equal(amdahl_capacity(table[i].users, 33.3, table[i].send_ms, 4.7, &after), 0);
		assert_near(after / table[i].users_after, 1, 0.03);
	}
}

static void overhead_adds_to_what_remains(void **state)
{
	double r;

	(void)state;
	assert_int_equal(amdahl_speedup(0.5, 2, 0.05, &r), 0);
	assert_near(r, 1.25, 1e-12); /* 1 / (0.5 + 0.25 + 0.05) */
	assert_int_equal(amdahl_speedup(0.5, 0.5, 0, &r), 0);
	assert_near(r, 1 / 1.5, 1e-12); /* a slower alternative slows down */
}

static void bound_is_what_an_endless_s_gives(void **state)
{
	double r;

	(void)state;
	assert_int_equal(amdahl_bound(0.75, 0, &r), 0);
	assert_near(r, 4, 1e-12);
	assert_int_equal(amdahl_bound(0.75, 0.25, &r), 0);
	assert_near(r, 2, 1e-12);
	assert_int_equal(amdahl_bound(1, 0, &r), 0);
	assert_true(isinf(r));
}

static void break_even_is_where_r_is_one(void **state)
{
	double s, r;

	(void)state;
	assert_int_equal(amdahl_break_even(0.5, 0.1, &s), 0);
	assert_near(s, 1.25, 1e-12);
	assert_int_equal(amdahl_speedup(0.5, s, 0.1, &r), 0);
	assert_near(r, 1, 1e-12);
	assert_int_equal(amdahl_break_even(0.5, 0, &s), 0);
	assert_near(s, 1, 1e-12);
	assert_int_equal(amdahl_break_even(0.1, 0.1, &s), -ERANGE);
}

static void needed_s_inverts_the_law(void **state)
{
	double s, r;

	(void)state;
	assert_int_equal(amdahl_needed(0.8, 0.02, 2, &s), 0);
	assert_near(s, 0.8 / 0.28, 1e-12); /* 0.5 - 1 + 0.8 - 0.02 */
	assert_int_equal(amdahl_speedup(0.8, s, 0.02, &r), 0);
	assert_near(r, 2, 1e-12);
}

static void no_s_reaches_the_bound(void **state)
{
	double s;

	(void)state;
	assert_int_equal(amdahl_needed(0.5, 0, 2, &s), -ERANGE);
	assert_int_equal(amdahl_needed(0.05, 0, 1 / (1 - 0.05), &s), -ERANGE); /* although 1/r - 1 + f rounds to above 0 */
	assert_int_equal(amdahl_needed(0, 0, 1, &s), -ERANGE);
}

static void values_outside_the_domain_are_refused(void **state)
{
	const double bad_f[] = { -0.01, 1.01, NAN }, bad_s[] = { 0, -1, NAN, INFINITY }, bad_o[] = { -0.01, NAN, INFINITY };
	double out = 42;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(amdahl_speedup(bad_f[i], 2, 0, &out), -EDOM);
		assert_int_equal(amdahl_bound(bad_f[i], 0, &out), -EDOM);
		assert_int_equal(amdahl_speedup(0.5, 2, bad_o[i], &out), -EDOM);
		assert_int_equal(amdahl_break_even(0.5, bad_o[i], &out), -EDOM);
		assert_int_equal(amdahl_needed(bad_f[i], 0, 1.5, &out), -EDOM);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(amdahl_speedup(0.5, bad_s[i], 0, &out), -EDOM);
		assert_int_equal(amdahl_needed(0.5, 0, bad_s[i], &out), -EDOM);
		assert_int_equal(amdahl_capacity(10, 10, 5, bad_s[i], &out), -EDOM);
	}
	assert_int_equal(amdahl_capacity(0, 10, 5, 2, &out), -EDOM);
	assert_int_equal(amdahl_capacity(10, 10, 11, 2, &out), -EDOM);
	assert_true(out == 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_papers_f_and_s_give_its_r),
		cmocka_unit_test(the_earlier_studys_capacities_are_met_within_3_percent),
		cmocka_unit_test(overhead_adds_to_what_remains),
		cmocka_unit_test(bound_is_what_an_endless_s_gives),
		cmocka_unit_test(break_even_is_where_r_is_one),
		cmocka_unit_test(needed_s_inverts_the_law),
		cmocka_unit_test(no_s_reaches_the_bound),
		cmocka_unit_test(values_outside_the_domain_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
