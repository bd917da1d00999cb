/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_bench_events.c: events per packet and per cycle against figures worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "analyze/bench_events.h"
#include "analyze/rows.h"

#define ROW(round_, way_, packets, cyc) \
	{.round = (round_), .way = (way_), .group_size = 10, .payload_bytes = 100, .private_bytes = 12, .packets_n = (packets), .cpu_cyc = (cyc)}
#define EVENT(round_, way_, name_, n_, running) \
	{.round = (round_), .way = (way_), .group_size = 10, .payload_bytes = 100, .private_bytes = 12, .name = (name_), .n = (n_), \
	 .enabled_ns = 100, .running_ns = (running)}

/* Of null 20 instructions and 10 cycles a packet; of sendmsg 1020 and 510, then 1220 and 610. */
static const struct bench_row rows[] = {
	ROW(0, "null", 100, 1000), ROW(0, "sendmsg", 100, 51000), ROW(1, "null", 100, 1000), ROW(1, "sendmsg", 100, 61000),
};
static const struct bench_event_row events[] = {
	EVENT(0, "null", "INST_RETIRED", 2000, 100), EVENT(0, "sendmsg", "INST_RETIRED", 102000, 100),
	EVENT(1, "null", "INST_RETIRED", 2000, 100), EVENT(1, "sendmsg", "INST_RETIRED", 122000, 75),
};

static struct bench_event_cost *costs;
static size_t n;

static void what_the_harness_counts_is_taken_off(void **state)
{
	(void)state;
	assert_int_equal(bench_events_compute(rows, 4, events, 4, true, &costs, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(costs[0].way, "sendmsg");
	assert_int_equal(costs[0].rounds_n, 2);
	assert_float_equal(costs[0].per_packet.value, 1100, 1e-9); /* the mean of 1000 and 1200 */
	assert_true(costs[0].per_packet.low < 1100 && costs[0].per_packet.high > 1100);
	assert_float_equal(costs[0].per_cycle.value, 2, 1e-9); /* 1000/500 and 1200/600 */
	assert_float_equal(costs[0].counted, 0.75, 1e-9); /* not scaled */
	bench_events_free(costs, n);
}

static void a_clock_that_is_no_processors_gives_nothing_per_cycle(void **state)
{
	(void)state;
	assert_int_equal(bench_events_compute(rows, 4, events, 4, false, &costs, &n), 0);
	assert_true(isnan(costs[0].per_cycle.value));
	assert_float_equal(costs[0].per_packet.value, 1100, 1e-9);
	bench_events_free(costs, n);
}

static void an_event_of_cycles_is_preferred_to_the_clock(void **state)
{
	static const struct bench_event_row both[] = {
		EVENT(0, "null", "INST_RETIRED", 2000, 100), EVENT(0, "null", "arm_n1::CPU_CYCLES", 4000, 100),
		EVENT(0, "sendmsg", "INST_RETIRED", 102000, 100), EVENT(0, "sendmsg", "arm_n1::CPU_CYCLES", 404000, 100),
	};

	(void)state;
	assert_int_equal(bench_events_compute(rows, 4, both, 4, true, &costs, &n), 0);
	assert_int_equal(n, 2);
	assert_float_equal(costs[0].per_cycle.value, 0.25, 1e-9); /* 1000 / 4000 */
	assert_float_equal(costs[1].per_cycle.value, 1, 1e-9);
	bench_events_free(costs, n);
}

static void a_round_without_null_or_without_packets_is_left_out(void **state)
{
	static const struct bench_row some[] = {ROW(0, "null", 100, 1000), ROW(0, "sendmsg", 0, 51000), ROW(1, "sendmsg", 100, 61000)};

	(void)state;
	assert_int_equal(bench_events_compute(some, 3, events, 4, true, &costs, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(costs[0].rounds_n, 0);
	assert_true(isnan(costs[0].per_packet.value));
	bench_events_free(costs, n);
	assert_int_equal(bench_events_compute(some, 3, NULL, 0, true, &costs, &n), 0);
	assert_int_equal(n, 0);
	bench_events_free(costs, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_harness_counts_is_taken_off),
		cmocka_unit_test(a_clock_that_is_no_processors_gives_nothing_per_cycle),
		cmocka_unit_test(an_event_of_cycles_is_preferred_to_the_clock),
		cmocka_unit_test(a_round_without_null_or_without_packets_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
