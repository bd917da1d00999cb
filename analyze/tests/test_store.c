/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_store.c: what goes into the database comes out of it, and every way to fail is said and loses nothing. */
#include "analyze/rows.h"
#include "analyze/store.h"
#include "analyze/store_internal.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char dir[64], db[128], db2[128];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/forecall-store-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(db, sizeof db, "%s/a.db", dir);
	snprintf(db2, sizeof db2, "%s/b ?#%%.db", dir); /* names may be anything */
	return 0;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	umount(dir); /* what a test that failed may have left */
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static struct store *open_for(const char *path, enum store_mode mode)
{
	struct store *store;

	assert_int_equal(store_open(path, mode, &store), 0);
	return store;
}

/* Opening fails with this error, on one line that names the remedy. */
static void assert_open_fails(const char *path, enum store_mode mode, int err, const char *remedy)
{
	struct store *store = (struct store *)1;
	const char *said;
	int got;

	said_begin();
	got = store_open(path, mode, &store);
	said = said_end();
	assert_int_equal(got, err);
	assert_null(store);
	assert_said(said, remedy);
	assert_int_equal(said_lines(said), 1);
}

static int64_t query(struct store *store, const char *sql)
{
	int64_t n;

	assert_int_equal(store_query(store, sql, NULL, 0, &n), 0);
	return n;
}

/* ---- A run with a row in every table ---- */

static struct host_row a_host(void)
{
	struct host_row row;

	store_null_host(&row);
	row.name = "host";
	row.cpu_model = "EPYC";
	row.cpus_n = 2;
	row.kernel = "6.1.0-9";
	row.build = "#1 SMP";
	row.arch = "x86_64";
	row.mitigations = "a: Not affected\nb: Vulnerable";
	return row;
}

static struct run_row a_run(const char *kind, int64_t host, int64_t started_ns)
{
	struct run_row row;

	store_null_run(&row);
	row.kind = kind;
	row.host = host;
	row.started_ns = started_ns;
	row.command = "forecall profile -p 1";
	row.version = "0.1";
	row.scope = "process";
	row.target = "server";
	row.path = "sendmsg";
	row.clock = "tsc";
	row.clock_hz = 2445404123.7;
	row.engine = "ledger";
	return row;
}

static int64_t begin_run_with(struct store *store, const char *kind, int64_t started_ns, int64_t like_run, const char *topology, const char *clock)
{
	struct host_row host = a_host();
	struct run_row row;
	int64_t id, run;

	assert_int_equal(store_host(store, &host, &id), 0);
	row = a_run(kind, id, started_ns);
	row.like_run = like_run;
	row.topology = topology ? topology : row.topology;
	row.clock = clock ? clock : row.clock;
	assert_int_equal(store_run_begin(store, &row, &run), 0);
	return run;
}

static int64_t begin_run(struct store *store, const char *kind, int64_t started_ns, int64_t like_run)
{
	return begin_run_with(store, kind, started_ns, like_run, NULL, NULL);
}

static void add_rows(struct store *store, int64_t run)
{
	struct block_row block;

	assert_int_equal(store_add_warning(store, &(struct warning_row){ run, "steal", "12 ms of steal; use a quiet host" }), 0);
	assert_int_equal(store_add_calibration(store, &(struct calibration_row){ run, 1, 2, "null", "all", 0, 5000, 171.25, NAN }), 0);
	store_null_block(&block);
	block.run = run;
	block.block = block.cycle = block.dose = 0;
	block.start_ns = 5;
	block.wall_cyc = 1000;
	assert_int_equal(store_add_block(store, &block), 0);
	block.block = block.dose = 1;
	block.calls_n = 7;
	block.target_cyc = INT64_MAX;
	assert_int_equal(store_add_block(store, &block), 0);
	assert_int_equal(store_add_ledger(store, &(struct ledger_row){ run, 0, "target", "path", "net_rx", "none", 10, 2 }), 0);
	assert_int_equal(store_add_ledger(store, &(struct ledger_row){ run, 0, "target", "user", "none", "timer", 11, 3 }), 0);
	assert_int_equal(store_add_balance(store, &(struct balance_row){ run, 0, 21, -1, 0.1 / 3 }), 0);
	assert_int_equal(store_add_thread(store, &(struct thread_row){ run, 9, 0, 8, "käse", 1, 2, 3, 4, 5, 6, 7, 8 }), 0);
	assert_int_equal(store_add_call(store, &(struct call_row){ run, "sendmsg", 7, 1, 2950 }), 0);
	assert_int_equal(store_add_hist(store, &(struct hist_row){ run, "bytes", 96, 7, 700 }), 0);
	assert_int_equal(store_add_hist(store, &(struct hist_row){ run, "burst", 7, 1, 7 }), 0);
	assert_int_equal(store_add_trial(store, &(struct trial_row){ run, 0, "sendmsg", 100, 1000, 200, 0, 0.99, 2000000000, 1900000000, 40000, 4, 0,
								      1.6e6, 1.59e6, 1.6e6 }), 0);
	assert_int_equal(store_add_event(store, &(struct event_row){ run, 0, "instructions", 99, 98, 1000, 900 }), 0);
	assert_int_equal(store_add_event_count(store, &(struct event_count_row){ run, 0, "target", "path", "none", "none", "instructions", 99 }), 0);
	assert_int_equal(store_add_bench_event(store, &(struct bench_event_row){ run, 0, "sendmsg", 10, 100, 12, "instructions", 5000, 1000, 900 }), 0);
	assert_int_equal(store_add_counted(store, &(struct counted_row){ run, 0, "sendmsg", 10, 100, 12, "socket", "udp_sendmsg", 4321 }), 0);
	assert_int_equal(store_add_sample(store, &(struct sample_row){ run, 1, 0, "target", "path", "none", "none", "copy", 3, 4567 }), 0);
	assert_int_equal(store_add_bench(store, &(struct bench_row){ run, 0, "sendmsg", 10, 100, 12, 1000, 0, 99, STORE_NULL, 0 }),
			 0);
}

