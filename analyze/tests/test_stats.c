/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_stats.c: figures, intervals and resampling against numbers worked out by hand. */
#include "analyze/stats.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

static void mean_has_students_interval(void **state)
{
	const double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 }; /* mean 5, sum of squares 32, sd sqrt(32/7) */
	struct figure mean;

	(void)state;
	assert_int_equal(stats_mean(x, 8, &mean), 0);
	assert_near(mean.value, 5, 1e-12);
	assert_near(mean.high - 5, 2.3646242510 * sqrt(32.0 / 7 / 8), 1e-8); /* t(0.975, 7) from the tables */
	assert_near(5 - mean.low, mean.high - 5, 1e-12);
}

static void one_value_has_no_interval(void **state)
{
	struct figure mean;

	(void)state;
	assert_int_equal(stats_mean((double[]){ 3 }, 1, &mean), 0);
	assert_true(mean.value == 3 && !figure_has_interval(mean));
	assert_false(figure_narrower(mean, 1e9));
}

static void no_data_and_no_numbers_are_errors(void **state)
{
	const double bad[] = { 1, NAN, 3 };
	struct figure figure;
	double x;

	(void)state;
	assert_int_equal(stats_mean(bad, 0, &figure), -ENODATA);
	assert_int_equal(stats_mean(bad, 3, &figure), -EDOM);
	assert_int_equal(stats_median(bad, 0, &x), -ENODATA);
	assert_int_equal(stats_median(bad, 3, &x), -EDOM);
	assert_int_equal(stats_quantile(bad, 1, 1.5, &x), -EDOM);
	assert_int_equal(stats_interval(bad, 1, 1, &figure), -ENODATA);
	assert_int_equal(stats_interval(bad, 3, 1, &figure), -EDOM);
}

static void quantiles_are_linear_between_order_statistics(void **state)
{
	const double x[] = { 4, 1, 3, 2 };
	double q;

	(void)state;
	assert_int_equal(stats_quantile(x, 4, 0.25, &q), 0); /* place 0.25 * 3 = 0.75 */
	assert_near(q, 1.75, 1e-12);
	assert_int_equal(stats_median(x, 4, &q), 0);
	assert_near(q, 2.5, 1e-12);
	assert_true(x[0] == 4); /* the data are left as they are */
}

static void mad_is_the_median_distance_from_the_median(void **state)
{
	const double x[] = { 1, 1, 2, 2, 4, 6, 9 }; /* median 2; distances 1 1 0 0 2 4 7, their median 1 */
	double mad;

	(void)state;
	assert_int_equal(stats_mad(x, 7, &mad), 0);
	assert_near(mad, 1, 1e-12);
}

static void percentile_interval_cuts_two_and_a_half_percent_at_each_end(void **state)
{
	double rep[1001];
	struct figure figure;

	(void)state;
	for (int i = 0; i <= 1000; i++)
		rep[i] = 1000 - i;
	assert_int_equal(stats_interval(rep, 1001, 500, &figure), 0);
	assert_near(figure.low, 25, 1e-9);
	assert_near(figure.high, 975, 1e-9);
	assert_near(figure_half_width(figure), 475, 1e-9);
	assert_true(figure_narrower(figure, 0.951) && !figure_narrower(figure, 0.949)); /* 475 / 500 = 0.95 */
}

static void few_units_widen_replicates_by_students_factor(void **state)
{
	const double factor = 2.3646242510 / 1.9599639845 * sqrt(8.0 / 7); /* 1.2898 for 8 units */
	double rep[] = { 9, 11 }, log_rep[] = { 5, 20 };

	(void)state;
	assert_int_equal(stats_widen(rep, 2, 10, 8), 0);
	assert_near(rep[0], 10 - factor, 1e-8);
	assert_near(rep[1], 10 + factor, 1e-8);
	assert_int_equal(stats_widen_log(log_rep, 2, 10, 8), 0);
	assert_near(log_rep[0], 10 / pow(2, factor), 1e-8);
	assert_near(log_rep[1], 10 * pow(2, factor), 1e-8);
}

