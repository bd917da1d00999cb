/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_observe.c: r as observed, from windows made by hand. */
#include "analyze/observe.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

enum { BLOCKS_MAX = 256, CYCLES = 10 };

static struct block_row blocks[2][BLOCKS_MAX];
static size_t blocks_n[2];

static void nothing_yet(void)
{
	blocks_n[0] = blocks_n[1] = 0;
}

/* Adds a window of 1,000,000 clock cycles to a run. */
static struct block_row *window(int run, int64_t cycle, const char *way, int64_t dose, int64_t udp, int64_t cpu_cyc)
{
	struct block_row *block = &blocks[run][blocks_n[run]++];

	*block = (struct block_row){.cycle = cycle, .way = way, .dose = dose, .wall_cyc = 1000000, .cpu_cyc = cpu_cyc, .meter_udp = udp,
				    .meter_own = STORE_NULL};
	return block;
}

/* A probed window: network interrupts, and what of them is in the target's own time already. */
static void probed(int run, int64_t cycle, const char *way, int64_t udp, int64_t async_cyc, int64_t async_target_cyc)
{
	struct block_row *block = window(run, cycle, way, 1, udp, 999999999); /* the probes' cost is in it: it must not count */

	block->async_cyc = async_cyc;
	block->async_target_cyc = async_target_cyc;
}

static struct observe_side side(int run, const char *way)
{
	return (struct observe_side){blocks[run], blocks_n[run], way};
}

/* Compares two ways in run 0. */
static int compare_ways(struct observe *out)
{
	const struct observe_side before = side(0, "sendmsg"), after = side(0, "sendmmsg");

	return observe_compare(&before, &after, 1, out);
}

static int compare_runs(struct observe *out)
{
	const struct observe_side before = side(0, NULL), after = side(1, NULL);

	return observe_compare(&before, &after, 0, out);
}

/* Half width of r where the port saves a half, but for every other stretch of so many cycles, in which it saves less. */
static double width_with_moods(int64_t stretch)
{
	struct observe observe;

	nothing_yet();
	for (int64_t i = 0; i < 96; i++) {
		window(0, i, "sendmsg", 0, 100, 200000);
		window(0, i, "sendmmsg", 0, 100, 100000 + 10000 * (i / stretch % 2));
	}
	assert_int_equal(compare_ways(&observe), 0);
	return figure_half_width(observe.r);
}

static void moods_that_last_make_r_less_certain(void **state)
{
	(void)state;
	assert_true(width_with_moods(16) > 2 * width_with_moods(1));
}

/* As of a slow stream whose packets all come between the windows. */
static void a_target_that_did_nothing_is_said_to_have_done_so(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		window(0, cycle, "sendmsg", 0, 0, 0);
		window(0, cycle, "sendmmsg", 0, 0, 0);
	}
	said_begin();
	int err = compare_ways(&out);
	const char *said = said_end();
	assert_int_equal(err, -ENODATA);
	assert_said(said, "--window");
	assert_int_equal(said_lines(said), 1);
}

/* 3000 cycles a packet before, 2500 after. */
static void r_is_the_cost_before_over_the_cost_after(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		window(0, cycle, "sendmsg", 0, 200, 600000);
		window(0, cycle, "sendmmsg", 0, 100, 250000);
		window(0, cycle, "uring", 0, 100, 7);
	}
	assert_int_equal(compare_ways(&out), 0);
	assert_near(out.before.value, 3000, 1e-9);
	assert_near(out.after.value, 2500, 1e-9);
	assert_near(out.r.value, 1.2, 1e-12);
	assert_near(out.r.low, 1.2, 1e-12); /* all cycles are alike */
	assert_near(out.r.high, 1.2, 1e-12);
	assert_string_equal(out.work, "UDP datagram sent");
	assert_int_equal(out.windows_n, 2 * CYCLES);
}

/* One datagram for 100 recipients: by the kernel's count it would be 50 times dearer. */
static void a_way_that_the_kernel_s_count_misses_is_measured_by_the_clock(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		window(0, cycle, "sendmsg", 0, 200, 600000);
		window(0, cycle, "sendmmsg", 0, 2, 300000);
	}
	assert_int_equal(compare_ways(&out), 0);
	assert_string_equal(out.work, "clock cycle");
	assert_near(out.r.value, 2, 1e-12);
}

/* 200 packets each by its own count; by the clock it would be 2, and by the kernel's count worse. */
static void a_target_that_tells_its_work_is_believed(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		window(0, cycle, "sendmsg", 0, 200, 600000)->meter_own = 200;
		window(0, cycle, "sendmmsg", 0, 2, 300000)->meter_own = cycle % 2 ? 210 : 190;
	}
	assert_int_equal(compare_ways(&out), 0);
	assert_string_equal(out.work, "packet sent");
	assert_near(out.before.value, 3000, 1e-9);
	assert_near(out.after.value, 1500, 1e-9);

	blocks[0][3].meter_own = STORE_NULL; /* it did not tell once */
	assert_int_equal(compare_ways(&out), 0);
	assert_string_equal(out.work, "clock cycle");
}

