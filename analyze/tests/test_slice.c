/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_slice.c: f and stages from samples made by hand. */
#include "analyze/fraction.h"
#include "analyze/slice.h"
#include "analyze/store.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { WINDOWS = 40, ROWS = 6 };

static struct block_row blocks[WINDOWS];
static struct sample_row samples[WINDOWS * ROWS];

/* Every window: 2 of copy, 4 of ip, 1 of receive in frames, 3 in user space, 2 of the network's softirq in idle, 5 elsewhere. 1,000
 * cycles each; the target had 50,000 cycles of CPU time and sent 10 packets. */
static void fill(void)
{
	static const struct sample_row rows[ROWS] = {
		{.task = "target", .call = "path", .softirq = "none", .hardirq = "none", .stage = "copy", .samples_n = 2, .cyc = 2000},
		{.task = "target", .call = "path", .softirq = "none", .hardirq = "none", .stage = "ip", .samples_n = 4, .cyc = 4000},
		{.task = "target", .call = "path", .softirq = "net_rx", .hardirq = "none", .stage = "receive", .samples_n = 1, .cyc = 1000},
		{.task = "target", .call = "user", .softirq = "none", .hardirq = "none", .stage = "none", .samples_n = 3, .cyc = 3000},
		{.task = "idle", .call = "none", .softirq = "net_rx", .hardirq = "none", .stage = "none", .samples_n = 2, .cyc = 2000},
		{.task = "other", .call = "none", .softirq = "none", .hardirq = "none", .stage = "none", .samples_n = 5, .cyc = 5000},
	};

	for (int i = 0; i < WINDOWS; i++) {
		store_null_block(&blocks[i]);
		blocks[i].block = blocks[i].cycle = i;
		blocks[i].dose = 0;
		blocks[i].sampled = 1;
		blocks[i].wall_cyc = 20000;
		blocks[i].cpu_cyc = 10000;
		blocks[i].meter_udp = 10;
		for (int j = 0; j < ROWS; j++) {
			samples[i * ROWS + j] = rows[j];
			samples[i * ROWS + j].block = i;
		}
	}
}

static struct fraction_input input_of(enum fraction_async async)
{
	fill();
	return (struct fraction_input){.blocks = blocks, .blocks_n = WINDOWS, .samples = samples, .samples_n = WINDOWS * ROWS, .async = async};
}

static void f_is_the_samples_inside_frames_over_those_of_the_target(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;

	(void)state;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7, 1e-12);
	assert_near((f.f.high - f.f.low) / 2, 1.96 * 0.016 * 0.7 * 0.3, 0.002); /* all windows are alike: what is left is what targets differ by */
	assert_int_equal(f.calls_n, 7 * WINDOWS);
	assert_int_equal(f.probed_n, WINDOWS);
	fraction_free(&f);
}

static void busy_time_that_samples_do_not_see_is_in_the_whole(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;

	(void)state;
	for (int i = 0; i < WINDOWS; i++) /* 40 % more than the samples: hardly by chance */
		blocks[i].cpu_cyc = 14000;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7.0 / (10 + 4 * (1 - (0.5 + 1.0 / 120) / (10 * WINDOWS) / pow(4.0 / 14, 2))), 1e-12); /* by the samples it is idle for half of the time */
	assert_true(f.f.value > 0.5 && f.f.value < 0.51);
	assert_near(f.raw.value, 0.7, 1e-12);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS; i++) /* 1 % more: less than chance makes */
		blocks[i].cpu_cyc = 10100;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7, 1e-12);
	fraction_free(&f);
	blocks[3].target_cyc = 10000; /* and of the one window that knows how long the target ran it is no chance */
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7 / 1.01, 1e-12);
	fraction_free(&f);
}

