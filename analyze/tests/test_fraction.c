/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_fraction.c: f from windows and calibrations made by hand, so that every figure can be worked out beside them. */
#include "analyze/fraction.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

enum { CYCLES = 10, BLOCKS_MAX = 256 };

/*
 * The probes by calibration, in cycles. U, V and W of the null call: 100, 300, 150. So
 *   mode    = 0.9 * 100                 =  90
 *   sent    = 1300 - 1000               = 300
 *   softirq = 1300 - 1200               = 100
 *   call    = 300 - 100                 = 200
 *   outside = 1300 - 1160 - 90          =  50
 *   inside  = 200 - 50                  = 150
 *   linear  = (1300 - 1000) / (1600 - 1300) = 1
 */
static const struct calibration_row calibrations[] = {
	{.call = "null", .probes = "all", .dose = 0, .calls_n = 1, .call_cyc = 100, .frame_cyc = NAN},
	{.call = "null", .probes = "all", .dose = 1, .calls_n = 1, .call_cyc = 300, .frame_cyc = 150},
	{.call = "null", .probes = "all", .dose = 2, .calls_n = 1, .call_cyc = 500, .frame_cyc = 350},
	{.call = "send", .probes = "all", .dose = 0, .calls_n = 1, .call_cyc = 1000, .frame_cyc = NAN},
	{.call = "send", .probes = "calls", .dose = 1, .calls_n = 1, .call_cyc = 1200, .frame_cyc = 1060},
	{.call = "send", .probes = "all", .dose = 1, .calls_n = 1, .call_cyc = 1300, .frame_cyc = 1160},
	{.call = "send", .probes = "all", .dose = 2, .calls_n = 1, .call_cyc = 1600, .frame_cyc = 1460},
};

enum { CALIBRATIONS = sizeof calibrations / sizeof *calibrations };

static struct block_row blocks[BLOCKS_MAX];
static size_t blocks_n;

static void nothing_yet(void)
{
	blocks_n = 0;
}

/* A window without probes. */
static struct block_row *unprobed(int64_t cycle, int64_t udp, int64_t cpu_cyc)
{
	struct block_row *block = &blocks[blocks_n++];

	*block = (struct block_row){.cycle = cycle, .dose = 0, .wall_cyc = 1000000, .cpu_cyc = cpu_cyc, .meter_udp = udp,
				    .meter_io = STORE_NULL, .meter_switch = STORE_NULL, .calls_n = STORE_NULL};
	return block;
}

/*
 * A window with probes: 100 path calls, 20 others, 10 switches (4 in frames), 50 softirqs (40 in frames). By calibration the
 * probes cost d = (200 * 120 + 100 * (50 + 10 / 2)) / 100 = 295 cycles per path call.
 */
static struct block_row *probed(int64_t cycle, int64_t dose, int64_t target_cyc)
{
	struct block_row *block = unprobed(cycle, 100, target_cyc);

	block->dose = dose;
	block->calls_n = 100;
	block->other_n = 20;
	block->switch_n = 10;
	block->frame_switch_n = 4;
	block->softirq_n = 50;
	block->frame_softirq_n = 40;
	block->target_cyc = target_cyc;
	block->path_cyc = 62240;
	block->async_cyc = 3000;
	block->async_target_cyc = 1000;
	block->irq_cyc = 8000;
	block->irq_target_cyc = 5000;
	return block;
}

/*
 * A target of which t_0 = 2000 cycles per path call, in which the probes are k = 1.2 times as dear as around the known call:
 *   t_1 = 2000 + 1.2 * 295 = 2354, and the second dose costs the same again
 *   F   = 622.4 + 1.2 * 90 - 1.2 * 150 - 1.2 * 100 * (40 + 4 / 2) / 100 = 622.4 + 108 - 180 - 50.4 = 500
 *   f   = 500 / 2000 = 0.25
 */
static void quarter(void)
{
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		probed(cycle, 1, 235400);
		unprobed(cycle, 200, 400000); /* twice the calls */
		probed(cycle, 2, 270800);
	}
}

static struct fraction_input input(enum fraction_async async)
{
	return (struct fraction_input){.blocks = blocks, .blocks_n = blocks_n, .calibrations = calibrations,
				       .calibrations_n = CALIBRATIONS, .async = async};
}

