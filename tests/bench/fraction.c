/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fraction.c: f as forecall finds it, against workloads whose f is known by construction.
 *
 * A child spins in user space, then sends, and reads the processor's clock where the one ends and the other begins. The truth is, in windows
 * without probes, f = cycles of sends / cycles of both: as the ledger's f it is a mean over all cycles, not of the f of single moments. That
 * matters on a machine with neighbours: while one uses the other half of the processor's core a spin takes twice its time and a send 1.4 times
 * (a fifth of the time here), so f is another then; medians, or means without outliers, are the f of the undisturbed machine, 0.01 above.
 * syscall()'s few instructions are part of a send on both sides. All of it is interleaved in one measurement, and each point is calibrated as
 * a profile is.
 * With --samples HZ the sampling engine is held against the same truth in place of the ledger: half a second with it, a quarter without.
 * With --sleep US the child sleeps before each iteration, as a server waits for requests. It falls asleep and wakes up outside of its sends then, which
 * no stamp of its own sees: the truth is cycles of sends / CPU time of the thread.
 * Usage: fraction [--samples HZ] [--sleep US] [SECONDS per point [POINT...]]; a point is the f aimed at. Exit status 1 when a point is off by more than
 * TARGET, or with --samples by more than its interval.
 */
#include <linux/types.h>

#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyze/fraction.h"
#include "analyze/sampled.h"
#include "base/err.h"
#include "collect/account.h"
#include "collect/account_names.h"
#include "collect/calibrate.h"
#include "collect/clock.h"
#include "collect/counter.h"
#include "collect/cpus.h"
#include "collect/ledger.h"
#include "collect/measure.h"
#include "collect/sample.h"
#include "collect/sample_measure.h"
#include "collect/syscalls.h"

#define TARGET 0.005
#define SENDS_N 8
#define STOLEN 4 /* times the usual: the host took the processor away meanwhile */
#define TRUTH_S 0.25 /* beside samples */
#define HIGH 0.75 /* from this f on a point takes three times as long: the probes' cost is a larger part of less time */
#define CPU 0

enum mode { BOTH, TRUTH, MODES };

static const char *const mode_names[MODES] = {"both", "truth"};

enum part { SPIN, SENDS, PARTS };

/* Shared with the child. */
struct work {
	volatile int mode, done_mode; /* wanted, and taken up */
	volatile unsigned long spins;
	volatile double usual_cyc[PARTS]; /* of an iteration */
	volatile double cyc[PARTS];	  /* of all iterations in mode TRUTH that were not stolen from */
	volatile size_t iterations_n;
	volatile double cpu_ns; /* of the child, in mode TRUTH */
	double hz;
	int bytes, sends_n, sleep_us;
	pid_t child;
};

static volatile sig_atomic_t stop;

static __attribute__((noinline)) void spin(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		__asm__ volatile("" : "+r"(i));
}

/* A network of our own: the datagrams of others must not turn the work meter. */
static int own_network(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int err = unshare(CLONE_NEWNET) ? -errno : 0, fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (!err && (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo)))
		err = -errno;
	close(fd);
	return err;
}

static int sockets(struct sockaddr_in *to)
{
	socklen_t size = sizeof *to;
	int from = socket(AF_INET, SOCK_DGRAM, 0), sink = socket(AF_INET, SOCK_DGRAM, 0);

	*to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (from < 0 || sink < 0 || bind(sink, (struct sockaddr *)to, size) || getsockname(sink, (struct sockaddr *)to, &size))
		_exit(1);
	return from;
}

static void count(struct work *work, const double cyc[PARTS])
{
	if (cyc[SPIN] > STOLEN * work->usual_cyc[SPIN] || cyc[SENDS] > STOLEN * work->usual_cyc[SENDS])
		return;
	for (int part = 0; part < PARTS; part++)
		work->cyc[part] += cyc[part];
	work->iterations_n++;
}

static void iterate(struct work *work, int fd, const struct sockaddr_in *to)
{
	static char payload[1500];
	uint64_t start, between;

	if (work->sleep_us)
		usleep((useconds_t)work->sleep_us);
	start = counter_clock();

	spin(work->spins);
	between = counter_clock();
	for (int i = 0; i < work->sends_n; i++)
		syscall(SYS_sendto, fd, payload, (size_t)work->bytes, 0, to, sizeof *to);
	if (work->done_mode == TRUTH)
		count(work, (double[PARTS]){(double)(between - start), (double)(counter_clock() - between)});
}

static double thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void take_up_mode(struct work *work)
{
	static double began_ns;
	int mode = work->mode;

	if (mode == work->done_mode)
		return;
	if (mode == TRUTH)
		began_ns = thread_cpu_ns();
	else
		work->cpu_ns += thread_cpu_ns() - began_ns;
	work->done_mode = mode;
}

static void child(struct work *work)
{
	struct sockaddr_in to;
	int fd = sockets(&to);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		take_up_mode(work);
		iterate(work, fd, &to);
	}
}