static void end_run(struct store *store, int64_t run, const char *state)
{
	const struct run_end end = { .state = state, .wall_ns = 777, .span_ns = 900, .once_ns = 300, .twice_ns = 60, .lost_n = 1, .residue = 0.0001,
				      .unbalanced = 0, .steal_ns = 5 };

	assert_int_equal(store_run_end(store, run, &end), 0);
}

static int64_t whole_run(struct store *store, const char *kind, int64_t started_ns, int64_t like_run)
{
	int64_t run = begin_run(store, kind, started_ns, like_run);

	assert_int_equal(store_begin(store), 0);
	add_rows(store, run);
	end_run(store, run, "complete");
	assert_int_equal(store_commit(store), 0);
	return run;
}

static int64_t add_prediction(struct store *store, int64_t profile, int64_t bench)
{
	struct prediction_row row;
	int64_t prediction;

	store_null_prediction(&row);
	row.profile = profile;
	row.bench = bench;
	row.made_ns = 42;
	row.path = "sendmsg";
	row.alternative = "sendmmsg";
	row.fraction = 0.791;
	row.speedup = 1.664;
	row.overhead = 0;
	row.predicted = 1.461;
	row.predicted_low = 1.44;
	row.predicted_high = 1.48;
	row.forced = 0;
	assert_int_equal(store_add_prediction(store, &row, &prediction), 0);
	return prediction;
}

/* ---- Rows ---- */

static void every_column_of_the_schema_has_its_field_in_order(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);

	(void)state;
	for (int id = 0; id < TABLE_MAX; id++) {
		const struct table *table = &store_tables[id];
		char sql[256];

		snprintf(sql, sizeof sql, "SELECT count(*) FROM pragma_table_info('%s')", table->name);
		assert_int_equal(query(store, sql), table->columns_n);
		for (size_t i = 0; i < table->columns_n; i++) {
			const char *const types[] = { "INTEGER", "REAL", "TEXT" };

			/* columns that a view computes have no declared type */
			snprintf(sql, sizeof sql,
				 "SELECT count(*) FROM pragma_table_info('%s') WHERE cid = %zu AND name = '%s' AND type IN ('%s', '')",
				 table->name, i, table->columns[i].name, types[table->columns[i].type]);
			if (query(store, sql) != 1)
				fail_msg("%s.%s is not column %zu of the schema", table->name, table->columns[i].name, i);
		}
	}
	store_free(store);
}

