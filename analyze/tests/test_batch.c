/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_batch.c: rounds of a micro-benchmark joined into batches. */
#include "analyze/batch.h"
#include "analyze/rows.h"
#include "analyze/speedup.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

static struct bench_row block(int64_t group, int64_t round, const char *way, int64_t packets_n, int64_t cpu_cyc)
{
	return (struct bench_row){ .run = 1, .round = round, .way = way, .group_size = group, .payload_bytes = 100,
				   .packets_n = packets_n, .cpu_cyc = cpu_cyc, .async_cyc = STORE_NULL };
}

/* A whole round of a, b and null, each of one packet, which cost 100, 50 and 1 times the round's number + 1. */
static void add_round(struct batches *batches, int64_t group, int64_t round)
{
	const struct bench_row rows[] = {
		block(group, round, "a", 1, 100 * (round + 1)),
		block(group, round, "b", 1, 50 * (round + 1)),
		block(group, round, "null", 1, round + 1),
	};

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(batches_add(batches, &rows[i]), 0);
}

static const struct bench_row *find(const struct bench_row *rows, size_t n, int64_t group, int64_t round, const char *way)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].group_size == group && rows[i].round == round && strcmp(rows[i].way, way) == 0)
			return &rows[i];
	fail_msg("no row of group %d, round %d, way %s", (int)group, (int)round, way);
	return NULL;
}

static void few_rounds_stay_as_they_are(void **state)
{
	struct batches *batches = batches_new("a", "b");
	const struct bench_row *rows;
	size_t n;

	(void)state;
	for (int64_t round = 0; round < BATCHES_MAX; round++)
		add_round(batches, 10, round);
	assert_int_equal(batches_rows(batches, &rows, &n), 0);
	assert_int_equal(n, 3 * BATCHES_MAX);
	assert_int_equal(find(rows, n, 10, BATCHES_MAX - 1, "a")->cpu_cyc, 100 * BATCHES_MAX);
	assert_int_equal(find(rows, n, 10, 7, "null")->packets_n, 1);
	assert_true(find(rows, n, 10, 7, "b")->async_cyc == STORE_NULL);
	batches_free(batches);
}

static void neighbours_are_joined_two_by_two_when_there_are_more(void **state)
{
	struct batches *batches = batches_new("a", "b");
	const struct bench_row *rows;
	size_t n;

	(void)state;
	for (int64_t round = 0; round < 2 * BATCHES_MAX + 1; round++)
		add_round(batches, 10, round);
	assert_int_equal(batches_rows(batches, &rows, &n), 0);
	assert_int_equal(n, 3 * (BATCHES_MAX / 2 + 1)); /* 100 batches of 4 rounds, and one that has begun */
	assert_int_equal(find(rows, n, 10, 0, "a")->packets_n, 4);
	assert_int_equal(find(rows, n, 10, 0, "a")->cpu_cyc, 100 * (1 + 2 + 3 + 4));
	assert_int_equal(find(rows, n, 10, 99, "b")->cpu_cyc, 50 * (397 + 398 + 399 + 400));
	assert_int_equal(find(rows, n, 10, 100, "null")->packets_n, 1);
	assert_int_equal(find(rows, n, 10, 100, "null")->cpu_cyc, 401);
	batches_free(batches);
}

static void every_point_has_batches_of_its_own(void **state)
{
	struct batches *batches = batches_new("a", "b");
	const struct bench_row *rows;
	size_t n;

	(void)state;
	for (int64_t group = 1; group <= 3; group++)
		for (int64_t round = 0; round < (group == 2 ? 5000 : 3); round++)
			add_round(batches, group, round);
	assert_int_equal(batches_rows(batches, &rows, &n), 0);
	assert_int_equal(n, 3 * (3 + 157 + 3)); /* 5,000 rounds by 32: 156 and a quarter */
	assert_int_equal(find(rows, n, 1, 2, "a")->cpu_cyc, 300);
	assert_int_equal(find(rows, n, 2, 155, "a")->packets_n, 32);
	assert_int_equal(find(rows, n, 2, 156, "a")->packets_n, 8);
	assert_int_equal(find(rows, n, 3, 0, "b")->cpu_cyc, 50);
	batches_free(batches);
}

