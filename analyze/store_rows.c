/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_rows.c: which field holds which column, and the typed functions that add and read the rows of a run. */
#include "analyze/rows.h"
#include "analyze/store.h"
#include "analyze/store_internal.h"

#include <stddef.h>

/* The type of a column follows from the type of its field, so the two cannot disagree. */
#define COLUMN(row, field)                                                                                             \
	{                                                                                                              \
		#field,                                                                                                \
		_Generic(((struct row *)0)->field, int64_t: COLUMN_INT, double: COLUMN_REAL, const char *: COLUMN_TEXT), \
		offsetof(struct row, field)                                                                            \
	}

#define C(field) COLUMN(host_row, field)
static const struct column host_columns[] = {
	C(host), C(digest), C(name), C(cpu_model), C(cpus_n), C(microcode), C(kernel), C(build), C(arch), C(cmdline),
	C(mitigations), C(governor), C(clocksource), C(virt), C(tsc_flags), C(config),
};
#undef C

#define C(field) COLUMN(run_row, field)
static const struct column run_columns[] = {
	C(run), C(kind), C(state), C(label), C(host), C(started_ns), C(wall_ns), C(command), C(version), C(scope), C(target),
	C(pid), C(path), C(clock), C(clock_hz), C(engine), C(topology), C(way), C(idle), C(like_run), C(lost_n), C(residue),
	C(unbalanced), C(steal_ns), C(suite), C(budget), C(span_ns), C(once_ns), C(twice_ns), C(quiet_n), C(waking_n),
	C(quiet_ns), C(waking_ns),
};
#undef C

#define C(field) COLUMN(warning_row, field)
static const struct column warning_columns[] = { C(run), C(code), C(text) };
#undef C

#define C(field) COLUMN(calibration_row, field)
static const struct column calibration_columns[] = {
	C(run), C(cpu), C(round), C(call), C(probes), C(dose), C(calls_n), C(call_cyc), C(frame_cyc),
};
#undef C

#define C(field) COLUMN(block_row, field)
static const struct column block_columns[] = {
	C(run), C(block), C(cycle), C(way), C(dose), C(start_ns), C(wall_cyc), C(cpu_cyc), C(meter_udp), C(meter_io), C(meter_switch),
	C(meter_own), C(calls_n), C(errors_n), C(bytes), C(other_n), C(switch_n), C(frame_switch_n), C(late_calls_n), C(late_irqs_n), C(softirq_n),
	C(frame_softirq_n), C(target_cyc), C(path_cyc), C(sleep_cyc), C(async_cyc), C(async_target_cyc), C(irq_cyc), C(irq_target_cyc),
	C(sampled), C(came_n), C(came_own_n), C(went_n), C(went_idle_n), C(others_n), C(others_idle_n), C(between_n), C(between_idle_n), C(idle_n), C(idle_missed_n),
};
#undef C

#define C(field) COLUMN(ledger_row, field)
static const struct column ledger_columns[] = {
	C(run), C(cpu), C(task), C(call), C(softirq), C(hardirq), C(cyc), C(entries_n),
};
#undef C

#define C(field) COLUMN(balance_row, field)
static const struct column balance_columns[] = { C(run), C(cpu), C(window_cyc), C(residue_cyc), C(worst) };
#undef C

#define C(field) COLUMN(thread_row, field)
static const struct column thread_columns[] = {
	C(run), C(tid), C(start), C(pid), C(comm), C(user_cyc), C(path_cyc), C(call_cyc), C(kernel_cyc), C(irq_cyc),
	C(unknown_cyc), C(sleep_cyc), C(calls_n),
};
#undef C

#define C(field) COLUMN(call_row, field)
static const struct column call_columns[] = { C(run), C(name), C(calls_n), C(errors_n), C(cyc) };
#undef C

#define C(field) COLUMN(hist_row, field)
static const struct column hist_columns[] = { C(run), C(name), C(low), C(n), C(total) };
#undef C