static void rows_come_back_as_they_went_in(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t run = whole_run(store, "profile", 1, STORE_NULL);
	struct calibration_row *calibrations;
	struct ledger_row *ledgers;
	struct thread_row *threads;
	struct block_row *blocks;
	struct hist_row *hists;
	struct sample_row *samples;
	struct trial_row *trials;
	struct bench_event_row *bench_events;
	struct counted_row *counted;
	size_t n;
	bool has;

	(void)state;
	assert_int_equal(store_blocks(store, run, &blocks, &n), 0);
	assert_int_equal(n, 2);
	assert_true(blocks[0].dose == 0 && blocks[0].calls_n == STORE_NULL && !blocks[0].way);
	assert_true(blocks[1].dose == 1 && blocks[1].calls_n == 7 && blocks[1].target_cyc == INT64_MAX);
	store_rows_free(blocks);
	assert_int_equal(store_calibrations(store, run, &calibrations, &n), 0);
	assert_true(n == 1 && calibrations[0].call_cyc == 171.25 && isnan(calibrations[0].frame_cyc));
	store_rows_free(calibrations);
	assert_int_equal(store_ledgers(store, run, &ledgers, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(ledgers[0].softirq, "net_rx");
	assert_string_equal(ledgers[1].task, "target");
	assert_string_equal(ledgers[1].call, "user");
	assert_string_equal(ledgers[1].hardirq, "timer");
	store_rows_free(ledgers);
	assert_int_equal(store_threads(store, run, &threads, &n), 0);
	assert_string_equal(threads[0].comm, "käse");
	store_rows_free(threads);
	assert_int_equal(store_hist(store, run, "burst", &hists, &n), 0);
	assert_true(n == 1 && hists[0].low == 7 && hists[0].total == 7);
	store_rows_free(hists);
	assert_int_equal(store_bench_events(store, run, &bench_events, &n), 0);
	assert_true(n == 1 && bench_events[0].group_size == 10 && bench_events[0].n == 5000 && bench_events[0].running_ns == 900);
	assert_string_equal(bench_events[0].name, "instructions");
	store_rows_free(bench_events);
	assert_int_equal(store_counted(store, run, &counted, &n), 0);
	assert_true(n == 1 && counted[0].group_size == 10 && counted[0].insn_n == 4321);
	assert_string_equal(counted[0].function, "udp_sendmsg");
	store_rows_free(counted);
	assert_true(store_has_counted(store, run, &has) == 0 && has);
	assert_true(store_has_counted(store, run + 1000, &has) == 0 && !has);
	assert_int_equal(store_trials(store, run, &trials, &n), 0);
	assert_true(n == 1 && trials[0].group_size == 100 && trials[0].lost_n == 4 && trials[0].rate_bps_min == 1.59e6);
	assert_string_equal(trials[0].way, "sendmsg");
	store_rows_free(trials);
	assert_int_equal(store_samples(store, run, &samples, &n), 0);
	assert_true(n == 1 && samples[0].block == 1 && samples[0].samples_n == 3 && samples[0].cyc == 4567);
	assert_string_equal(samples[0].stage, "copy");
	store_rows_free(samples);
	store_free(store);
}

static void a_run_ends_with_what_store_run_end_knows(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t run = begin_run(store, "profile", 1, STORE_NULL);
	struct run_row *row;

	(void)state;
	assert_int_equal(store_run(store, run, &row), 0);
	assert_string_equal(row->state, "incomplete");
	assert_true(row->wall_ns == STORE_NULL && isnan(row->residue) && row->lost_n == 0);
	assert_true(row->clock_hz == 2445404123.7 && row->pid == STORE_NULL && !row->label);
	store_rows_free(row);
	end_run(store, run, "interrupted");
	assert_int_equal(store_run(store, run, &row), 0);
	assert_string_equal(row->state, "interrupted");
	assert_true(row->wall_ns == 777 && row->residue == 0.0001 && row->lost_n == 1 && row->unbalanced == 0 && row->steal_ns == 5);
	assert_true(row->span_ns == 900 && row->once_ns == 300 && row->twice_ns == 60);
	store_rows_free(row);
	store_free(store);
}

static void the_same_host_is_one_row(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	struct host_row host = a_host();
	int64_t first, second, other;

	(void)state;
	assert_int_equal(store_host(store, &host, &first), 0);
	host.host = 99;
	host.digest = "not read";
	assert_int_equal(store_host(store, &host, &second), 0);
	assert_int_equal(first, second);
	host.governor = ""; /* "" is known to be empty, NULL is not known */
	assert_int_equal(store_host(store, &host, &other), 0);
	assert_int_not_equal(first, other);
	host = a_host();
	host.cpus_n = 3;
	assert_int_equal(store_host(store, &host, &second), 0);
	assert_true(second != first && second != other);
	store_free(store);
}

static void text_that_is_no_utf8_is_mended(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t run = begin_run(store, "profile", 1, STORE_NULL);
	struct warning_row *rows;
	size_t n;

	(void)state;
	assert_int_equal(store_add_warning(store, &(struct warning_row){ run, "a", "x\xff\xc3\xa4\xed\xa0\x80\xe2\x82" }), 0);
	assert_int_equal(store_warnings(store, run, &rows, &n), 0);
	assert_string_equal(rows[0].text, "x?\xc3\xa4?????");
	store_rows_free(rows);
	store_free(store);
}

static void rows_that_break_a_rule_are_refused(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t run = begin_run(store, "profile", 1, STORE_NULL);

	(void)state;
	said_begin();
	assert_int_equal(store_add_hist(store, &(struct hist_row){ run, "nonsense", 1, 1, 1 }), -EINVAL);
	assert_said(said_end(), "CHECK constraint");
	said_begin();
	assert_int_equal(store_add_call(store, &(struct call_row){ run + 1, "sendmsg", 1, 0, 1 }), -EINVAL);
	assert_said(said_end(), "FOREIGN KEY");
	said_begin();
	assert_int_equal(store_add_balance(store, &(struct balance_row){ run, 0, 1, 1, INFINITY }), -EINVAL);
	assert_said(said_end(), "balance.worst");
	assert_int_equal(store_add_call(store, &(struct call_row){ run, "sendmsg", 1, 0, 1 }), 0); /* the next is not hurt */
	store_free(store);
}

static void a_run_that_does_not_exist_is_said(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	struct prediction_row *prediction;
	struct host_row *host;
	struct json_t *json;
	struct run_row *row;

	(void)state;
	said_begin();
	assert_int_equal(store_run(store, 5, &row), -ENOENT);
	assert_said(said_end(), "no run 5");
	assert_null(row);
	said_begin();
	assert_int_equal(store_last_run(store, "bench", &row), -ENOENT);
	assert_said(said_end(), "`forecall bench`");
	said_begin();
	assert_int_equal(store_host_of(store, 5, &host), -ENOENT);
	assert_int_equal(store_delete(store, 5), -ENOENT);
	assert_int_equal(store_export(store, 5, &json), -ENOENT);
	assert_int_equal(store_prediction(store, 5, &prediction), -ENOENT);
	assert_int_equal(store_run_end(store, 5, &(struct run_end){ .state = "complete" }), -ENOENT);
	assert_int_equal(said_lines(said_end()), 5);
	store_free(store);
}

static void runs_are_found_by_kind_and_state(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t profile = whole_run(store, "profile", 1, STORE_NULL), bench = whole_run(store, "bench", 2, profile);
	int64_t open = begin_run(store, "profile", 3, STORE_NULL);
	struct run_row *rows;
	size_t n;

	(void)state;
	assert_int_equal(store_runs(store, NULL, NULL, &rows, &n), 0);
	assert_true(n == 3 && rows[0].run == profile && rows[1].run == bench && rows[1].like_run == profile && rows[2].run == open);
	store_rows_free(rows);
	assert_int_equal(store_runs(store, "profile", "complete", &rows, &n), 0);
	assert_true(n == 1 && rows[0].run == profile);
	store_rows_free(rows);
	assert_int_equal(store_last_run(store, "profile", &rows), 0);
	assert_int_equal(rows->run, profile);
	store_rows_free(rows);
	assert_int_equal(store_last_run(store, NULL, &rows), 0);
	assert_int_equal(rows->run, bench);
	store_rows_free(rows);
	store_free(store);
}

static void predictions_are_scored_when_they_were_observed(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t profile = whole_run(store, "profile", 1, STORE_NULL), bench = whole_run(store, "bench", 2, STORE_NULL);
	int64_t observe = whole_run(store, "observe", 3, STORE_NULL), prediction = add_prediction(store, profile, bench);
	struct prediction_row *predictions;
	struct scored_row *scored;
	size_t n;

	(void)state;
	add_prediction(store, STORE_NULL, STORE_NULL);
	assert_int_equal(store_scored(store, &scored, &n), 0);
	assert_int_equal(n, 0);
	store_rows_free(scored);
	assert_int_equal(store_add_observation(store, &(struct observation_row){ prediction, observe, 1.2, 1.1, 1.3 }), 0);
	assert_int_equal(store_add_observation(store, &(struct observation_row){ prediction, observe, 1.45, 1.43, NAN }), 0); /* the newer one is it */
	assert_int_equal(store_scored(store, &scored, &n), 0);
	assert_true(n == 1 && scored[0].observe == observe && scored[0].observed == 1.45 && isnan(scored[0].observed_high));
	assert_near(scored[0].error, 1.461 / 1.45 - 1, 1e-12);
	store_rows_free(scored);
	assert_int_equal(store_predictions(store, profile, &predictions, &n), 0);
	assert_true(n == 1 && predictions[0].prediction == prediction && predictions[0].bench == bench);
	store_rows_free(predictions);
	assert_int_equal(store_predictions(store, STORE_NULL, &predictions, &n), 0);
	assert_int_equal(n, 2);
	store_rows_free(predictions);
	assert_int_equal(store_prediction(store, prediction, &predictions), 0);
	assert_true(predictions->fraction == 0.791 && isnan(predictions->capacity));
	store_rows_free(predictions);
	store_free(store);
}

static void delete_takes_all_rows_and_the_last_runs_host(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t profile = whole_run(store, "profile", 1, STORE_NULL), bench = whole_run(store, "bench", 2, profile);

	(void)state;
	add_prediction(store, profile, bench);
	assert_int_equal(store_delete(store, profile), 0);
	assert_int_equal(query(store, "SELECT count(*) FROM block"), 2);
	assert_int_equal(query(store, "SELECT count(*) FROM prediction"), 0);
	assert_int_equal(query(store, "SELECT like_run FROM run"), STORE_NULL);
	assert_int_equal(query(store, "SELECT count(*) FROM host"), 1);
	assert_int_equal(store_delete(store, bench), 0);
	assert_int_equal(query(store, "SELECT count(*) FROM host"), 0);
	assert_int_equal(query(store, "SELECT count(*) FROM bench"), 0);
	store_free(store);
}

static void a_hundred_thousand_rows_are_read_back(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t run = begin_run(store, "bench", 1, STORE_NULL), sum = 0;
	struct bench_row *rows;
	size_t n;

	(void)state;
	assert_int_equal(store_begin(store), 0);
	for (int64_t i = 0; i < 100000; i++)
		assert_int_equal(store_add_bench(store, &(struct bench_row){ run, i, i % 2 ? "null" : "sendmsg", 1 + i % 7, 100, 0, 1, 0,
									     i, STORE_NULL, 0 }), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_benches(store, run, &rows, &n), 0);
	assert_int_equal(n, 100000);
	for (size_t i = 0; i < n; i++) {
		sum += rows[i].cpu_cyc;
		assert_string_equal(rows[i].way, rows[i].round % 2 ? "null" : "sendmsg");
	}
	assert_int_equal(sum, 99999LL * 100000 / 2);
	store_rows_free(rows);
	store_free(store);
}

/* ---- Transactions ---- */

struct visits {
	char ways[64];
	int64_t packets_n;
	int stop_at; /* the visit that fails; 0: none */
	int n;
};

static int visit(void *context, const struct bench_row *row)
{
	struct visits *visits = context;

	strcat(visits->ways, row->way);
	visits->packets_n += row->packets_n;
	return ++visits->n == visits->stop_at ? -ECANCELED : 0;
}

static void add_bench(struct store *store, int64_t run, int64_t round, const char *way, int64_t packets_n)
{
	assert_int_equal(store_add_bench(store, &(struct bench_row){ run, round, way, 10, 100, 0, packets_n, 0, 99, STORE_NULL, 0 }), 0);
}

static void blocks_of_two_ways_are_visited_in_order(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t run = begin_run(store, "bench", 1, STORE_NULL);
	struct visits all = { .stop_at = 0 }, some = { .stop_at = 2 };

	(void)state;
	add_bench(store, run, 2, "b", 100);
	add_bench(store, run, 1, "null", 1);
	add_bench(store, run, 1, "c", 1000);
	add_bench(store, run, 1, "a", 10);
	assert_int_equal(store_benches_of(store, run, "b", "a", visit, &all), 0);
	assert_string_equal(all.ways, "anullb");
	assert_int_equal(all.packets_n, 111);
	assert_int_equal(store_benches_of(store, run, "b", "a", visit, &some), -ECANCELED); /* the visitor's own error */
	assert_string_equal(some.ways, "anull");
	store_free(store);
}

/* Makes the run a bench of one round in which these two and null each sent something. */
static int64_t whole_bench(struct store *store, int64_t run, const char *a, const char *b, const char *state)
{
	add_bench(store, run, 0, a, 1);
	add_bench(store, run, 0, b, 1);
	add_bench(store, run, 0, "null", 1);
	if (state)
		end_run(store, run, state);
	return run;
}

static int64_t bench_of(struct store *store, int64_t started_ns, int64_t like_run, const char *a, const char *b, const char *state)
{
	return whole_bench(store, begin_run(store, "bench", started_ns, like_run), a, b, state);
}

static void assert_bench_for(struct store *store, int64_t profile, const char *base, const char *alt, int64_t wanted)
{
	int64_t run;

	assert_int_equal(store_bench_for(store, profile, base, alt, &run), 0);
	assert_int_equal(run, wanted);
}

static void the_bench_made_like_the_profile_is_chosen_else_the_newest(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t profile = whole_run(store, "profile", 1, STORE_NULL), other = whole_run(store, "profile", 2, STORE_NULL), first, second;

	(void)state;
	assert_bench_for(store, profile, "a", "b", STORE_NULL);
	first = bench_of(store, 3, STORE_NULL, "a", "b", "complete");
	assert_bench_for(store, profile, "a", "b", first);
	second = bench_of(store, 4, STORE_NULL, "a", "b", "interrupted");
	bench_of(store, 5, STORE_NULL, "a", "b", NULL);    /* incomplete */
	bench_of(store, 6, other, "a", "b", "complete");   /* like another profile */
	bench_of(store, 7, profile, "a", "c", "complete"); /* another alternative */
	assert_bench_for(store, profile, "a", "b", second);
	whole_bench(store, begin_run_with(store, "bench", 8, STORE_NULL, "sink", NULL), "a", "b", "complete"); /* nobody receives there */
	whole_bench(store, begin_run_with(store, "bench", 9, profile, NULL, "cycles"), "a", "b", "complete");
	assert_bench_for(store, profile, "a", "b", second);
	first = bench_of(store, 8, profile, "a", "b", "complete");
	bench_of(store, 9, STORE_NULL, "a", "b", "complete");
	assert_bench_for(store, profile, "a", "b", first);
	assert_bench_for(store, profile, "b", "b", first);
	assert_bench_for(store, profile, "a", "d", STORE_NULL);
	store_free(store);
}

static void a_bench_without_a_round_that_has_all_ways_is_not_chosen(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t profile = whole_run(store, "profile", 1, STORE_NULL), run = begin_run(store, "bench", 2, STORE_NULL);

	(void)state;
	add_bench(store, run, 0, "a", 1);
	add_bench(store, run, 0, "null", 1);
	add_bench(store, run, 1, "b", 1);
	add_bench(store, run, 0, "b", 0); /* it sent nothing */
	end_run(store, run, "interrupted");
	assert_bench_for(store, profile, "a", "b", STORE_NULL);
	store_free(store);
}

static void a_kill_before_the_commit_leaves_the_run_incomplete(void **state)
{
	struct store *store;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		struct store *mine = open_for(db, STORE_WRITE);
		int64_t run = begin_run(mine, "profile", 1, STORE_NULL);

		store_begin(mine);
		add_rows(mine, run);
		end_run(mine, run, "complete");
		raise(SIGKILL);
	}
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	store = open_for(db, STORE_READ);
	assert_int_equal(query(store, "SELECT count(*) FROM run WHERE state = 'incomplete'"), 1);
	assert_int_equal(query(store, "SELECT count(*) FROM block"), 0);
	assert_int_equal(query(store, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
	store_free(store);
}

static void rollback_undoes_and_may_be_called_at_any_time(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t run = begin_run(store, "profile", 1, STORE_NULL);

	(void)state;
	store_rollback(store);
	assert_int_equal(store_begin(store), 0);
	add_rows(store, run);
	store_rollback(store);
	assert_int_equal(query(store, "SELECT count(*) FROM ledger"), 0);
	store_free(store);
}

static void a_run_begins_outside_of_transactions(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t run = begin_run(store, "profile", 1, STORE_NULL);
	struct run_row row = a_run("profile", query(store, "SELECT host FROM run"), 2);

	(void)state;
	assert_int_equal(store_begin(store), 0);
	said_begin();
	assert_int_equal(store_run_begin(store, &row, &run), -EINVAL);
	assert_said(said_end(), "outside of any transaction");
	store_free(store);
}

/* What each of the eight does once all of them are there: `gate` ends when the last writer closes it. */
static int one_of_eight(const int gate[2], bool add_run, int number)
{
	struct store *mine;
	char byte;
	int err;

	close(gate[1]);
	if (read(gate[0], &byte, 1) != 0)
		return 1;
	err = store_open(db, STORE_WRITE, &mine);
	if (!err && add_run)
		whole_run(mine, "profile", number, STORE_NULL);
	store_free(mine);
	return err != 0;
}

/* Opens the database in eight processes at once; each adds a run if it is told to. Returns how many failed. */
static int open_in_eight_processes(bool add_run)
{
	int failed = 0, gate[2], status;

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < 8; i++)
		if (fork() == 0)
			_exit(one_of_eight(gate, add_run, i));
	close(gate[0]);
	close(gate[1]);
	while (wait(&status) > 0)
		failed += status != 0;
	return failed;
}

static void eight_programs_may_create_a_database_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(open_in_eight_processes(false), 0);
		assert_int_equal(unlink(db), 0);
	}
}

