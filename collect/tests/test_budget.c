/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_budget.c: how many unprobed windows a budget puts between the probed ones; every figure can be worked out beside it. */
#include <linux/types.h>

#include "collect/budget.h"
#include "analyze/tests/said.h"

#include <string.h>

#include "collect/measure.h"

static const struct measure_step usual[] = {{1, NULL}, {0, NULL}, {1, NULL}, {0, NULL}, {2, NULL}};

enum { USUAL_N = sizeof usual / sizeof *usual };

/* A target to which probes add a tenth, and the second ones as much again; windows of 100 ns, probed ones of 110, attached all the time. */
static struct budget tenth(double share)
{
	return (struct budget){.share = share, .added = {0, 0.1, 0.2}};
}

static void measure_cycle(struct budget *budget, const struct measure_step *steps, int n)
{
	for (int i = 0; i < n; i++)
		budget_window(budget, steps[i].dose, steps[i].dose ? 110 : 100, steps[i].dose ? 110 : 0);
}

static int count(const struct measure_step *steps, int n, int dose)
{
	int found = 0;

	for (int i = 0; i < n; i++)
		found += steps[i].dose == dose;
	return found;
}

static void without_a_bound_or_before_the_cost_is_known_a_cycle_is_what_was_asked_for(void **state)
{
	struct measure_step out[BUDGET_STEPS_MAX];
	struct budget none = tenth(0), unknown = {.share = 0.05};

	(void)state;
	measure_cycle(&none, usual, USUAL_N);
	assert_int_equal(budget_plan(&none, usual, USUAL_N, 1, 1e9, out), USUAL_N);
	assert_memory_equal(out, usual, sizeof usual);
	assert_int_equal(budget_plan(&unknown, usual, USUAL_N, 0, 1e9, out), USUAL_N);
	assert_memory_equal(out, usual, sizeof usual);
}

/*
 * The first cycle adds 0.1 * 220 + 0.2 * 110 = 44 to 530, which is 8.3 %. The second one has no check: 22 to 420. The budget of 5 % takes
 * (44 + 22) / 0.05 = 1320, of which 530 + 420 are there: 370 more are 4 windows.
 */
static void unprobed_windows_are_put_between_until_the_budget_holds(void **state)
{
	struct measure_step out[BUDGET_STEPS_MAX];
	struct budget budget = tenth(0.05);

	(void)state;
	measure_cycle(&budget, usual, USUAL_N);
	assert_near(budget_spent(&budget), 44.0 / 530, 1e-9);
	int n = budget_plan(&budget, usual, USUAL_N, 1, 1e9, out);
	assert_int_equal(n, 4 + 4);
	assert_int_equal(count(out, n, 1), 2);
	assert_int_equal(count(out, n, 2), 0);
	measure_cycle(&budget, out, n);
	assert_true(budget_spent(&budget) <= 0.05);
}

static void the_check_is_kept_in_one_cycle_of_four(void **state)
{
	struct measure_step out[BUDGET_STEPS_MAX];
	struct budget budget = tenth(0.02);
	int checks = 0;

	(void)state;
	measure_cycle(&budget, usual, USUAL_N);
	for (int cycle = 1; cycle < 9; cycle++) {
		int n = budget_plan(&budget, usual, USUAL_N, cycle, 1e9, out);

		assert_int_equal(count(out, n, 1), 2);
		checks += count(out, n, 2);
		measure_cycle(&budget, out, n);
		assert_true(budget_spent(&budget) <= 0.02);
	}
	assert_int_equal(checks, 2);
}

/* What the calibration adds is to be made up for, too: 0.1 * 400 more, in a time that is 1000 longer. */
static void the_calibration_is_part_of_what_is_spent(void **state)
{
	struct measure_step out[BUDGET_STEPS_MAX];
	struct budget budget = tenth(0.05);

	(void)state;
	budget.other_ns = 1000;
	budget.other_attached_ns[1] = 400;
	measure_cycle(&budget, usual, USUAL_N);
	assert_near(budget_spent(&budget), 84.0 / 1530, 1e-9);
	/* (84 + 22) / 0.05 - 1530 - 420 = 170 */
	assert_int_equal(budget_plan(&budget, usual, USUAL_N, 1, 1e9, out), 4 + 2);
}