/* Per packet 500 of them before and 100 after, of which 200 and 50 are in the CPU time already. */
static void network_interrupts_elsewhere_are_part_of_the_cost(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		window(0, cycle, "sendmsg", 0, 200, 600000);
		window(0, cycle, "sendmmsg", 0, 100, 250000);
		probed(0, cycle, "sendmsg", 50, 25000, 10000);
		probed(0, cycle, "sendmmsg", 40, 4000, 2000);
	}
	assert_int_equal(compare_ways(&out), 0);
	assert_near(out.before.value, 3300, 1e-9);
	assert_near(out.after.value, 2550, 1e-9);
	assert_near(out.r.value, 3300.0 / 2550, 1e-12);
	assert_int_equal(out.windows_n, 2 * CYCLES); /* unprobed ones */
}

/* The machine becomes slower and faster by half; within a cycle it is the same for both ways. */
static void drifting(int pair)
{
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		double drift = 1 + 0.5 * (double)(cycle * 3 % CYCLES) / CYCLES;

		window(0, cycle, "sendmsg", 0, 200, (int64_t)(600000 * drift));
		window(pair ? 0 : 1, cycle, "sendmmsg", 0, 100, (int64_t)(250000 * drift));
	}
}

static void drift_common_to_a_cycle_cancels_when_paired(void **state)
{
	struct observe out;

	(void)state;
	drifting(1);
	assert_int_equal(compare_ways(&out), 0);
	assert_near(out.r.low, 1.2, 1e-9);
	assert_near(out.r.high, 1.2, 1e-9);
	assert_true(out.before.high - out.before.low > 100); /* the costs themselves do drift */
}

static void drift_widens_the_interval_of_two_runs(void **state)
{
	struct observe out;

	(void)state;
	drifting(0);
	assert_int_equal(compare_runs(&out), 0);
	assert_near(out.r.value, 1.2, 1e-9);
	assert_true(out.r.low < 1.15 && out.r.high > 1.25);
}

static void runs_may_differ_in_length(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		window(0, cycle, NULL, 0, 200, 600000);
		if (cycle < 3)
			window(1, cycle, NULL, 0, 100, 250000);
	}
	assert_int_equal(compare_runs(&out), 0);
	assert_near(out.r.value, 1.2, 1e-12);
	assert_int_equal(out.windows_n, CYCLES + 3);
}

/* 600,000 of 1,000,000 cycles busy before, 500,000 after: a paced server, whose clients make the load equal. */
static void without_udp_work_the_unit_is_time(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		window(0, cycle, "sendmsg", 0, 0, 600000);
		window(0, cycle, "sendmmsg", 0, 0, 500000);
	}
	assert_int_equal(compare_ways(&out), 0);
	assert_string_equal(out.work, "clock cycle");
	assert_near(out.before.value, 0.6, 1e-12);
	assert_near(out.r.value, 1.2, 1e-12);

	for (size_t i = 0; i < blocks_n[0]; i++)
		blocks[0][i].meter_udp = i == 5 ? STORE_NULL : 100; /* not readable once */
	assert_int_equal(compare_ways(&out), 0);
	assert_string_equal(out.work, "clock cycle");
}

/* A saturating server: it is always busy, so time tells nothing of the port. */
static void packets_are_the_unit_where_the_work_differs(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		int64_t work = 90 + cycle * 3 % CYCLES; /* both ways get the same share of the machine */

		window(0, cycle, "sendmsg", 0, 10 * work, 3000 * 10 * work);
		window(0, cycle, "sendmmsg", 0, 11 * work + 7 * (cycle & 1), 2500 * (11 * work + 7 * (cycle & 1)));
	}
	assert_int_equal(compare_ways(&out), 0);
	assert_string_equal(out.work, "UDP datagram sent");
	assert_near(out.r.value, 1.2, 1e-9);
}

/* A saturated server takes a whole CPU by either way: by time r would be 1, and with no spread at all. */
static void time_is_no_measure_of_a_server_that_uses_up_its_cpu(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		window(0, cycle, "sendmsg", 0, 100 + cycle % 2, 1000000);
		window(0, cycle, "sendmmsg", 0, 125 - cycle % 3, 1000000);
	}
	assert_int_equal(compare_ways(&out), 0);
	assert_string_equal(out.work, "UDP datagram sent");
	assert_in_range((int64_t)(1000 * out.r.value), 1220, 1250);

	for (size_t i = 0; i < blocks_n[0]; i++) /* a server whose work no meter tells */
		blocks[0][i].meter_udp = STORE_NULL;
	said_begin();
	assert_int_equal(compare_ways(&out), 0);
	assert_non_null(strstr(said_end(), "r observed says nothing"));
}

static void windows_without_cpu_time_are_left_out(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		window(0, cycle, "sendmsg", 0, 200, cycle == 4 ? STORE_NULL : 600000);
		window(0, cycle, "sendmmsg", 0, 100, 250000);
	}
	assert_int_equal(compare_ways(&out), 0);
	assert_near(out.r.value, 1.2, 1e-12);
	assert_int_equal(out.windows_n, 2 * CYCLES - 1);
}

