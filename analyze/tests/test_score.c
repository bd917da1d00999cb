/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_score.c: the error distribution of observed predictions, and how often their intervals held. */
#include "analyze/rows.h"
#include "analyze/score.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

/* A prediction of `predicted` +- `half` that became `observed` +- `observed_half`. */
static struct scored_row row(double predicted, double half, double observed, double observed_half)
{
	return (struct scored_row){ .predicted = predicted, .predicted_low = predicted - half, .predicted_high = predicted + half,
				    .observed = observed, .observed_low = observed - observed_half,
				    .observed_high = observed + observed_half };
}

static void errors_are_relative_to_what_was_observed(void **state)
{
	const struct scored_row rows[] = { row(1.02, 1, 1, 0), row(0.99, 1, 1, 0), row(2.08, 1, 2, 0) }; /* +2 %, -1 %, +4 % */
	struct score score;

	(void)state;
	assert_int_equal(score_compute(rows, 3, &score), 0);
	assert_int_equal(score.n, 3);
	assert_near(score.bias, 0.02, 1e-12);
	assert_near(score.median, 0.02, 1e-12);
	assert_near(score.worst, 0.04, 1e-12);
	assert_int_equal(score.worst_at, 2);
	assert_near(score.p75, 0.03, 1e-12);
	assert_near(score.p95, 0.038, 1e-12);
}

static void bias_keeps_its_sign(void **state)
{
	const struct scored_row rows[] = { row(0.98, 1, 1, 0), row(0.97, 1, 1, 0), row(1.05, 1, 1, 0) };
	struct score score;

	(void)state;
	assert_int_equal(score_compute(rows, 3, &score), 0);
	assert_near(score.bias, -0.02, 1e-12);
	assert_near(score.median, 0.03, 1e-12);
}

static void inside_and_joint_are_counted_apart(void **state)
{
	const struct scored_row rows[] = {
		row(1.20, 0.03, 1.22, 0.04), /* inside; joint */
		row(1.20, 0.03, 1.24, 0.04), /* outside by 0.01; 0.04 <= sqrt(0.0009 + 0.0016) = 0.05: joint */
		row(1.20, 0.03, 1.26, 0.04), /* outside; 0.06 > 0.05: not joint, although the intervals overlap */
		row(1.20, 0.03, 1.14, 0.04), /* the same below */
	};
	struct score score;

	(void)state;
	assert_int_equal(score_compute(rows, 4, &score), 0);
	assert_int_equal(score.intervals_n, 4);
	assert_near(score.inside.value, 0.25, 1e-12);
	assert_near(score.joint.value, 0.5, 1e-12);
	assert_near(score.joint.low, 0.15004, 1e-5); /* Wilson, 2 of 4: 0.5 -+ 0.34996 */
	assert_near(score.joint.high, 0.84996, 1e-5);
}

static void predictions_without_an_interval_count_for_the_error_only(void **state)
{
	const struct scored_row rows[] = { row(1, NAN, 1, 0.1), row(1, 0.1, 1.5, NAN), row(1, 0.1, 1, 0.1) };
	struct score score;

	(void)state;
	assert_int_equal(score_compute(rows, 3, &score), 0);
	assert_int_equal(score.n, 3);
	assert_int_equal(score.intervals_n, 1);
	assert_near(score.inside.value, 1, 1e-12);
	assert_int_equal(score_compute(rows, 2, &score), 0);
	assert_int_equal(score.intervals_n, 0);
	assert_true(isnan(score.inside.value) && isnan(score.joint.value));
}

static void nothing_observed_says_what_to_run(void **state)
{
	struct score score;

	(void)state;
	said_begin();
	assert_int_equal(score_compute(NULL, 0, &score), -ENODATA);
	assert_said(said_end(), "forecall observe");
}

static void a_row_without_a_figure_is_an_error(void **state)
{
	const struct scored_row rows[] = { row(1, 0.1, NAN, 0.1) };
	struct score score;

	(void)state;
	said_begin();
	assert_int_equal(score_compute(rows, 1, &score), -EDOM);
	assert_said(said_end(), "observe it again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_relative_to_what_was_observed),
		cmocka_unit_test(bias_keeps_its_sign),
		cmocka_unit_test(inside_and_joint_are_counted_apart),
		cmocka_unit_test(predictions_without_an_interval_count_for_the_error_only),
		cmocka_unit_test(nothing_observed_says_what_to_run),
		cmocka_unit_test(a_row_without_a_figure_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
