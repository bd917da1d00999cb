/* SPDX-License-Identifier: GPL-2.0-or-later */
/* calibrate.c: times two known system calls under each dose of probes. */
#include <linux/types.h>

#include "collect/calibrate.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/now.h"
#include "collect/account.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/ledger.h"

#define SELDOM 8 /* rounds between two timings of what need not be known so well */
#define PIECE 4  /* rounds, some 100 ms, after which the target may make up for what it could not do meanwhile: */
#define REST 5   /* at most so many times what the piece took, */
#define REST_IDLE_NS 20000000 /* until its CPU has been idle for so long, two ticks of the kernel's figure: one may have been nearly full */
#define REST_POLL_NS 5000000
#define WARM 0.2 /* calls before a row, as a share of its own: 1.5 ms or more, as the first ms after probes were attached is dearer */

/* One known call. */
struct known {
	const char *name;
	int nr;
};

static const struct known null_call = {"null", SYS_getppid};
static const struct known send_call = {"send", SYS_sendto};

/*
 * One row of a round. The difference between the probed and the unprobed send is what f hangs on most: every round times it.
 * The unprobed row lasts some 15 ms, so that the grace period of the detaching before it is over and the attaching after it does not
 * have to wait: the two rows lie as close together as they can.
 */
static const struct recipe {
	const struct known *call;
	const char *probes_name;
	unsigned int probes;
	int dose;
	int calls_n;
	int every; /* so many rounds */
} recipes[CALIBRATE_ROWS] = {
	{&null_call, "all", LEDGER_PROBE_ALL, 0, 20000, SELDOM},      {&null_call, "all", LEDGER_PROBE_ALL, 1, 20000, SELDOM},
	{&null_call, "all", LEDGER_PROBE_ALL, 2, 20000, SELDOM},      {&send_call, "all", LEDGER_PROBE_ALL, 2, 4000, SELDOM},
	{&send_call, "calls", LEDGER_PROBE_CALLS, 1, 4000, SELDOM},   {&send_call, "all", LEDGER_PROBE_ALL, 0, 8000, 1},
	{&send_call, "all", LEDGER_PROBE_ALL, 1, 4000, 1},
};

/* The socket that sends to one of its own. */
struct loopback {
	int from, to; /* -1: there is no loopback here */
	struct sockaddr_in address;
};

static void loopback_open(struct loopback *lo)
{
	socklen_t size = sizeof lo->address;

	lo->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	lo->from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	lo->to = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(lo->to, (struct sockaddr *)&lo->address, size) || getsockname(lo->to, (struct sockaddr *)&lo->address, &size) ||
	    sendto(lo->from, "", 1, 0, (struct sockaddr *)&lo->address, size) < 0) {
		close(lo->from);
		lo->from = -1;
	}
}

static void loopback_close(struct loopback *lo)
{
	if (lo->from >= 0)
		close(lo->from);
	if (lo->to >= 0)
		close(lo->to);
}

/* CPU time of this thread: a target that shares the CPU must not count. */
static double thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Both by syscall(): the C library's own functions become dearer when a process has started a thread. */
static double calls_ns(const struct known *call, int n, const struct loopback *lo)
{
	static const char payload[1000];
	double start = thread_ns();

	for (int i = 0; i < n; i++)
		if (call == &null_call)
			syscall(SYS_getppid);
		else
			syscall(SYS_sendto, lo->from, payload, sizeof payload, 0, &lo->address, sizeof lo->address);
	return (thread_ns() - start) / n;
}

/* Cycles per call as the ledger saw them on any CPU. */
static double frame_cyc(const struct ledger *ledger, int nr)
{
	uint64_t cyc = 0, calls = 0;

	for (int cpu = 0; cpu < ledger_cpus(ledger); cpu++) {
		cyc += ledger_cpu(ledger, 0, cpu)->calls[nr].cyc;
		calls += ledger_cpu(ledger, 0, cpu)->calls[nr].calls_n;
	}
	return calls ? (double)cyc / (double)calls * ledger_scale(ledger) : NAN;
}

static int measure_row(struct ledger *ledger, const struct clock *clock, const struct loopback *lo, const struct recipe *recipe,
		       struct calibration_row *row)
{
	int err = ledger_attach(ledger, recipe->dose, recipe->probes);

