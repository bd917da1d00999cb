/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpfgroup.c: `make bench-bpfgroup`: what a packet costs by sendgroup-bpf and by its peers, interleaved in one run: on a sink, veth and
 * lo; the cost of a private header; and from how many recipients on it pays.
 *
 * Cost is the sender's CPU time with the softirqs that it runs, and that of ksoftirqd, per packet delivered: the receivers are on
 * another CPU and never asleep, so that waking them is in nobody's figure.
 *
 * On veth and lo every buffer goes to the receivers' CPU and back, so how far apart the two CPUs are is the greater part of a copy's
 * cost; and the CPUs of a guest are moved, now to where they share a cache and now to where they do not. So the time that a cache
 * line takes from one to the other is measured again and again, and rounds near and far are figures of their own. */
#include "analyze/stats.h"
#include "base/err.h"
#include "workloads/block.h"
#include "workloads/net.h"
#include "workloads/process.h"
#include "workloads/runner.h"
#include "workloads/topology.h"

#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_cdf.h>
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	GROUP = 1000,
	ROUNDS = 31,
	ROUNDS_MIN = 8,		/* of one distance, for a figure */
	SERIES_MAX = 8,
	PORT = 20000,
	FAR_NS = 100,		/* between 35 ns within a cache of an EPYC and 170 ns to the next one */
	THROWS = 500,		/* of the ball, there and back, per measurement of the distance */
};

/* One thing to measure, and its result per round. */
struct series {
	const char *way;
	uint64_t group, head;
	double ns[ROUNDS];	/* per delivered packet */
};

/* What this process and the receivers' tell each other, in lines of their own. */
struct shared {
	_Alignas(128) _Atomic uint64_t received; /* datagrams, of all receivers */
	_Alignas(128) _Atomic bool ready;
	_Alignas(128) _Atomic bool play;
	_Alignas(128) _Atomic uint32_t ball; /* odd: thrown to the receivers */
};

struct place {
	const char *name;
	struct runner *runner;
	struct shared *shared;	/* NULL on the sink */
	pid_t readers;
	double nearest_ns[ROUNDS], farthest_ns[ROUNDS]; /* that a cache line took from CPU to CPU; 0 on the sink */
};

static uint64_t rng = 88172645463325252u;

static uint64_t random_u64(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	return rng ^= rng << 17;
}

/* ---- Where it is sent ---- */

static void throw_back(struct shared *shared)
{
	while (shared->play) {
		uint32_t ball = shared->ball;

		if (ball & 1)
			shared->ball = ball + 1;
	}
}

/* Nanoseconds that a line takes from this CPU to the receivers', or back. */
static double measure_line(struct shared *shared)
{
	uint64_t begin = 0;

	shared->play = true;
	for (int i = -1; i < THROWS; i++) { /* the first is for them to come */
		if (!i)
			begin = process_wall_ns();
		shared->ball++;
		while (shared->ball & 1)
			;
	}
	begin = process_wall_ns() - begin;
	shared->play = false;
	return (double)begin / (2 * THROWS);
}

/* Never sleeps, so that no sender has to wake it. */
static void read_for_ever(const union net_addr *to, struct shared *shared)
{
	static char data[65536];
	static int fds[GROUP];
	union net_addr addr = *to;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < GROUP; i++) {
		net_set_port(&addr, (uint16_t)(PORT + i));
		fds[i] = net_bind(SOCK_DGRAM | SOCK_NONBLOCK, &addr);
		if (fds[i] < 0 || setsockopt(fds[i], SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 1 << 20 }, sizeof(int)))
			_exit(1);
	}
	process_pin(1);
	shared->ready = true;
	for (;;) {
		for (int i = 0; i < GROUP; i++)
			while (recv(fds[i], data, sizeof data, MSG_DONTWAIT) >= 0)
				shared->received++;
		throw_back(shared);
	}
}

static int start_readers(struct place *p, const struct topology *t, const union net_addr *to)
{
	p->shared = mmap(NULL, sizeof *p->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->shared == MAP_FAILED)
		return fail(-errno, "out of memory");
	p->readers = fork();
	if (!p->readers) {
		if (t && topology_enter(t, TOPOLOGY_PEER))
			_exit(1);
		read_for_ever(to, p->shared);
	}
	while (!p->shared->ready)
		if (waitpid(p->readers, NULL, WNOHANG))
			return fail(-EIO, "cannot open %d receivers", GROUP);
	return 0;
}

static int run(const char *command)
{
	return system(command) ? fail(-EIO, "has failed: %s", command) : 0; /* NOLINT(cert-env33-c): constant commands */
}

