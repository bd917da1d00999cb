/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peers.c: what watching system calls costs with forecall, and with the tools that people use for it now.
 *
 * A child on CPU 0 makes null calls without end and keeps account of its CPU time and wall time. It is watched by each tool in
 * turn, for several rounds; what a tool costs is the time per call above that of the same round unwatched. perf and bpftrace
 * need tracefs: it is mounted in a namespace of their own, so that the machine stays as it is. Usage: peers [ROUNDS]
 */
#include <linux/types.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/parse.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/ledger.h"
#include "collect/syscalls.h"
#include "tests/bench/judge.h"
#include "tests/bench/null_call.h"

#define TARGET_PERF_TRACE 50.0
#define ROUNDS 5
#define ROUNDS_MAX 100
#define BATCH_N 200        /* calls between two accounts: short enough for strace */
#define SETTLE_NS 300e6    /* from a tool's attachment until its cost is measured */
#define MEASURE_NS 500e6
#define ATTACH_TRIES 2000  /* of 10 ms */

enum tool { UNWATCHED, FORECALL, PERF_TRACE, STRACE, BPFTRACE, TOOLS_MAX };

static const char *const tool_names[TOOLS_MAX] = {
	[UNWATCHED] = "unwatched",
	[FORECALL] = "forecall",
	[PERF_TRACE] = "perf trace -s",
	[STRACE] = "strace -c -f",
	[BPFTRACE] = "bpftrace count by pid",
};

/* What the child has done so far. Written by it alone. */
struct account {
	volatile uint64_t batches; /* odd while the figures are being written */
	volatile double calls_n, cpu_ns, wall_ns;
};

struct totals {
	double calls_n, cpu_ns, wall_ns;
};

struct bench {
	struct account *account;
	pid_t caller;
	struct clock clock;
	struct ledger *ledger;
	size_t rounds_n;
	int absent[TOOLS_MAX]; /* the tool cannot run here; why was said */
	double cpu_ns[TOOLS_MAX][ROUNDS_MAX], wall_ns[TOOLS_MAX][ROUNDS_MAX]; /* per call */
};

/* ---- The child that is watched ---- */

static void call_without_end(struct account *account)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		null_calls(BATCH_N);
		double cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), wall_ns = clock_ns(CLOCK_MONOTONIC);

		__atomic_add_fetch(&account->batches, 1, __ATOMIC_SEQ_CST);
		account->calls_n += BATCH_N;
		account->cpu_ns = cpu_ns;
		account->wall_ns = wall_ns;
		__atomic_add_fetch(&account->batches, 1, __ATOMIC_SEQ_CST);
	}
}

static struct totals totals_read(const struct account *account)
{
	struct totals totals;
	uint64_t before;

	do {
		before = __atomic_load_n(&account->batches, __ATOMIC_SEQ_CST);
		totals = (struct totals){account->calls_n, account->cpu_ns, account->wall_ns};
	} while (before & 1 || before != __atomic_load_n(&account->batches, __ATOMIC_SEQ_CST));
	return totals;
}

static void pause_ns(double ns)
{
	struct timespec time = {.tv_sec = (time_t)(ns / 1e9), .tv_nsec = (long)ns % 1000000000};

	nanosleep(&time, NULL);
}

static void measure_call(struct bench *bench, enum tool tool, size_t round)
{
	pause_ns(SETTLE_NS);
	struct totals before = totals_read(bench->account);
	pause_ns(MEASURE_NS);
	struct totals after = totals_read(bench->account);
	double n = after.calls_n - before.calls_n;

	bench->cpu_ns[tool][round] = (after.cpu_ns - before.cpu_ns) / n;
	bench->wall_ns[tool][round] = (after.wall_ns - before.wall_ns) / n;
}

/* ---- The tools ---- */

static void mount_tracefs(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return;
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
}

static void run_tool(enum tool tool, pid_t target)
{
	char pid[16];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	snprintf(pid, sizeof pid, "%d", target);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	cpus_pin(cpus_possible() - 1); /* beside the child where there is a second CPU */
	mount_tracefs();
	if (tool == PERF_TRACE)
		execlp("perf", "perf", "trace", "-s", "-p", pid, (char *)NULL);
	else if (tool == STRACE)
		execlp("strace", "strace", "-c", "-f", "-p", pid, (char *)NULL);
	else
		execlp("bpftrace", "bpftrace", "-e", "tracepoint:raw_syscalls:sys_enter { @[pid] = count(); }", (char *)NULL);
	_exit(127);
}

/* Whether a process has a descriptor that links to `what`. */
static bool has_open(pid_t pid, const char *what)
{
	bool found = false;

	for (int fd = 0; fd < 256 && !found; fd++) {
		char path[64], link[64];

		snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
		ssize_t n = readlink(path, link, sizeof link - 1);
		link[n > 0 ? n : 0] = 0;
		found = !strcmp(link, what);
	}
	return found;
}

static bool is_traced(pid_t pid)
{
	char path[64], line[128];
	int tracer = 0;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file) && sscanf(line, "TracerPid: %d", &tracer) != 1)
		;
	if (file)
		fclose(file);
	return tracer != 0;
}

static bool is_attached(enum tool tool, pid_t pid, pid_t target)
{
	return tool == STRACE ? is_traced(target) : has_open(pid, "anon_inode:[perf_event]");
}

