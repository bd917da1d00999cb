/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_predict.c: f and s into r, its interval, and when there is no prediction. */
#include "analyze/predict.h"
#include "analyze/rows.h"
#include "analyze/speedup.h"
#include "analyze/tests/said.h"

#include <errno.h>
#include <math.h>

static struct sampled exact(double value)
{
	return (struct sampled){ .figure = figure_exact(value) };
}

/* What `predict --fraction F --speedup S` hands over: no run at all. */
static struct predict_input by_hand(double f, double s)
{
	return (struct predict_input){ .fraction = exact(f), .busiest = exact(NAN), .speedup = exact(s) };
}

struct fixture {
	struct run_row profile, bench;
	struct host_row profile_host, bench_host;
	struct predict_input in;
};

/* A profile and a bench with nothing wrong. */
static void good(struct fixture *x)
{
	x->profile = (struct run_row){ .run = 3, .kind = "profile", .state = "complete", .path = "sendmsg", .clock = "tsc" };
	x->bench = (struct run_row){ .run = 4, .kind = "bench", .state = "complete", .path = "sendmsg", .clock = "tsc" };
	x->profile_host = (struct host_row){ .name = "a", .cpu_model = "EPYC", .cpus_n = 2, .kernel = "6.1.0-9", .build = "#1",
					     .arch = "x86_64" };
	x->bench_host = x->profile_host;
	x->in = by_hand(0.5, 2);
	x->in.profile = &x->profile;
	x->in.bench = &x->bench;
	x->in.profile_host = &x->profile_host;
	x->in.bench_host = &x->bench_host;
	x->in.calls_n = 1000;
	x->in.windows_n = 20;
}

/* The input is refused for just this reason, on one line that has `remedy` in it, and whether --force overrules it. */
static void assert_refused(struct fixture *x, enum predict_refusal refusal, const char *remedy, bool can_force)
{
	struct predict out;
	const char *said;

	assert_int_equal(predict_refusals(&x->in), 1u << refusal);
	said_begin();
	assert_int_equal(predict_make(&x->in, &out), -ECANCELED);
	said = said_end();
	assert_said(said, remedy);
	assert_int_equal(said_lines(said), 1);
	assert_int_equal(strstr(said, "--force") != NULL, can_force);
	x->in.force = true;
	said_begin();
	assert_int_equal(predict_make(&x->in, &out), can_force ? 0 : -ECANCELED);
	assert_int_equal(strstr(said_end(), "warning") != NULL, can_force);
	if (can_force)
		assert_int_equal(out.forced, 1u << refusal);
}

static void the_papers_figures_by_hand_give_r_without_an_interval(void **state)
{
	struct predict_input in = by_hand(0.791, 1.664);
	struct predict out;

	(void)state;
	assert_int_equal(predict_make(&in, &out), 0);
	assert_near(out.predicted.value, 1.461, 0.0005);
	assert_false(figure_has_interval(out.predicted));
	assert_near(out.bound, 1 / 0.209, 1e-9);
	assert_near(out.break_even, 1, 1e-12);
	assert_true(isnan(out.capacity.value));
	assert_int_equal(out.forced, 0);
}

static void replicates_pair_one_by_one(void **state)
{
	const double f[] = { 0.4, 0.6 }, s[] = { 2, 4 }; /* r 1.25 and 1 / 0.55; crossed pairs would be wider */
	struct predict_input in = by_hand(0.5, 3);
	struct predict out;

	(void)state;
	in.fraction.rep = f;
	in.speedup.rep = s;
	in.fraction.rep_n = in.speedup.rep_n = 2;
	assert_int_equal(predict_make(&in, &out), 0);
	assert_near(out.predicted.value, 1.5, 1e-12); /* 1 / (0.5 + 0.5 / 3) */
	assert_near(out.predicted.low, 1.25 + 0.025 * (1 / 0.55 - 1.25), 1e-9);
	assert_near(out.predicted.high, 1.25 + 0.975 * (1 / 0.55 - 1.25), 1e-9);
}

static void one_side_with_replicates_is_enough_for_an_interval(void **state)
{
	const double f[] = { 0.4, 0.6 };
	struct predict_input in = by_hand(0.5, 2);
	struct predict out;

	(void)state;
	in.fraction.rep = f;
	in.fraction.rep_n = 2;
	assert_int_equal(predict_make(&in, &out), 0);
	assert_near(out.predicted.low, 1.25 + 0.025 * (1 / 0.7 - 1.25), 1e-9);
}