static int open_runner(struct place *p, const union net_addr *to)
{
	const struct runner_config config = { .to = *to, .wake = RUNNER_WAKE_SLEEP };

	return runner_new(&config, &p->runner);
}

/* An ifb device drops what is sent to it: what is left is the stack and the driver. */
static int open_sink(struct place *p)
{
	union net_addr to;
	int err = unshare(CLONE_NEWNET) ? fail(-errno, "cannot make a network namespace: %s; run as root", strerror(errno)) : 0;

	if (!err)
		err = run("ip link set lo up; ip link add ifb0 txqueuelen 0 type ifb && ip link set ifb0 up && ip addr add 198.18.0.1/24 dev ifb0"
			  " && ip neigh add 198.18.0.2 lladdr 02:00:00:00:00:02 dev ifb0 nud permanent");
	net_parse("198.18.0.2:20000", &to);
	return err ? err : open_runner(p, &to);
}

static int open_lo(struct place *p, const char *text)
{
	union net_addr to;
	int err = unshare(CLONE_NEWNET) ? fail(-errno, "cannot make a network namespace: %s; run as root", strerror(errno)) : 0;

	if (!err)
		err = run("ip link set lo up");
	net_parse(text, &to);
	if (!err)
		err = start_readers(p, NULL, &to);
	return err ? err : open_runner(p, &to);
}

static int open_veth(struct place *p)
{
	struct topology *t = NULL; /* ends with this process */
	union net_addr to;
	int err = topology_new(TOPOLOGY_VETH, -1, &t);

	net_parse("198.18.0.2:20000", &to);
	if (!err)
		err = start_readers(p, t, &to);
	if (!err && topology_enter(t, TOPOLOGY_SERVER))
		err = -EIO;
	return err ? err : open_runner(p, &to);
}

/* ---- Measuring ---- */

/* CPU time of all ksoftirqd so far. */
static uint64_t ksoftirqd_ns(void)
{
	static pid_t pids[64];
	static int n = -1;
	uint64_t sum = 0, one;
	char path[64], comm[32];

	for (int pid = 2; n < 0 && pid < 200; pid++) {
		FILE *in;

		snprintf(path, sizeof path, "/proc/%d/comm", pid);
		in = fopen(path, "re");
		if (in && fgets(comm, sizeof comm, in) && !strncmp(comm, "ksoftirqd/", 10) && sum < 64)
			pids[sum++] = pid;
		if (in)
			fclose(in);
	}
	if (n < 0)
		n = (int)sum;
	sum = 0;
	for (int i = 0; i < n; i++) {
		FILE *in;

		snprintf(path, sizeof path, "/proc/%d/schedstat", pids[i]);
		in = fopen(path, "re");
		if (in && fscanf(in, "%" SCNu64, &one) == 1)
			sum += one;
		if (in)
			fclose(in);
	}
	return sum;
}

/* Until `expected` have come, or nothing more does though the readers had time to run. */
static uint64_t settle(const struct place *p, uint64_t expected)
{
	uint64_t before;

	do {
		before = p->shared->received;
		for (int i = 0; i < 50 && p->shared->received == before && before != expected; i++)
			usleep(1000);
	} while (p->shared->received != before);
	return before;
}

static int measure(struct place *p, struct series *s, int round, uint64_t packets)
{
	struct block block = block_default;
	struct runner_result result;
	uint64_t before = p->shared ? settle(p, p->shared->received) : 0, softirq = ksoftirqd_ns(), delivered;
	char why[256];
	int err;

	snprintf(block.way, sizeof block.way, "%s", s->way);
	block.group = s->group;
	block.head = s->head;
	block.bursts = packets / s->group;
	err = runner_block(p->runner, &block, &result, why, sizeof why);
	if (err)
		return fail(err, "%s: %s", s->way, why);
	delivered = p->shared ? settle(p, before + result.packets_n) - before : result.packets_n;
	if (!delivered)
		return fail(-ENODATA, "%s on %s delivered nothing", s->way, p->name);
	s->ns[round] = (double)(result.cpu_ns + ksoftirqd_ns() - softirq) / (double)delivered;
	if (delivered < result.packets_n)
		printf("# %s, %s, group %" PRIu64 ": %" PRIu64 " of %" PRIu64 " lost\n", p->name, s->way, s->group,
		       result.packets_n - delivered, result.packets_n);
	return 0;
}

static void look_how_far(struct place *p, int round)
{
	double line = p->shared ? measure_line(p->shared) : 0;

	p->nearest_ns[round] = !p->nearest_ns[round] || line < p->nearest_ns[round] ? line : p->nearest_ns[round];
	p->farthest_ns[round] = line > p->farthest_ns[round] ? line : p->farthest_ns[round];
}