static struct fraction estimate(enum fraction_async async)
{
	const struct fraction_input in = input(async);
	struct fraction out;

	assert_int_equal(fraction_estimate(&in, &out), 0);
	return out;
}

/* f alone. */
static double f_of(enum fraction_async async)
{
	struct fraction out = estimate(async);

	fraction_free(&out);
	return out.f.value;
}

static void f_is_the_path_over_the_busy_cycles_without_the_probes(void **state)
{
	(void)state;
	quarter();
	struct fraction out = estimate(FRACTION_ASYNC_NONE);

	assert_near(out.f.value, 0.25, 1e-9);
	/* all cycles are alike; what is left is that frames may hold 6 % more or less of 1.2 * (150 + 42) / 2000 */
	assert_near(out.f.value - out.f.low, 1.96 * 0.06 * 0.1152, 0.002);
	assert_near(out.f.high - out.f.value, 1.96 * 0.06 * 0.1152, 0.002);
	assert_near(out.busy_cyc.value, 2000, 1e-6);
	assert_near(out.path_cyc.value, 500, 1e-6);
	assert_near(out.probe_scale.value, 1.2, 1e-9);
	assert_near(out.linear.value, 1, 1e-9);
	assert_near(out.added.value, 354.0 / 2000, 1e-9);
	assert_near(out.added_all.value, 354.0 / 2000 * (1 + 2) / 3, 1e-9); /* windows of no, one and two doses */
	assert_near(out.added_cpu.value, 354.0 * 100 / 1000000, 1e-9);
	assert_near(out.raw.value, 62240.0 / 235400, 1e-9);
	assert_string_equal(out.meter, "UDP datagrams sent");
	assert_near(out.meter_error, 0, 1e-9);
	assert_near(out.null_cyc, 100, 1e-9);
	assert_near(out.probed_cyc, 300, 1e-9);
	assert_near(out.frame_cyc, 150, 1e-9);
	assert_int_equal(out.calls_n, CYCLES * 200);
	assert_int_equal(out.probed_n, CYCLES * 2);
	assert_int_equal(out.unprobed_n, CYCLES);
	assert_int_equal(out.cycles_n, CYCLES);
	fraction_free(&out);
}

static void what_was_added_is_known_before_the_end_and_over_the_calibration_too(void **state)
{
	struct fraction_input in = input(FRACTION_ASYNC_NONE);
	struct fraction out;
	double added[3];

	(void)state;
	quarter();
	in = input(FRACTION_ASYNC_NONE);
	assert_int_equal(fraction_added(&in, added), 0);
	assert_near(added[0], 0, 1e-9);
	assert_near(added[1], 354.0 / 2000, 1e-9);
	assert_near(added[2], 2 * 354.0 / 2000, 1e-9);
	in.blocks_n = 3; /* of the first cycle alone: the calibration is believed, k = 1 */
	assert_int_equal(fraction_added(&in, added), 0);
	assert_near(added[1], 295.0 / (2354 - 295), 1e-9);
	in = input(FRACTION_ASYNC_NONE);
	in.once = 0.25;
	in.twice = 0.125;
	assert_int_equal(fraction_estimate(&in, &out), 0);
	assert_near(out.added_all.value, 354.0 / 2000 * (0.25 + 0.125 * 2), 1e-9);
	fraction_free(&out);

	/* a busy machine, by few rounds: the second dose seems to save what it costs, and more */
	struct calibration_row disturbed[CALIBRATIONS];
	memcpy(disturbed, calibrations, sizeof disturbed);
	disturbed[CALIBRATIONS - 1].call_cyc = 1200;
	in.calibrations = disturbed;
	assert_int_equal(fraction_added(&in, added), 0);
	assert_true(added[1] > 0 && added[2] >= added[1]);
}