/* Waits until the tool watches. -ENOENT, said, when it ends or never does. */
static int await_tool(enum tool tool, pid_t pid, pid_t target)
{
	int status;

	for (int i = 0; i < ATTACH_TRIES; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return fail(-ENOENT, "peers: %s cannot run here: it ended with status %d; `make deps` installs it", tool_names[tool],
				    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		if (is_attached(tool, pid, target))
			return 0;
		pause_ns(10e6);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return fail(-ENOENT, "peers: %s cannot run here: it does not attach", tool_names[tool]);
}

static void watch_with_tool(struct bench *bench, enum tool tool, size_t round)
{
	pid_t pid = fork();

	if (!pid)
		run_tool(tool, bench->caller);
	if (pid < 0 || await_tool(tool, pid, bench->caller)) {
		bench->absent[tool] = 1;
		return;
	}
	measure_call(bench, tool, round);
	kill(pid, SIGINT);
	waitpid(pid, NULL, 0);
}

static int watch_with_forecall(struct bench *bench, size_t round)
{
	int err = ledger_attach(bench->ledger, 1, LEDGER_PROBE_ALL);

	if (!err)
		err = ledger_window_open(bench->ledger);
	measure_call(bench, FORECALL, round);
	if (!err)
		err = ledger_window_close(bench->ledger);
	ledger_detach(bench->ledger);
	return err;
}

static int watch(struct bench *bench, enum tool tool, size_t round)
{
	if (bench->absent[tool])
		return 0;
	if (tool == FORECALL)
		return watch_with_forecall(bench, round);
	if (tool == UNWATCHED)
		measure_call(bench, tool, round);
	else
		watch_with_tool(bench, tool, round);
	return 0;
}

/* ---- The whole ---- */

static int bench_open(struct bench *bench)
{
	uint8_t path[ACCOUNT_CALLS_MAX];
	struct ledger_options options = {.clock = &bench->clock, .path = path};
	int err = syscalls_path(NULL_CALL_NAME, path);

	bench->account = mmap(NULL, sizeof *bench->account, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (bench->account == MAP_FAILED || cpus_pin(0))
		return fail(-errno, "peers: cannot start the caller: %s", strerror(errno));
	bench->caller = fork();
	if (!bench->caller)
		call_without_end(bench->account);
	cpus_pin(cpus_possible() - 1);
	if (!err)
		err = clock_open("auto", &bench->clock);
	if (!err)
		err = ledger_open(&options, &bench->ledger);
	return err ? err : ledger_add(bench->ledger, bench->caller);
}

static void bench_free(struct bench *bench)
{
	kill(bench->caller, SIGKILL);
	waitpid(bench->caller, NULL, 0);
	ledger_free(bench->ledger);
	clock_free(&bench->clock);
}

static int run_rounds(struct bench *bench)
{
	int err = 0;

	for (size_t round = 0; round < bench->rounds_n; round++)
		for (size_t i = 0; i < TOOLS_MAX && !err; i++)
			err = watch(bench, (enum tool)((i + round) % TOOLS_MAX), round);
	return err;
}

/* Per call, above unwatched: median of the rounds [half of them lie within]. */
static struct figure extra(double ns[TOOLS_MAX][ROUNDS_MAX], enum tool tool, size_t rounds_n)
{
	double above[ROUNDS_MAX];

	for (size_t i = 0; i < rounds_n; i++)
		above[i] = ns[tool][i] - ns[UNWATCHED][i];
	return judge_median(above, rounds_n);
}

static struct figure times_forecall(const struct bench *bench, enum tool tool)
{
	double ratio[ROUNDS_MAX];

	for (size_t i = 0; i < bench->rounds_n; i++)
		ratio[i] = (bench->cpu_ns[tool][i] - bench->cpu_ns[UNWATCHED][i]) /
			   (bench->cpu_ns[FORECALL][i] - bench->cpu_ns[UNWATCHED][i]);
	return judge_median(ratio, bench->rounds_n);
}

static void report(struct bench *bench)
{
	printf("ns per null call above unwatched, median of %zu rounds [half of them lie within]\n", bench->rounds_n);
	printf("  %-24s %-28s %-28s %s\n", "", "CPU time of the caller", "wall time", "CPU time, in forecall's");
	for (int i = FORECALL; i < TOOLS_MAX; i++) {
		enum tool tool = (enum tool)i;

		if (bench->absent[i])
			continue;
		struct figure cpu = extra(bench->cpu_ns, tool, bench->rounds_n), wall = extra(bench->wall_ns, tool, bench->rounds_n);
		char texts[2][64];

		snprintf(texts[0], sizeof texts[0], "%.0f [%.0f, %.0f]", cpu.value, cpu.low, cpu.high);
		snprintf(texts[1], sizeof texts[1], "%.0f [%.0f, %.0f]", wall.value, wall.low, wall.high);
		printf("  %-24s %-28s %-28s %.4g\n", tool_names[i], texts[0], texts[1], times_forecall(bench, tool).value);
	}
	if (bench->absent[PERF_TRACE])
		judge_at_least("cost of perf trace -s, in forecall's: unknown", figure_exact(NAN), TARGET_PERF_TRACE);
	else
		judge_at_least("cost of perf trace -s, in forecall's", times_forecall(bench, PERF_TRACE), TARGET_PERF_TRACE);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	uint64_t rounds_n = ROUNDS;

	err_program("peers");
	if (argc > 1 && parse_u64(argv[1], 1, ROUNDS_MAX, &rounds_n))
		return fail(2, "usage: peers [ROUNDS]");
	bench.rounds_n = rounds_n;
	int err = bench_open(&bench);
	if (!err)
		err = run_rounds(&bench);
	if (!err)
		report(&bench);
	bench_free(&bench);
	return err || judge_missed > 0;
}
