/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probes.c: what the ledger's probes cost per system call, beside probes that do nothing.
 *
 * One thread on CPU 0 makes null calls, in rounds: without probes, with empty ones, with some that only read the clock, with the
 * ledger's while another process is its target, and with the ledger's while the thread itself is and the null call is the path.
 * CPU time of the thread, minus that of the same round without probes. Usage: probes [ROUNDS]
 */
#include <linux/types.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <bpf/libbpf.h>

#include "analyze/stats.h"
#include "base/err.h"
#include "base/parse.h"
#include "collect/empty.skel.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/ledger.h"
#include "collect/syscalls.h"
#include "tests/bench/judge.h"
#include "tests/bench/null_call.h"

#define TARGET_IN_SCOPE 2.0
#define TARGET_OTHERS 1.2
#define ROUNDS 60
#define ROUNDS_MAX 10000
#define CALLS_N 40000

enum probes { NONE, EMPTY, CLOCK, OTHERS, IN_SCOPE, PROBES_MAX };

static const char *const probes_names[PROBES_MAX] = {
	[NONE] = "no probes",
	[EMPTY] = "empty probes",
	[CLOCK] = "probes that read the clock",
	[OTHERS] = "ledger, caller not in scope",
	[IN_SCOPE] = "ledger, caller in scope",
};

struct bench {
	struct ledger *ledger;
	struct clock clock;
	struct empty_bpf *empty;
	pid_t idler; /* the target while the caller is not in scope */
	size_t rounds_n;
	double *call_ns[PROBES_MAX]; /* [rounds_n] */
};