static void sampled_windows_count_where_there_are_no_others(void **state)
{
	struct observe observe;

	(void)state;
	nothing_yet();
	for (int64_t i = 0; i < CYCLES; i++) {
		window(0, i, NULL, 0, 100, 220000)->sampled = 1;
		struct block_row *timed = window(0, i, NULL, 0, 100, 300000); /* the switches' records slowed it */

		timed->sampled = 1;
		timed->target_cyc = 300000;
		window(1, i, NULL, 0, 100, 100000);
	}
	for (size_t i = 0; i < blocks_n[0]; i += 2)
		blocks[0][i].target_cyc = STORE_NULL;
	assert_int_equal(compare_runs(&observe), 0);
	assert_near(observe.r.value, 2.2, 1e-12);
	for (int64_t i = 0; i < CYCLES; i++)
		window(0, i, NULL, 0, 100, 200000);
	assert_int_equal(compare_runs(&observe), 0);
	assert_near(observe.r.value, 2, 1e-12);
}

static void one_window_of_a_side_is_too_few(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++)
		window(0, cycle, "sendmsg", 0, 200, 600000);
	window(0, 0, "sendmmsg", 0, 100, 250000);
	said_begin();
	assert_int_equal(compare_ways(&out), -ENODATA);
	const char *said = said_end();
	assert_said(said, "--seconds");
	assert_int_equal(said_lines(said), 1);
}

static void a_way_that_was_not_measured_is_an_error_that_is_said(void **state)
{
	struct observe out;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++)
		window(0, cycle, "sendmsg", 0, 200, 600000);
	said_begin();
	assert_int_equal(compare_ways(&out), -ENODATA);
	assert_int_equal(said_lines(said_end()), 1);
}

/* ---- Experiments that are simulated: r = 1.2 ---- */

static double noise(struct stats_rng *rng, double sd)
{
	return 1 + sd * stats_rng_normal(rng);
}

static void simulate(struct stats_rng *rng, int pair)
{
	nothing_yet();
	for (int64_t cycle = 0; cycle < 15; cycle++) {
		double drift = noise(rng, 0.03);

		for (int after = 0; after < 2; after++) {
			double packets = round(1000 * noise(rng, 0.05)), cost = (after ? 2500 : 3000) * drift * noise(rng, 0.02);

			window(pair ? 0 : after, cycle, after ? "sendmmsg" : "sendmsg", 0, (int64_t)packets, (int64_t)(packets * cost));
			if (!pair)
				drift = noise(rng, 0.03);
		}
	}
}

static void hold_as_often_as_they_say(int pair)
{
	enum { EXPERIMENTS = 400 };
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	int hits = 0;

	assert_non_null(rng);
	for (int i = 0; i < EXPERIMENTS; i++) {
		struct observe out;

		simulate(rng, pair);
		assert_int_equal(pair ? compare_ways(&out) : compare_runs(&out), 0);
		assert_true(out.r.high - out.r.low < 0.2); /* and they say something */
		hits += out.r.low <= 1.2 && 1.2 <= out.r.high;
	}
	stats_rng_free(rng);
	if (hits < EXPERIMENTS * 92 / 100 || hits > EXPERIMENTS * 98 / 100)
		fail_msg("%d of %d intervals hold the truth", hits, EXPERIMENTS);
}

static void paired_intervals_hold_the_truth_as_often_as_they_say(void **state)
{
	(void)state;
	hold_as_often_as_they_say(1);
}

static void intervals_of_two_runs_hold_the_truth_as_often_as_they_say(void **state)
{
	(void)state;
	hold_as_often_as_they_say(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moods_that_last_make_r_less_certain),
		cmocka_unit_test(r_is_the_cost_before_over_the_cost_after),
		cmocka_unit_test(a_way_that_the_kernel_s_count_misses_is_measured_by_the_clock),
		cmocka_unit_test(a_target_that_tells_its_work_is_believed),
		cmocka_unit_test(network_interrupts_elsewhere_are_part_of_the_cost),
		cmocka_unit_test(drift_common_to_a_cycle_cancels_when_paired),
		cmocka_unit_test(drift_widens_the_interval_of_two_runs),
		cmocka_unit_test(runs_may_differ_in_length),
		cmocka_unit_test(without_udp_work_the_unit_is_time),
		cmocka_unit_test(packets_are_the_unit_where_the_work_differs),
		cmocka_unit_test(time_is_no_measure_of_a_server_that_uses_up_its_cpu),
		cmocka_unit_test(windows_without_cpu_time_are_left_out),
		cmocka_unit_test(sampled_windows_count_where_there_are_no_others),
		cmocka_unit_test(one_window_of_a_side_is_too_few),
		cmocka_unit_test(a_target_that_did_nothing_is_said_to_have_done_so),
		cmocka_unit_test(a_way_that_was_not_measured_is_an_error_that_is_said),
		cmocka_unit_test(paired_intervals_hold_the_truth_as_often_as_they_say),
		cmocka_unit_test(intervals_of_two_runs_hold_the_truth_as_often_as_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