/* On the only CPU that it runs on a look cannot miss it. */
static void what_a_target_without_rest_lacks_is_no_chance(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;

	(void)state;
	for (int i = 0; i < WINDOWS; i++) {
		blocks[i].wall_cyc = 10000;
		blocks[i].cpu_cyc = 10500;
	}
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7.0 / (10 + 0.5 * (1 - 1.0 / 120 / (10 * WINDOWS) / pow(0.5 / 10.5, 2))), 1e-12);
	fraction_free(&f);
	for (int j = 0; j < ROWS; j++) /* one stray window elsewhere makes no difference to speak of */
		samples[j].cpu = 1;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7.0 / 10.5, 0.005);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS * ROWS; i++) /* now here, now there */
		samples[i].cpu = i / ROWS % 2 ? 5000 : 0;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7.0 / (10 + 0.5 * fmax(0, 1 - (0.5 + 1.0 / 120) / (10 * WINDOWS) / pow(0.5 / 10.5, 2))), 1e-12);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS; i++) /* how long that was is not known */
		blocks[i].wall_cyc = STORE_NULL;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7.0 / (10 + 0.5 * fmax(0, 1 - (1 + 1.0 / 120) / (10 * WINDOWS) / pow(0.5 / 10.5, 2))), 1e-12);
	fraction_free(&f);
}

static void expiries_without_a_sample_are_shared_out_among_the_calls(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;

	(void)state;
	for (int i = 0; i < WINDOWS; i++) { /* of 10, 7 in the path, 1 without a sample, 2 in user space */
		samples[i * ROWS + 3].cyc = 2000;
		samples[i * ROWS + 5] = samples[i * ROWS + 3];
		samples[i * ROWS + 5].call = "unknown";
		samples[i * ROWS + 5].cyc = 1000;
	}
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.8, 1e-12);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS; i++) /* the CPU time knows nothing of it: the CPU was idle */
		blocks[i].cpu_cyc = 9000;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7.0 / 9, 1e-12);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS; i++) /* it does, but a ninth of it is what the kernel charges beside what the target ran */
		blocks[i].cpu_cyc = 10000;
	blocks[3].target_cyc = 9000;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7.0 / 10, 1e-12);
	fraction_free(&f);
	blocks[3].target_cyc = STORE_NULL;
	for (int i = 0; i < WINDOWS; i++) /* nor is it known */
		blocks[i].cpu_cyc = STORE_NULL;
	for (int i = 0; i < WINDOWS; i++) /* as many in other calls as in the path */
		samples[i * ROWS + 3] = (struct sample_row){.block = i, .task = "target", .call = "call", .softirq = "none", .hardirq = "none",
							    .stage = "none", .samples_n = 7, .cyc = 7000};
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7.5 / 15, 1e-12);
	fraction_free(&f);
}

static void windows_that_tell_how_long_the_target_ran_tell_nothing_else(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;

	(void)state;
	for (int i = 4; i < WINDOWS; i += 8) { /* in user space all the time, for which the kernel charges a quarter more */
		blocks[i].target_cyc = 8000;
		for (int j = 0; j < 3; j++)
			samples[i * ROWS + j].call = "user";
	}
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7 / 1.25, 1e-12);
	assert_near(f.raw.value, 0.7, 1e-12);
	assert_int_equal(f.calls_n, 7 * (WINDOWS - WINDOWS / 8));
	fraction_free(&f);
	for (int i = 12; i < WINDOWS; i += 8) /* one of them is enough, in resamples without it, too */
		blocks[i].target_cyc = 10000, blocks[i].cpu_cyc = STORE_NULL;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_true(f.f.low < f.f.value && f.f.high < 0.6);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS; i++)
		blocks[i].cpu_cyc = 10000;
	for (int i = 4; i < WINDOWS; i += 8) { /* it ran longer than it was charged for: the kernel charges who comes from the wake-up on */
		blocks[i].target_cyc = 11000;
		blocks[i].went_n = 0, blocks[i].went_idle_n = 0, blocks[i].others_idle_n = 0;
	}
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7, 1e-12);
	fraction_free(&f);
}

