/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * util.c: what the busy meter costs: per context switch, in a pair of processes that do nothing but switch on one CPU, with the meter and
 * without by turns; and per reading. Usage: util [PAIRS]. Exit status 1 when it takes more than half a percent of a CPU.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/busy.h"
#include "collect/cpus.h"
#include "collect/util.h"
#include "tests/bench/judge.h"
#include "tests/bench/null_call.h"

enum { PAIRS = 200, PAIRS_MAX = 10000, TURNS = 2000, READINGS = 50 };

#define SWITCHES_PER_S 20000

/* Two processes that hand one byte to each other. */
struct pair {
	int there[2], back[2];
	pid_t child;
	clockid_t clock; /* the child's CPU time */
};

static void echo_bytes(int from, int to)
{
	char byte;

	while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1)
		;
}

static int pair_open(struct pair *pair)
{
	if (pipe(pair->there) || pipe(pair->back))
		return -1;
	pair->child = fork();
	if (pair->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair->there[1]);
		echo_bytes(pair->there[0], pair->back[1]);
		_exit(0);
	}
	return pair->child < 0 || clock_getcpuclockid(pair->child, &pair->clock) ? -1 : 0;
}

/* CPU time of both per switch: others on the CPU do not count. */
static double switch_ns(const struct pair *pair)
{
	char byte = 0;
	double from = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + clock_ns(pair->clock);

	for (int i = 0; i < TURNS; i++)
		if (write(pair->there[1], &byte, 1) != 1 || read(pair->back[0], &byte, 1) != 1)
			exit(1);
	return (clock_ns(CLOCK_PROCESS_CPUTIME_ID) + clock_ns(pair->clock) - from) / (2.0 * TURNS);
}

static int measure_switches(int cpu, size_t n, double *without, double *added)
{
	uint8_t cpus[CPUS_MAX] = {0};
	const struct busy_options options = {.cpus = cpus, .irqs = 1, .processes = 1};
	struct busy *busy;
	struct pair pair;

	cpus[cpu] = 1;
	if (busy_open(&options, &busy))
		return -1;
	if (cpus_pin(cpu) || pair_open(&pair))
		return -1;
	for (size_t i = 0; i < n; i++) {
		busy_detach(busy);
		switch_ns(&pair); /* the first ms after a change of the probes is dearer */
		without[i] = switch_ns(&pair);
		if (busy_attach(busy))
			return -1;
		switch_ns(&pair);
		added[i] = switch_ns(&pair) - without[i];
	}
	kill(pair.child, SIGKILL);
	waitpid(pair.child, NULL, 0);
	busy_free(busy);
	return 0;
}

/* CPU time of a reading, as `forecall util` makes one each second; printing left out. */
static int measure_reading(double *ns)
{
	uint8_t online[CPUS_MAX];
	struct util_options options = {.cpus = online};
	struct util_interval interval;
	struct util *util;

	if (cpus_online(online) < 0 || util_open(&options, &util))
		return -1;
	for (int i = 0; i < READINGS; i++) {
		usleep(20000);
		double from = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		if (util_next(util, &interval))
			return -1;
		ns[i] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - from;
	}
	util_free(util);
	return 0;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : PAIRS;
	static double without[PAIRS_MAX], added[PAIRS_MAX], reading[READINGS];

	if (!n || n > PAIRS_MAX || measure_reading(reading) || measure_switches((int)sysconf(_SC_NPROCESSORS_ONLN) - 1, n, without, added))
		return 1;
	struct figure switch_cost = judge_median(added, n), reading_cost = judge_median(reading, READINGS);
	double share = (SWITCHES_PER_S * switch_cost.value + reading_cost.value) / 1e9;
	printf("a context switch without the meter, ns: %.0f; in brackets: half of the blocks\n", judge_median(without, n).value);
	printf("the meter adds to a switch, ns: %.0f [%.0f, %.0f]; a reading takes %.0f us [%.0f, %.0f]\n", switch_cost.value, switch_cost.low,
	       switch_cost.high, reading_cost.value / 1e3, reading_cost.low / 1e3, reading_cost.high / 1e3);
	judge_at_most("busy meter at 20,000 switches/s, read each second, % of a CPU", figure_exact(100 * share), 0.5);
	return judge_missed > 0;
}