/* A target that does nothing. */
static pid_t idler_start(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static int bench_open(struct bench *bench, size_t rounds_n)
{
	uint8_t path[ACCOUNT_CALLS_MAX];
	struct ledger_options options = {.clock = &bench->clock, .path = path};
	int err = syscalls_path(NULL_CALL_NAME, path);

	bench->rounds_n = rounds_n;
	for (int i = 0; i < PROBES_MAX; i++)
		bench->call_ns[i] = calloc(rounds_n, sizeof(double));
	bench->idler = idler_start();
	if (!err)
		err = clock_open("auto", &bench->clock);
	if (!err)
		err = ledger_open(&options, &bench->ledger);
	if (!err)
		err = ledger_add(bench->ledger, bench->idler);
	if (err)
		return err;
	bench->empty = empty_bpf__open_and_load();
	return bench->empty ? 0 : fail(-errno, "probes: cannot load the empty probes: %s", strerror(errno));
}

static void bench_free(struct bench *bench)
{
	empty_bpf__destroy(bench->empty);
	ledger_free(bench->ledger);
	clock_free(&bench->clock);
	kill(bench->idler, SIGKILL);
	waitpid(bench->idler, NULL, 0);
	for (int i = 0; i < PROBES_MAX; i++)
		free(bench->call_ns[i]);
}

/* The first pass warms caches and branch predictors up. */
static double timed(void)
{
	null_calls(CALLS_N / 4);
	return null_call_ns(CALLS_N);
}

static int time_pair(const struct bpf_program *enter, const struct bpf_program *leave, double *ns)
{
	struct bpf_link *links[2] = {bpf_program__attach(enter), bpf_program__attach(leave)};
	int err = links[0] && links[1] ? 0 : fail(-errno, "probes: cannot attach the empty probes: %s", strerror(errno));

	if (!err)
		*ns = timed();
	bpf_link__destroy(links[0]);
	bpf_link__destroy(links[1]);
	return err;
}

static int time_ledger(struct bench *bench, bool in_scope, double *ns)
{
	int err = in_scope ? ledger_add(bench->ledger, getpid()) : 0;

	if (!err)
		err = ledger_attach(bench->ledger, 1, LEDGER_PROBE_ALL);
	if (!err)
		err = ledger_window_open(bench->ledger);
	*ns = timed();
	if (!err)
		err = ledger_window_close(bench->ledger);
	ledger_detach(bench->ledger);
	if (in_scope)
		ledger_remove(bench->ledger, getpid());
	return err;
}

static int time_one(struct bench *bench, enum probes probes, double *ns)
{
	switch (probes) {
	case EMPTY:
		return time_pair(bench->empty->progs.empty_enter, bench->empty->progs.empty_exit, ns);
	case CLOCK:
		return time_pair(bench->empty->progs.clock_enter, bench->empty->progs.clock_exit, ns);
	case OTHERS:
	case IN_SCOPE:
		return time_ledger(bench, probes == IN_SCOPE, ns);
	default:
		*ns = timed();
		return 0;
	}
}

/* Each round begins with another one. */
static int run_rounds(struct bench *bench)
{
	int err = 0;

	for (size_t round = 0; round < bench->rounds_n; round++)
		for (size_t i = 0; i < PROBES_MAX && !err; i++) {
			enum probes probes = (enum probes)((i + round) % PROBES_MAX);

			err = time_one(bench, probes, &bench->call_ns[probes][round]);
		}
	return err;
}

/* ---- Results ---- */

/* Median over rounds of the cost above that of no probes; drawn with replacement when `index` is not NULL. */
static double extra_ns(const struct bench *bench, enum probes probes, const size_t *index, double *work)
{
	double median = NAN;

	for (size_t i = 0; i < bench->rounds_n; i++) {
		size_t round = index ? index[i] : i;

		work[i] = bench->call_ns[probes][round] - bench->call_ns[NONE][round];
	}
	stats_median(work, bench->rounds_n, &median);
	return median;
}

/* Cost of these probes over that of empty ones, with the interval of a bootstrap over rounds. */
static struct figure ratio_to_empty(const struct bench *bench, enum probes probes)
{
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	size_t n = bench->rounds_n, *index = calloc(n, sizeof *index);
	double *work = calloc(n, sizeof *work), *rep = calloc(STATS_REPLICATES, sizeof *rep);
	struct figure ratio = figure_exact(NAN);

	if (rng && index && work && rep) {
		for (size_t i = 0; i < STATS_REPLICATES; i++) {
			stats_resample(rng, NULL, n, index, n);
			rep[i] = extra_ns(bench, probes, index, work) / extra_ns(bench, EMPTY, index, work);
		}
		ratio.value = extra_ns(bench, probes, NULL, work) / extra_ns(bench, EMPTY, NULL, work);
		stats_interval(rep, STATS_REPLICATES, ratio.value, &ratio);
	}
	free(rep);
	free(work);
	free(index);
	stats_rng_free(rng);
	return ratio;
}

static void print_costs(const struct bench *bench)
{
	double *work = calloc(bench->rounds_n, sizeof *work);

	printf("ns per null call, median of %zu rounds [half of them lie within], and above no probes\n", bench->rounds_n);
	for (int i = 0; i < PROBES_MAX && work; i++) {
		struct figure ns = judge_median(bench->call_ns[i], bench->rounds_n);

		printf("  %-30s %7.1f [%.1f, %.1f]  %+7.1f\n", probes_names[i], ns.value, ns.low, ns.high,
		       extra_ns(bench, (enum probes)i, NULL, work));
	}
	free(work);
}

int main(int argc, char **argv)
{
	struct bench bench = {0};
	uint64_t rounds_n = ROUNDS;

	err_program("probes");
	if (argc > 1 && parse_u64(argv[1], 2, ROUNDS_MAX, &rounds_n))
		return fail(2, "usage: probes [ROUNDS]");
	if (bench_open(&bench, rounds_n) || cpus_pin(0) || run_rounds(&bench))
		return 1;
	print_costs(&bench);
	judge_at_most("cost per traced call, in empty probes", ratio_to_empty(&bench, IN_SCOPE), TARGET_IN_SCOPE);
	judge_at_most("cost per call of others, in empty probes", ratio_to_empty(&bench, OTHERS), TARGET_OTHERS);
	bench_free(&bench);
	return judge_missed > 0;
}