#define C(field) COLUMN(shape_row, field)
static const struct column shape_columns[] = {
	C(run), C(burst_low), C(bytes_low), C(sockets), C(destinations), C(n), C(calls_n), C(bytes),
};
#undef C

#define C(field) COLUMN(footprint_row, field)
static const struct column footprint_columns[] = { C(run), C(receivers), C(bytes), C(packet_cyc), C(wanted_cyc), C(used),
							 C(work_ns), C(sleeps), C(wanted_wakes) };
#undef C

#define C(field) COLUMN(sample_row, field)
static const struct column sample_columns[] = {
	C(run), C(block), C(cpu), C(task), C(call), C(softirq), C(hardirq), C(stage), C(samples_n), C(cyc),
};
#undef C

#define C(field) COLUMN(event_row, field)
static const struct column event_columns[] = { C(run), C(cpu), C(name), C(window_n), C(own_n), C(enabled_ns), C(running_ns) };
#undef C

#define C(field) COLUMN(event_count_row, field)
static const struct column event_count_columns[] = {
	C(run), C(cpu), C(task), C(call), C(softirq), C(hardirq), C(name), C(n),
};
#undef C

#define C(field) COLUMN(bench_row, field)
static const struct column bench_columns[] = {
	C(run), C(round), C(way), C(group_size), C(payload_bytes), C(private_bytes), C(packets_n), C(errors_n), C(cpu_cyc),
	C(async_cyc), C(preempt_n),
};
#undef C

#define C(field) COLUMN(bench_event_row, field)
static const struct column bench_event_columns[] = {
	C(run), C(round), C(way), C(group_size), C(payload_bytes), C(private_bytes), C(name), C(n), C(enabled_ns), C(running_ns),
};
#undef C

#define C(field) COLUMN(counted_row, field)
static const struct column counted_columns[] = {
	C(run), C(round), C(way), C(group_size), C(payload_bytes), C(private_bytes), C(stage), C(function), C(insn_n),
};
#undef C

#define C(field) COLUMN(trial_row, field)
static const struct column trial_columns[] = {
	C(run), C(trial), C(way), C(group_size), C(payload_bytes), C(packets_per_s), C(work_ns), C(quality), C(wall_ns), C(cpu_ns), C(expected_n),
	C(lost_n), C(silent_n), C(rate_bps), C(rate_bps_min), C(rate_bps_mean),
};
#undef C

#define C(field) COLUMN(prediction_row, field)
static const struct column prediction_columns[] = {
	C(prediction), C(profile), C(bench), C(made_ns), C(path), C(alternative), C(fraction), C(fraction_low),
	C(fraction_high), C(speedup), C(speedup_low), C(speedup_high), C(overhead), C(predicted), C(predicted_low),
	C(predicted_high), C(capacity), C(capacity_low), C(capacity_high), C(forced),
};
#undef C

#define C(field) COLUMN(observation_row, field)
static const struct column observation_columns[] = {
	C(prediction), C(run), C(observed), C(observed_low), C(observed_high),
};
#undef C

#define C(field) COLUMN(scored_row, field)
static const struct column scored_columns[] = {
	C(prediction), C(profile), C(bench), C(path), C(alternative), C(fraction), C(fraction_low), C(fraction_high),
	C(speedup), C(speedup_low), C(speedup_high), C(overhead), C(predicted), C(predicted_low), C(predicted_high),
	C(capacity), C(capacity_low), C(capacity_high), C(forced), C(observe), C(observed), C(observed_low),
	C(observed_high), C(error), C(overlaps),
};
#undef C

#define C(field) COLUMN(bench_point_row, field)
static const struct column bench_point_columns[] = {
	C(run), C(group_size), C(payload_bytes), C(private_bytes), C(way), C(rounds_n), C(packets_n), C(errors_n), C(cycles_per_packet),
};
#undef C

