/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_surface.c: s between the points of a grid, weighted with a profile's histograms, and refused outside. */
#include "analyze/rows.h"
#include "analyze/surface.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

#define ROUNDS 4
#define POINT_ROWS ((size_t)3 * ROUNDS)

/* Writes POINT_ROWS rows of one point, where null costs 100 a packet and the others `base` and `alt` on top of it. */
static void point(struct bench_row *rows, int64_t group, int64_t payload, int64_t private, int64_t base, int64_t alt)
{
	const char *ways[] = { "null", "a", "b" };
	const int64_t costs[] = { 100, 100 + base, 100 + alt };

	for (int i = 0; i < (int)POINT_ROWS; i++)
		rows[i] = (struct bench_row){ .run = 1, .round = i / 3, .way = ways[i % 3], .group_size = group,
					      .payload_bytes = payload, .private_bytes = private, .packets_n = 1000,
					      .cpu_cyc = 1000 * (costs[i % 3] + (int64_t)(i % 3) * (i / 3)), .async_cyc = STORE_NULL };
}
/* The term (i % 3) * (i / 3) lets rounds differ: on the mean of four rounds base is 1.5 dearer, alt 3. */

static struct surface *surface_of(const struct bench_row *rows, size_t points_n)
{
	struct surface *surface;

	assert_int_equal(surface_new(rows, points_n * POINT_ROWS, "a", "b", 1, 50, &surface), 0);
	assert_int_equal(surface_points(surface), points_n);
	return surface;
}

/* Groups 1 and 100, payloads 99 and 9999: the middles in log(group) and log(1 + payload) are 10 and 999. */
static struct surface *square(void)
{
	struct bench_row rows[4 * POINT_ROWS];

	point(rows, 1, 99, 0, 3000, 2000);
	point(rows + POINT_ROWS, 100, 99, 0, 2000, 1000);
	point(rows + 2 * POINT_ROWS, 1, 9999, 0, 9000, 8000);
	point(rows + 3 * POINT_ROWS, 100, 9999, 0, 8000, 5000);
	return surface_of(rows, 4);
}

static void a_measured_point_is_returned_as_measured(void **state)
{
	struct surface *surface = square();
	struct speedup s;

	(void)state;
	assert_int_equal(surface_at(surface, 100, 9999, 0, &s), 0);
	assert_near(s.base_cyc.value, 8001.5, 1e-6);
	assert_near(s.alt_cyc.value, 5003, 1e-6);
	assert_int_equal(s.rounds_n, ROUNDS);
	assert_int_equal(s.rep_n, 50);
	assert_true(figure_has_interval(s.s) && s.s.low <= s.s.value && s.s.value <= s.s.high);
	speedup_free(&s);
	surface_free(surface);
}

static void costs_are_linear_in_the_logarithms_between_points(void **state)
{
	struct surface *surface = square();
	struct speedup s;

	(void)state;
	assert_int_equal(surface_at(surface, 10, 999, SURFACE_PRIVATE_ONLY, &s), 0);
	assert_near(s.base_cyc.value, (3000 + 2000 + 9000 + 8000) / 4.0 + 1.5, 1e-6);
	assert_near(s.alt_cyc.value, (2000 + 1000 + 8000 + 5000) / 4.0 + 3, 1e-6);
	assert_near(s.s.value, 5501.5 / 4003, 1e-9);
	for (size_t i = 0; i < s.rep_n; i++)
		assert_near(s.s_rep[i], s.base_rep[i] / s.alt_rep[i], 1e-12);
	speedup_free(&s);
	assert_int_equal(surface_at(surface, 1, 999, 0, &s), 0);
	assert_near(s.base_cyc.value, 6001.5, 1e-6);
	speedup_free(&s);
	surface_free(surface);
}

static void several_steps_of_an_axis_are_told_apart(void **state)
{
	struct bench_row rows[3 * POINT_ROWS];
	struct surface *surface;
	struct speedup s;

	(void)state;
	point(rows, 1000, 100, 0, 500, 250);
	point(rows + POINT_ROWS, 1, 100, 0, 3000, 1000);
	point(rows + 2 * POINT_ROWS, 10, 100, 0, 1000, 500);
	surface = surface_of(rows, 3);
	assert_int_equal(surface_at(surface, 100, 100, 0, &s), 0); /* half way from 10 to 1000 */
	assert_near(s.base_cyc.value, 751.5, 1e-6);
	speedup_free(&s);
	assert_int_equal(surface_at(surface, 10, 100, 0, &s), 0);
	assert_near(s.base_cyc.value, 1001.5, 1e-6);
	speedup_free(&s);
	surface_free(surface);
}