static int measure_all(struct place *p, struct series *all, int n, uint64_t packets)
{
	int order[SERIES_MAX], err = 0;

	for (int i = 0; !err && i < n; i++)
		err = measure(p, &all[i], 0, packets); /* warms it up; the round is measured again */
	for (int round = 0; !err && round < ROUNDS; round++) {
		for (int i = 0; i < n; i++)
			order[i] = i;
		for (int i = n; i-- > 1;) {
			int j = (int)(random_u64() % (uint64_t)(i + 1)), kept = order[i];

			order[i] = order[j];
			order[j] = kept;
		}
		p->nearest_ns[round] = p->farthest_ns[round] = 0;
		look_how_far(p, round);
		for (int i = 0; !err && i < n; i++) {
			err = measure(p, &all[order[i]], round, packets);
			look_how_far(p, round);
		}
	}
	return err;
}

/* ---- Figures ---- */

/* Rounds of one distance all along; the CPUs were moved in the midst of the others. */
struct rounds {
	int n, at[ROUNDS];
};

static struct rounds rounds_of(const struct place *p, bool far)
{
	struct rounds rounds = { 0 };

	for (int i = 0; i < ROUNDS; i++)
		if (far ? p->nearest_ns[i] > FAR_NS : p->farthest_ns[i] <= FAR_NS)
			rounds.at[rounds.n++] = i;
	return rounds;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median of x[n] with its 95 % interval by order statistics: from the k-th smallest to the k-th greatest, k the greatest
 * number with P(binomial(n, 1/2) < k) <= 2.5 %. */
static struct figure median(double *x, int n)
{
	struct figure figure = figure_exact(NAN);
	int k = 0;

	qsort(x, (size_t)n, sizeof *x, compare);
	stats_median(x, (size_t)n, &figure.value);
	while (gsl_cdf_binomial_P((unsigned)k, 0.5, (unsigned)n) <= 0.025)
		k++;
	figure.low = x[k - 1];
	figure.high = x[n - k];
	return figure;
}

static struct figure cost(const struct series *s, const struct rounds *rounds)
{
	double each[ROUNDS] = { 0 };

	for (int i = 0; i < rounds->n; i++)
		each[i] = s->ns[rounds->at[i]];
	return median(each, rounds->n);
}

/* Of a over b, round by round. */
static struct figure ratio(const struct series *a, const struct series *b, const struct rounds *rounds)
{
	double each[ROUNDS] = { 0 };