#define TABLE(sql_name, row, order_by, column_array)                                                                   \
	{                                                                                                              \
		.name = (sql_name), .order = (order_by), .row_size = sizeof(struct row), .columns = (column_array),    \
		.columns_n = sizeof(column_array) / sizeof *(column_array)                                             \
	}

const struct table store_tables[TABLE_MAX] = {
	[TABLE_HOST] = TABLE("host", host_row, "host", host_columns),
	[TABLE_RUN] = TABLE("run", run_row, "run", run_columns),
	[TABLE_WARNING] = TABLE("warning", warning_row, "run, code", warning_columns),
	[TABLE_CALIBRATION] = TABLE("calibration", calibration_row, "run, cpu, round, call, probes, dose", calibration_columns),
	[TABLE_BLOCK] = TABLE("block", block_row, "run, block", block_columns),
	[TABLE_LEDGER] = TABLE("ledger", ledger_row, "run, cpu, task, call, softirq, hardirq", ledger_columns),
	[TABLE_BALANCE] = TABLE("balance", balance_row, "run, cpu", balance_columns),
	[TABLE_THREAD] = TABLE("thread", thread_row, "run, tid, start", thread_columns),
	[TABLE_CALL] = TABLE("call", call_row, "run, name", call_columns),
	[TABLE_HIST] = TABLE("hist", hist_row, "run, name, low", hist_columns),
	[TABLE_SHAPE] = TABLE("shape", shape_row, "run, burst_low, bytes_low, sockets, destinations", shape_columns),
	[TABLE_FOOTPRINT] = TABLE("footprint", footprint_row, "run, receivers, bytes", footprint_columns),
	[TABLE_EVENT] = TABLE("event", event_row, "run, cpu, name", event_columns),
	[TABLE_EVENT_COUNT] = TABLE("event_count", event_count_row, "run, cpu, task, call, softirq, hardirq, name", event_count_columns),
	[TABLE_BENCH_EVENT] = TABLE("bench_event", bench_event_row, "run, group_size, payload_bytes, private_bytes, round, way, name", bench_event_columns),
	[TABLE_COUNTED] = TABLE("counted", counted_row, "run, group_size, payload_bytes, private_bytes, round, way, stage, function", counted_columns),
	[TABLE_SAMPLE] = TABLE("sample", sample_row, "run, block, cpu, task, call, softirq, hardirq, stage", sample_columns),
	[TABLE_BENCH] = TABLE("bench", bench_row, "run, group_size, payload_bytes, private_bytes, round, way", bench_columns),
	[TABLE_TRIAL] = TABLE("trial", trial_row, "run, trial", trial_columns),
	[TABLE_PREDICTION] = TABLE("prediction", prediction_row, "prediction", prediction_columns),
	[TABLE_OBSERVATION] = {"observation", "prediction", sizeof(struct observation_row), observation_columns,
			       sizeof observation_columns / sizeof *observation_columns, true},
	[TABLE_SCORED] = TABLE("prediction_v", scored_row, "prediction", scored_columns),
	[TABLE_BENCH_POINT] = TABLE("bench_v", bench_point_row, "group_size, payload_bytes, private_bytes, way", bench_point_columns),
};

/* ---- Typed functions ---- */