static void windows_that_a_budget_put_between_are_told(void **state)
{
	(void)state;
	quarter();
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_int_equal(out.once_n, CYCLES);
	assert_int_equal(out.unbound_n, CYCLES);
	fraction_free(&out);
	for (int i = 0; i < 3 * CYCLES; i++)
		unprobed(1 + i % (CYCLES - 1), 200, 400000);
	out = estimate(FRACTION_ASYNC_NONE);
	assert_int_equal(out.once_n, CYCLES);
	assert_int_equal(out.unbound_n, 2 * CYCLES);
	assert_near(out.f.value, 0.25, 1e-9);
	fraction_free(&out);
}

static void time_that_a_host_stole_is_in_frames_and_in_the_whole_alike(void **state)
{
	(void)state;
	quarter();
	for (size_t i = 0; i < blocks_n; i++) /* the scheduler's accounting sees 3 % less of everything */
		blocks[i].cpu_cyc = (int64_t)((double)blocks[i].cpu_cyc * 0.97);
	assert_near(f_of(FRACTION_ASYNC_NONE), 0.25, 1e-9);
}

/* As quarter(), but 60 of 100 calls end in a preemption by who was woken in a softirq of theirs: e = (200 * 60 + 100 * 60) / 2 / 100 = 90. Of the rest of the target's
 * time, probed or not, a twenty-first is charged to others: CPU time is 2354 / 1.05 - 1.2 * 90 per call, and 2000 / 1.05 unprobed. */
static void preempted_quarter(void)
{
	quarter();
	for (size_t i = 0; i < blocks_n; i++) {
		static const int64_t cpu_cyc[] = {380952, 213390, 236300}; /* dose 2: twice the probes */
		struct block_row *block = &blocks[i];

		block->cpu_cyc = cpu_cyc[block->dose];
		block->late_calls_n = block->late_irqs_n = block->dose ? 60 : 0;
	}
}

static void probes_that_the_kernel_charges_to_a_client_are_not_in_cpu_time(void **state)
{
	(void)state;
	preempted_quarter();
	struct fraction out = estimate(FRACTION_ASYNC_NONE);

	assert_near(out.probe_scale.value, 1.2, 1e-4);
	assert_near(out.busy_cyc.value, 2000, 0.02);
	assert_near(out.path_cyc.value, 500, 0.02);
	assert_near(out.linear.value, 1, 1e-4);
	fraction_free(&out);
}

static void without_unprobed_windows_the_second_dose_tells_k_of_a_preempted_server(void **state)
{
	size_t all_n, kept = 0;

	(void)state;
	preempted_quarter();
	all_n = blocks_n;
	for (size_t i = 0; i < all_n; i++)
		if (blocks[i].dose)
			blocks[kept++] = blocks[i];
	blocks_n = kept;
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_near(out.probe_scale.value, 1.2, 1e-4);
	assert_near(out.path_cyc.value, 500, 0.02);
	fraction_free(&out);
}

static void ends_before_a_preemption_that_is_charged_to_the_target_change_nothing(void **state)
{
	(void)state;
	quarter();
	for (size_t i = 0; i < blocks_n; i++)
		blocks[i].late_calls_n = blocks[i].dose ? 60 : 0;
	assert_near(f_of(FRACTION_ASYNC_NONE), 0.25, 1e-9);
}

/* F = 622.4 + 90 - 150 - 42, of t_0 as it was. */
static void instructions_are_not_dearer_in_frames(void **state)
{
	(void)state;
	quarter();
	struct fraction_input in = input(FRACTION_ASYNC_NONE);
	struct fraction out;

	in.instructions = true;
	assert_int_equal(fraction_estimate(&in, &out), 0);
	assert_near(out.probe_scale.value, 1.2, 1e-9);
	assert_near(out.busy_cyc.value, 2000, 1e-6);
	assert_near(out.path_cyc.value, 520.4, 1e-6);
	assert_near(out.f.value, 0.2602, 1e-9);
	fraction_free(&out);
}

/* 600 cycles per call that the kernel charges to the target before the switch to it is told: t_0 = 2600, and F stays. */
static void what_only_cpu_time_knows_of_is_busy_time_outside_frames(void **state)
{
	(void)state;
	quarter();
	for (size_t i = 0; i < blocks_n; i++)
		blocks[i].cpu_cyc += 600 * blocks[i].meter_udp;
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_near(out.busy_cyc.value, 2600, 1e-6);
	assert_near(out.path_cyc.value, 500, 1e-6);
	assert_near(out.probe_scale.value, 1.2, 1e-9);
	assert_near(out.linear.value, 1, 1e-9);
	assert_near(out.f.value, 500.0 / 2600, 1e-9);
	fraction_free(&out);
}

