/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpfgroup.c: `make bench-bpfgroup`: what a packet costs by sendgroup-bpf and by its peers, interleaved in one run: on a sink, veth and
 * lo; the cost of a private header; and from how many recipients on it pays.
 *
 * Cost is the sender's CPU time with the softirqs that it runs, and that of ksoftirqd, per packet delivered: the receivers are on
 * another CPU and never asleep, so that waking them is in nobody's figure. */
#include "base/err.h"
#include "workloads/block.h"
#include "workloads/net.h"
#include "workloads/process.h"
#include "workloads/runner.h"
#include "workloads/topology.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GROUP = 1000, ROUNDS = 21, SERIES_MAX = 8, PORT = 20000 };

/* One thing to measure, and its result per round. */
struct series {
	const char *way;
	uint64_t group, head;
	double ns[ROUNDS];	/* per delivered packet */
};

struct place {
	const char *name;
	struct runner *runner;
	volatile uint64_t *received; /* of all receivers; NULL on the sink */
	pid_t readers;
};

static uint64_t rng = 88172645463325252u;

static uint64_t random_u64(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	return rng ^= rng << 17;
}

/* ---- Where it is sent ---- */

/* Never sleeps, so that no sender has to wake it. */
static void read_for_ever(const union net_addr *to, volatile uint64_t *received)
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
	received[1] = 1;
	for (;;)
		for (int i = 0; i < GROUP; i++)
			while (recv(fds[i], data, sizeof data, MSG_DONTWAIT) >= 0)
				received[0]++;
}

static int start_readers(struct place *p, const struct topology *t, const union net_addr *to)
{
	p->received = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->received == MAP_FAILED)
		return fail(-errno, "out of memory");
	p->readers = fork();
	if (!p->readers) {
		if (t && topology_enter(t, TOPOLOGY_PEER))
			_exit(1);
		read_for_ever(to, p->received);
	}
	while (!p->received[1])
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
		before = *p->received;
		for (int i = 0; i < 50 && *p->received == before && before != expected; i++)
			usleep(1000);
	} while (*p->received != before);
	return before;
}

static int measure(struct place *p, struct series *s, int round, uint64_t packets)
{
	struct block block = block_default;
	struct runner_result result;
	uint64_t before = p->received ? settle(p, *p->received) : 0, softirq = ksoftirqd_ns(), delivered;
	char why[256];
	int err;

	snprintf(block.way, sizeof block.way, "%s", s->way);
	block.group = s->group;
	block.head = s->head;
	block.bursts = packets / s->group;
	err = runner_block(p->runner, &block, &result, why, sizeof why);
	if (err)
		return fail(err, "%s: %s", s->way, why);
	delivered = p->received ? settle(p, before + result.packets_n) - before : result.packets_n;
	if (!delivered)
		return fail(-ENODATA, "%s on %s delivered nothing", s->way, p->name);
	s->ns[round] = (double)(result.cpu_ns + ksoftirqd_ns() - softirq) / (double)delivered;
	if (delivered < result.packets_n)
		printf("# %s, %s, group %" PRIu64 ": %" PRIu64 " of %" PRIu64 " lost\n", p->name, s->way, s->group,
		       result.packets_n - delivered, result.packets_n);
	return 0;
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
		for (int i = 0; !err && i < n; i++)
			err = measure(p, &all[order[i]], round, packets);
	}
	return err;
}

/* ---- Figures ---- */

struct figure {
	double value, low, high;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median with its 95 % interval by order statistics: of 21, the 6th and the 16th (binomial, 0.973). */
static struct figure median(const double *values)
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof sorted);
	qsort(sorted, ROUNDS, sizeof *sorted, compare);
	return (struct figure){ sorted[10], sorted[5], sorted[15] };
}

/* Of a over b, round by round. */
static struct figure ratio(const struct series *a, const struct series *b)
{
	double each[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		each[i] = a->ns[i] / b->ns[i];
	return median(each);
}

static void print_place(const char *name, const struct series *all, int n, double target)
{
	const struct series *own = &all[n - 2], *bare = &all[n - 1];
	struct figure f;

	printf("\n%s, %d recipients, 1000 bytes\n", name, GROUP);
	for (int i = 0; i < n; i++) {
		f = median(all[i].ns);
		printf("  %-14s private %2" PRIu64 "  %7.1f ns/packet [%.1f, %.1f]\n", all[i].way, all[i].head, f.value, f.low, f.high);
	}
	f = ratio(&all[0], own);
	printf("  sendmsg / sendgroup-bpf  %.2f [%.2f, %.2f]  target at least %.1f: %s\n", f.value, f.low, f.high, target,
	       f.value >= target ? "met" : "missed");
	for (int i = 1; i < n - 2; i++) {
		f = ratio(&all[i], own);
		printf("  %s / sendgroup-bpf  %.2f [%.2f, %.2f]%s\n", all[i].way, f.value, f.low, f.high,
		       i == 1 ? "" : f.value >= 1 ? "  target at least 1: met" : "  target at least 1: missed");
	}
	f = ratio(own, bare);
	printf("  12 private bytes on top  %.1f %% [%.1f, %.1f]  target at most 10 %%: %s\n", 100 * (f.value - 1), 100 * (f.low - 1),
	       100 * (f.high - 1), f.value <= 1.1 ? "met" : "missed");
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
		print_place(p->name, all, n, target);
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

		if (err)
			return err;
		for (int i = 0; i < 2; i++)
			if (from[i] == (int)group + 1 && ratio(&all[i], &all[2]).value > 1)
				from[i] = (int)group;
		printf("  %10" PRIu64 "  %23.2f  %24.2f\n", group, ratio(&all[0], &all[2]).value, ratio(&all[1], &all[2]).value);
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