static void outside_the_grid_is_refused_with_its_bounds(void **state)
{
	struct surface *surface = square();
	struct speedup s;
	const char *said;

	(void)state;
	said_begin();
	assert_int_equal(surface_at(surface, 101, 99, 0, &s), -ERANGE);
	said = said_end();
	assert_said(said, "measured group 1 to 100, payload 99 to 9999");
	assert_said(said, "asked for group 101 to 101");
	assert_int_equal(said_lines(said), 1);
	said_begin();
	assert_int_equal(surface_at(surface, 10, 98, 0, &s), -ERANGE);
	assert_int_equal(surface_at(surface, 10, 99, 12, &s), -ERANGE);
	assert_int_equal(surface_at(surface, 0, 99, 0, &s), -EINVAL);
	said_end();
	assert_null(s.s_rep);
	surface_free(surface);
}

static void weighted_s_is_total_cost_over_total_cost(void **state)
{
	const struct hist_row bursts[] = { { .low = 1, .n = 1000, .total = 1000 }, { .low = 100, .n = 10, .total = 1000 } };
	const struct hist_row bytes[] = { { .low = 99, .n = 7, .total = 693 } };
	struct bench_row rows[2 * POINT_ROWS];
	struct surface *surface;
	struct speedup s;

	(void)state;
	point(rows, 1, 99, 0, 3000, 3000);
	point(rows + POINT_ROWS, 100, 99, 0, 1000, 500);
	surface = surface_of(rows, 2);
	assert_int_equal(surface_weigh(surface, bursts, 2, bytes, 1, SURFACE_PRIVATE_ONLY, &s), 0);
	assert_near(s.base_cyc.value, 2001.5, 1e-6); /* half of the packets each: bursts weigh by the packets in them */
	assert_near(s.alt_cyc.value, 1753, 1e-6);
	assert_near(s.s.value, 2001.5 / 1753, 1e-9); /* 1.14, where the mean of s_i would be 1.5 */
	speedup_free(&s);
	surface_free(surface);
}

static void sizes_weigh_by_their_calls_and_use_exact_means(void **state)
{
	const struct hist_row bursts[] = { { .low = 96, .n = 1, .total = 100 } };
	const struct hist_row bytes[] = { { .low = 96, .n = 30, .total = 2970 }, { .low = 9728, .n = 10, .total = 99990 } };
	struct surface *surface = square();
	struct speedup s;

	(void)state;
	assert_int_equal(surface_weigh(surface, bursts, 1, bytes, 2, 0, &s), 0);
	assert_near(s.base_cyc.value, 0.75 * 2000 + 0.25 * 8000 + 1.5, 1e-6);
	speedup_free(&s);
	surface_free(surface);
}

static void a_thousandth_of_the_packets_may_lie_outside(void **state)
{
	struct hist_row bursts[] = { { .low = 100, .n = 10, .total = 1000 }, { .low = 101, .n = 1, .total = 101 } };
	const struct hist_row bytes[] = { { .low = 99, .n = 1, .total = 99 } };
	struct surface *surface = square();
	struct speedup s;

	(void)state;
	said_begin();
	assert_int_equal(surface_weigh(surface, bursts, 2, bytes, 1, 0, &s), -ERANGE);
	assert_said(said_end(), "9.17 % of the packets");
	bursts[0].n = 2000;
	bursts[0].total = 200000;
	assert_int_equal(surface_weigh(surface, bursts, 2, bytes, 1, 0, &s), 0);
	assert_near(s.base_cyc.value, 2001.5, 1e-6);
	speedup_free(&s);
	surface_free(surface);
}

