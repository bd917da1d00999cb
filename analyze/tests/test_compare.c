/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_compare.c: changes and their intervals against numbers worked out by hand. */
#include "analyze/compare.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

static void near(double x, double y, double within)
{
	if (!(fabs(x - y) <= within))
		fail_msg("%.12g is not %.12g", x, y);
}

/* Logarithms -0.01, 0, 0.01 and those + 0.05: s^2 = 1e-4 on both sides, error sqrt(2e-4 / 3), 4 degrees of freedom. */
static const double before[] = { 0.99004983374916811, 1, 1.0100501670841679 };
static const double after[] = { 1.0408107741923882, 1.0512710963760241, 1.0618365465453596 };

static void change_has_welchs_interval(void **state)
{
	const double half = 2.7764451052 * sqrt(2e-4 / 3);
	struct comparison c;

	(void)state;
	assert_int_equal(compare_runs(before, 3, after, 3, false, 1, &c), 0);
	near(c.change.value, expm1(0.05), 1e-12);
	near(c.change.low, expm1(0.05 - half), 1e-9);
	near(c.change.high, expm1(0.05 + half), 1e-9);
	assert_int_equal(c.verdict, COMPARE_MORE);
	assert_true(compare_above(&c, 0.02) && !compare_above(&c, 0.03)); /* low is 0.0277 */
	assert_int_equal(compare_runs(after, 3, before, 3, false, 1, &c), 0);
	assert_int_equal(c.verdict, COMPARE_LESS);
}

static void many_benchmarks_widen_the_interval(void **state)
{
	const double half = 7.1731821977 * sqrt(2e-4 / 3); /* t(1 - 0.05 / 50, 4) */
	struct comparison c;

	(void)state;
	assert_int_equal(compare_runs(before, 3, after, 3, false, 25, &c), 0);
	near(c.change.high, expm1(0.05 + half), 1e-8);
	near(c.plain.high, expm1(0.05 + 2.7764451052 * sqrt(2e-4 / 3)), 1e-9);
	assert_int_equal(c.verdict, COMPARE_SAME);
	assert_false(compare_above(&c, 0));
}

static void one_run_takes_the_variance_of_the_other_side(void **state)
{
	const double half = 4.3026527297 * sqrt(1e-4 * (1 + 1.0 / 3)); /* 2 degrees of freedom */
	struct comparison c;

	(void)state;
	assert_int_equal(compare_runs(before, 3, &after[1], 1, false, 1, &c), 0);
	near(c.change.low, expm1(0.05 - half), 1e-9);
	assert_int_equal(compare_runs(before, 1, after, 1, false, 1, &c), 0);
	assert_int_equal(c.verdict, COMPARE_UNKNOWN);
	assert_false(figure_has_interval(c.change) || compare_above(&c, 0));
}

static void without_noise_any_difference_is_real(void **state)
{
	const double a[] = { 6311, 6311 }, b[] = { 6312 }, other[] = { 6312, 6313 };
	struct comparison c;

	(void)state;
	assert_int_equal(compare_runs(a, 2, b, 1, true, 500, &c), 0);
	near(c.change.value, 1.0 / 6311, 1e-15);
	assert_true(c.change.low == c.change.value && c.change.high == c.change.value);
	assert_int_equal(c.verdict, COMPARE_MORE);
	assert_int_equal(compare_runs(a, 2, a, 1, true, 500, &c), 0);
	assert_int_equal(c.verdict, COMPARE_SAME);
	assert_int_equal(compare_runs(a, 2, other, 2, true, 500, &c), -EXDEV);
}

/* Logarithms of the ratios: 0.04, 0.05, 0.06, on a machine that drifts by far more. s = 0.01, 2 degrees of freedom. */
static void runs_taken_by_turns_cancel_what_the_machine_did(void **state)
{
	const double a[] = { 1, 2, 5 }, b[] = { 1.0408107741923882, 2 * 1.0512710963760241, 5 * 1.0618365465453596 };
	const double half = 4.3026527297 * 0.01 / sqrt(3);
	struct comparison c;

	(void)state;
	assert_int_equal(compare_pairs(a, b, 3, 1, &c), 0);
	near(c.change.value, expm1(0.05), 1e-12);
	near(c.change.low, expm1(0.05 - half), 1e-9);
	assert_true(c.paired && c.verdict == COMPARE_MORE);
	assert_int_equal(compare_runs(a, 3, b, 3, false, 1, &c), 0);
	assert_int_equal(c.verdict, COMPARE_SAME);
	assert_int_equal(compare_pairs(a, b, 1, 1, &c), -ENODATA);
}

static void what_is_no_cost_is_refused(void **state)
{
	struct comparison c;

	(void)state;
	assert_int_equal(compare_runs(before, 0, after, 3, false, 1, &c), -ENODATA);
	assert_int_equal(compare_runs(before, 3, (const double[]){ 0 }, 1, false, 1, &c), -EDOM);
	assert_int_equal(compare_runs(before, 3, (const double[]){ NAN }, 1, false, 1, &c), -EDOM);
}

/* f = 0.8 and a path of 1.1 times the cost: T = 0.2 + 0.88 = 1.08, f = 0.88 / 1.08. */
static void a_dearer_path_costs_the_server_its_share_of_it(void **state)
{
	struct compare_server server;

	(void)state;
	assert_int_equal(compare_server((struct figure){ 0.8, 0.8, 0.8 }, (struct figure){ 0.1, 0.05, 0.15 }, &server), 0);
	near(server.busy.value, 0.08, 1e-12);
	near(server.busy.low, 0.04, 1e-12);
	near(server.busy.high, 0.12, 1e-12);
	near(server.fraction.value, 0.88 / 1.08, 1e-12);
	assert_int_equal(compare_server((struct figure){ 0.8, 0.7, 0.9 }, (struct figure){ 0.1, 0.1, 0.1 }, &server), 0);
	near(server.busy.low, 0.07, 1e-12);
	near(server.busy.high, 0.09, 1e-12);
	assert_int_equal(compare_server(figure_exact(1.2), figure_exact(0.1), &server), -EDOM);
	assert_int_equal(compare_server(figure_exact(0.5), figure_exact(-1), &server), -EDOM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(change_has_welchs_interval),
		cmocka_unit_test(many_benchmarks_widen_the_interval),
		cmocka_unit_test(one_run_takes_the_variance_of_the_other_side),
		cmocka_unit_test(without_noise_any_difference_is_real),
		cmocka_unit_test(runs_taken_by_turns_cancel_what_the_machine_did),
		cmocka_unit_test(what_is_no_cost_is_refused),
		cmocka_unit_test(a_dearer_path_costs_the_server_its_share_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