static void eight_programs_may_add_runs_at_once(void **state)
{
	struct store *store;

	(void)state;
	assert_int_equal(open_in_eight_processes(true), 0);
	store = open_for(db, STORE_READ);
	assert_int_equal(query(store, "SELECT count(*) FROM run WHERE state = 'complete'"), 8);
	assert_int_equal(query(store, "SELECT count(*) FROM host"), 1);
	store_free(store);
}

/* ---- Opening ---- */

static void write_file(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "r+");

	if (!file)
		file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void reading_what_is_not_there_creates_nothing(void **state)
{
	(void)state;
	assert_open_fails(db, STORE_READ, -ENOENT, "measure something first");
	assert_int_equal(access(db, F_OK), -1);
	assert_open_fails("/nonexistent/a.db", STORE_WRITE, -ENOENT, "--db FILE");
	assert_open_fails(dir, STORE_WRITE, -EISDIR, "is a directory");
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);

	(void)state;
	assert_int_equal(store_exec(store, "PRAGMA user_version = 99"), 0);
	store_free(store);
	assert_open_fails(db, STORE_READ, -ENOTSUP, "install a newer forecall");
	assert_open_fails(db, STORE_WRITE, -ENOTSUP, "has schema 99, this forecall knows up to");
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
	const char text[] = "this is a letter, not a database, and longer than the hundred bytes of a database header, so that it is read";
	char back[sizeof text];
	FILE *file;

	(void)state;
	write_file(db, text, sizeof text);
	assert_open_fails(db, STORE_READ, -EBADMSG, "restore a copy");
	assert_open_fails(db, STORE_WRITE, -EBADMSG, "is not a forecall database");
	file = fopen(db, "r");
	assert_int_equal(fread(back, 1, sizeof back, file), sizeof back);
	fclose(file);
	assert_memory_equal(back, text, sizeof text);
}

