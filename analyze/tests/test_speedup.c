/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_speedup.c: s from the blocks of a micro-benchmark. */
#include "analyze/rows.h"
#include "analyze/speedup.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

static struct bench_row block(int64_t round, const char *way, int64_t packets_n, int64_t cpu_cyc, int64_t async_cyc)
{
	return (struct bench_row){ .run = 1, .round = round, .way = way, .group_size = 10, .payload_bytes = 100,
				   .packets_n = packets_n, .cpu_cyc = cpu_cyc, .async_cyc = async_cyc };
}

static void s_is_the_quotient_of_costs_net_of_null(void **state)
{
	const struct bench_row rows[] = {
		block(1, "null", 1000, 100000, STORE_NULL),    /* 100 a packet */
		block(1, "sendmsg", 1000, 1100000, STORE_NULL), /* 1100, net 1000 */
		block(1, "sendmmsg", 2000, 1200000, STORE_NULL), /* 600, net 500 */
	};
	struct speedup s;

	(void)state;
	assert_int_equal(speedup_compute(rows, 3, "sendmsg", "sendmmsg", 1, 100, &s), 0);
	assert_near(s.null_cyc, 100, 1e-9);
	assert_near(s.base_cyc.value, 1000, 1e-9);
	assert_near(s.alt_cyc.value, 500, 1e-9);
	assert_near(s.s.value, 2, 1e-12);
	speedup_free(&s);
}

static void a_dearer_baseline_leaves_the_alternative_as_it_was(void **state)
{
	struct bench_row rows[60];
	struct speedup s;

	(void)state;
	for (int64_t i = 0; i < 20; i++) {
		rows[3 * i] = block(i, "null", 10, 1000, STORE_NULL);
		rows[3 * i + 1] = block(i, "a", 10, 11000 + 100 * (i % 5), STORE_NULL);
		rows[3 * i + 2] = block(i, "b", 10, 6000 + 100 * (i % 3), STORE_NULL);
	}
	assert_int_equal(speedup_compute(rows, 60, "a", "b", 1, 100, &s), 0);
	const struct figure alt = s.alt_cyc, before = s.s;
	const double by = 1200 / s.base_cyc.value, rep = s.s_rep[7];
	speedup_rebase(&s, 1200);
	assert_near(s.base_cyc.value, 1200, 1e-9);
	assert_near(s.alt_cyc.value, alt.value, 0);
	assert_near(s.s.value, 1200 / alt.value, 1e-12);
	assert_near(s.s.low, before.low * by, 1e-12);
	assert_near(s.s.high, before.high * by, 1e-12);
	assert_near(s.s_rep[7], rep * by, 1e-12);
	speedup_free(&s);
}

static void one_round_has_a_value_but_no_interval(void **state)
{
	const struct bench_row rows[] = { block(1, "null", 1, 10, 0), block(1, "a", 1, 30, 0), block(1, "b", 1, 20, 0) };
	struct speedup s;

	(void)state;
	assert_int_equal(speedup_compute(rows, 3, "a", "b", 1, 100, &s), 0);
	assert_int_equal(s.rounds_n, 1);
	assert_int_equal(s.rep_n, 0);
	assert_false(figure_has_interval(s.s));
	assert_false(speedup_narrow(&s, 1));
	speedup_free(&s);
}

/* 24 rounds with net costs of 1000 and 500, a cycle more or less from round to round; in one, something took 10,000 cycles
 * of the alternative's block. */
static void a_disturbed_round_is_set_aside_and_counted(void **state)
{
	struct bench_row rows[72];
	struct speedup s;

	(void)state;
	for (int64_t i = 0; i < 24; i++) {
		rows[3 * i] = block(i, "null", 10, 1000, STORE_NULL);
		rows[3 * i + 1] = block(i, "a", 10, 11000, STORE_NULL);
		rows[3 * i + 2] = block(i, "b", 10, 6000 + 10 * (i % 3 - 1) + (i == 7 ? 10000 : 0), STORE_NULL);
	}
	assert_int_equal(speedup_compute(rows, 72, "a", "b", 1, 100, &s), 0);
	assert_int_equal(s.outliers_n, 1);
	assert_int_equal(s.rounds_n, 23);
	assert_near(s.s.value, 2, 1e-3);
	speedup_free(&s);
}

