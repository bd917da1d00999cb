/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fraction.c: f as forecall finds it, against workloads whose f is known by construction.
 *
 * A child spins in user space, then sends. It can be told to leave the sends out. Its own unprobed CPU time per iteration
 * with and without them is the truth: f = (both - spin) / both. All of it is interleaved in one measurement.
 * Usage: fraction [SECONDS per point] [POINT...]; a point is the f aimed at. Exit status 1 when a point is missed.
 */
#include <linux/types.h>

#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
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
#define ROUNDS 16

enum mode { BOTH, TRUTH, SPIN, MODES };

static const char *const mode_names[MODES] = {"both", "truth", "spin"};

/* Shared with the child. */
struct work {
	volatile int mode, done_mode; /* wanted, and taken up */
	volatile unsigned long spins;
	volatile double cpu_ns[MODES];
	volatile double iterations[MODES];
	int bytes;
};

static volatile sig_atomic_t stop;

static double thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void spin(unsigned long n)
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

static void child(struct work *work)
{
	static char payload[1500];
	struct sockaddr_in to;
	int fd = sockets(&to), mode = BOTH;
	double since = thread_ns(), n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (work->mode != mode) {
			double now = thread_ns();

			work->cpu_ns[mode] += now - since;
			work->iterations[mode] += n;
			mode = work->mode;
			work->done_mode = mode;
			since = thread_ns();
			n = 0;
		}
		spin(work->spins);
		for (int i = 0; i < SENDS_N && mode != SPIN; i++)
			sendto(fd, payload, (size_t)work->bytes, 0, (struct sockaddr *)&to, sizeof to);
		n++;
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

/* Cost of the sends of one iteration, ns, unprobed: decides how long to spin for an aimed f. */
static double sends_ns(struct work *work, double *spin_ns)
{
	for (int mode = 0; mode < MODES; mode++)
		work->cpu_ns[mode] = work->iterations[mode] = 0;
	work->spins = 1000;
	for (int i = 0; i < 20; i++) {
		set_mode(work, mode_names[i & 1 ? SPIN : TRUTH]);
		usleep(10000);
	}
	set_mode(work, mode_names[BOTH]);
	*spin_ns = work->cpu_ns[SPIN] / work->iterations[SPIN] / 1000;
	return work->cpu_ns[TRUTH] / work->iterations[TRUTH] - *spin_ns * 1000;
}

static double truth(const struct work *work)
{
	double both = work->cpu_ns[TRUTH] / work->iterations[TRUTH];
	double spinning = work->cpu_ns[SPIN] / work->iterations[SPIN];

	return (both - spinning) / both;
}

static int point(double aim, double seconds, struct work *work, const struct measure_options *options, const struct calibration_row *rows,
		 int rows_n)
{
	struct measurement m;
	struct fraction fraction;
	double spin_ns, sends = sends_ns(work, &spin_ns);

	work->spins = (unsigned long)(sends * (1 - aim) / aim / spin_ns);
	for (int mode = 0; mode < MODES; mode++)
		work->cpu_ns[mode] = work->iterations[mode] = 0;
	struct measure_options mine = *options;
	mine.seconds = seconds;
	int err = measure(&mine, &m);
	if (err)
		return err;
	set_mode(work, mode_names[BOTH]);
	size_t n = 0;
	for (size_t i = 0; i < m.blocks_n; i++)
		if (!strcmp(m.blocks[i].way, mode_names[BOTH]))
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
	static const struct measure_step steps[] = {{0, "both"}, {1, "both"}, {1, "both"}, {2, "both"}, {0, "truth"}, {0, "spin"}, {0, "both"}, {0, "truth"}, {0, "spin"}};
	double seconds = argc > 1 ? atof(argv[1]) : 12;
	uint8_t path[ACCOUNT_CALLS_MAX];
	struct clock clock;
	struct ledger *ledger;
	struct calibration_row rows[CALIBRATE_ROWS * ROUNDS];
	int rows_n, cpu = 0, missed = 0, n = argc > 2 ? argc - 2 : (int)(sizeof usual / sizeof *usual);
	struct work *work = mmap(NULL, sizeof *work, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	work->bytes = 1000;
	if (own_network())
		return fail(1, "fraction: cannot make a network namespace: run as root");
	cpus_pin(cpu);
	pid_t pid = fork();
	if (!pid)
		child(work);
	cpus_pin(1);
	if (syscalls_path("sendto", path) || clock_open("auto", &clock))
		return 1;
	struct ledger_options ledger_options = {.clock = &clock, .path = path};
	if (ledger_open(&ledger_options, &ledger))
		return 1;
	kill(pid, SIGSTOP);
	if (calibrate(ledger, &clock, &cpu, 1, ROUNDS, &stop, rows, &rows_n))
		return 1;
	kill(pid, SIGCONT);
	ledger_add(ledger, pid);
	struct measure_options options = {.ledger = ledger, .clock = &clock, .pid = pid, .steps = steps, .steps_n = sizeof steps / sizeof *steps,
					  .window_ms = 50, .seed = 1, .stop = &stop, .set_way = set_mode, .context = work};
	printf("%-8s %-8s %-8s %-17s %9s  %6s  %6s  %8s  %s\n", "true f", "raw", "f", "95 % interval", "error", "k", "linear", "cyc/call", "residue  meter");
	for (int i = 0; i < n; i++) {
		int err = point(argc > 2 ? atof(argv[i + 2]) : usual[i], seconds, work, &options, rows, rows_n);

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