static int set_mode(void *context, const char *way)
{
	struct work *work = context;

	for (int mode = 0; mode < MODES; mode++)
		if (!strcmp(way, mode_names[mode]))
			work->mode = mode;
	while (work->done_mode != work->mode) {
		if (waitpid(work->child, NULL, WNOHANG))
			return fail(-ECHILD, "fraction: the child that works is gone");
		usleep(100);
	}
	return 0;
}

static void forget(struct work *work)
{
	work->cyc[SPIN] = work->cyc[SENDS] = 0;
	work->iterations_n = 0;
	work->cpu_ns = 0;
}

/* How long to spin for an aimed f: by what a spin and the sends cost now. */
static int aim_at(struct work *work, double aim)
{
	const unsigned long spins = 10000;

	work->spins = spins;
	work->usual_cyc[SPIN] = work->usual_cyc[SENDS] = INFINITY;
	forget(work);
	int err = set_mode(work, "truth");
	usleep(400000);
	if (!err)
		err = set_mode(work, "both");
	if (err)
		return err;
	work->usual_cyc[SENDS] = work->cyc[SENDS] / (double)work->iterations_n;
	work->usual_cyc[SPIN] = work->usual_cyc[SENDS] * (1 - aim) / aim;
	work->spins = (unsigned long)((double)spins * work->usual_cyc[SPIN] * (double)work->iterations_n / work->cyc[SPIN]);
	if (work->sleep_us) /* all CPU time is in the truth, so every iteration has to be */
		work->usual_cyc[SPIN] = work->usual_cyc[SENDS] = INFINITY;
	forget(work);
	return 0;
}

static double truth(const struct work *work)
{
	double whole = work->sleep_us ? work->cpu_ns * work->hz / 1e9 : work->cyc[SPIN] + work->cyc[SENDS];

	return work->cyc[SENDS] / whole;
}

/* As a profile does it, before and after the windows; the child waits. */
static int calibrate_half(const struct measure_options *options, int half, struct calibration_row *rows, int *rows_n)
{
	int rounds = CALIBRATE_ROUNDS / 2;

	kill(options->pid, SIGSTOP);
	int err = calibrate(options->ledger, options->clock, &(int){CPU}, 1, half * rounds, (half + 1) * rounds, &stop, rows, rows_n);
	kill(options->pid, SIGCONT);
	return err;
}

static int point(double aim, double seconds, struct work *work, const struct measure_options *options)
{
	static struct calibration_row rows[CALIBRATE_ROWS * CALIBRATE_ROUNDS];
	int rows_n = 0, err = calibrate_half(options, 0, rows, &rows_n);
	struct measurement m;
	struct fraction fraction;

	if (!err)
		err = aim_at(work, aim);
	struct measure_options mine = *options;
	mine.seconds = aim > HIGH ? 3 * seconds : seconds;
	if (!err)
		err = measure(&mine, &m);
	if (!err)
		err = calibrate_half(options, 1, rows, &rows_n);
	if (!err)
		err = set_mode(work, "both");
	if (err)
		return err;
	size_t n = 0;
	for (size_t i = 0; i < m.blocks_n; i++)
		if (!strcmp(m.blocks[i].way, "both"))
			m.blocks[n++] = m.blocks[i];
	struct fraction_input input = {.blocks = m.blocks, .blocks_n = n, .calibrations = rows, .calibrations_n = (size_t)rows_n};
	err = fraction_estimate(&input, &fraction);
	if (err)
		return err;
	double known = truth(work), error = fraction.f.value - known;
	printf("%-8.4f %-8.4f %-8.4f [%.4f, %.4f]  %+8.4f  %6.2f  %6.3f  %8.0f  %.1e  %s\n", known, fraction.raw.value, fraction.f.value,
	       fraction.f.low, fraction.f.high, error, fraction.probe_scale.value, fraction.linear.value, fraction.busy_cyc.value,
	       m.residue, fraction.meter ? fraction.meter : "none");
	fflush(stdout);
	fraction_free(&fraction);
	measure_free(&m);
	return fabs(error) <= TARGET ? 0 : 1;
}

/* Windows by the sampling engine and stretches of the truth, in turns. */
static int take_turns(double seconds, struct work *work, const struct measure_options *options, struct sampler *sampler,
		      struct sample_measurement *m)
{
	const struct sample_measure_options windows = {
		.sampler = sampler, .clock = options->clock, .pid = work->child, .window_ms = 100, .stop = &stop,
	};
	int err = 0;

	for (double done = 0; done < seconds && !err; done += 2 * TRUTH_S) {
		err = set_mode(work, "truth");
		usleep((useconds_t)(1e6 * TRUTH_S));
		if (!err)
			err = set_mode(work, "both");
		if (!err)
			err = sample_measure(&windows, 2 * TRUTH_S, m);
	}
	return err;
}

