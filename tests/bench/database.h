/* SPDX-License-Identifier: GPL-2.0-or-later */
/* database.h: for benchmarks: profiles and benches of any size that nobody measured, with figures that make sense. The profile sends bursts
 * and sizes all over the grid of the bench, so that every point of it matters. */
#ifndef TESTS_BENCH_DATABASE_H
#define TESTS_BENCH_DATABASE_H

#include <math.h>

#include "tests/bench/synthetic.h"

#define WAYS_N 3
#define CYCLES_N 100 /* of windows, in the profile */
#define CALLS_N 10000 /* in a window */

static const char *const ways[WAYS_N] = {"null", "sendmsg", "sendmmsg"};
static const int64_t way_cyc[WAYS_N] = {200, 6000, 4500}; /* per packet */
static const int64_t groups[] = {1, 2, 10, 100, 1000}, payloads[] = {100, 300, 1000};

#define GROUPS_N (sizeof groups / sizeof *groups)
#define PAYLOADS_N (sizeof payloads / sizeof *payloads)
#define POINTS_N (GROUPS_N * PAYLOADS_N)

/* Something between -1 and 1 that looks random. */
static double wobble(int64_t i)
{
	return (double)((uint64_t)i * UINT64_C(2654435761) % 2001) / 1000 - 1;
}

/* ---- The bench ---- */

static int add_bench_rows(struct synthetic *db, int64_t run, int64_t rounds_n)
{
	int err = 0;

	for (size_t point = 0; point < POINTS_N; point++)
		for (int64_t round = 0; round < rounds_n; round++)
			for (size_t way = 0; way < WAYS_N && !err; way++) {
				double noise = 1 + 0.01 * wobble(3 * round + (int64_t)way);
				const struct bench_row row = {
					.run = run,
					.round = round,
					.way = ways[way],
					.group_size = groups[point % GROUPS_N],
					.payload_bytes = payloads[point / GROUPS_N],
					.packets_n = 1000,
					.cpu_cyc = (int64_t)((double)way_cyc[way] * 1000 * noise),
					.async_cyc = STORE_NULL,
				};

				err = store_add_bench(db->store, &row);
			}
	return err;
}

static int add_bench(struct synthetic *db, int64_t rows_n)
{
	int64_t run;
	int err = synthetic_begin(db, "bench", STORE_NULL, &run);

	if (!err)
		err = add_bench_rows(db, run, (rows_n + (int64_t)(POINTS_N * WAYS_N) - 1) / (int64_t)(POINTS_N * WAYS_N));
	return err ? err : synthetic_end(db, run);
}

/* ---- The profile ---- */

static int add_calibrations(struct synthetic *db, int64_t run)
{
	static const struct calibration_row rows[] = {
		{.call = "null", .probes = "all", .dose = 0, .call_cyc = 250, .frame_cyc = NAN},
		{.call = "null", .probes = "all", .dose = 1, .call_cyc = 650, .frame_cyc = 300},
		{.call = "null", .probes = "all", .dose = 2, .call_cyc = 1050, .frame_cyc = 500},
		{.call = "send", .probes = "all", .dose = 0, .call_cyc = 6000, .frame_cyc = NAN},
		{.call = "send", .probes = "calls", .dose = 1, .call_cyc = 6450, .frame_cyc = 6000},
		{.call = "send", .probes = "all", .dose = 1, .call_cyc = 6750, .frame_cyc = 6300},
		{.call = "send", .probes = "all", .dose = 2, .call_cyc = 7450, .frame_cyc = 6900},
	};
	int err = 0;

	for (int64_t round = 0; round < 8; round++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows && !err; i++) {
			struct calibration_row row = rows[i];

			row.run = run;
			row.round = round;
			row.calls_n = 4000;
			err = store_add_calibration(db->store, &row);
		}
	return err;
}

/* A server that sends 70 % of its time, 8,600 cycles a packet, and 750 more with probes. */
static int add_block(struct synthetic *db, int64_t run, int64_t block)
{
	int64_t dose = block % 3, n = CALLS_N + (int64_t)(200 * wobble(block));
	double cyc = (double)n * (1 + 0.01 * wobble(7 * block));
	struct block_row row;

	store_null_block(&row);
	row.run = run;
	row.block = block;
	row.cycle = block / 3;
	row.dose = dose;
	row.start_ns = block * 100000000;
	row.wall_cyc = (int64_t)(SYNTHETIC_HZ / 10);
	row.meter_udp = n;
	row.cpu_cyc = (int64_t)(cyc * (8600 + 750 * (double)dose));
	if (dose) {
		row.calls_n = n;
		row.errors_n = row.other_n = row.switch_n = row.frame_switch_n = row.sleep_cyc = 0;
		row.bytes = 1000 * n;
		row.softirq_n = row.frame_softirq_n = n;
		row.target_cyc = row.cpu_cyc;
		row.path_cyc = (int64_t)(cyc * (6000 + 400 * (double)dose));
		row.async_cyc = row.async_target_cyc = row.irq_cyc = row.irq_target_cyc = 0;
	}
	return store_add_block(db->store, &row);
}

static int add_ledger_rows(struct synthetic *db, int64_t run, int64_t rows_n)
{
	static const char *const calls[] = {"user", "path", "call", "none"};
	int err = 0;

	for (int64_t i = 0; i < rows_n && !err; i++)
		err = store_add_ledger(db->store, &(struct ledger_row){run, i / 4, "target", calls[i % 4], "none", "none", 1000 + i, i});
	return err;
}

/* Bursts and sizes all over the grid. */
static int add_hists(struct synthetic *db, int64_t run)
{
	int err = 0;

	for (int64_t low = 1; low <= 1000 && !err; low += 1 + low / 8)
		err = store_add_hist(db->store, &(struct hist_row){run, "burst", low, 10, 10 * low});
	for (int64_t low = 100; low <= 1000 && !err; low += 50)
		err = store_add_hist(db->store, &(struct hist_row){run, "bytes", low, 10, 10 * low});
	return err;
}

static int add_profile(struct synthetic *db, int64_t rows_n)
{
	int64_t run;
	int err = synthetic_begin(db, "profile", STORE_NULL, &run);

	if (!err)
		err = add_calibrations(db, run);
	for (int64_t block = 0; block < 3 * (int64_t)CYCLES_N && !err; block++)
		err = add_block(db, run, block);
	if (!err)
		err = add_ledger_rows(db, run, rows_n);
	if (!err)
		err = add_hists(db, run);
	return err ? err : synthetic_end(db, run);
}

/* A database with as many profiles and benches, which have rows_n rows each in all. */
static int build(struct synthetic *db, int64_t profiles_n, int64_t benches_n, int64_t rows_n)
{
	int err = synthetic_open(db);

	for (int64_t i = 0; i < profiles_n && !err; i++)
		err = add_profile(db, rows_n / profiles_n);
	for (int64_t i = 0; i < benches_n && !err; i++)
		err = add_bench(db, rows_n / benches_n);
	synthetic_close(db);
	return err;
}

#endif