static void another_programs_database_is_refused_and_left_alone(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);

	(void)state;
	assert_int_equal(store_exec(store, "PRAGMA application_id = 7"), 0);
	store_free(store);
	assert_open_fails(db, STORE_READ, -EBADMSG, "is not a forecall database");
	assert_open_fails(db, STORE_WRITE, -EBADMSG, "is not a forecall database");
}

static void a_damaged_database_is_refused(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	char garbage[3000];
	struct stat st;
	FILE *file;

	(void)state;
	whole_run(store, "profile", 1, STORE_NULL);
	store_free(store);
	memset(garbage, 0xa5, sizeof garbage);
	assert_int_equal(stat(db, &st), 0);
	file = fopen(db, "r+");
	fseek(file, 100, SEEK_SET); /* behind the header, which stays whole */
	assert_int_equal(fwrite(garbage, 1, sizeof garbage, file), sizeof garbage);
	fclose(file);
	assert_open_fails(db, STORE_READ, -EBADMSG, "damaged");
	assert_open_fails(db, STORE_WRITE, -EBADMSG, "restore a copy");
}

static void a_full_disk_is_said_and_what_was_there_stays(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int64_t first = whole_run(store, "profile", 1, STORE_NULL), run = begin_run(store, "bench", 2, STORE_NULL);
	const struct rlimit limit = { 300000, RLIM_INFINITY };
	struct rlimit before;
	const char *said;
	int err = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(store_begin(store), 0);
	said_begin();
	for (int64_t i = 0; i < 200000 && !err; i++)
		err = store_add_bench(store, &(struct bench_row){ run, i, "null", 1, 100, 0, 1, 0, i, STORE_NULL, 0 });
	if (!err)
		err = store_commit(store);
	setrlimit(RLIMIT_FSIZE, &before);
	said = said_end();
	assert_int_equal(err, -ENOSPC);
	assert_said(said, "no room left");
	assert_int_equal(said_lines(said), 1);
	store_rollback(store);
	store_free(store);
	store = open_for(db, STORE_READ);
	assert_int_equal(query(store, "SELECT count(*) FROM bench"), 1); /* the first run's */
	assert_int_equal(query(store, "SELECT run FROM run WHERE state = 'complete'"), first);
	assert_int_equal(query(store, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
	store_free(store);
}

/* Mounts a file system of 256 kB on the test's directory; skips the test where that is not allowed. */
static void mount_small(unsigned long flags)
{
	if (mount("forecall-test", dir, "tmpfs", flags, "size=256k")) {
		print_message("skipped: cannot mount a small file system: %s\n", strerror(errno));
		skip();
	}
}

static void a_file_system_without_room_is_said(void **state)
{
	struct store *store = NULL;
	struct bench_row row = { .round = 0, .way = "null", .group_size = 1, .packets_n = 1, .async_cyc = STORE_NULL };
	const char *said;
	int err;

	(void)state;
	mount_small(0);
	said_begin();
	err = store_open(db, STORE_WRITE, &store);
	if (!err) {
		row.run = begin_run(store, "bench", 2, STORE_NULL);
		err = store_begin(store);
		for (; row.round < 200000 && !err; row.round++)
			err = store_add_bench(store, &row);
	}
	said = said_end();
	store_free(store);
	umount(dir);
	assert_int_equal(err, -ENOSPC);
	assert_said(said, "no room left");
}

static void a_read_only_disk_can_be_read_but_not_written(void **state)
{
	struct store *store;

	(void)state;
	mount_small(0);
	store = NULL;
	if (store_open(db2, STORE_WRITE, &store) == 0)
		begin_run(store, "profile", 1, STORE_NULL);
	store_free(store);
	if (mount("forecall-test", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=256k")) {
		umount(dir);
		fail_msg("cannot remount: %s", strerror(errno));
	}
	store = open_for(db2, STORE_READ);
	assert_int_equal(query(store, "SELECT count(*) FROM run"), 1);
	store_free(store);
	assert_open_fails(db2, STORE_WRITE, -EROFS, "cannot be written");
	assert_open_fails(db, STORE_WRITE, -EROFS, "--db FILE");
	umount(dir);
}

static void a_file_without_write_permission_is_said(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);
	int status;

	(void)state;
	store_free(store);
	assert_int_equal(chmod(db, 0444), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	if (fork() == 0) { /* root may write everything: be nobody */
		if (geteuid() == 0 && setuid(65534))
			_exit(1);
		assert_open_fails(db, STORE_WRITE, -EROFS, "make it and its directory writable");
		store_free(open_for(db, STORE_READ));
		_exit(0);
	}
	wait(&status);
	assert_int_equal(status, 0);
}

/* A database as the first schema laid it, with a bench that refers to a profile and has a warning. */
static void make_version_1(const char *path)
{
	char command[1024];

	snprintf(command, sizeof command,
		 "{ cat analyze/tests/data/schema_1.sql; echo \""
		 "INSERT INTO host (host, digest, name, cpu_model, cpus_n, kernel, build, arch) VALUES (7, 'd', 'n', 'c', 2, 'k', 'b', 'a');"
		 "INSERT INTO run (run, kind, host, started_ns, command, version, scope, target, path, clock, clock_hz, engine, like_run)"
		 "  VALUES (3, 'profile', 7, 1, 'c', 'v', 'process', 't', 'p', 'tsc', 1e9, 'ledger', NULL),"
		 "         (5, 'bench', 7, 2, 'c', 'v', 'cpus', 't', 'p', 'tsc', 1e9, 'none', 3);"
		 "INSERT INTO warning (run, code, text) VALUES (5, 'x', 'y');\"; } | sqlite3 '%s'", path);
	assert_int_equal(system(command), 0);
}

/* The number of things in database b whose definition database a does not have, or the other way round. */
static int64_t differences(const char *a, const char *b)
{
	struct store *store = open_for(a, STORE_READ);
	char attach[256];
	int64_t n;

	snprintf(attach, sizeof attach, "ATTACH '%s' AS b", b);
	assert_int_equal(store_exec(store, attach), 0);
	n = query(store, "SELECT count(*) FROM (SELECT type, name, sql FROM main.sqlite_schema EXCEPT SELECT type, name, sql FROM b.sqlite_schema)")
	  + query(store, "SELECT count(*) FROM (SELECT type, name, sql FROM b.sqlite_schema EXCEPT SELECT type, name, sql FROM main.sqlite_schema)");
	store_free(store);
	return n;
}

static void a_database_of_the_first_schema_is_brought_forward(void **state)
{
	struct store *store;
	char fresh[sizeof dir + 16];

	(void)state;
	make_version_1(db);
	store_free(open_for(db, STORE_READ));
	store = open_for(db, STORE_READ); /* done already */
	assert_int_equal(query(store, "PRAGMA user_version"), STORE_SCHEMA_VERSION);
	assert_int_equal(query(store, "SELECT host FROM run WHERE run = 3 AND kind = 'profile'"), 7);
	assert_int_equal(query(store, "SELECT like_run FROM run WHERE run = 5"), 3);
	assert_int_equal(query(store, "SELECT count(*) FROM warning WHERE run = 5 AND text = 'y'"), 1);
	assert_int_equal(query(store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	store_free(store);

	snprintf(fresh, sizeof fresh, "%s/fresh.db", dir);
	store_free(open_for(fresh, STORE_WRITE));
	assert_int_equal(differences(db, fresh), 0);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
	struct store *store = open_for(db, STORE_WRITE);

	(void)state;
	begin_run(store, "profile", 1, STORE_NULL);
	said_begin();
	assert_int_not_equal(store_migrate(store, "CREATE TABLE run (run INTEGER); INSERT INTO nowhere VALUES (3)", 99), 0);
	assert_said(said_end(), "nowhere");
	assert_int_equal(query(store, "PRAGMA user_version"), STORE_SCHEMA_VERSION);
	assert_int_equal(query(store, "SELECT count(*) FROM run WHERE kind = 'profile'"), 1);
	assert_int_equal(query(store, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'migrating%'"), 0);
	store_free(store);
}

/* ---- Export and import ---- */

static json_t *export(struct store *store, int64_t run)
{
	struct json_t *object;
	char *text;

	assert_int_equal(store_export(store, run, &object), 0);
	text = json_dumps(object, JSON_COMPACT); /* through the text, as a file would */
	json_decref(object);
	object = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(object);
	return object;
}

static int64_t import(struct store *store, const json_t *object, bool expect_new)
{
	bool is_new = !expect_new;
	int64_t run;

	assert_int_equal(store_import(store, object, &run, &is_new), 0);
	assert_int_equal(is_new, expect_new);
	return run;
}

static void an_imported_run_is_exported_equal(void **state)
{
	struct store *a = open_for(db, STORE_WRITE), *b = open_for(db2, STORE_WRITE);
	int64_t run = whole_run(a, "profile", 1, STORE_NULL), copy;
	json_t *first = export(a, run), *second;

	(void)state;
	whole_run(b, "bench", 7, STORE_NULL); /* takes the id 1 there, and the same host */
	copy = import(b, first, true);
	assert_int_equal(copy, 2);
	assert_int_equal(query(b, "SELECT count(*) FROM host"), 1);
	second = export(b, copy);
	assert_true(json_equal(first, second));
	assert_int_equal(json_array_size(json_object_get(second, "block")), 2);
	assert_int_equal(import(b, first, false), copy); /* a second time it is found, not added */
	assert_int_equal(query(b, "SELECT count(*) FROM run"), 2);
	json_decref(first);
	json_decref(second);
	store_free(a);
	store_free(b);
}

/* Database a: profile, a bench like it, an observe run, a prediction from these and what was observed of it. */
static void experiment(struct store *a, json_t *objects[3])
{
	int64_t profile = whole_run(a, "profile", 1, STORE_NULL), bench = whole_run(a, "bench", 2, profile);
	int64_t observe = whole_run(a, "observe", 3, STORE_NULL), prediction = add_prediction(a, profile, bench);

	assert_int_equal(store_add_observation(a, &(struct observation_row){ prediction, observe, 1.45, 1.43, 1.47 }), 0);
	objects[0] = export(a, profile);
	objects[1] = export(a, bench);
	objects[2] = export(a, observe);
}

static void links_survive_whatever_the_order_of_import(void **state)
{
	const int orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 0 }, { 0, 2, 1 } };
	struct store *a = open_for(db, STORE_WRITE);
	json_t *objects[3];

	(void)state;
	experiment(a, objects);
	for (int i = 0; i < 4; i++) {
		struct store *b = open_for(db2, STORE_WRITE);
		int64_t ids[3];

		whole_run(b, "profile", 77, STORE_NULL); /* so that ids differ */
		for (int j = 0; j < 3; j++)
			ids[orders[i][j]] = import(b, objects[orders[i][j]], true);
		assert_int_equal(query(b, "SELECT count(*) FROM prediction"), 1);
		assert_int_equal(query(b, "SELECT profile FROM prediction_v"), ids[0]);
		assert_int_equal(query(b, "SELECT bench FROM prediction_v"), ids[1]);
		assert_int_equal(query(b, "SELECT observe FROM prediction_v"), ids[2]);
		assert_int_equal(query(b, "SELECT like_run FROM run WHERE kind = 'bench'"), orders[i][0] == 0 ? ids[0] : STORE_NULL);
		store_free(b);
		assert_int_equal(unlink(db2), 0);
	}
	for (int i = 0; i < 3; i++)
		json_decref(objects[i]);
	store_free(a);
}

/* Importing the object fails with this error and message and leaves nothing behind. */
static void assert_import_fails(const json_t *object, int err, const char *message)
{
	struct store *store = open_for(db2, STORE_WRITE);
	int64_t run;
	bool is_new;

	said_begin();
	assert_int_equal(store_import(store, object, &run, &is_new), err);
	assert_said(said_end(), message);
	assert_int_equal(query(store, "SELECT count(*) FROM run"), 0);
	assert_int_equal(query(store, "SELECT count(*) FROM host"), 0);
	store_free(store);
}

static void what_is_no_exported_run_is_refused_whole(void **state)
{
	struct store *a = open_for(db, STORE_WRITE);
	json_t *object = export(a, whole_run(a, "profile", 1, STORE_NULL)), *empty = json_object();
	json_t *block = json_array_get(json_object_get(object, "block"), 1);

	(void)state;
	assert_import_fails(empty, -EINVAL, "this is no run");
	json_object_set_new(empty, "schema", json_integer(STORE_SCHEMA_VERSION));
	assert_import_fails(empty, -EINVAL, "there is no host");
	json_object_set_new(block, "calls_n", json_string("seven"));
	assert_import_fails(object, -EINVAL, "block.calls_n is not a whole number");
	json_object_set_new(block, "calls_n", json_integer(7));
	json_object_set_new(block, "dose", json_integer(9));
	assert_import_fails(object, -EINVAL, "CHECK constraint");
	json_object_set_new(object, "schema", json_integer(STORE_SCHEMA_VERSION + 1));
	assert_import_fails(object, -ENOTSUP, "install a newer forecall");
	json_decref(object);
	json_decref(empty);
	store_free(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_column_of_the_schema_has_its_field_in_order),
		TEST(rows_come_back_as_they_went_in),
		TEST(a_run_ends_with_what_store_run_end_knows),
		TEST(the_same_host_is_one_row),
		TEST(text_that_is_no_utf8_is_mended),
		TEST(rows_that_break_a_rule_are_refused),
		TEST(a_run_that_does_not_exist_is_said),
		TEST(runs_are_found_by_kind_and_state),
		TEST(predictions_are_scored_when_they_were_observed),
		TEST(delete_takes_all_rows_and_the_last_runs_host),
		TEST(a_hundred_thousand_rows_are_read_back),
		TEST(blocks_of_two_ways_are_visited_in_order),
		TEST(the_bench_made_like_the_profile_is_chosen_else_the_newest),
		TEST(a_bench_without_a_round_that_has_all_ways_is_not_chosen),
		TEST(a_kill_before_the_commit_leaves_the_run_incomplete),
		TEST(rollback_undoes_and_may_be_called_at_any_time),
		TEST(a_run_begins_outside_of_transactions),
		TEST(eight_programs_may_create_a_database_at_once),
		TEST(eight_programs_may_add_runs_at_once),
		TEST(reading_what_is_not_there_creates_nothing),
		TEST(a_newer_schema_is_refused_and_left_alone),
		TEST(a_file_that_is_no_database_is_refused_and_left_alone),
		TEST(another_programs_database_is_refused_and_left_alone),
		TEST(a_damaged_database_is_refused),
		TEST(a_full_disk_is_said_and_what_was_there_stays),
		TEST(a_file_system_without_room_is_said),
		TEST(a_read_only_disk_can_be_read_but_not_written),
		TEST(a_file_without_write_permission_is_said),
		TEST(a_database_of_the_first_schema_is_brought_forward),
		TEST(a_migration_that_fails_changes_nothing),
		TEST(an_imported_run_is_exported_equal),
		TEST(links_survive_whatever_the_order_of_import),
		TEST(what_is_no_exported_run_is_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