static int estimate_sampled(const struct sample_measurement *m, const struct sampler *sampler, double hz, struct fraction *fraction)
{
	struct sample_row *rows = calloc(m->counts_n + 1, sizeof *rows);
	double scale = sample_scale(m, sampler);

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < m->counts_n; i++)
		rows[i] = sample_row_of(&m->counts[i], scale);
	const struct fraction_input input = {
		.blocks = m->blocks, .blocks_n = m->blocks_n, .samples = rows, .samples_n = m->counts_n, .terms = {.sample_cyc = SAMPLED_COST_S * hz, .sleep_cyc = SAMPLED_SLEEP_S * hz},
	};
	int err = fraction_sampled(&input, fraction);
	free(rows);
	return err;
}

static int sampled_point(double aim, double seconds, double hz, struct work *work, const struct measure_options *options)
{
	const struct sample_options how = {.clock = options->clock, .path = "sendto", .hz = hz, .seed = 1};
	struct sample_measurement m = {0};
	struct sampler *sampler;
	struct fraction fraction;
	int err = aim_at(work, aim);

	if (!err)
		err = sampler_open(&how, work->child, &sampler);
	if (err)
		return err;
	err = sampler_add(sampler, work->child);
	if (!err)
		err = take_turns(seconds, work, options, sampler, &m);
	if (!err)
		err = estimate_sampled(&m, sampler, work->hz, &fraction);
	if (err)
		return err;
	double known = truth(work), error = fraction.f.value - known;
	printf("%-8.4f %-8.4f %-8.4f [%.4f, %.4f]  %+8.4f  %zu samples in calls\n", known, fraction.raw.value, fraction.f.value, fraction.f.low,
	       fraction.f.high, error, (size_t)fraction.calls_n);
	fflush(stdout);
	bool holds = fraction.f.low <= known && known <= fraction.f.high;
	fraction_free(&fraction);
	sample_measurement_free(&m);
	sampler_free(sampler);
	return !holds;
}

int main(int argc, char **argv)
{
	static const double usual[] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};
	static const struct measure_step steps[] = {{0, "both"}, {1, "both"}, {1, "both"}, {2, "both"}, {0, "truth"}, {0, "both"}, {0, "truth"}};
	double hz = 0;
	int sleep_us = 0;
	for (; argc > 2 && !strncmp(argv[1], "--", 2); argc -= 2, argv += 2) {
		if (!strcmp(argv[1], "--samples"))
			hz = atof(argv[2]);
		else if (!strcmp(argv[1], "--sleep"))
			sleep_us = atoi(argv[2]);
		else
			return fail(1, "fraction: unknown option '%s'", argv[1]);
	}
	double seconds = argc > 1 ? atof(argv[1]) : 40;
	uint8_t path[ACCOUNT_CALLS_MAX];
	struct clock clock;
	struct ledger *ledger;
	int missed = 0, n = argc > 2 ? argc - 2 : (int)(sizeof usual / sizeof *usual);
	struct work *work = mmap(NULL, sizeof *work, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	work->bytes = 1000;
	work->sends_n = SENDS_N;
	work->sleep_us = sleep_us;
	if (own_network())
		return fail(1, "fraction: cannot make a network namespace: run as root");
	cpus_pin(CPU);
	if (syscalls_path("sendto", path) || clock_open("auto", &clock))
		return 1;
	work->hz = clock.hz;
	pid_t pid = fork();
	if (!pid)
		child(work);
	work->child = pid;
	cpus_pin(1);
	struct ledger_options ledger_options = {.clock = &clock, .path = path};
	if (ledger_open(&ledger_options, &ledger))
		return 1;
	ledger_add(ledger, pid);
	struct measure_options options = {.ledger = ledger, .clock = &clock, .pid = pid, .steps = steps, .steps_n = sizeof steps / sizeof *steps,
					  .window_ms = 50, .seed = 1, .stop = &stop, .set_way = set_mode, .context = work};
	printf("%-8s %-8s %-8s %-17s %9s", "true f", "raw", "f", "95 % interval", "error");
	if (hz > 0)
		printf("  of\n");
	else
		printf("  %6s  %6s  %8s  %s\n", "k", "linear", "cyc/call", "residue  meter");
	for (int i = 0; i < n; i++) {
		double aim = argc > 2 ? atof(argv[i + 2]) : usual[i];
		int err = hz > 0 ? sampled_point(aim, seconds, hz, work, &options) : point(aim, seconds, work, &options);

		if (err < 0)
			return fail(1, "fraction: %s", strerror(-err));
		missed += err;
	}
	if (hz > 0)
		printf("points that the interval of the samples does not hold: %d of %d\n", missed, n);
	else
		printf("points off by more than %.3f: %d of %d (target 0); lost events: %llu\n", TARGET, missed, n,
		       (unsigned long long)ledger_lost(ledger));
	ledger_free(ledger);
	clock_free(&clock);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return missed > 0;
}
