/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_bars.c: contexts of the ledger into parts, threads into bars, names into labels. */
#include "reports/bars.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void each_context_is_in_one_part(void **state)
{
	const struct ledger_row rows[] = {
		{ .cpu = 0, .task = "target", .call = "path", .softirq = "none", .hardirq = "none", .cyc = 30 },
		{ .cpu = 0, .task = "target", .call = "path", .softirq = "net_rx", .hardirq = "none", .cyc = 8 },
		{ .cpu = 0, .task = "target", .call = "path", .softirq = "net_rx", .hardirq = "timer", .cyc = 2 },
		{ .cpu = 0, .task = "target", .call = "call", .softirq = "none", .hardirq = "none", .cyc = 7 },
		{ .cpu = 0, .task = "target", .call = "call", .softirq = "none", .hardirq = "timer", .cyc = 3 },
		{ .cpu = 0, .task = "target", .call = "user", .softirq = "none", .hardirq = "none", .cyc = 20 },
		{ .cpu = 0, .task = "target", .call = "none", .softirq = "none", .hardirq = "none", .cyc = 4 },
		{ .cpu = 0, .task = "other", .call = "none", .softirq = "none", .hardirq = "none", .cyc = 5 },
		{ .cpu = 0, .task = "other", .call = "path", .softirq = "none", .hardirq = "none", .cyc = 1 },
		{ .cpu = 0, .task = "idle", .call = "none", .softirq = "net_rx", .hardirq = "none", .cyc = 6 },
		{ .cpu = 0, .task = "idle", .call = "none", .softirq = "none", .hardirq = "none", .cyc = 14 },
		{ .cpu = 3, .task = "idle", .call = "none", .softirq = "none", .hardirq = "none", .cyc = 50 },
	};
	static const int percent[PART_MAX] = {
		[PART_PATH] = 30, [PART_PATH_IRQ] = 10, [PART_CALL] = 7, [PART_USER] = 20, [PART_IRQ] = 9, [PART_OTHER] = 10, [PART_IDLE] = 14,
	};
	struct bars bars;

	(void)state;
	assert_int_equal(bars_of_cpus(rows, sizeof rows / sizeof *rows, &bars), 0);
	assert_int_equal(bars.n, 2);
	for (size_t i = 0; i < PART_MAX; i++)
		assert_float_equal(bars.bar[0].share[i], percent[i] / 100.0, 1e-12);
	assert_string_equal(bars.bar[1].label, "CPU 3");
	assert_float_equal(bars.bar[1].share[PART_IDLE], 1, 1e-12);
}

static void many_cpus_keep_the_busiest_and_the_mean_of_the_others(void **state)
{
	struct ledger_row rows[2 * (BARS_MAX + 1)];
	struct bars bars;

	(void)state;
	for (int i = 0; i <= BARS_MAX; i++) { /* CPU i is idle for i of 100 */
		rows[2 * i] = (struct ledger_row){ .cpu = i, .task = "idle", .call = "none", .softirq = "none", .hardirq = "none", .cyc = i };
		rows[2 * i + 1] = (struct ledger_row){ .cpu = i, .task = "target", .call = "user", .softirq = "none", .hardirq = "none",
						       .cyc = 100 - i };
	}
	assert_int_equal(bars_of_cpus(rows, sizeof rows / sizeof *rows, &bars), 0);
	assert_int_equal(bars.n, BARS_MAX);
	assert_string_equal(bars.bar[0].label, "CPU 0");
	assert_string_equal(bars.bar[BARS_MAX - 2].label, "CPU 30");
	assert_string_equal(bars.bar[BARS_MAX - 1].label, "2 more CPUs (mean)");
	assert_float_equal(bars.bar[BARS_MAX - 1].share[PART_IDLE], 0.315, 1e-12);
}

static void threads_are_shares_of_one_cpu_busiest_first(void **state)
{
	struct thread_row rows[] = {
		{ .tid = 7, .comm = "idler", .user_cyc = 1 },
		{ .tid = 8, .comm = "sender", .user_cyc = 20, .path_cyc = 40, .call_cyc = 5, .irq_cyc = 3, .kernel_cyc = 2, .unknown_cyc = 1 },
	};
	struct bars bars;

	(void)state;
	bars_of_threads(rows, 2, 100, &bars);
	assert_int_equal(bars.n, 2);
	assert_string_equal(bars.bar[0].label, "sender 8");
	assert_float_equal(bars.bar[0].share[PART_PATH], 0.4, 1e-12);
	assert_float_equal(bars.bar[0].share[PART_OTHER], 0.03, 1e-12);
	bars_of_threads(rows, 2, 0, &bars);
	assert_int_equal(bars.n, 0);
}

static void nothing_gives_no_bars(void **state)
{
	struct bars bars;

	(void)state;
	assert_int_equal(bars_of_cpus(NULL, 0, &bars), 0);
	assert_int_equal(bars.n, 0);
	bars_of_threads(NULL, 0, 100, &bars);
	assert_int_equal(bars.n, 0);
}

static void labels_hold_no_markup_and_break_no_character(void **state)
{
	char label[16];

	(void)state;
	label_clean("a<b>\n\"", label, sizeof label);
	assert_string_equal(label, "a‹b› ”");
	label_clean("ééééééééé", label, sizeof label); /* 18 bytes */
	assert_string_equal(label, "éééééé…");
	label_clean("a\xef\xbf\xbe\xef\xbf\xbf", label, sizeof label); /* no XML may hold these two */
	assert_string_equal(label, "a��");
	label_clean("", label, sizeof label);
	assert_string_equal(label, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_context_is_in_one_part),
		cmocka_unit_test(many_cpus_keep_the_busiest_and_the_mean_of_the_others),
		cmocka_unit_test(threads_are_shares_of_one_cpu_busiest_first),
		cmocka_unit_test(nothing_gives_no_bars),
		cmocka_unit_test(labels_hold_no_markup_and_break_no_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