static void replicates_of_f_beyond_its_domain_count_as_its_edge(void **state)
{
	const double f[] = { 1.1, 1.2 };
	struct predict_input in = by_hand(0.99, 2);
	struct predict out;

	(void)state;
	in.fraction.rep = f;
	in.fraction.rep_n = 2;
	assert_int_equal(predict_make(&in, &out), 0);
	assert_near(out.predicted.high, 2, 1e-12);
}

static void capacity_is_r_of_the_busiest_thread(void **state)
{
	struct predict_input in = by_hand(0.5, 2);
	const double busiest[] = { 0.8, 0.8 };
	struct predict out;

	(void)state;
	in.busiest = (struct sampled){ .figure = figure_exact(0.8), .rep = busiest, .rep_n = 2 };
	assert_int_equal(predict_make(&in, &out), 0);
	assert_near(out.capacity.value, 1 / 0.6, 1e-12);
	assert_near(out.capacity.low, 1 / 0.6, 1e-12);
	assert_near(out.predicted.value, 1 / 0.75, 1e-12);
}

static void overhead_can_leave_no_s_that_pays(void **state)
{
	struct predict_input in = by_hand(0.1, 2);
	struct predict out;

	(void)state;
	in.overhead = 0.2;
	assert_int_equal(predict_make(&in, &out), 0);
	assert_near(out.predicted.value, 1 / 1.15, 1e-12);
	assert_true(isinf(out.break_even));
	assert_near(out.bound, 1 / 1.1, 1e-12);
}

static void values_outside_the_domain_name_their_option(void **state)
{
	const struct predict_input bad[] = { by_hand(1.2, 2), by_hand(-0.1, 2), by_hand(0.5, 0), by_hand(NAN, 2) };
	struct predict out;

	(void)state;
	for (int i = 0; i < 4; i++) {
		said_begin();
		assert_int_equal(predict_make(&bad[i], &out), -EDOM);
		assert_said(said_end(), "--fraction, --speedup or --overhead");
	}
}

static void a_good_pair_is_not_refused(void **state)
{
	struct predict out;
	struct fixture x;

	(void)state;
	good(&x);
	assert_int_equal(predict_refusals(&x.in), 0);
	assert_int_equal(predict_make(&x.in, &out), 0);
	assert_near(out.predicted.value, 1 / 0.75, 1e-12);
}

static void a_path_never_called_says_so_and_cannot_be_forced(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.in.calls_n = 0;
	x.in.fraction = exact(0);
	assert_refused(&x, REFUSE_NO_CALLS, "never called sendmsg, so f = 0", false);
}

static void an_incomplete_run_cannot_be_forced(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.bench.state = "incomplete";
	assert_refused(&x, REFUSE_INCOMPLETE, "run 4 was ended before its last write", false);
}

static void an_interrupted_run_is_not_refused(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.profile.state = "interrupted";
	assert_int_equal(predict_refusals(&x.in), 0);
}

static void an_unbalanced_profile_is_refused(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.profile.unbalanced = 1;
	x.profile.residue = 0.02;
	assert_refused(&x, REFUSE_UNBALANCED, "misses the clock by 2 %; profile again", true);
}

static void lost_events_are_refused(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.profile.lost_n = 17;
	assert_refused(&x, REFUSE_LOST, "lost 17 events", true);
}

static void fewer_than_8_windows_are_too_short(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.in.windows_n = 8;
	assert_int_equal(predict_refusals(&x.in), 0);
	x.in.windows_n = 7;
	assert_refused(&x, REFUSE_SHORT, "larger --seconds", true);
}

static void another_machine_is_refused_and_what_differs_named(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.bench_host.governor = "powersave"; /* NULL on the other side: not known is not the same */
	assert_refused(&x, REFUSE_HOST, "frequency governor differs", true);
}

static void another_kernel_is_refused_and_both_named(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.bench_host.kernel = "6.18.2";
	assert_refused(&x, REFUSE_KERNEL, "kernel 6.1.0-9 (#1), bench 4 from 6.18.2", true);
}

static void another_clock_is_refused(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.bench.clock = "cycles";
	assert_refused(&x, REFUSE_CLOCK, "--clock", true);
}

static void cpus_that_may_halt_in_one_run_only_are_refused(void **state)
{
	struct fixture x;

	(void)state;
	good(&x);
	x.profile.idle = x.bench.idle = "poll";
	assert_int_equal(predict_refusals(&x.in), 0);
	x.bench.idle = NULL;
	assert_refused(&x, REFUSE_IDLE, "--like", true);
}