/* A fifth of its CPU time is in no sample, though the target ran for all of it. */
static void samples_lack_what_sleeps_explain(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;
	const double n = WINDOWS * 7.0 / 8, lack = 2500 * n, chance = sqrt((0.5 + 1.0 / 120) / (10 * n)) * 12500 * n, sleeps = 25 * 50 * n;

	(void)state;
	for (int i = 0; i < WINDOWS; i++)
		blocks[i].cpu_cyc = 12500;
	for (int i = 4; i < WINDOWS; i += 8)
		blocks[i].target_cyc = 12500;
	input.terms.sleep_cyc = 50;
	assert_int_equal(fraction_sampled(&input, &f), 0); /* nobody counted how often: by chance alone */
	assert_near(f.f.value, 7000 * n / (10000 * n + lack - chance * chance / lack), 1e-12);
	fraction_free(&f);
	for (int i = 4; i < WINDOWS; i += 8)
		blocks[i].went_n = 0, blocks[i].went_idle_n = 0, blocks[i].others_idle_n = 0;
	assert_int_equal(fraction_sampled(&input, &f), 0); /* it never left its CPU idle */
	assert_near(f.f.value, 0.7, 1e-12);
	assert_near(f.raw.value, 0.7, 1e-12);
	double width = f.f.high - f.f.low;
	fraction_free(&f);
	for (int i = 4; i < WINDOWS; i += 8)
		blocks[i].went_idle_n = 25;
	double found = (lack / (chance * chance) + 1 / sleeps) / (1 / (chance * chance) + 1 / (sleeps * sleeps));
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7000 * n / (10000 * n + found), 1e-12);
	assert_true(f.f.high - f.f.low > width);
	fraction_free(&f);
	input.terms.sample_cyc = 250 * 1.5; /* it runs for half a period at a time; so that is what 10 samples took of it */
	found = 1 / sleeps / (1 / (chance * chance) + 1 / (sleeps * sleeps));
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7000 * n / (10000 * n + found), 1e-12);
	fraction_free(&f);
	input.terms.sample_cyc = 5000; /* less than nothing is not lacked */
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7, 1e-12);
	fraction_free(&f);
	input.terms.sample_cyc = 0;
	input.terms.sleep_cyc = 20; /* five times what is expected: more than three times is something else */
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7000 / (10000 + 3 * 25 * 20.0), 1e-12);
	fraction_free(&f);
}

static void what_is_missed_between_two_of_the_target_is_missed_everywhere(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;
	const double k = 8.0 * WINDOWS, n = WINDOWS;

	(void)state;
	for (int i = 0; i < WINDOWS; i++) {
		samples[i * ROWS + 5] = samples[i * ROWS + 3];
		samples[i * ROWS + 5].call = "unknown";
		samples[i * ROWS + 5].samples_n = 1, samples[i * ROWS + 5].cyc = 1000;
		blocks[i].between_n = 8;
		blocks[i].between_idle_n = blocks[i].idle_missed_n = 0;
		blocks[i].idle_n = 100;
	}
	double odds = n / k, shrunk = odds * 4e-4 / (4e-4 + n / (k * k));
	assert_int_equal(fraction_sampled(&input, &f), 0); /* whatever the CPU time says */
	assert_near(f.f.value, (0.7 + shrunk) / (1 + shrunk), 1e-12);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS; i++) /* idle CPUs miss as many in ten */
		blocks[i].between_idle_n = 5, blocks[i].idle_n = 100, blocks[i].idle_missed_n = 10;
	odds = (n - 5 * n * 0.1) / k;
	shrunk = odds * 4e-4 / (4e-4 + (n + (5 * n + 1) * 0.01 + 5 * n * 5 * n * 0.1 * 1.1 / (100 * n)) / (k * k));
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, (0.7 + shrunk) / (1 + shrunk), 1e-12);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS; i++) /* as many in two: more than there are */
		blocks[i].idle_missed_n = 50;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7, 1e-12);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS; i++) /* all: so these may be, too, and the CPU time knows nothing of them */
		blocks[i].between_idle_n = blocks[i].idle_n = blocks[i].idle_missed_n = 0;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7, 1e-12);
	fraction_free(&f);
	for (int i = 0; i < WINDOWS; i++) /* no expiry was ever found between two of the target: the CPU time tells, again */
		blocks[i].between_n = 0, blocks[i].idle_n = 100;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7, 1e-12);
	fraction_free(&f);
}

