/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_rank.c: which way suits which server, by servers whose bursts are known. */
#include "analyze/rank.h"

#include "analyze/rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct rank_needs sendmmsg = { .batches = true, .one_socket = true }, connected = { 0 },
			       gso = { .batches = true, .one_socket = true, .one_destination = true };

static void the_shape_is_read_from_the_histograms(void **state)
{
	/* 30 bursts of one, 2 of 10 and 1 of 50: 100 sends */
	const struct hist_row bursts[] = { { .low = 1, .n = 30, .total = 30 }, { .low = 10, .n = 2, .total = 20 }, { .low = 50, .n = 1, .total = 50 } };
	const struct hist_row bytes[] = { { .low = 100, .n = 75, .total = 7500 }, { .low = 500, .n = 25, .total = 12500 } };
	struct rank_profile p;

	(void)state;
	rank_profile_read(bursts, 3, bytes, 2, &p);
	assert_float_equal(p.alone, 0.3, 1e-12);
	assert_float_equal(p.burst, (30 * 1 + 20 * 10 + 50 * 50) / 100.0, 1e-12);
	assert_float_equal(p.bytes, 200, 1e-12);
	assert_true(isnan(p.one_socket) && isnan(p.one_destination));
}

static void a_batched_way_needs_bursts(void **state)
{
	const struct rank_profile p = { .alone = 0.9, .burst = 1.1, .bytes = 100, .one_socket = 1, .one_destination = 1 };
	char why[256];

	(void)state;
	assert_true(rank_unsuited(&sendmmsg, &p, why, sizeof why));
	assert_string_equal(why, "90 % of its sends stand alone: there is nothing to batch");
	assert_false(rank_unsuited(&connected, &p, why, sizeof why));
}

static void one_call_takes_one_socket(void **state)
{
	const struct rank_profile redis = { .alone = 0, .burst = 100, .bytes = 100, .one_socket = 0.02, .one_destination = 0.02 },
				  unknown = { .alone = 0, .burst = 100, .bytes = 100, .one_socket = NAN, .one_destination = NAN };
	const struct rank_needs uring_multi = { .batches = true };
	char why[256];

	(void)state;
	assert_true(rank_unsuited(&sendmmsg, &redis, why, sizeof why));
	assert_string_equal(why, "98 % of its bursts use several sockets, and one call takes one");
	assert_false(rank_unsuited(&uring_multi, &redis, why, sizeof why));
	assert_false(rank_unsuited(&sendmmsg, &unknown, why, sizeof why));
}

static void segments_go_to_one_destination(void **state)
{
	struct rank_profile p = { .alone = 0, .burst = 30, .bytes = 1400, .one_socket = 1, .one_destination = 0.99 };
	char why[256];

	(void)state;
	assert_false(rank_unsuited(&gso, &p, why, sizeof why));
	p.one_destination = 0.1;
	assert_true(rank_unsuited(&gso, &p, why, sizeof why));
	assert_string_equal(why, "90 % of its bursts go to several destinations");
	p.one_destination = NAN;
	assert_true(rank_unsuited(&gso, &p, why, sizeof why));
	assert_non_null(strstr(why, "was not recorded"));
}

static void what_limits_a_way_is_named(void **state)
{
	const struct rank_profile p = { .alone = 0, .burst = 4, .bytes = 200 }, longer = { .alone = 0, .burst = 400, .bytes = 200 };
	const struct rank_needs zerocopy = { .uncopied = true };
	struct rank_result r = { .fraction = 0.03, .speedup = 1.5, .speedup_low = 1.4, .speedup_high = 1.6, .bound = 1.03 };
	char text[256];

	(void)state;
	rank_limit(&sendmmsg, &p, &r, text, sizeof text);
	assert_string_equal(text, "the path is only 3 % of its cycles");
	r.bound = 4;
	rank_limit(&sendmmsg, &p, &r, text, sizeof text);
	assert_string_equal(text, "bursts of 4.0 are short");
	rank_limit(&zerocopy, &longer, &r, text, sizeof text);
	assert_string_equal(text, "payloads of 200 bytes cost little to copy");
	rank_limit(&sendmmsg, &longer, &r, text, sizeof text);
	assert_string_equal(text, "what each packet costs in the kernel");
	r.speedup_low = 0.98;
	rank_limit(&sendmmsg, &longer, &r, text, sizeof text);
	assert_string_equal(text, "no different from the path within the interval");
	r.speedup_high = 0.99;
	rank_limit(&sendmmsg, &longer, &r, text, sizeof text);
	assert_string_equal(text, "it costs more than the path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shape_is_read_from_the_histograms),
		cmocka_unit_test(a_batched_way_needs_bursts),
		cmocka_unit_test(one_call_takes_one_socket),
		cmocka_unit_test(segments_go_to_one_destination),
		cmocka_unit_test(what_limits_a_way_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