/* Where probes are cheap, a mode switch still takes what a null call's does: t_1 = 2000 + 0.8 * 295, F = 563.6 + 90 - 0.8 (150 + 42) = 500. */
static void no_mode_switch_is_cheaper_than_a_null_calls(void **state)
{
	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		probed(cycle, 1, 223600)->path_cyc = 56360;
		unprobed(cycle, 200, 400000);
	}
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_near(out.probe_scale.value, 0.8, 1e-9);
	assert_near(out.path_cyc.value, 500, 1e-6);
	fraction_free(&out);
}

/* Per path call: a = 30 and a' = 20 (network), or 80 and 30 (all). */
static void interrupts_outside_frames_count_as_asked_for(void **state)
{
	(void)state;
	quarter();
	assert_near(f_of(FRACTION_ASYNC_NET), 530.0 / 2020, 1e-9);
	assert_near(f_of(FRACTION_ASYNC_ALL), 580.0 / 2030, 1e-9);
	assert_near(f_of(FRACTION_ASYNC_OWN), 510.0 / 2000, 1e-9); /* 10 of the network's 30 interrupted the target */
	assert_near(f_of(FRACTION_ASYNC_NONE), 0.25, 1e-9);
}

/*
 * Without unprobed windows: t_0 = t_1 - (t_2 - t_1) * linear. With t_2 = t_1 + 300: t_0 = 2054, k = 300 / 295,
 * F = 622.4 + k (90 - 150 - 42).
 */
static void without_unprobed_windows_the_second_dose_tells_the_first(void **state)
{
	double k = 300.0 / 295;

	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		probed(cycle, 1, 235400);
		probed(cycle, 2, 265400);
	}
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_null(out.meter);
	assert_near(out.busy_cyc.value, 2054, 1e-6);
	assert_near(out.probe_scale.value, k, 1e-9);
	assert_near(out.f.value, (622.4 - 102 * k) / 2054, 1e-9);
	assert_true(isnan(out.linear.value)); /* there is nothing to check it against */
	fraction_free(&out);
}

/* When the known call says that a second dose costs 400 where the first cost 300, so it is in the target. */
static void a_second_dose_may_cost_more_than_the_first(void **state)
{
	struct calibration_row steep[CALIBRATIONS];
	struct fraction out;

	(void)state;
	memcpy(steep, calibrations, sizeof steep);
	steep[6].call_cyc = 1700;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++) {
		probed(cycle, 1, 235400);
		probed(cycle, 2, 235400 + 40000);
	}
	struct fraction_input in = input(FRACTION_ASYNC_NONE);
	in.calibrations = steep;
	assert_int_equal(fraction_estimate(&in, &out), 0);
	assert_near(out.busy_cyc.value, 2354 - 400 * 0.75, 1e-6);
	fraction_free(&out);
}

/* Dose 1 only: nothing tells k, so it is 1, with its spread among targets: t_0 = 2354 - 295, F = 622.4 - 60 - 42. */
static void with_dose_1_alone_the_calibration_is_believed(void **state)
{
	(void)state;
	nothing_yet();
	for (int64_t cycle = 0; cycle < CYCLES; cycle++)
		probed(cycle, 1, 235400);
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_near(out.probe_scale.value, 1, 1e-9);
	assert_near(out.busy_cyc.value, 2059, 1e-6);
	assert_near(out.f.value, 520.4 / 2059, 1e-9);
	assert_true(out.f.low < out.f.value - 0.001 && out.f.high > out.f.value + 0.001);
	fraction_free(&out);
}

/* call = 300 - 100, inside = 150 - (100 - 90), softirq = 200; d = (200 * 120 + 200 * 55) / 100 = 350, k = 354 / 350. */
static void without_a_loopback_the_null_call_must_do(void **state)
{
	double k = 354.0 / 350;
	struct fraction out;

	(void)state;
	quarter();
	struct fraction_input in = input(FRACTION_ASYNC_NONE);
	in.calibrations_n = 3;
	assert_int_equal(fraction_estimate(&in, &out), 0);
	assert_near(out.probe_scale.value, k, 1e-9);
	assert_near(out.path_cyc.value, 622.4 - k * (140 - 90) - k * 200 * 42 / 100, 1e-6);
	fraction_free(&out);
}