/* Of whole CPUs the CPU time is that of samples, and says nothing of those that are missing. */
static void samples_are_no_cpu_time_to_go_by(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct slice_input sliced = {.blocks = blocks, .blocks_n = WINDOWS, .samples = samples, .samples_n = WINDOWS * ROWS, .terms = {.by_samples = true, .sample_cyc = 100}};
	struct fraction f;
	struct slice slice;

	(void)state;
	input.terms.by_samples = true;
	input.terms.sample_cyc = 100;
	for (int i = 0; i < WINDOWS; i++) { /* an eighth, and the CPUs are never idle */
		samples[i * ROWS + 5] = samples[i * ROWS + 3];
		samples[i * ROWS + 5].call = "unknown";
		samples[i * ROWS + 5].samples_n = 1, samples[i * ROWS + 5].cyc = 1000;
		blocks[i].between_n = 8;
		blocks[i].between_idle_n = blocks[i].idle_n = blocks[i].idle_missed_n = 0;
	}
	const double k = 8.0 * WINDOWS, shrunk = 0.125 * 4e-4 / (4e-4 + WINDOWS / (k * k));
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, (0.7 + shrunk) / (1 + shrunk), 1e-12);
	assert_int_equal(slice_compute(&sliced, &slice), 0);
	assert_near(slice.total_cyc.value, f.f.value * 10000 * (1 + shrunk) / 10, 1e-9);
	fraction_free(&f);
}

/* Right behind switches 3,000 cycles to the target, of which three in four come from others; 2,000 to others, of which half go from the target; 500 to idle, all from it. */
static void switches_are_shared_out_by_who_went_and_who_came(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;
	const double busy = 10000 - 0.5 * (3000 * 3.0 / 4 - 2000 * 1.0 / 2 - 500);

	(void)state;
	for (int i = 0; i < WINDOWS; i++) {
		blocks[i].cpu_cyc = STORE_NULL;
		samples[i * ROWS + 3].stage = samples[i * ROWS + 4].stage = samples[i * ROWS + 5].stage = "switch";
		samples[i * ROWS + 4].cyc = 500;
		samples[i * ROWS + 5].cyc = 2000;
	}
	assert_int_equal(fraction_sampled(&input, &f), 0); /* nobody counted them */
	assert_near(f.f.value, 0.7, 1e-12);
	fraction_free(&f);
	blocks[4].cpu_cyc = blocks[4].target_cyc = 10000;
	blocks[4].came_n = 30, blocks[4].came_own_n = 10;
	blocks[4].went_n = blocks[4].others_n = 20;
	blocks[4].went_idle_n = 10, blocks[4].others_idle_n = 0;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7000 / busy, 1e-12);
	assert_near(f.raw.value, 0.7, 1e-12);
	assert_near((f.f.high - f.f.low) / 2, 1.96 * f.f.value * hypot(0.016 * (1 - f.f.value), 750 / sqrt(12) / busy), 0.003);
	fraction_free(&f);
	blocks[4].went_n = 60; /* more of those to others are the target's: it has given more than it got */
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 7000 / (10000 - 0.5 * (2250 - 1500 - 500)), 1e-12);
	fraction_free(&f);
}

static void windows_that_do_not_know_the_cpu_time_count_only_where_most_do_not(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;

	(void)state;
	for (int i = 0; i < 10; i++) { /* a process ended in them */
		blocks[i].cpu_cyc = STORE_NULL;
		samples[i * ROWS].call = "user";
	}
	blocks[9].target_cyc = 8000; /* and this one was slowed */
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7, 1e-12);
	assert_int_equal(f.probed_n, WINDOWS - 10);
	fraction_free(&f);
	for (int i = 10; i < 30; i++)
		blocks[i].cpu_cyc = STORE_NULL;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, (9 * 5 + 30 * 7) / 390.0, 1e-12);
	fraction_free(&f);
}

static void interrupts_elsewhere_count_when_asked_for(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NET);
	struct fraction f;

	(void)state;
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 9.0 / 12, 1e-12); /* (7 + 2) / (10 + 2) */
	fraction_free(&f);
	input.async = FRACTION_ASYNC_OWN; /* none of them interrupted the target outside a frame */
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 0.7, 1e-12);
	fraction_free(&f);
}

static void all_samples_inside_frames_are_no_certainty(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;

	(void)state;
	for (int i = 0; i < WINDOWS; i++)
		samples[i * ROWS + 3].call = "path";
	assert_int_equal(fraction_sampled(&input, &f), 0);
	assert_near(f.f.value, 1, 1e-12);
	assert_true(f.f.low < 1 && f.f.low > 0.98);
	fraction_free(&f);
}