static void an_empty_histogram_is_an_error(void **state)
{
	struct surface *surface = square();
	struct speedup s;

	(void)state;
	said_begin();
	assert_int_equal(surface_weigh(surface, NULL, 0, NULL, 0, 0, &s), -ENODATA);
	assert_said(said_end(), "no histogram");
	surface_free(surface);
}

static void several_private_sizes_need_a_choice(void **state)
{
	struct bench_row rows[2 * POINT_ROWS];
	struct surface *surface;
	struct speedup s;

	(void)state;
	point(rows, 10, 100, 0, 1000, 500);
	point(rows + POINT_ROWS, 10, 100, 20, 2000, 1500);
	surface = surface_of(rows, 2);
	said_begin();
	assert_int_equal(surface_at(surface, 10, 100, SURFACE_PRIVATE_ONLY, &s), -ERANGE);
	assert_said(said_end(), "--private");
	assert_int_equal(surface_at(surface, 10, 100, 5, &s), 0);
	assert_near(s.base_cyc.value, 1251.5, 1e-6); /* linear in private bytes */
	speedup_free(&s);
	surface_free(surface);
}

static void points_without_a_whole_round_are_left_out(void **state)
{
	struct bench_row rows[2 * POINT_ROWS];
	struct surface *surface;

	(void)state;
	point(rows, 10, 100, 0, 1000, 500);
	point(rows + POINT_ROWS, 100, 100, 0, 1000, 500);
	assert_int_equal(surface_new(rows, POINT_ROWS + 2, "a", "b", 1, 50, &surface), 0);
	assert_int_equal(surface_points(surface), 1);
	surface_free(surface);
	said_begin();
	assert_int_equal(surface_new(rows, 2, "a", "b", 1, 50, &surface), -ENODATA);
	assert_said(said_end(), "--alternative b");
	assert_null(surface);
}

static void a_missing_corner_is_named(void **state)
{
	struct bench_row rows[3 * POINT_ROWS];
	struct surface *surface;
	struct speedup s;

	(void)state;
	point(rows, 1, 100, 0, 1000, 500);
	point(rows + POINT_ROWS, 10, 100, 0, 1000, 500);
	point(rows + 2 * POINT_ROWS, 1, 1000, 0, 1000, 500);
	surface = surface_of(rows, 3);
	said_begin();
	assert_int_equal(surface_at(surface, 5, 500, 0, &s), -ENODATA);
	assert_said(said_end(), "group 10, payload 1000");
	assert_int_equal(surface_at(surface, 5, 100, 0, &s), 0); /* on the edge that was measured */
	speedup_free(&s);
	surface_free(surface);
}

static void a_bench_in_the_profiles_shape_weighs_by_its_own_packets(void **state)
{
	struct bench_row rows[2 * POINT_ROWS];
	struct surface *surface;
	struct speedup s;

	(void)state;
	point(rows, 1, 99, 0, 3000, 3000);
	point(rows + POINT_ROWS, 100, 99, 0, 1000, 500);
	for (size_t i = POINT_ROWS; i < 2 * POINT_ROWS; i++) {
		rows[i].packets_n *= 3;
		rows[i].cpu_cyc *= 3;
	}
	surface = surface_of(rows, 2);
	assert_int_equal(surface_own(surface, &s), 0);
	assert_near(s.base_cyc.value, 0.25 * 3000 + 0.75 * 1000 + 1.5, 1e-6);
	speedup_free(&s);
	surface_free(surface);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_measured_point_is_returned_as_measured),
		cmocka_unit_test(costs_are_linear_in_the_logarithms_between_points),
		cmocka_unit_test(several_steps_of_an_axis_are_told_apart),
		cmocka_unit_test(outside_the_grid_is_refused_with_its_bounds),
		cmocka_unit_test(weighted_s_is_total_cost_over_total_cost),
		cmocka_unit_test(sizes_weigh_by_their_calls_and_use_exact_means),
		cmocka_unit_test(a_thousandth_of_the_packets_may_lie_outside),
		cmocka_unit_test(an_empty_histogram_is_an_error),
		cmocka_unit_test(several_private_sizes_need_a_choice),
		cmocka_unit_test(points_without_a_whole_round_are_left_out),
		cmocka_unit_test(a_missing_corner_is_named),
		cmocka_unit_test(a_bench_in_the_profiles_shape_weighs_by_its_own_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