static void a_cheap_target_is_measured_as_without_a_budget(void **state)
{
	struct measure_step out[BUDGET_STEPS_MAX];
	struct budget budget = {.share = 0.05, .added = {0, 0.03, 0.06}};

	(void)state;
	measure_cycle(&budget, usual, USUAL_N);
	assert_int_equal(budget_plan(&budget, usual, USUAL_N, 1, 1e9, out), USUAL_N);
	assert_memory_equal(out, usual, sizeof usual);
}

static void where_the_time_does_not_hold_a_cycle_it_is_filled_without_probes(void **state)
{
	struct measure_step out[BUDGET_STEPS_MAX];
	struct budget budget = tenth(0.05);

	(void)state;
	measure_cycle(&budget, usual, USUAL_N);
	measure_cycle(&budget, usual, USUAL_N);
	int n = budget_plan(&budget, usual, USUAL_N, 4, 350, out);
	assert_int_equal(n, 3);
	assert_int_equal(count(out, n, 0), 3);
	assert_int_equal(budget_plan(&budget, usual, USUAL_N, 4, 99, out), 0);
}

static void what_a_prediction_needs_comes_in_any_case(void **state)
{
	struct measure_step out[BUDGET_STEPS_MAX];
	struct budget budget = tenth(0.05);

	(void)state;
	measure_cycle(&budget, usual, USUAL_N);
	assert_int_equal(budget_plan(&budget, usual, USUAL_N, 3, 50, out), USUAL_N);
	assert_memory_equal(out, usual, sizeof usual);
	/* of 2000 the two cycles behind this one take 1060 and its own windows 420: that leaves 5 */
	budget.share = 0.01;
	int n = budget_plan(&budget, usual, USUAL_N, 1, 2000, out);
	assert_int_equal(n, 4 + 5);
	assert_int_equal(count(out, n, 1), 2);
	n = budget_plan(&budget, usual, USUAL_N, 4, 50, out);
	assert_int_equal(n, 0);
}

static void a_target_that_is_all_calls_takes_no_more_windows_than_there_is_room_for(void **state)
{
	struct measure_step out[BUDGET_STEPS_MAX];
	struct budget budget = {.share = 0.001, .added = {0, 2, 4}};

	(void)state;
	measure_cycle(&budget, usual, USUAL_N);
	assert_int_equal(budget_plan(&budget, usual, USUAL_N, 4, 1e12, out), BUDGET_STEPS_MAX);
	assert_int_equal(count(out, BUDGET_STEPS_MAX, 0), BUDGET_STEPS_MAX); /* probed ones wait until the budget has room for them */
	for (int i = 0; budget_spent(&budget) > 0.001; i++) {
		assert_true(i < 10000);
		budget_window(&budget, 0, 100, 0);
	}
	int n = budget_plan(&budget, usual, USUAL_N, 4, 1e12, out);
	assert_int_equal(count(out, n, 0), n);
}

/* What comes behind each cycle takes 100: of the 5 windows of above the two cycles to come and this one take 3. */
static void what_comes_behind_a_cycle_takes_its_time_and_adds_nothing(void **state)
{
	struct measure_step out[BUDGET_STEPS_MAX];
	struct budget budget = tenth(0.01);

	(void)state;
	measure_cycle(&budget, usual, USUAL_N);
	double spent = budget_spent(&budget);
	budget_between(&budget, 100);
	assert_true(budget_spent(&budget) < spent);
	int n = budget_plan(&budget, usual, USUAL_N, 1, 2000, out);
	assert_int_equal(n, 4 + 2);
	assert_int_equal(count(out, n, 1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_bound_or_before_the_cost_is_known_a_cycle_is_what_was_asked_for),
		cmocka_unit_test(unprobed_windows_are_put_between_until_the_budget_holds),
		cmocka_unit_test(the_check_is_kept_in_one_cycle_of_four),
		cmocka_unit_test(the_calibration_is_part_of_what_is_spent),
		cmocka_unit_test(a_cheap_target_is_measured_as_without_a_budget),
		cmocka_unit_test(where_the_time_does_not_hold_a_cycle_it_is_filled_without_probes),
		cmocka_unit_test(what_a_prediction_needs_comes_in_any_case),
		cmocka_unit_test(a_target_that_is_all_calls_takes_no_more_windows_than_there_is_room_for),
		cmocka_unit_test(what_comes_behind_a_cycle_takes_its_time_and_adds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