static void no_sample_inside_frames_is_f_0(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;

	(void)state;
	for (int i = 0; i < WINDOWS * ROWS; i++)
		samples[i].call = "user";
	assert_int_equal(fraction_sampled(&input, &f), -ENOENT);
	assert_near(f.f.value, 0, 0);
	input.blocks_n = 1;
	assert_int_equal(fraction_sampled(&input, &f), -ENODATA);
}

static void sampled_windows_are_none_of_the_ledgers(void **state)
{
	struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
	struct fraction f;

	(void)state;
	assert_int_equal(fraction_estimate(&input, &f), -ENODATA);
}

/* The interval of f holds the truth in about 95 % of many experiments. */
static void the_interval_holds_what_it_says(void **state)
{
	struct stats_rng *rng = stats_rng_new(7);
	int held = 0, runs = 200;

	(void)state;
	for (int run = 0; run < runs; run++) {
		struct fraction_input input = input_of(FRACTION_ASYNC_NONE);
		struct fraction f;

		for (int i = 0; i < WINDOWS; i++) {
			int path = 0;

			for (int j = 0; j < 30; j++)
				path += stats_rng_uniform(rng) < 0.8;
			for (int j = 0; j < ROWS; j++)
				samples[i * ROWS + j].samples_n = samples[i * ROWS + j].cyc = 0;
			samples[i * ROWS].samples_n = samples[i * ROWS].cyc = path;
			samples[i * ROWS + 3].samples_n = samples[i * ROWS + 3].cyc = 30 - path;
			blocks[i].cpu_cyc = 30;
		}
		assert_int_equal(fraction_sampled(&input, &f), 0);
		held += f.f.low <= 0.8 && f.f.high >= 0.8;
		fraction_free(&f);
	}
	stats_rng_free(rng);
	assert_in_range(held, 182, 200); /* 190 expected; the seed is fixed */
}

static void engines_agree_within_their_joint_interval(void **state)
{
	struct figure a = {0.80, 0.77, 0.84}, b = {0.84, 0.80, 0.87}, difference;

	(void)state;
	assert_true(fraction_agree(a, b, &difference));
	assert_near(difference.value, -0.04, 1e-12);
	assert_near(difference.low, -0.04 - hypot(0.03, 0.03), 1e-12);
	assert_near(difference.high, -0.04 + hypot(0.04, 0.04), 1e-12);
	b = (struct figure){0.86, 0.83, 0.89};
	assert_false(fraction_agree(a, b, &difference));
	assert_true(fraction_agree(a, figure_exact(0.1), &difference));
}

static struct slice_input slice_of(void)
{
	fill();
	return (struct slice_input){.blocks = blocks, .blocks_n = WINDOWS, .samples = samples, .samples_n = WINDOWS * ROWS};
}

static void stages_are_shares_of_the_path_and_cycles_per_packet(void **state)
{
	struct slice_input input = slice_of();
	struct slice slice;
	double sum = 0;

	(void)state;
	assert_int_equal(slice_compute(&input, &slice), 0);
	assert_near(slice.share[SLICE_COPY].value, 2.0 / 7, 1e-12);
	assert_near(slice.share[SLICE_IP].value, 4.0 / 7, 1e-12);
	assert_near(slice.cyc[SLICE_IP].value, 4.0 / 10 * 1000, 1e-9);
	assert_near(slice.total_cyc.value, 7.0 / 10 * 1000, 1e-9);
	assert_int_equal(slice.packets_n, 10 * WINDOWS);
	for (int i = 0; i < SLICE_STAGE_MAX; i++)
		sum += slice.cyc[i].value;
	assert_near(sum, slice.total_cyc.value, 1e-9);
}

