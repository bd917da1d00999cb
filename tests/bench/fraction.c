/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fraction.c: f as forecall finds it, against workloads whose f is known by construction.
 *
 * A child spins in user space, then sends. It can be told to leave the sends out. Its own unprobed CPU time per iteration
 * with and without them is the truth: f = (both - spin) / both, from turns of a ms each. A machine with neighbours slows a spin by
 * another share than a send, so f itself differs from turn to turn; the truth is therefore averaged as f is, over all work in all turns but
 * outliers, not the median's, that is the undisturbed machine's. syscall()'s few instructions are part of a send on both sides. All of it is
 * interleaved in one measurement, and each point is calibrated as a profile is.
 * Usage: fraction [SECONDS per point] [POINT...]; a point is the f aimed at. Exit status 1 when a point is missed.
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
#include "analyze/stats.h"
#include "base/err.h"
#include "collect/account.h"
#include "collect/calibrate.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/ledger.h"
#include "collect/measure.h"
#include "collect/syscalls.h"

#define TARGET 0.005
#define SENDS_N 8
#define TURN_NS 1e6
#define TURN_STEP 8
#define TURNS_MAX 65536 /* two minutes of them */
#define CPU 0

enum mode { BOTH, TRUTH, MODES };

static const char *const mode_names[MODES] = {"both", "truth"};

enum part { WITH, WITHOUT, PARTS }; /* the sends */

/* Shared with the child. */
struct work {
	volatile int mode, done_mode; /* wanted, and taken up */
	volatile unsigned long spins;
	double part_ns[PARTS][TURNS_MAX]; /* per iteration, of each turn in mode TRUTH */
	volatile size_t turns_n;
	int bytes, sends_n;
};

static volatile sig_atomic_t stop;

static double thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

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

static __attribute__((noinline)) void iterate(const struct work *work, int fd, const struct sockaddr_in *to, int sends_n)
{
	static char payload[1500];

	spin(work->spins);
	for (int i = 0; i < sends_n; i++)
		syscall(SYS_sendto, fd, payload, (size_t)work->bytes, 0, to, sizeof *to);
}

/* Some iterations with the sends, as many without: so close together that the machine does not change in between. */
static void truth_turn(struct work *work, int fd, const struct sockaddr_in *to)
{
	size_t turn = work->turns_n;

	for (int part = 0; part < PARTS && turn < TURNS_MAX; part++) {
		double start = thread_ns(), now = start;
		int n = 0;

		for (; now - start < TURN_NS; n++) {
			for (int i = 0; i < TURN_STEP; i++)
				iterate(work, fd, to, part == WITH ? work->sends_n : 0);
			now = thread_ns();
		}
		work->part_ns[part][turn] = (now - start) / (n * TURN_STEP);
		work->turns_n = turn + (part == PARTS - 1);
	}
}

static void child(struct work *work)
{
	struct sockaddr_in to;
	int fd = sockets(&to);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		work->done_mode = work->mode;
		if (work->done_mode == TRUTH)
			truth_turn(work, fd, &to);
		else
			iterate(work, fd, &to, work->sends_n);
	}
}

static int set_mode(void *context, const char *way)
{
	struct work *work = context;

	for (int mode = 0; mode < MODES; mode++)
		if (!strcmp(way, mode_names[mode]))
			work->mode = mode;
	while (work->done_mode != work->mode)
		usleep(100);
	return 0;
}

static double median(const double *x, size_t n)
{
	double value = NAN;

	if (n)
		stats_median(x, n, &value);
	return value;
}

static double part_ns(const struct work *work, int part)
{
	return median(work->part_ns[part], work->turns_n);
}

/* Cost of the sends of one iteration, ns, unprobed, and of one spin: decides how long to spin for an aimed f. */
static double sends_ns(struct work *work, double *spin_ns)
{
	work->spins = 10000;
	work->turns_n = 0;
	set_mode(work, "truth");
	usleep(400000);
	set_mode(work, "both");
	*spin_ns = part_ns(work, WITHOUT) / (double)work->spins;
	return part_ns(work, WITH) - part_ns(work, WITHOUT);
}

/* Turns last equally long, so that time over iterations, of all turns, is the harmonic mean of that of each. */
static double truth(const struct work *work)
{
	static double ratio[TURNS_MAX];
	static bool outlier[TURNS_MAX];
	double per_ns[PARTS] = {0};
	size_t outliers_n;

	for (size_t i = 0; i < work->turns_n; i++)
		ratio[i] = log(work->part_ns[WITH][i] / work->part_ns[WITHOUT][i]);
	if (stats_outliers(ratio, work->turns_n, outlier, &outliers_n))
		return NAN;
	for (size_t i = 0; i < work->turns_n; i++)
		for (int part = 0; part < PARTS && !outlier[i]; part++)
			per_ns[part] += 1 / work->part_ns[part][i];
	return 1 - per_ns[WITH] / per_ns[WITHOUT];
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
	double spin_ns, sends = sends_ns(work, &spin_ns);

	work->spins = (unsigned long)(sends * (1 - aim) / aim / spin_ns);
	work->turns_n = 0;
	struct measure_options mine = *options;
	mine.seconds = seconds;
	if (!err)
		err = measure(&mine, &m);
	if (!err)
		err = calibrate_half(options, 1, rows, &rows_n);
	if (err)
		return err;
	set_mode(work, "both");
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

int main(int argc, char **argv)
{
	static const double usual[] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};
	static const struct measure_step steps[] = {{0, "both"}, {1, "both"}, {1, "both"}, {2, "both"}, {0, "truth"}, {0, "both"}, {0, "truth"}};
	double seconds = argc > 1 ? atof(argv[1]) : 12;
	uint8_t path[ACCOUNT_CALLS_MAX];
	struct clock clock;
	struct ledger *ledger;
	int missed = 0, n = argc > 2 ? argc - 2 : (int)(sizeof usual / sizeof *usual);
	struct work *work = mmap(NULL, sizeof *work, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	work->bytes = 1000;
	work->sends_n = SENDS_N;
	if (own_network())
		return fail(1, "fraction: cannot make a network namespace: run as root");
	cpus_pin(CPU);
	pid_t pid = fork();
	if (!pid)
		child(work);
	cpus_pin(1);
	if (syscalls_path("sendto", path) || clock_open("auto", &clock))
		return 1;
	struct ledger_options ledger_options = {.clock = &clock, .path = path};
	if (ledger_open(&ledger_options, &ledger))
		return 1;
	ledger_add(ledger, pid);
	struct measure_options options = {.ledger = ledger, .clock = &clock, .pid = pid, .steps = steps, .steps_n = sizeof steps / sizeof *steps,
					  .window_ms = 50, .seed = 1, .stop = &stop, .set_way = set_mode, .context = work};
	printf("%-8s %-8s %-8s %-17s %9s  %6s  %6s  %8s  %s\n", "true f", "raw", "f", "95 % interval", "error", "k", "linear", "cyc/call", "residue  meter");
	for (int i = 0; i < n; i++) {
		int err = point(argc > 2 ? atof(argv[i + 2]) : usual[i], seconds, work, &options);

		if (err < 0)
			return fail(1, "fraction: %s", strerror(-err));
		missed += err;
	}
	printf("points off by more than %.3f: %d of %d (target 0); lost events: %llu\n", TARGET, missed, n,
	       (unsigned long long)ledger_lost(ledger));
	ledger_free(ledger);
	clock_free(&clock);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return missed > 0;
}