/* 1 to 9, and 100 set aside: winsorized it is a second 9, with a deviation of sqrt(74.4 / 9); what is left has sqrt(7.5). */
static void what_is_set_aside_widens_by_tukeys_and_mclaughlins_factor(void **state)
{
	const double x[] = { 5, 1, 100, 2, 3, 4, 6, 7, 8, 9 };
	const bool outlier[] = { false, false, true, false, false, false, false, false, false, false }, none[10] = { false };
	double by = 0, rep[] = { 5, 20 };

	(void)state;
	assert_int_equal(stats_trimmed(x, 10, outlier, &by), 0);
	assert_near(by, sqrt(74.4 / 9) / (0.9 * sqrt(10)) / (sqrt(7.5) / 3), 1e-12);
	assert_int_equal(stats_trimmed(x, 10, none, &by), 0);
	assert_near(by, 1, 0);
	assert_int_equal(stats_stretch_log(rep, 2, 10, 2), 0);
	assert_near(rep[0], 2.5, 1e-12);
	assert_near(rep[1], 40, 1e-12);
}

static void an_error_that_no_repetition_shows_has_the_deviation_asked_for(void **state)
{
	enum { N = 20000 };
	static double rep[N];
	double sum = 0, squares = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		rep[i] = 5;
	assert_int_equal(stats_put_off(rep, N, 2), 0);
	for (int i = 0; i < N; i++)
		sum += rep[i], squares += (rep[i] - 5) * (rep[i] - 5);
	assert_near(sum / N, 5, 0.05);
	assert_near(sqrt(squares / N), 2, 0.05);
}

/* x[n] each of which keeps `keep` of the one before it, and has deviation 1. */
static void autoregressive(struct stats_rng *rng, double keep, double *x, size_t n)
{
	double last = stats_rng_normal(rng);

	for (size_t i = 0; i < n; i++)
		x[i] = last = keep * last + sqrt(1 - keep * keep) * stats_rng_normal(rng);
}

/* Of 2000 series the mean's distance from 0, in standard errors as if all were independent, widened: 95 % within 1.96. */
static double covered(double keep)
{
	enum { SERIES = 2000, LENGTH = 400 };
	struct stats_rng *rng = stats_rng_new(7);
	double x[LENGTH], by;
	int held = 0;

	for (int i = 0; i < SERIES; i++) {
		struct figure mean;

		autoregressive(rng, keep, x, LENGTH);
		assert_int_equal(stats_serial(x, LENGTH, NULL, &by), 0);
		assert_true(by >= 1);
		assert_int_equal(stats_mean(x, LENGTH, &mean), 0);
		held += fabs(mean.value) <= by * figure_half_width(mean);
	}
	stats_rng_free(rng);
	return (double)held / SERIES;
}

/* Without the factor the three are 0.945, 0.67 and 0.48; with it 0.945, 0.92 and 0.90. */
static void what_follows_what_was_before_widens_by_batches(void **state)
{
	const double few[] = { 1, 1, 1, 2, 2, 2, 3, 3, 3 };
	double outliers[40] = { 0 }, by = 0;
	bool outlier[40] = { false };

	(void)state;
	assert_in_range((long)(1000 * covered(0)), 940, 975);
	assert_in_range((long)(1000 * covered(0.6)), 900, 960);
	assert_in_range((long)(1000 * covered(0.8)), 880, 960);
	assert_int_equal(stats_serial(few, 9, outlier, &by), 0);
	assert_near(by, 1, 0);
	for (size_t i = 20; i < 40; i++) { /* what is set aside does not count: nothing is left that varies */
		outliers[i] = 9;
		outlier[i] = true;
	}
	assert_int_equal(stats_serial(outliers, 40, outlier, &by), 0);
	assert_near(by, 1, 0);
	assert_int_equal(stats_serial(outliers, 40, NULL, &by), 0);
	assert_true(by > 2);
	for (size_t i = 20; i < 40; i++)
		outliers[i] = NAN;
	assert_int_equal(stats_serial(outliers, 40, NULL, &by), 0);
	assert_near(by, 1, 0);
}