static void a_round_that_lacks_a_way_is_in_no_batch(void **state)
{
	const struct bench_row some[] = {
		block(10, 0, "a", 1, 9999), block(10, 0, "c", 1, 7),   block(10, 0, "null", 1, 9999), /* no b */
		block(10, 1, "a", 1, 30),   block(10, 1, "b", 1, 20),  block(10, 1, "c", 1, 7777),  block(10, 1, "null", 1, 10),
		block(10, 2, "a", 1, 500),  block(10, 2, "b", 0, 500), block(10, 2, "null", 1, 10), /* b sent nothing */
		block(20, 2, "b", 1, 500), /* the same number, but of another point */
	};
	struct batches *batches = batches_new("a", "b");
	const struct bench_row *rows;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		assert_int_equal(batches_add(batches, &some[i]), 0);
	assert_int_equal(batches_rows(batches, &rows, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(find(rows, n, 10, 0, "a")->cpu_cyc, 30);
	batches_free(batches);
}

static void asynchronous_cycles_are_summed_where_they_are_known(void **state)
{
	struct batches *batches = batches_new("a", "a"); /* a way may be compared with itself */
	const struct bench_row *rows;
	size_t n;

	(void)state;
	for (int64_t round = 0; round <= BATCHES_MAX; round++) {
		struct bench_row a = block(10, round, "a", 1, 10), null = block(10, round, "null", 1, 1);

		a.async_cyc = round == 1 ? 5 : STORE_NULL;
		assert_int_equal(batches_add(batches, &a), 0);
		assert_int_equal(batches_add(batches, &null), 0);
	}
	assert_int_equal(batches_rows(batches, &rows, &n), 0);
	assert_int_equal(n, 2 * (BATCHES_MAX / 2 + 1));
	assert_int_equal(find(rows, n, 10, 0, "a")->async_cyc, 5);
	assert_true(find(rows, n, 10, 1, "a")->async_cyc == STORE_NULL);
	batches_free(batches);
}

static void s_of_the_batches_is_s_of_the_rounds(void **state)
{
	enum { ROUNDS = 1000 };
	static struct bench_row all[3 * ROUNDS];
	struct batches *batches = batches_new("a", "b");
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	const struct bench_row *rows;
	struct speedup whole, joined;
	size_t n;

	(void)state;
	for (int64_t i = 0; i < ROUNDS; i++) {
		double drift = 1000 * (1 + 0.02 * stats_rng_normal(rng)); /* what a and b differ by is bounded: there are no outliers */

		all[3 * i] = block(10, i, "a", 10, (int64_t)(520 * drift * (0.98 + 0.04 * stats_rng_uniform(rng))));
		all[3 * i + 1] = block(10, i, "b", 10, (int64_t)(420 * drift * (0.98 + 0.04 * stats_rng_uniform(rng))));
		all[3 * i + 2] = block(10, i, "null", 10, (int64_t)(20 * drift));
	}
	for (size_t i = 0; i < 3 * ROUNDS; i++)
		assert_int_equal(batches_add(batches, &all[i]), 0);
	assert_int_equal(batches_rows(batches, &rows, &n), 0);
	assert_int_equal(speedup_compute(all, 3 * ROUNDS, "a", "b", 1, 1000, &whole), 0);
	assert_int_equal(speedup_compute(rows, n, "a", "b", 1, 1000, &joined), 0);
	assert_near(joined.s.value, whole.s.value, 1e-12);
	assert_int_equal(joined.rounds_n, 125);
	assert_near(figure_half_width(joined.s) / figure_half_width(whole.s), 1, 0.2);
	speedup_free(&whole);
	speedup_free(&joined);
	stats_rng_free(rng);
	batches_free(batches);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_rounds_stay_as_they_are),
		cmocka_unit_test(neighbours_are_joined_two_by_two_when_there_are_more),
		cmocka_unit_test(every_point_has_batches_of_its_own),
		cmocka_unit_test(a_round_that_lacks_a_way_is_in_no_batch),
		cmocka_unit_test(asynchronous_cycles_are_summed_where_they_are_known),
		cmocka_unit_test(s_of_the_batches_is_s_of_the_rounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
