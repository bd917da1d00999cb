/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_bench_like.c: from a profile to the kinds of bursts that a bench sends, and to its receivers. */
#include "workloads/bench_like.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyze/rows.h"

static void length_size_and_destinations_stay_together(void **state)
{
	/* long bursts of large packets to one, short ones of small packets to several */
	const struct shape_row rows[] = {
		{ .burst_low = 24, .bytes_low = 1024, .sockets = 1, .destinations = 1, .n = 60, .calls_n = 1800, .bytes = 1800 * 1371 },
		{ .burst_low = 2, .bytes_low = 96, .sockets = 1, .destinations = 2, .n = 20, .calls_n = 40, .bytes = 4000 },
	};
	struct block_kind kinds[BLOCK_KINDS_MAX];
	size_t n;

	(void)state;
	assert_int_equal(bench_like_kinds(rows, 2, kinds, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(kinds[0].group, 30);
	assert_int_equal(kinds[0].payload, 1371);
	assert_int_equal(kinds[0].one_destination, 1);
	assert_int_equal(kinds[0].weight, BLOCK_WEIGHT_MAX * 3 / 4);
	assert_int_equal(kinds[1].group, 2);
	assert_int_equal(kinds[1].payload, 100);
	assert_int_equal(kinds[1].one_destination, 0);
	assert_int_equal(kinds[1].weight, BLOCK_WEIGHT_MAX / 4);
}

static void bursts_that_were_not_watched_go_where_the_watched_ones_of_their_length_went(void **state)
{
	const struct shape_row rows[] = {
		{ .burst_low = 24, .bytes_low = 1024, .n = 90, .calls_n = 2700, .bytes = 2700000 },
		{ .burst_low = 24, .bytes_low = 1024, .sockets = 1, .destinations = 1, .n = 9, .calls_n = 270, .bytes = 270000 },
		{ .burst_low = 24, .bytes_low = 1024, .sockets = 1, .destinations = 2, .n = 1, .calls_n = 30, .bytes = 30000 },
		{ .burst_low = 8, .bytes_low = 1024, .n = 50, .calls_n = 400, .bytes = 400000 }, /* of these none was */
		{ .burst_low = 1, .bytes_low = 1024, .sockets = 1, .destinations = 1, .n = 50, .calls_n = 50, .bytes = 50000 },
	};
	struct block_kind kinds[BLOCK_KINDS_MAX];
	size_t n;

	(void)state;
	assert_int_equal(bench_like_kinds(rows, 5, kinds, &n), 0);
	assert_int_equal(n, 4);
	assert_true(kinds[0].group == 30 && kinds[0].one_destination == 1);
	assert_true(kinds[1].group == 8 && kinds[1].one_destination == 1);
	assert_true(kinds[2].group == 1 && kinds[2].one_destination == 0); /* one packet has no others to go elsewhere than */
	assert_true(kinds[3].group == 30 && kinds[3].one_destination == 0);
	assert_int_equal(kinds[0].weight, BLOCK_WEIGHT_MAX * 99 / 200);
}

static void what_is_too_many_or_too_rare_counts_for_the_most_like_and_nothing_is_lost(void **state)
{
	struct shape_row rows[40];
	struct block_kind kinds[BLOCK_KINDS_MAX];
	uint64_t weights = 0;
	double packets = 0;
	size_t n;

	(void)state;
	for (int64_t i = 0; i < 40; i++)
		rows[i] = (struct shape_row){ .burst_low = 10 + i, .bytes_low = 512, .destinations = 2, .n = 40 - i, .calls_n = (40 - i) * (10 + i),
					      .bytes = (40 - i) * (10 + i) * 600 };
	assert_int_equal(bench_like_kinds(rows, 40, kinds, &n), 0);
	assert_int_equal(n, BLOCK_KINDS_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(kinds[i].payload, 600);
		weights += kinds[i].weight;
		packets += (double)(kinds[i].weight * kinds[i].group);
	}
	assert_in_range(weights, BLOCK_WEIGHT_MAX - 16, BLOCK_WEIGHT_MAX + 16);
	/* 820 bursts with 18860 packets, of 23 in the mean; lengths are whole numbers */
	assert_in_range((uint64_t)(100 * packets / (double)weights), 2250, 2350);
}

static void nothing_gives_nothing(void **state)
{
	struct block_kind kinds[BLOCK_KINDS_MAX];
	size_t n = 7;

	(void)state;
	assert_int_equal(bench_like_kinds(NULL, 0, kinds, &n), 0);
	assert_int_equal(n, 0);
}

/* The wake-ups decide between receivers that cost alike, and what a packet costs between those that wake alike. */
static void receivers_fit_by_cost_and_by_wake_ups(void **state)
{
	const struct bench_like like = { .packet_cyc = 10000, .wakes = 0.5 }, silent = { .packet_cyc = 10000 };
	const struct bench_touch dear = { .receivers = BENCH_WORKING, .packet_cyc = 12000, .sleeps = 0.5 },
				 moderated = { .receivers = BENCH_MODERATED, .packet_cyc = 10000, .sleeps = 0.5 },
				 prompt = { .receivers = BENCH_PROMPT, .packet_cyc = 10000, .sleeps = 1.2 },
				 unknown = { .receivers = BENCH_PROMPT, .packet_cyc = 20000, .sleeps = NAN };

	(void)state;
	assert_true(fabs(bench_like_misfit(&like, &dear) - log(1.2)) < 1e-12);
	assert_true(fabs(bench_like_misfit(&like, &moderated) - 0.5) < 1e-12); /* they look by a timer: no packet wakes them */
	assert_true(fabs(bench_like_misfit(&like, &prompt) - 0.5) < 1e-12);    /* a packet wakes one at most */
	assert_true(fabs(bench_like_misfit(&like, &unknown) - log(2)) < 1e-12);
	assert_true(fabs(bench_like_misfit(&silent, &moderated)) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receivers_fit_by_cost_and_by_wake_ups),
		cmocka_unit_test(length_size_and_destinations_stay_together),
		cmocka_unit_test(bursts_that_were_not_watched_go_where_the_watched_ones_of_their_length_went),
		cmocka_unit_test(what_is_too_many_or_too_rare_counts_for_the_most_like_and_nothing_is_lost),
		cmocka_unit_test(nothing_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