static void widening_refuses_one_unit_and_logs_of_nothing(void **state)
{
	double rep[] = { -1, 2 };

	(void)state;
	assert_int_equal(stats_widen(rep, 2, 1, 1), -ENODATA);
	assert_int_equal(stats_widen_log(rep, 2, 1, 1), -ENODATA);
	assert_int_equal(stats_widen_log(rep, 2, 1, 5), -EDOM);
	assert_int_equal(stats_widen_log(rep + 1, 1, 0, 5), -EDOM);
}

static void wilson_and_normal_intervals_of_95_in_100(void **state)
{
	struct figure share;

	(void)state;
	assert_int_equal(stats_share_wilson(95, 100, &share), 0);
	assert_near(share.value, 0.95, 1e-12);
	assert_near(share.low, 0.88825, 1e-5); /* (0.95 + 0.019207 -+ 1.96 sqrt(0.000475 + 0.000096)) / 1.038415 */
	assert_near(share.high, 0.97846, 1e-5);
	assert_int_equal(stats_share_normal(95, 100, &share), 0);
	assert_near(share.low, 0.95 - 0.0427164, 1e-6); /* 1.96 sqrt(0.95 0.05 / 100) */
	assert_near(share.high, 0.95 + 0.0427164, 1e-6);
}

/* Of so few, all are neighbours. 1..9 have median 5 and MAD 2: the limit is 3.8 * 1.4826 * 2 = 11.268 from the median. */
static void outliers_lie_some_deviations_from_the_median(void **state)
{
	const double x[11] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, NAN, 5 };
	double far[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 16 }, farther[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 17 };
	bool outlier[11];
	size_t n;

	(void)state;
	assert_int_equal(stats_outliers(x, 11, outlier, &n), 0);
	assert_int_equal(n, 1);
	assert_true(outlier[9]);
	assert_int_equal(stats_outliers(far, 9, outlier, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(stats_outliers(farther, 9, outlier, &n), 0);
	assert_int_equal(n, 1);
	assert_true(outlier[8]);
	assert_int_equal(stats_outliers(farther + 2, 7, outlier, &n), 0); /* too few to tell */
	assert_int_equal(n, 0);
}

/* Sixty at 1, then thirty at 1.5, with noise of 0.02: of all, the thirty would be outliers. */
static void a_level_that_lasts_is_no_outlier(void **state)
{
	double x[90];
	bool outlier[90];
	size_t n;

	(void)state;
	for (size_t i = 0; i < 90; i++)
		x[i] = (i < 60 ? 1 : 1.5) + 0.02 * ((double)(i * 7 % 11) / 5 - 1);
	assert_int_equal(stats_outliers(x, 90, outlier, &n), 0);
	assert_int_equal(n, 0);
	x[20] = 1.5; /* as the others are later, but not for long */
	x[10] = NAN;
	assert_int_equal(stats_outliers(x, 90, outlier, &n), 0);
	assert_int_equal(n, 2);
	assert_true(outlier[20] && outlier[10]);
}

static void a_share_of_nothing_still_has_a_wilson_interval(void **state)
{
	struct figure share;

	(void)state;
	assert_int_equal(stats_share_wilson(0, 10, &share), 0);
	assert_near(share.low, 0, 1e-12);
	assert_near(share.high, 0.27753, 1e-5); /* z^2 / (n + z^2) */
	assert_int_equal(stats_share_wilson(0, 0, &share), -ENODATA);
	assert_int_equal(stats_share_normal(3, 2, &share), -EDOM);
}

static void equal_seeds_draw_equal_indexes(void **state)
{
	struct stats_rng *a = stats_rng_new(7), *b = stats_rng_new(7), *c = stats_rng_new(8);
	size_t x[50], y[50], z[50];

	(void)state;
	assert_int_equal(stats_resample(a, NULL, 10, x, 50), 0);
	assert_int_equal(stats_resample(b, NULL, 10, y, 50), 0);
	assert_int_equal(stats_resample(c, NULL, 10, z, 50), 0);
	assert_memory_equal(x, y, sizeof x);
	assert_memory_not_equal(x, z, sizeof x);
	for (int i = 0; i < 50; i++)
		assert_true(x[i] < 10);
	stats_rng_free(a);
	stats_rng_free(b);
	stats_rng_free(c);
}

static void weights_decide_how_often_an_index_is_drawn(void **state)
{
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	size_t index[10000], count[3] = { 0 };

	(void)state;
	assert_int_equal(stats_resample(rng, (double[]){ 0, 1, 3 }, 3, index, 10000), 0);
	for (int i = 0; i < 10000; i++)
		count[index[i]]++;
	assert_int_equal(count[0], 0);
	assert_in_range(count[2], 7350, 7650); /* 7500 +- 3.5 sd of 43 */
	assert_int_equal(stats_resample(rng, (double[]){ -1, 2 }, 2, index, 1), -EDOM);
	assert_int_equal(stats_resample(rng, (double[]){ 0, 0 }, 2, index, 1), -EDOM);
	assert_int_equal(stats_resample(rng, NULL, 0, index, 1), -ENODATA);
	stats_rng_free(rng);
}

/* Whether the interval of the mean of 8 normal values, bootstrapped and widened, contains the true mean. */
static int mean_is_held(struct stats_rng *rng)
{
	double x[8], rep[400], mean = 0;
	struct figure figure;
	size_t index[8];

	for (int i = 0; i < 8; i++)
		mean += (x[i] = 100 + stats_rng_normal(rng)) / 8;
	for (int i = 0; i < 400; i++) {
		stats_resample(rng, NULL, 8, index, 8);
		rep[i] = 0;
		for (int j = 0; j < 8; j++)
			rep[i] += x[index[j]] / 8;
	}
	assert_int_equal(stats_widen(rep, 400, mean, 8), 0);
	assert_int_equal(stats_interval(rep, 400, mean, &figure), 0);
	return figure.low <= 100 && figure.high >= 100;
}

static void widened_bootstrap_of_8_units_holds_in_95_percent(void **state)
{
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	int held = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		held += mean_is_held(rng);
	print_message("held in %d of 1000\n", held);
	assert_in_range(held, 930, 970);
	stats_rng_free(rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mean_has_students_interval),
		cmocka_unit_test(one_value_has_no_interval),
		cmocka_unit_test(no_data_and_no_numbers_are_errors),
		cmocka_unit_test(what_is_set_aside_widens_by_tukeys_and_mclaughlins_factor),
		cmocka_unit_test(quantiles_are_linear_between_order_statistics),
		cmocka_unit_test(mad_is_the_median_distance_from_the_median),
		cmocka_unit_test(percentile_interval_cuts_two_and_a_half_percent_at_each_end),
		cmocka_unit_test(an_error_that_no_repetition_shows_has_the_deviation_asked_for),
		cmocka_unit_test(few_units_widen_replicates_by_students_factor),
		cmocka_unit_test(widening_refuses_one_unit_and_logs_of_nothing),
		cmocka_unit_test(wilson_and_normal_intervals_of_95_in_100),
		cmocka_unit_test(what_follows_what_was_before_widens_by_batches),
		cmocka_unit_test(outliers_lie_some_deviations_from_the_median),
		cmocka_unit_test(a_level_that_lasts_is_no_outlier),
		cmocka_unit_test(a_share_of_nothing_still_has_a_wilson_interval),
		cmocka_unit_test(equal_seeds_draw_equal_indexes),
		cmocka_unit_test(weights_decide_how_often_an_index_is_drawn),
		cmocka_unit_test(widened_bootstrap_of_8_units_holds_in_95_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