static void calibrations_are_reduced_by_their_median(void **state)
{
	struct calibration_row rows[5 * CALIBRATIONS];
	struct fraction out;

	(void)state;
	quarter();
	for (size_t i = 0; i < 5 * CALIBRATIONS; i++) {
		rows[i] = calibrations[i % CALIBRATIONS];
		rows[i].round = (int64_t)(i / CALIBRATIONS);
		if (rows[i].round == 1 || rows[i].round == 3) /* two of five were disturbed */
			rows[i].call_cyc *= (double)(i % 7 + 2);
	}
	struct fraction_input in = input(FRACTION_ASYNC_NONE);
	in.calibrations = rows;
	in.calibrations_n = 5 * CALIBRATIONS;
	assert_int_equal(fraction_estimate(&in, &out), 0);
	assert_near(out.f.value, 0.25, 1e-9);
	fraction_free(&out);
}

/* The calibration, n times over as rounds of one CPU. */
static void repeat_calibration(struct calibration_row *rows, size_t n)
{
	for (size_t i = 0; i < n * CALIBRATIONS; i++) {
		rows[i] = calibrations[i % CALIBRATIONS];
		rows[i].round = (int64_t)(i / CALIBRATIONS);
	}
}

/* The estimate of quarter() with these calibrations. */
static struct fraction estimate_with(const struct calibration_row *rows, size_t n)
{
	struct fraction_input in = input(FRACTION_ASYNC_NONE);
	struct fraction out;

	in.calibrations = rows;
	in.calibrations_n = n;
	assert_int_equal(fraction_estimate(&in, &out), 0);
	return out;
}

/*
 * Three rounds of a machine whose unprobed sends cost 1000, 1080 and 1000 cycles: around the probed row of the first round 1040, of
 * the second 1040, of the third, which has none behind it, 1000. So `sent` is 260, 260, 300, and the median 260; V - W stays 140,
 * `outside` 50, `softirq` 100: d = (160 * 120 + 100 * 55) / 100 = 247, k = 354 / 247, F = 622.4 - k * (110 - 90) - k * 42.
 */
static void the_unprobed_send_is_the_mean_of_before_and_after(void **state)
{
	struct calibration_row rows[3 * CALIBRATIONS];

	(void)state;
	quarter();
	repeat_calibration(rows, 3);
	rows[CALIBRATIONS + 3].call_cyc = 1080;
	struct fraction out = estimate_with(rows, 3 * CALIBRATIONS);
	assert_near(out.path_cyc.value, 622.4 + 354 / 247.0 * (90 - 110 - 42), 1e-6);
	fraction_free(&out);
}

/* Three rounds in which V - W of the send call was off by 40, either way: that is in the interval of F. */
static void what_the_calibration_does_not_know_is_in_the_interval(void **state)
{
	struct calibration_row rows[3 * CALIBRATIONS];

	(void)state;
	quarter();
	repeat_calibration(rows, 3);
	rows[5].frame_cyc -= 40;
	rows[2 * CALIBRATIONS + 5].frame_cyc += 40;
	struct fraction out = estimate_with(rows, 3 * CALIBRATIONS);
	assert_near(out.path_cyc.value, 500, 1e-6);
	assert_true(out.f.low < out.f.value - 0.01 && out.f.high > out.f.value + 0.01);
	fraction_free(&out);
}

/* ---- Work meters ---- */

/* As quarter(), but the windows hold 90 to 110 % of the work, and UDP datagrams come from elsewhere. */
static void unsteady(void)
{
	static const int64_t udp[4] = {100, 500, 100, 300};

	quarter();
	for (size_t i = 0; i < blocks_n; i++) {
		struct block_row *block = &blocks[i];
		double work = 0.9 + 0.1 * (double)(i * 7 % 4);

		block->cpu_cyc = (int64_t)((double)block->cpu_cyc * work);
		block->meter_io = (int64_t)((block->dose ? 300 : 600) * work); /* three reads a call */
		block->meter_udp = udp[i % 4];
		if (block->dose) {
			block->calls_n = (int64_t)(100 * work);
			block->target_cyc = block->cpu_cyc;
		}
	}
}