	for (int i = 0; i < rounds->n; i++)
		each[i] = a->ns[rounds->at[i]] / b->ns[rounds->at[i]];
	return median(each, rounds->n);
}

static void print_rounds(const struct rounds *rounds, const struct series *all, int n, double target)
{
	const struct series *own = &all[n - 2], *bare = &all[n - 1];
	struct figure f;

	for (int i = 0; i < n; i++) {
		f = cost(&all[i], rounds);
		printf("  %-14s private %2" PRIu64 "  %7.1f ns/packet [%.1f, %.1f]\n", all[i].way, all[i].head, f.value, f.low, f.high);
	}
	f = ratio(&all[0], own, rounds);
	printf("  sendmsg / sendgroup-bpf  %.2f [%.2f, %.2f]  target at least %.1f: %s\n", f.value, f.low, f.high, target,
	       f.value >= target ? "met" : "missed");
	for (int i = 1; i < n - 2; i++) {
		f = ratio(&all[i], own, rounds);
		printf("  %s / sendgroup-bpf  %.2f [%.2f, %.2f]%s\n", all[i].way, f.value, f.low, f.high,
		       i == 1 ? "" : f.value >= 1 ? "  target at least 1: met" : "  target at least 1: missed");
	}
	f = ratio(own, bare, rounds);
	printf("  12 private bytes on top  %.1f %% [%.1f, %.1f]  target at most 10 %%: %s\n", 100 * (f.value - 1), 100 * (f.low - 1),
	       100 * (f.high - 1), f.value <= 1.1 ? "met" : "missed");
}

static void print_place(const struct place *p, const struct series *all, int n, double target)
{
	int moved = ROUNDS - rounds_of(p, false).n - rounds_of(p, true).n;

	for (int far = 0; far < 2; far++) {
		const struct rounds rounds = rounds_of(p, far);
		double line[ROUNDS] = { 0 };

		if (!rounds.n)
			continue;
		for (int i = 0; i < rounds.n; i++)
			line[i] = p->nearest_ns[rounds.at[i]];
		printf("\n%s, %d recipients, 1000 bytes, %d rounds", p->name, GROUP, rounds.n);
		if (p->shared)
			printf(" with CPUs that share %s: %.0f ns from one to the other", far ? "no cache" : "a cache",
			       rounds.n < ROUNDS_MIN ? line[0] : median(line, rounds.n).value);
		puts(rounds.n < ROUNDS_MIN ? ": too few" : "");
		if (rounds.n >= ROUNDS_MIN)
			print_rounds(&rounds, all, n, target);
	}
	if (moved)
		printf("\n%s: %d of %d rounds left out, in the midst of which the CPUs were moved\n", p->name, moved, ROUNDS);
}

static int bench_place(struct place *p, bool frames, double target)
{
	struct series all[SERIES_MAX] = { { "sendmsg", GROUP, 12, { 0 } }, { "sendmmsg", GROUP, 12, { 0 } } };
	int n = 2, err;

	if (frames) {
		all[n++] = (struct series){ .way = "packet", .group = GROUP, .head = 12 };
		all[n++] = (struct series){ .way = "xdp", .group = GROUP, .head = 12 };
	}
	all[n++] = (struct series){ .way = "sendgroup-bpf", .group = GROUP, .head = 12 };
	all[n++] = (struct series){ .way = "sendgroup-bpf", .group = GROUP };
	err = measure_all(p, all, n, 20 * GROUP);
	if (!err)
		print_place(p, all, n, target);
	return err;
}

/* The smallest group from which on the ratio to sendgroup-bpf is above 1, up to 8. */
static int bench_break_even(struct place *p)
{
	int from[2] = { 9, 9 };

	printf("\n%s, break-even\n  recipients  sendmsg / sendgroup-bpf  sendmmsg / sendgroup-bpf\n", p->name);
	for (uint64_t group = 8; group >= 1; group--) {
		struct series all[] = { { "sendmsg", group, 12, { 0 } }, { "sendmmsg", group, 12, { 0 } }, { "sendgroup-bpf", group, 12, { 0 } } };
		int err = measure_all(p, all, 3, 6000);
		const struct rounds rounds = rounds_of(p, false); /* on the sink they are all the same */
		double by[2];

		if (err)
			return err;
		for (int i = 0; i < 2; i++) {
			by[i] = ratio(&all[i], &all[2], &rounds).value;
			if (from[i] == (int)group + 1 && by[i] > 1)
				from[i] = (int)group;
		}
		printf("  %10" PRIu64 "  %23.2f  %24.2f\n", group, by[0], by[1]);
	}
	printf("  pays from %d recipients on against sendmsg (target 3: %s), from %d against sendmmsg (target 4: %s)\n", from[0],
	       from[0] <= 3 ? "met" : "missed", from[1], from[1] <= 4 ? "met" : "missed");
	return 0;
}

static int bench_sink(struct place *p)
{
	int err = open_sink(p);

	return err ? err : bench_place(p, true, 7);
}

static int bench_small(struct place *p)
{
	int err = open_sink(p);

	return err ? err : bench_break_even(p);
}

static int bench_veth(struct place *p)
{
	int err = open_veth(p);

	return err ? err : bench_place(p, true, 4);
}

static int bench_lo(struct place *p)
{
	int err = open_lo(p, "127.0.0.1:20000");

	return err ? err : bench_place(p, false, 4.5);
}

static int bench_lo6(struct place *p)
{
	int err = open_lo(p, "[::1]:20000");

	return err ? err : bench_place(p, true, 4.5);
}

static const struct {
	const char *name;
	int (*run)(struct place *p);
} places[] = { { "sink", bench_sink }, { "veth", bench_veth }, { "lo", bench_lo }, { "lo6", bench_lo6 }, { "small", bench_small } };

/* Each place in a process of its own, whose namespaces end with it. */
static int in_child(size_t which)
{
	struct place p = { .name = places[which].name };
	int err = process_pin(0);

	if (!err)
		err = places[which].run(&p);
	runner_free(p.runner);
	if (p.readers > 0)
		kill(p.readers, SIGKILL);
	return err ? 1 : 0;
}

/* Without an argument: all places. */
int main(int argc, char **argv)
{
	int failed = 0;

	err_program("bench-bpfgroup");
	for (size_t which = 0; which < sizeof places / sizeof *places; which++) {
		int status = 1;
		pid_t pid;

		if (argc > 1 && strcmp(argv[1], places[which].name) != 0)
			continue;
		fflush(stdout);
		pid = fork();
		if (!pid)
			exit(in_child(which));
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			failed = 1;
	}
	return failed;
}