	if (err)
		return err;
	calls_ns(recipe->call, (int)(WARM * recipe->calls_n), lo);
	err = ledger_window_open(ledger);
	double ns = calls_ns(recipe->call, recipe->calls_n, lo);
	if (!err)
		err = ledger_window_close(ledger);
	ledger_detach(ledger);
	if (err)
		return err;
	row->call = recipe->call->name;
	row->probes = recipe->probes_name;
	row->dose = recipe->dose;
	row->calls_n = recipe->calls_n;
	row->call_cyc = ns * clock->hz / 1e9;
	row->frame_cyc = recipe->dose ? frame_cyc(ledger, recipe->call->nr) : NAN;
	return 0;
}

/* All recipes that are due. */
static int measure_round(struct ledger *ledger, const struct clock *clock, int cpu, int round, struct calibration_row *rows, int *n)
{
	struct loopback lo;
	int err = 0;

	loopback_open(&lo);
	for (int i = 0; i < CALIBRATE_ROWS && !err; i++) {
		const struct recipe *recipe = &recipes[i];

		if (round % recipe->every || (recipe->call == &send_call && lo.from < 0))
			continue;
		rows[*n] = (struct calibration_row){.cpu = cpu, .round = round};
		err = measure_row(ledger, clock, &lo, recipe, &rows[*n]);
		*n += !err;
	}
	loopback_close(&lo);
	return err;
}

/* Waits until this CPU has had nothing to do for a while. Returns false when that did not come: the target is busy all the time. */
static bool rest(int cpu, int64_t longest_ns, const volatile sig_atomic_t *stop)
{
	const struct timespec poll = {.tv_nsec = REST_POLL_NS};
	int64_t idle_ns = cpus_idle_ns(cpu), until_ns = now_ns() + longest_ns;

	while (now_ns() < until_ns && !*stop) {
		nanosleep(&poll, NULL);
		if (cpus_idle_ns(cpu) >= idle_ns + REST_IDLE_NS)
			return true;
	}
	return false;
}

static int measure_cpu(struct ledger *ledger, const struct clock *clock, int cpu, int from, int to, const volatile sig_atomic_t *stop,
		       struct calibration_row *rows, int *n)
{
	bool rests = true;
	int64_t begun_ns = now_ns();

	for (int round = from; round < to && !*stop; round++) {
		int err = measure_round(ledger, clock, cpu, round, rows, n);

		if (err)
			return err;
		if (!rests || ((round + 1) % PIECE && round + 1 < to))
			continue;
		rests = rest(cpu, REST * (now_ns() - begun_ns), stop);
		begun_ns = now_ns();
	}
	return 0;
}

static int measure_cpus(struct ledger *ledger, const struct clock *clock, const int *cpus, int cpus_n, int from, int to,
			const volatile sig_atomic_t *stop, struct calibration_row *rows, int *n)
{
	for (int i = 0; i < cpus_n; i++) {
		int err = cpus_pin(cpus[i]);

		if (err)
			return fail(err, "calibrate: cannot run on cpu %d: %s", cpus[i], strerror(-err));
		err = measure_cpu(ledger, clock, cpus[i], from, to, stop, rows, n);
		if (err)
			return err;
	}
	return 0;
}

int calibrate(struct ledger *ledger, const struct clock *clock, const int *cpus, int cpus_n, int from, int to,
	      const volatile sig_atomic_t *stop, struct calibration_row *rows, int *n)
{
	uint8_t null_path[ACCOUNT_CALLS_MAX] = {[SYS_getppid] = 1, [SYS_sendto] = 1}, path[ACCOUNT_CALLS_MAX];
	cpu_set_t before;

	if (sched_getaffinity(0, sizeof before, &before))
		return -errno;
	ledger_path(ledger, null_path, path);
	int err = ledger_add_alone(ledger, getpid());
	if (!err)
		err = measure_cpus(ledger, clock, cpus, cpus_n, from, to, stop, rows, n);
	ledger_remove(ledger, getpid());
	ledger_path(ledger, path, NULL);
	sched_setaffinity(0, sizeof before, &before);
	return err;
}