static void the_meter_that_goes_with_the_calls_is_taken(void **state)
{
	(void)state;
	unsteady();
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_string_equal(out.meter, "read and write calls");
	assert_near(out.meter_error, 0, 0.001);
	assert_near(out.busy_cyc.value, 2000, 1);
	fraction_free(&out);
}

static void a_meter_that_could_not_be_read_everywhere_is_not_taken(void **state)
{
	(void)state;
	unsteady();
	blocks[4].meter_io = STORE_NULL;
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_string_equal(out.meter, "wall time"); /* steadier than the datagrams */
	assert_true(out.meter_error > 0.01);
	fraction_free(&out);
}

static void unprobed_windows_without_cpu_time_are_left_out(void **state)
{
	(void)state;
	quarter();
	for (size_t i = 1; i < blocks_n; i += 6) /* the unprobed window of every other cycle: a process ended in it */
		blocks[i].cpu_cyc = STORE_NULL;
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_int_equal(out.unprobed_n, CYCLES / 2);
	assert_near(out.f.value, 0.25, 1e-9);
	fraction_free(&out);
}

/* Where the ledger saw a server run twice as long as it did, say; its meters ended with the process, too. */
static void a_probed_window_without_cpu_time_counts_for_nothing_where_most_know_it(void **state)
{
	(void)state;
	quarter();
	struct block_row *ended = probed(CYCLES - 1, 1, 470800);
	ended->cpu_cyc = ended->meter_udp = STORE_NULL;
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_near(out.f.value, 0.25, 1e-9);
	assert_near(out.probe_scale.value, 1.2, 1e-9);
	assert_string_equal(out.meter, "UDP datagrams sent");
	assert_int_equal(out.calls_n, 100 * (2 * CYCLES + 1)); /* but its calls */
	fraction_free(&out);
}

/* ---- The busiest thread ---- */

/*
 * The probes put 622.4 - 500 = 122.4 cycles per call into frames, and stretch the whole by 2354 / 2000. A thread with half of
 * all cycles, 40000 of them in 60 calls: f = (40000 - 60 * 122.4) / (117700 * 2000 / 2354) = 32656 / 100000.
 */
static void f_of_the_busiest_thread_is_corrected_like_the_whole(void **state)
{
	const struct thread_row threads[] = {
		{.tid = 7, .user_cyc = 50000, .path_cyc = 20000, .calls_n = 30},
		{.tid = 8, .user_cyc = 70000, .path_cyc = 40000, .call_cyc = 4000, .kernel_cyc = 2000, .irq_cyc = 1000, .unknown_cyc = 700,
		 .sleep_cyc = 999999, .calls_n = 60},
		{.tid = 9, .user_cyc = 100000, .calls_n = 0},
	};
	struct fraction out;

	(void)state;
	quarter();
	struct fraction_input in = input(FRACTION_ASYNC_NONE);
	in.threads = threads;
	in.threads_n = 3;
	assert_int_equal(fraction_estimate(&in, &out), 0);
	assert_int_equal(out.busiest_tid, 8);
	assert_near(out.busiest.value, 0.32656, 1e-9);
	fraction_free(&out);
}

static void without_threads_there_is_no_busiest(void **state)
{
	(void)state;
	quarter();
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_true(isnan(out.busiest.value));
	fraction_free(&out);
}

/* ---- Too little ---- */

static void a_target_without_a_path_call_has_f_0(void **state)
{
	struct fraction out;

	(void)state;
	quarter();
	for (size_t i = 0; i < blocks_n; i++)
		if (blocks[i].dose)
			blocks[i].calls_n = blocks[i].path_cyc = 0;
	const struct fraction_input in = input(FRACTION_ASYNC_NET);
	assert_int_equal(fraction_estimate(&in, &out), -ENOENT);
	assert_true(out.f.value == 0);
	assert_int_equal(out.calls_n, 0);
	assert_int_equal(out.probed_n, CYCLES * 2);
	assert_null(out.f_rep);
	fraction_free(&out);
}