#define NULLER(table, ID)                                                                                              \
	void store_null_##table(struct table##_row *row)                                                               \
	{                                                                                                              \
		table_null(TABLE_##ID, row);                                                                           \
	}

#define ADDER(table, ID)                                                                                               \
	int store_add_##table(struct store *store, const struct table##_row *row)                                      \
	{                                                                                                              \
		return table_insert(store, TABLE_##ID, row);                                                           \
	}

#define READER(table, plural, ID)                                                                                      \
	int store_##plural(struct store *store, int64_t run, struct table##_row **rows, size_t *n)                     \
	{                                                                                                              \
		struct bind bind = { .id = run };                                                                      \
		void *found;                                                                                           \
		int err = table_select(store, TABLE_##ID, "run = ?1", &bind, 1, &found, n);                            \
                                                                                                                       \
		*rows = found;                                                                                         \
		return err;                                                                                            \
	}

#define ROWS_OF_RUN(table, plural, ID) NULLER(table, ID) ADDER(table, ID) READER(table, plural, ID)

ROWS_OF_RUN(warning, warnings, WARNING)
ROWS_OF_RUN(calibration, calibrations, CALIBRATION)
ROWS_OF_RUN(block, blocks, BLOCK)
ROWS_OF_RUN(ledger, ledgers, LEDGER)
ROWS_OF_RUN(balance, balances, BALANCE)
ROWS_OF_RUN(thread, threads, THREAD)
ROWS_OF_RUN(call, calls, CALL)
ROWS_OF_RUN(hist, hists, HIST)
ROWS_OF_RUN(shape, shapes, SHAPE)
ROWS_OF_RUN(footprint, footprints, FOOTPRINT)
ROWS_OF_RUN(sample, samples, SAMPLE)
ROWS_OF_RUN(event, events, EVENT)
ROWS_OF_RUN(event_count, event_counts, EVENT_COUNT)
ROWS_OF_RUN(bench, benches, BENCH)
ROWS_OF_RUN(bench_event, bench_events, BENCH_EVENT)
ROWS_OF_RUN(counted, counted, COUNTED)
ROWS_OF_RUN(trial, trials, TRIAL)
ROWS_OF_RUN(observation, observations, OBSERVATION)
READER(bench_point, bench_points, BENCH_POINT)
NULLER(host, HOST)
NULLER(run, RUN)
NULLER(prediction, PREDICTION)

int store_has_counted(struct store *store, int64_t run, bool *has)
{
	int64_t found = 0;
	int err = store_query(store, "SELECT EXISTS (SELECT 1 FROM counted WHERE run = ?1)", &run, 1, &found);

	*has = found != 0;
	return err;
}

int store_hist(struct store *store, int64_t run, const char *name, struct hist_row **rows, size_t *n)
{
	struct bind binds[] = { { .id = run }, { .text = name } };
	void *found;
	int err = table_select(store, TABLE_HIST, "run = ?1 AND name = ?2", binds, 2, &found, n);

	*rows = found;
	return err;
}

int store_bench_round(struct store *store, int64_t run, struct bench_row **rows, size_t *n)
{
	struct bind bind = { .id = run };
	void *found;
	int err = table_select(store, TABLE_BENCH, "run = ?1 AND round = (SELECT min(round) FROM bench WHERE run = ?1)", &bind, 1, &found, n);

	*rows = found;
	return err;
}

/* Hands the visitor its row by the type it has. */
struct bench_visitor {
	store_bench_visit *visit;
	void *context;
};

static int visit_bench(void *context, const void *row)
{
	const struct bench_visitor *visitor = context;

	return visitor->visit(visitor->context, row);
}

int store_benches_of(struct store *store, int64_t run, const char *base, const char *alt, store_bench_visit *visit, void *context)
{
	struct bind binds[] = { { .id = run }, { .text = base }, { .text = alt } };
	struct bench_visitor visitor = { visit, context };

	return table_each(store, TABLE_BENCH, "run = ?1 AND way IN ('null', ?2, ?3)", binds, 3, visit_bench, &visitor);
}

int store_add_prediction(struct store *store, const struct prediction_row *row, int64_t *prediction)
{
	return table_insert_new(store, TABLE_PREDICTION, row, prediction);
}

int store_predictions(struct store *store, int64_t profile, struct prediction_row **rows, size_t *n)
{
	struct bind bind = { .id = profile };
	const char *where = profile == STORE_NULL ? NULL : "profile = ?1";
	void *found;
	int err = table_select(store, TABLE_PREDICTION, where, &bind, where != NULL, &found, n);

	*rows = found;
	return err;
}

int store_scored(struct store *store, struct scored_row **rows, size_t *n)
{
	void *found;
	int err = table_select(store, TABLE_SCORED, "observed IS NOT NULL", NULL, 0, &found, n);

	*rows = found;
	return err;
}