/* Half width of s where an alternative costs a tenth more in every other stretch of so many rounds. */
static double width_with_moods(int64_t stretch)
{
	struct bench_row rows[3 * 96];
	struct speedup s;

	for (int64_t i = 0; i < 96; i++) {
		rows[3 * i] = block(i, "null", 10, 1000, STORE_NULL);
		rows[3 * i + 1] = block(i, "a", 10, 11000, STORE_NULL);
		rows[3 * i + 2] = block(i, "b", 10, 6000 + 500 * (i / stretch % 2), STORE_NULL);
	}
	assert_int_equal(speedup_compute(rows, 3 * 96, "a", "b", 1, 500, &s), 0);
	double half = figure_half_width(s.s);
	speedup_free(&s);
	return half;
}

static void moods_that_last_make_s_less_certain(void **state)
{
	(void)state;
	assert_true(width_with_moods(16) > 2 * width_with_moods(1));
}

static void asynchronous_cycles_count_as_cost(void **state)
{
	const struct bench_row rows[] = { block(1, "null", 1, 10, STORE_NULL), block(1, "a", 1, 30, 80), block(1, "b", 1, 40, 20) };
	struct speedup s;

	(void)state;
	assert_int_equal(speedup_compute(rows, 3, "a", "b", 1, 100, &s), 0);
	assert_near(s.s.value, 2, 1e-12); /* (110 - 10) / (60 - 10) */
	speedup_free(&s);
}

static void rounds_that_lack_a_way_are_left_out(void **state)
{
	const struct bench_row rows[] = {
		block(2, "a", 1, 9999, 0), block(1, "b", 1, 20, 0),  block(1, "null", 1, 10, 0), block(2, "null", 1, 10, 0),
		block(1, "a", 1, 30, 0),   block(3, "b", 0, 500, 0), block(3, "a", 1, 500, 0),   block(3, "null", 1, 10, 0),
		block(1, "c", 1, 7777, 0),
	};
	struct speedup s;

	(void)state;
	assert_int_equal(speedup_rounds(rows, 9, "a", "b"), 1);
	assert_int_equal(speedup_compute(rows, 9, "a", "b", 1, 100, &s), 0);
	assert_near(s.s.value, 2, 1e-12);
	speedup_free(&s);
}

static void rounds_weigh_by_their_packets(void **state)
{
	const struct bench_row rows[] = {
		block(1, "null", 10, 0, 0), block(1, "a", 10, 1000, 0),  block(1, "b", 10, 500, 0), /* 100 : 50 */
		block(2, "null", 10, 0, 0), block(2, "a", 30, 13000, 0), block(2, "b", 10, 500, 0), /* 433.3 : 50 */
	};
	struct speedup s;

	(void)state;
	assert_int_equal(speedup_compute(rows, 6, "a", "b", 1, 100, &s), 0);
	assert_near(s.base_cyc.value, 14000.0 / 40, 1e-9);
	assert_near(s.s.value, 7, 1e-9);
	speedup_free(&s);
}

static void drift_common_to_a_round_cancels(void **state)
{
	struct bench_row rows[30];
	struct speedup s;

	(void)state;
	for (int64_t i = 0; i < 10; i++) { /* the machine slows down by half in the course of the run; s stays 2 */
		rows[3 * i] = block(i, "null", 1000, 0, 0);
		rows[3 * i + 1] = block(i, "a", 1000, 1000000 + 50000 * i, 0);
		rows[3 * i + 2] = block(i, "b", 1000, 500000 + 25000 * i, 0);
	}
	assert_int_equal(speedup_compute(rows, 30, "a", "b", 1, 500, &s), 0);
	assert_near(s.s.low, 2, 1e-9);
	assert_near(s.s.high, 2, 1e-9);
	assert_true(s.base_cyc.high - s.base_cyc.low > 100);
	assert_true(speedup_narrow(&s, 0.01));
	speedup_free(&s);
}

static void replicates_of_base_alt_and_s_pair(void **state)
{
	struct bench_row rows[30];
	struct speedup s, again;

	(void)state;
	for (int64_t i = 0; i < 10; i++) {
		rows[3 * i] = block(i, "null", 1000, 1000, 0);
		rows[3 * i + 1] = block(i, "a", 1000, 1000000 + 777 * (i * 7 % 10), 0);
		rows[3 * i + 2] = block(i, "b", 1000, 500000 + 999 * (i * 3 % 10), 0);
	}
	assert_int_equal(speedup_compute(rows, 30, "a", "b", 5, 50, &s), 0);
	assert_int_equal(speedup_compute(rows, 30, "a", "b", 5, 50, &again), 0);
	assert_int_equal(s.rep_n, 50);
	for (size_t i = 0; i < 50; i++)
		assert_near(s.s_rep[i], s.base_rep[i] / s.alt_rep[i], 1e-12);
	assert_memory_equal(s.s_rep, again.s_rep, 50 * sizeof *s.s_rep); /* equal seed, equal replicates */
	speedup_free(&s);
	speedup_free(&again);
}

