/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_quality.c: loss, duplicates, order and jitter of hand-written streams. */
#include "workloads/quality.h"

#include "workloads/rtp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Enters packets whose timestamps and arrivals keep pace: 1 ms each at 1000 Hz. */
static struct quality after(const uint16_t *sequence, size_t n)
{
	struct quality q = { 0 };

	for (size_t i = 0; i < n; i++)
		quality_packet(&q, &(struct rtp){ .sequence = sequence[i], .time = (uint32_t)i }, (int64_t)i * 1000000, 1000);
	return q;
}

#define AFTER(...) after((const uint16_t[]){ __VA_ARGS__ }, sizeof(uint16_t[]){ __VA_ARGS__ } / sizeof(uint16_t))

static void a_gap_is_loss(void **state)
{
	struct quality q = AFTER(10, 11, 14, 15);

	(void)state;
	assert_int_equal(quality_expected(&q), 6);
	assert_int_equal(quality_lost(&q), 2);
	assert_int_equal(q.reordered_n + q.duplicates_n + q.restarts_n, 0);
}

static void nothing_came_is_nothing_expected(void **state)
{
	const struct quality q = { 0 };

	(void)state;
	assert_int_equal(quality_expected(&q), 0);
	assert_int_equal(quality_lost(&q), 0);
}

static void sequence_numbers_wrap(void **state)
{
	struct quality q = AFTER(65534, 65535, 0, 2);

	(void)state;
	assert_int_equal(quality_expected(&q), 5);
	assert_int_equal(quality_lost(&q), 1);
	assert_int_equal(q.restarts_n, 0);
}

static void a_late_packet_is_reordered_and_not_lost(void **state)
{
	struct quality q = AFTER(1, 2, 4, 3, 5);

	(void)state;
	assert_int_equal(quality_lost(&q), 0);
	assert_int_equal(q.reordered_n, 1);
	assert_int_equal(q.duplicates_n, 0);
}

static void a_packet_twice_is_a_duplicate_and_hides_no_loss(void **state)
{
	struct quality q = AFTER(1, 2, 2, 4, 1, 4);

	(void)state;
	assert_int_equal(q.packets_n, 6);
	assert_int_equal(q.duplicates_n, 3);
	assert_int_equal(q.reordered_n, 0);
	assert_int_equal(quality_lost(&q), 1);
}

static void a_packet_before_the_first_one_widens_what_is_expected(void **state)
{
	struct quality q = AFTER(10, 8, 11);

	(void)state;
	assert_int_equal(quality_expected(&q), 4);
	assert_int_equal(quality_lost(&q), 1);
	assert_int_equal(q.reordered_n, 1);
}

static void a_gap_wider_than_the_memory_is_loss_still(void **state)
{
	struct quality q = AFTER(100, 1100, 1101, 100);

	(void)state;
	assert_int_equal(quality_expected(&q), 1002);
	assert_int_equal(q.restarts_n, 0);
	assert_int_equal(q.reordered_n, 1); /* 1001 back: too far to know it as a duplicate */
}

static void a_far_jump_is_a_new_stream_and_not_loss(void **state)
{
	struct quality q = AFTER(10, 12, 40000, 40001);

	(void)state;
	assert_int_equal(q.restarts_n, 1);
	assert_int_equal(quality_expected(&q), 5);
	assert_int_equal(quality_lost(&q), 1); /* 11, before the jump */
}

static void jitter_is_that_of_rfc_3550(void **state)
{
	/* Sent every 10 ms (80 ticks of 8000 Hz), arrived after 0, 10, 26, 30 ms: D = 0, 6, -6 ms.
	 * J = 0, 6/16 = 0.375, 0.375 + (6 - 0.375)/16 = 0.7265625 ms. */
	const int64_t arrival_ms[] = { 0, 10, 26, 30 };
	struct quality q = { 0 };

	(void)state;
	for (int i = 0; i < 4; i++)
		quality_packet(&q, &(struct rtp){ .sequence = (uint16_t)i, .time = 0xffffffc0u + 80u * (uint32_t)i },
			       arrival_ms[i] * 1000000, 8000);
	assert_true(fabs(q.jitter_ns - 726562.5) < 1e-3);
}

static void an_even_stream_has_no_jitter(void **state)
{
	struct quality q = AFTER(1, 2, 3, 4, 5);

	(void)state;
	assert_true(q.jitter_ns == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_is_loss),
		cmocka_unit_test(nothing_came_is_nothing_expected),
		cmocka_unit_test(sequence_numbers_wrap),
		cmocka_unit_test(a_late_packet_is_reordered_and_not_lost),
		cmocka_unit_test(a_packet_twice_is_a_duplicate_and_hides_no_loss),
		cmocka_unit_test(a_packet_before_the_first_one_widens_what_is_expected),
		cmocka_unit_test(a_gap_wider_than_the_memory_is_loss_still),
		cmocka_unit_test(a_far_jump_is_a_new_stream_and_not_loss),
		cmocka_unit_test(jitter_is_that_of_rfc_3550),
		cmocka_unit_test(an_even_stream_has_no_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