static void expiries_without_a_sample_are_in_the_cycles_per_packet(void **state)
{
	struct slice_input input = slice_of();
	struct slice slice;

	(void)state;
	for (int i = 0; i < WINDOWS; i++) { /* of 10, 7 in the path, 1 without a sample, 2 in user space: as f has it, 8 are the path's */
		samples[i * ROWS + 3].cyc = 2000;
		samples[i * ROWS + 5] = samples[i * ROWS + 3];
		samples[i * ROWS + 5].call = "unknown";
		samples[i * ROWS + 5].cyc = 1000;
	}
	assert_int_equal(slice_compute(&input, &slice), 0);
	assert_near(slice.total_cyc.value, 8.0 / 10 * 1000, 1e-9);
	assert_near(slice.cyc[SLICE_IP].value, 4.0 / 7 * 800, 1e-9);
	for (int i = 0; i < WINDOWS; i++) /* the CPU time knows nothing of it */
		blocks[i].cpu_cyc = 9000;
	assert_int_equal(slice_compute(&input, &slice), 0);
	assert_near(slice.total_cyc.value, 7.0 / 10 * 1000, 1e-9);
}

static void windows_that_tell_how_long_the_target_ran_have_no_stages(void **state)
{
	struct slice_input input = slice_of();
	struct slice slice;

	(void)state;
	blocks[4].target_cyc = 8000;
	samples[4 * ROWS].cyc = 500000;
	assert_int_equal(slice_compute(&input, &slice), 0);
	assert_int_equal(slice.windows_n, WINDOWS - 1);
	assert_near(slice.share[SLICE_COPY].value, 2.0 / 7, 1e-12);
	assert_near(slice.cyc[SLICE_IP].value, 4.0 / 10 * 1000 * 0.8, 1e-9); /* a fifth of its CPU time is before it runs */
}

/* A server that sleeps by a timer, 1.25 periods after it woke up: samples lack a fifth of its CPU time, a part of that is what they took. And switches that are others'. */
static void stages_together_are_f_of_a_packet(void **state)
{
	struct fraction_input in = input_of(FRACTION_ASYNC_NONE);
	struct slice_input input = {.blocks = blocks, .blocks_n = WINDOWS, .samples = samples, .samples_n = WINDOWS * ROWS, .terms = {.sample_cyc = 25, .sleep_cyc = 250}};
	struct fraction f;
	struct slice slice;

	(void)state;
	in.terms.sample_cyc = input.terms.sample_cyc;
	in.terms.sleep_cyc = input.terms.sleep_cyc;
	for (int i = 0; i < WINDOWS; i++) {
		blocks[i].cpu_cyc = 12500;
		samples[i * ROWS + 3].stage = "switch";
	}
	blocks[4].target_cyc = 12500;
	blocks[4].came_n = 10; /* all of them are */
	blocks[4].went_n = 0, blocks[4].went_idle_n = 10, blocks[4].others_idle_n = 0;
	assert_int_equal(fraction_sampled(&in, &f), 0);
	assert_int_equal(slice_compute(&input, &slice), 0);
	assert_true(f.f.value < 0.6);
	assert_near(slice.total_cyc.value, f.f.value * (12500 - 10 * 25 / 2.25) / 10, 1e-9);
	assert_near(slice.cyc[SLICE_IP].value, 4.0 / 7 * slice.total_cyc.value, 1e-9);
	fraction_free(&f);
	in.terms.sample_cyc = input.terms.sample_cyc = 5000; /* more than they lack: a sample takes less here */
	assert_int_equal(fraction_sampled(&in, &f), 0);
	assert_int_equal(slice_compute(&input, &slice), 0);
	assert_near(slice.total_cyc.value, f.f.value * 8500 / 10, 1e-9);
	fraction_free(&f);
}

static void a_way_has_its_own_windows(void **state)
{
	struct slice_input input = slice_of();
	struct slice slice;

	(void)state;
	for (int i = 0; i < WINDOWS; i++) {
		blocks[i].way = i % 2 ? "sendmmsg" : "sendmsg";
		samples[i * ROWS].cyc = i % 2 ? 0 : 2000;
	}
	input.way = "sendmmsg";
	assert_int_equal(slice_compute(&input, &slice), 0);
	assert_int_equal(slice.windows_n, WINDOWS / 2);
	assert_near(slice.share[SLICE_COPY].value, 0, 0);
	assert_near(slice.share[SLICE_IP].value, 4.0 / 5, 1e-12);
	input.way = "uring";
	assert_int_equal(slice_compute(&input, &slice), -ENOENT);
}