static void too_few_windows_give_no_figure(void **state)
{
	struct fraction_input in;
	struct fraction out;

	(void)state;
	quarter();
	in = input(FRACTION_ASYNC_NET);
	in.blocks_n = 3; /* one cycle */
	assert_int_equal(fraction_estimate(&in, &out), -ENODATA);
	assert_null(out.f_rep);
	in.blocks_n = 0;
	assert_int_equal(fraction_estimate(&in, &out), -ENODATA);
	in.blocks = blocks + 1;
	in.blocks_n = 1; /* an unprobed window */
	assert_int_equal(fraction_estimate(&in, &out), -ENODATA);
	in.blocks = blocks;
	in.blocks_n = 6;
	assert_int_equal(fraction_estimate(&in, &out), 0); /* two cycles are enough for a figure */
	fraction_free(&out);
	in.calibrations_n = 0;
	assert_int_equal(fraction_estimate(&in, &out), -ENODATA);
	assert_null(out.f_rep);
}

static void f_stays_between_0_and_1(void **state)
{
	(void)state;
	quarter();
	for (size_t i = 0; i < blocks_n; i++)
		if (blocks[i].dose)
			blocks[i].path_cyc = 900000;
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_true(out.f.value == 1 && out.f.low <= 1 && out.f.high <= 1);
	fraction_free(&out);
	for (size_t i = 0; i < blocks_n; i++)
		if (blocks[i].dose)
			blocks[i].path_cyc = 10; /* less than the probes should have put there */
	out = estimate(FRACTION_ASYNC_NONE);
	assert_true(out.f.value == 0 && out.f.low >= 0 && out.f.high >= 0);
	fraction_free(&out);
	unsteady();
	for (size_t i = 0; i < blocks_n; i++)
		if (blocks[i].dose)
			blocks[i].path_cyc = (int64_t)(2110 * (double)blocks[i].calls_n * (0.95 + 0.05 * (double)(i / 3 % 3)));
	out = estimate(FRACTION_ASYNC_NONE);
	assert_true(out.f.value < 1 && out.f.high == 1);
	for (size_t i = 0; i < out.rep_n; i++)
		assert_true(out.f_rep[i] >= 0 && out.f_rep[i] <= 1);
	fraction_free(&out);
}

static void equal_data_give_equal_intervals(void **state)
{
	(void)state;
	unsteady();
	struct fraction one = estimate(FRACTION_ASYNC_NET), two = estimate(FRACTION_ASYNC_NET);
	assert_memory_equal(one.f_rep, two.f_rep, one.rep_n * sizeof *one.f_rep);
	assert_true(one.f.low < one.f.value && one.f.value < one.f.high);
	fraction_free(&one);
	fraction_free(&two);
}

/* ---- Experiments that are simulated ---- */

/* A factor about 1 with this relative standard deviation. */
static double noise(struct stats_rng *rng, double sd)
{
	return 1 + sd * stats_rng_normal(rng);
}

/*
 * One window of a server of f = 0.6: t_0 = 2000 and F = 1200 on average. The machine drifts from cycle to cycle; what a call
 * costs, how much work there is and what the meters tell differs from window to window.
 */
static void simulate_window(struct stats_rng *rng, int64_t cycle, int64_t dose, double drift, double scale, double frames)
{
	double calls = round(1000 * noise(rng, 0.1)), path = 1200 * drift * noise(rng, 0.02), user = 800 * drift * noise(rng, 0.03);
	/* per path call: 0.2 other calls, 0.5 softirqs, 0.4 of them in frames */
	double cost = scale * (200 * 1.2 + 100 * 0.5) * (double)dose, in_frame = (scale * frames * (150 + 100 * 0.4) - 90 * fmax(1, scale)) * (double)dose;
	struct block_row *block = unprobed(cycle, (int64_t)(calls * noise(rng, 0.003)), 0);
	double busy = (path + user + cost) * calls;

	block->cpu_cyc = (int64_t)(busy * noise(rng, 0.002));
	if (!dose)
		return;
	block->dose = dose;
	block->calls_n = (int64_t)calls;
	block->other_n = (int64_t)(0.2 * calls);
	block->switch_n = block->frame_switch_n = 0;
	block->softirq_n = (int64_t)(0.5 * calls);
	block->frame_softirq_n = (int64_t)(0.4 * calls);
	block->target_cyc = (int64_t)busy;
	block->path_cyc = (int64_t)((path + in_frame) * calls);
	block->async_cyc = block->async_target_cyc = 0;
}

