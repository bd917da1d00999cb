/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_counted.c: a counted figure taken apart, worked out by hand. */
#include "analyze/counted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/rows.h"

#define ROW(number, name, packets, cyc) \
	{ .round = (number), .way = (name), .group_size = 10, .payload_bytes = 100, .packets_n = (packets), .cpu_cyc = (cyc), .async_cyc = STORE_NULL }

/* sendmsg less null: 90, 110, 100, 95. In the middle 95 and 100, the rounds 3 and 2. */
static const struct bench_row bench[] = {
	{ .round = 0, .way = "null", .group_size = 1, .payload_bytes = 100, .packets_n = 1, .cpu_cyc = 1, .async_cyc = STORE_NULL },
	ROW(0, "null", 100, 1000), ROW(0, "sendmsg", 100, 10000), ROW(1, "null", 100, 1000), ROW(1, "sendmsg", 100, 12000),
	ROW(2, "null", 100, 1000), ROW(2, "sendmsg", 50, 5500),	  ROW(3, "null", 100, 1000), ROW(3, "sendmsg", 100, 10500),
};
enum { BENCH_N = sizeof bench / sizeof *bench };

#define COUNT(number, name, its_stage, its_function, n) \
	{ .round = (number), .way = (name), .group_size = 10, .payload_bytes = 100, .stage = (its_stage), .function = (its_function), .insn_n = (n) }

static const struct counted_row rows[] = {
	COUNT(2, "null", "user", "", 1000), COUNT(2, "sendmsg", "ip", "ip_output", 1000), COUNT(2, "sendmsg", "socket", "udp_sendmsg", 4000),
	COUNT(2, "sendmsg", "user", "", 500), COUNT(3, "null", "user", "", 1000), COUNT(3, "sendmsg", "ip", "ip_output", 1000),
	COUNT(3, "sendmsg", "socket", "udp_sendmsg", 8000), COUNT(3, "sendmsg", "user", "", 1300),
};
enum { ROWS_N = sizeof rows / sizeof *rows };

static void the_rounds_of_the_median_are_found(void **state)
{
	int64_t rounds[COUNTED_ROUNDS_MAX];

	(void)state;
	assert_int_equal(counted_rounds(bench + 1, BENCH_N - 1, "sendmsg", rounds), 2);
	assert_true(rounds[0] == 3 && rounds[1] == 2);
	assert_int_equal(counted_rounds(bench + 1, BENCH_N - 3, "sendmsg", rounds), 1); /* without round 3 */
	assert_int_equal(rounds[0], 2);
	assert_int_equal(counted_rounds(bench + 1, BENCH_N - 1, "write", rounds), 0);
}

static void the_parts_add_up_to_the_figure(void **state)
{
	struct counted c;
	double sum = 0;

	(void)state;
	assert_int_equal(counted_compute(bench, BENCH_N, rows, ROWS_N, "sendmsg", 10, 100, 0, &c), 0);
	assert_float_equal(c.total, 97.5, 1e-9);
	/* ip: (20 + 10) / 2; socket: (80 + 80) / 2; user: ((10 - 10) + (13 - 10)) / 2; 97.5 - 96.5 were other threads */
	assert_float_equal(counted_stage(&c, "ip"), 15, 1e-9);
	assert_float_equal(counted_stage(&c, "socket"), 80, 1e-9);
	assert_float_equal(counted_stage(&c, "user"), 1.5, 1e-9);
	assert_float_equal(counted_stage(&c, "copy"), 0, 1e-9);
	assert_float_equal(c.rest, 1, 1e-9);
	assert_int_equal(c.n, 3);
	for (size_t i = 0; i < c.n; i++)
		sum += c.parts[i].insn;
	assert_float_equal(sum + c.rest, c.total, 1e-9);
	counted_free(&c);
}

static void what_was_not_counted_has_no_parts(void **state)
{
	struct counted c;

	(void)state;
	assert_int_equal(counted_compute(bench, BENCH_N, rows, ROWS_N, "write", 10, 100, 0, &c), -ENOENT);
	assert_int_equal(counted_compute(bench, BENCH_N, rows, ROWS_N, "sendmsg", 1, 100, 0, &c), -ENOENT);
	assert_int_equal(counted_compute(bench, BENCH_N, NULL, 0, "sendmsg", 10, 100, 0, &c), -ENOENT);
	assert_null(c.parts);
}

static void what_moved_most_comes_first(void **state)
{
	struct counted_part before[] = { { "ip", "ip_output", 20 }, { "socket", "gone", 5 }, { "socket", "udp_sendmsg", 80 } };
	struct counted_part after[] = { { "ip", "ip_output", 23 }, { "queue", "new", 65 }, { "socket", "udp_sendmsg", 80 } };
	const struct counted a = { .parts = before, .n = 3 }, b = { .parts = after, .n = 3 };
	struct counted_move *moves;
	size_t n;

	(void)state;
	assert_int_equal(counted_moves(&a, &b, &moves, &n), 0);
	assert_int_equal(n, 4);
	assert_string_equal(moves[0].function, "new");
	assert_true(moves[0].before == 0 && moves[0].after == 65);
	assert_string_equal(moves[1].function, "gone");
	assert_true(moves[1].before == 5 && moves[1].after == 0);
	assert_string_equal(moves[2].function, "ip_output");
	assert_string_equal(moves[3].function, "udp_sendmsg");
	free(moves);
}

static void every_stage_has_a_title(void **state)
{
	size_t n = 0;

	(void)state;
	while (counted_stage_name(n)) {
		assert_non_null(counted_stage_title(n));
		n++;
	}
	assert_null(counted_stage_title(n));
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rounds_of_the_median_are_found), cmocka_unit_test(the_parts_add_up_to_the_figure),
		cmocka_unit_test(what_was_not_counted_has_no_parts), cmocka_unit_test(what_moved_most_comes_first),
		cmocka_unit_test(every_stage_has_a_title),
	};

	return cmocka_run_group_tests_name("counted", tests, NULL, NULL);
}