static void a_way_that_was_not_measured_is_named(void **state)
{
	const struct bench_row rows[] = { block(1, "null", 1, 10, 0), block(1, "sendmsg", 1, 30, 0) };
	struct speedup s;
	const char *said;

	(void)state;
	said_begin();
	assert_int_equal(speedup_compute(rows, 2, "sendmsg", "uring", 1, 100, &s), -ENODATA);
	said = said_end();
	assert_said(said, "forecall bench --baseline sendmsg --alternative uring");
	assert_int_equal(said_lines(said), 1);
}

static void a_way_as_cheap_as_null_is_refused(void **state)
{
	const struct bench_row rows[] = { block(1, "null", 1, 30, 0), block(1, "a", 1, 40, 0), block(1, "b", 1, 30, 0) };
	struct speedup s;

	(void)state;
	said_begin();
	assert_int_equal(speedup_compute(rows, 3, "a", "b", 1, 100, &s), -EDOM);
	assert_said(said_end(), "no more than the null sender");
	assert_null(s.s_rep);
}

/* Noise of 1 %; in this share of all blocks something disturbs the machine, and it is 6 %. */
static double noise(struct stats_rng *rng, double disturbed)
{
	return 1 + (stats_rng_uniform(rng) < disturbed ? 0.06 : 0.01) * stats_rng_normal(rng);
}

enum { ROUNDS_MAX = 40 };

/* Rounds of ways that cost 5000 and 4000 net of 200, each with its own drift of 2 %. */
static int s_is_held(struct stats_rng *rng, uint64_t seed, int64_t rounds, double disturbed)
{
	struct bench_row rows[3 * ROUNDS_MAX];
	struct speedup s;
	int held;

	for (int64_t i = 0; i < rounds; i++) {
		double drift = 1e6 * (1 + 0.02 * stats_rng_normal(rng));

		rows[3 * i] = block(i, "null", 1000, (int64_t)(0.2 * drift * noise(rng, disturbed)), 0);
		rows[3 * i + 1] = block(i, "a", 1000, (int64_t)(5.2 * drift * noise(rng, disturbed)), 0);
		rows[3 * i + 2] = block(i, "b", 1000, (int64_t)(4.2 * drift * noise(rng, disturbed)), 0);
	}
	assert_int_equal(speedup_compute(rows, 3 * (size_t)rounds, "a", "b", seed, 500, &s), 0);
	held = s.s.low <= 1.25 && s.s.high >= 1.25;
	speedup_free(&s);
	return held;
}

static int held_of(int trials, int64_t rounds, double disturbed)
{
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	int held = 0;

	for (int i = 0; i < trials; i++)
		held += s_is_held(rng, (uint64_t)i, rounds, disturbed);
	stats_rng_free(rng);
	print_message("held in %d of %d\n", held, trials);
	return held;
}

static void intervals_of_s_hold_in_92_to_98_percent(void **state)
{
	(void)state;
	assert_in_range(held_of(200, 10, 0), 184, 196);
}

static void intervals_hold_as_often_where_rounds_are_set_aside(void **state)
{
	(void)state;
	assert_in_range(held_of(500, ROUNDS_MAX, 0.1), 470, 490); /* 94 to 98 % */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s_is_the_quotient_of_costs_net_of_null),
		cmocka_unit_test(one_round_has_a_value_but_no_interval),
		cmocka_unit_test(a_disturbed_round_is_set_aside_and_counted),
		cmocka_unit_test(moods_that_last_make_s_less_certain),
		cmocka_unit_test(asynchronous_cycles_count_as_cost),
		cmocka_unit_test(rounds_that_lack_a_way_are_left_out),
		cmocka_unit_test(rounds_weigh_by_their_packets),
		cmocka_unit_test(drift_common_to_a_round_cancels),
		cmocka_unit_test(replicates_of_base_alt_and_s_pair),
		cmocka_unit_test(a_dearer_baseline_leaves_the_alternative_as_it_was),
		cmocka_unit_test(a_way_that_was_not_measured_is_named),
		cmocka_unit_test(a_way_as_cheap_as_null_is_refused),
		cmocka_unit_test(intervals_of_s_hold_in_92_to_98_percent),
		cmocka_unit_test(intervals_hold_as_often_where_rounds_are_set_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