static int simulated_interval_holds(struct stats_rng *rng)
{
	static const int64_t doses[5] = {1, 0, 1, 0, 2};
	double scale = noise(rng, 0.15), frames = noise(rng, 0.06); /* k, and what of it falls into frames, of this target */
	int holds;

	nothing_yet();
	for (int64_t cycle = 0; cycle < 16; cycle++) {
		double drift = noise(rng, 0.02);

		for (int i = 0; i < 5; i++)
			simulate_window(rng, cycle, doses[i], drift, scale, frames);
	}
	struct fraction out = estimate(FRACTION_ASYNC_NONE);
	assert_true(out.f.high - out.f.low < 0.05); /* and it says something */
	holds = out.f.low <= 0.6 && 0.6 <= out.f.high;
	fraction_free(&out);
	return holds;
}

static void intervals_hold_the_truth_as_often_as_they_say(void **state)
{
	enum { EXPERIMENTS = 400 };
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	int hits = 0;

	(void)state;
	assert_non_null(rng);
	for (int i = 0; i < EXPERIMENTS; i++)
		hits += simulated_interval_holds(rng);
	stats_rng_free(rng);
	if (hits < EXPERIMENTS * 92 / 100 || hits > EXPERIMENTS * 98 / 100)
		fail_msg("%d of %d intervals hold the truth", hits, EXPERIMENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f_is_the_path_over_the_busy_cycles_without_the_probes),
		cmocka_unit_test(what_was_added_is_known_before_the_end_and_over_the_calibration_too),
		cmocka_unit_test(windows_that_a_budget_put_between_are_told),
		cmocka_unit_test(time_that_a_host_stole_is_in_frames_and_in_the_whole_alike),
		cmocka_unit_test(probes_that_the_kernel_charges_to_a_client_are_not_in_cpu_time),
		cmocka_unit_test(without_unprobed_windows_the_second_dose_tells_k_of_a_preempted_server),
		cmocka_unit_test(ends_before_a_preemption_that_is_charged_to_the_target_change_nothing),
		cmocka_unit_test(instructions_are_not_dearer_in_frames),
		cmocka_unit_test(what_only_cpu_time_knows_of_is_busy_time_outside_frames),
		cmocka_unit_test(no_mode_switch_is_cheaper_than_a_null_calls),
		cmocka_unit_test(interrupts_outside_frames_count_as_asked_for),
		cmocka_unit_test(without_unprobed_windows_the_second_dose_tells_the_first),
		cmocka_unit_test(a_second_dose_may_cost_more_than_the_first),
		cmocka_unit_test(with_dose_1_alone_the_calibration_is_believed),
		cmocka_unit_test(without_a_loopback_the_null_call_must_do),
		cmocka_unit_test(calibrations_are_reduced_by_their_median),
		cmocka_unit_test(the_unprobed_send_is_the_mean_of_before_and_after),
		cmocka_unit_test(what_the_calibration_does_not_know_is_in_the_interval),
		cmocka_unit_test(the_meter_that_goes_with_the_calls_is_taken),
		cmocka_unit_test(a_meter_that_could_not_be_read_everywhere_is_not_taken),
		cmocka_unit_test(unprobed_windows_without_cpu_time_are_left_out),
		cmocka_unit_test(a_probed_window_without_cpu_time_counts_for_nothing_where_most_know_it),
		cmocka_unit_test(f_of_the_busiest_thread_is_corrected_like_the_whole),
		cmocka_unit_test(without_threads_there_is_no_busiest),
		cmocka_unit_test(a_target_without_a_path_call_has_f_0),
		cmocka_unit_test(too_few_windows_give_no_figure),
		cmocka_unit_test(f_stays_between_0_and_1),
		cmocka_unit_test(equal_data_give_equal_intervals),
		cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