static void without_packets_there_are_shares_only(void **state)
{
	struct slice_input input = slice_of();
	struct slice slice;

	(void)state;
	blocks[3].meter_udp = STORE_NULL;
	assert_int_equal(slice_compute(&input, &slice), 0);
	assert_near(slice.share[SLICE_COPY].value, 2.0 / 7, 1e-12);
	assert_true(isnan(slice.total_cyc.value));
	assert_int_equal(slice.packets_n, 0);
}

/* Every pair: 10 packets in 5,000 cycles timed, 10 in 3,000 untimed. Of copy 10 pieces of 150 cycles, of socket 30 of 250/3: a probe costs
 * (500 - 300) * 10 / 40 = 50, so 100 cycles a packet are copying, and (2500 - 1500) / 10 = 100 the socket's. */
static void what_the_probes_cost_is_taken_off_each_piece(void **state)
{
	struct slice_input input = {.blocks = blocks, .blocks_n = WINDOWS, .samples = samples, .samples_n = WINDOWS, .exact = true};
	struct slice slice;

	(void)state;
	fill();
	for (int i = 0; i < WINDOWS; i++) {
		blocks[i].sampled = STORE_NULL;
		blocks[i].dose = i % 2;
		blocks[i].cycle = i / 2;
		blocks[i].cpu_cyc = i % 2 ? 5000 : 3000;
	}
	for (int i = 0; i < WINDOWS / 2; i++) {
		samples[2 * i] = (struct sample_row){.block = 2 * i + 1, .task = "target", .call = "path", .stage = "copy", .samples_n = 10, .cyc = 1500};
		samples[2 * i + 1] = (struct sample_row){.block = 2 * i + 1, .task = "target", .call = "path", .stage = "socket", .samples_n = 30, .cyc = 2500};
	}
	assert_int_equal(slice_compute(&input, &slice), 0);
	assert_int_equal(slice.windows_n, WINDOWS / 2);
	assert_near(slice.cyc[SLICE_COPY].value, 100, 1e-9);
	assert_near(slice.cyc[SLICE_SOCKET].value, 100, 1e-9);
	assert_near(slice.total_cyc.value, 200, 1e-9);
	assert_near(slice.share[SLICE_SOCKET].value, 0.5, 1e-9);
	assert_int_equal(slice.packets_n, 10 * WINDOWS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_probes_cost_is_taken_off_each_piece),
		cmocka_unit_test(f_is_the_samples_inside_frames_over_those_of_the_target),
		cmocka_unit_test(busy_time_that_samples_do_not_see_is_in_the_whole),
		cmocka_unit_test(what_a_target_without_rest_lacks_is_no_chance),
		cmocka_unit_test(windows_that_tell_how_long_the_target_ran_tell_nothing_else),
		cmocka_unit_test(samples_lack_what_sleeps_explain),
		cmocka_unit_test(what_is_missed_between_two_of_the_target_is_missed_everywhere),
		cmocka_unit_test(samples_are_no_cpu_time_to_go_by),
		cmocka_unit_test(expiries_without_a_sample_are_shared_out_among_the_calls),
		cmocka_unit_test(switches_are_shared_out_by_who_went_and_who_came),
		cmocka_unit_test(windows_that_do_not_know_the_cpu_time_count_only_where_most_do_not),
		cmocka_unit_test(interrupts_elsewhere_count_when_asked_for),
		cmocka_unit_test(all_samples_inside_frames_are_no_certainty),
		cmocka_unit_test(no_sample_inside_frames_is_f_0),
		cmocka_unit_test(sampled_windows_are_none_of_the_ledgers),
		cmocka_unit_test(the_interval_holds_what_it_says),
		cmocka_unit_test(engines_agree_within_their_joint_interval),
		cmocka_unit_test(stages_are_shares_of_the_path_and_cycles_per_packet),
		cmocka_unit_test(expiries_without_a_sample_are_in_the_cycles_per_packet),
		cmocka_unit_test(windows_that_tell_how_long_the_target_ran_have_no_stages),
		cmocka_unit_test(stages_together_are_f_of_a_packet),
		cmocka_unit_test(a_way_has_its_own_windows),
		cmocka_unit_test(without_packets_there_are_shares_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