static void every_reason_is_given_and_marked(void **state)
{
	struct predict out;
	const char *said;
	struct fixture x;

	(void)state;
	good(&x);
	x.profile.lost_n = 1;
	x.bench_host.build = "#2";
	said_begin();
	assert_int_equal(predict_make(&x.in, &out), -ECANCELED);
	said = said_end();
	assert_int_equal(said_lines(said), 2);
	x.in.force = true;
	said_begin();
	assert_int_equal(predict_make(&x.in, &out), 0);
	said_end();
	assert_int_equal(out.forced, 1u << REFUSE_LOST | 1u << REFUSE_KERNEL);
	assert_string_equal(predict_refusal_code(REFUSE_LOST), "lost");
	assert_string_equal(predict_refusal_code(REFUSE_CLOCK), "clock");
}

/* ---- Coverage ---- */

#define WINDOWS 30
#define ROUNDS 10
#define REPLICATES 500

/* f from windows around 0.7, as fractions of their busy cycles, bootstrapped over windows. */
static struct sampled draw_fraction(struct stats_rng *rng, double *rep)
{
	double path[WINDOWS], value = 0;
	size_t index[WINDOWS];

	for (int i = 0; i < WINDOWS; i++)
		value += (path[i] = 0.7 + 0.01 * stats_rng_normal(rng)) / WINDOWS;
	for (int i = 0; i < REPLICATES; i++) {
		stats_resample(rng, NULL, WINDOWS, index, WINDOWS);
		rep[i] = 0;
		for (int j = 0; j < WINDOWS; j++)
			rep[i] += path[index[j]] / WINDOWS;
	}
	assert_int_equal(stats_widen(rep, REPLICATES, value, WINDOWS), 0);
	return (struct sampled){ .figure = figure_exact(value), .rep = rep, .rep_n = REPLICATES };
}

static struct bench_row draw_block(struct stats_rng *rng, int64_t round, const char *way, double cost)
{
	return (struct bench_row){ .round = round, .way = way, .group_size = 1, .packets_n = 1000,
				   .cpu_cyc = (int64_t)(1000 * cost * (1 + 0.01 * stats_rng_normal(rng))), .async_cyc = STORE_NULL };
}

static struct speedup draw_speedup(struct stats_rng *rng, uint64_t seed)
{
	struct bench_row rows[3 * ROUNDS], *row = rows;
	struct speedup s;

	for (int i = 0; i < ROUNDS; i++) {
		*row++ = draw_block(rng, i, "null", 200);
		*row++ = draw_block(rng, i, "a", 4200);
		*row++ = draw_block(rng, i, "b", 2700);
	}
	assert_int_equal(speedup_compute(rows, (size_t)(row - rows), "a", "b", seed, REPLICATES, &s), 0);
	return s;
}

static bool r_is_held(struct stats_rng *rng, uint64_t seed)
{
	double truth = 1 / (1 - 0.7 + 0.7 / 1.6), rep[REPLICATES];
	struct predict_input in = by_hand(0, 1);
	struct speedup s = draw_speedup(rng, seed);
	struct predict out;

	in.fraction = draw_fraction(rng, rep);
	in.speedup = speedup_sampled(&s);
	assert_int_equal(predict_make(&in, &out), 0);
	speedup_free(&s);
	return out.predicted.low <= truth && truth <= out.predicted.high;
}

static void intervals_of_r_hold_in_92_to_98_percent(void **state)
{
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	int held = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		held += r_is_held(rng, i);
	print_message("held in %d of 200\n", held);
	assert_in_range(held, 184, 196);
	stats_rng_free(rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_papers_figures_by_hand_give_r_without_an_interval),
		cmocka_unit_test(replicates_pair_one_by_one),
		cmocka_unit_test(one_side_with_replicates_is_enough_for_an_interval),
		cmocka_unit_test(replicates_of_f_beyond_its_domain_count_as_its_edge),
		cmocka_unit_test(capacity_is_r_of_the_busiest_thread),
		cmocka_unit_test(overhead_can_leave_no_s_that_pays),
		cmocka_unit_test(values_outside_the_domain_name_their_option),
		cmocka_unit_test(a_good_pair_is_not_refused),
		cmocka_unit_test(a_path_never_called_says_so_and_cannot_be_forced),
		cmocka_unit_test(an_incomplete_run_cannot_be_forced),
		cmocka_unit_test(an_interrupted_run_is_not_refused),
		cmocka_unit_test(an_unbalanced_profile_is_refused),
		cmocka_unit_test(lost_events_are_refused),
		cmocka_unit_test(fewer_than_8_windows_are_too_short),
		cmocka_unit_test(another_machine_is_refused_and_what_differs_named),
		cmocka_unit_test(another_kernel_is_refused_and_both_named),
		cmocka_unit_test(another_clock_is_refused),
		cmocka_unit_test(cpus_that_may_halt_in_one_run_only_are_refused),
		cmocka_unit_test(every_reason_is_given_and_marked),
		cmocka_unit_test(intervals_of_r_hold_in_92_to_98_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
