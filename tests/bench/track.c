/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track.c: how often `compare` is wrong on this machine in real time, how often it finds a slow-down of 3 %, and how long
 * `forecall track` takes on 200 series of 100,000 stored figures.
 *
 * A trial is two sides of RUNS_N short runs each of every benchmark, taken by turns, as somebody does who may switch between two builds,
 * and compared in pairs. A benchmark is datagrams of one of BENCHES_N sizes by sendmsg over loopback: CPU time per packet.
 * Both sides are the same code (A/A), so every change that is found is a false alarm; one benchmark is measured once more on side B
 * with a calibrated spin of 3 % of its cost after each send. Intervals are corrected for all benchmarks of a trial, as compare does.
 * Usage: track [speed|trials [N]], the part; default: both, 200 trials.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyze/compare.h"
#include "analyze/store.h"
#include "tests/bench/judge.h"

enum { RUNS_N = 72, BENCHES_N = 20, BLOCKS_N = 1, SENDS_N = 250, TRIALS_N = 200, SERIES_N = 200, FIGURES_N = 100000, TIMES_N = 5 };

#define SLOWER 0.03
#define TARGET_S 2.0

static double now_s(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Trials ---- */

static int sender = -1, receiver = -1;
static struct sockaddr_in address;
static double spin_first_s, spin_each_s;

/* One copy, wherever it is called from: it takes the same time everywhere. */
static void __attribute__((noinline)) spin(uint64_t n)
{
	for (; n; n--)
		__asm__ volatile("" ::: "memory");
}

/* Seconds of a spin of n, called as after a send. */
static double spin_s(uint64_t n)
{
	double best = INFINITY;

	for (int i = 0; i < 50; i++) {
		double start = now_s(CLOCK_THREAD_CPUTIME_ID);

		for (int j = 0; j < 2000; j++)
			spin(n);
		best = fmin(best, (now_s(CLOCK_THREAD_CPUTIME_ID) - start) / 2000);
	}
	return best;
}

/* Seconds of a spin are spin_first_s + n * spin_each_s: a short one takes more than its share of a long one. */
static void calibrate_spin(void)
{
	spin_each_s = (spin_s(1000) - spin_s(100)) / 900;
	spin_first_s = spin_s(100) - 100 * spin_each_s;
}

static uint64_t spins_of(double seconds)
{
	return seconds > spin_first_s ? (uint64_t)llround((seconds - spin_first_s) / spin_each_s) : 1;
}

static int open_sockets(void)
{
	socklen_t n = sizeof address;
	int small = 4096; /* nobody reads: what does not fit is dropped, at the same cost each time */

	sender = socket(AF_INET, SOCK_DGRAM, 0);
	receiver = socket(AF_INET, SOCK_DGRAM, 0);
	address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (sender < 0 || receiver < 0 || bind(receiver, (struct sockaddr *)&address, sizeof address) ||
	    getsockname(receiver, (struct sockaddr *)&address, &n) || setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &small, sizeof small))
		return -errno;
	return 0;
}

static size_t bytes_of(size_t bench)
{
	return 20 + 70 * bench;
}

/* CPU time per packet, s, with `spins` after each send. */
static double block(size_t bench, uint64_t spins)
{
	static char data[2048];
	struct iovec part = { data, bytes_of(bench) };
	struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1 };
	double start = now_s(CLOCK_THREAD_CPUTIME_ID);

	for (int i = 0; i < SENDS_N; i++) {
		if (sendmsg(sender, &message, 0) < 0)
			return NAN;
		spin(spins);
	}
	return (now_s(CLOCK_THREAD_CPUTIME_ID) - start) / SENDS_N;
}

static double run(size_t bench, uint64_t spins)
{
	double costs[BLOCKS_N], median = NAN;

	for (int i = 0; i < BLOCKS_N; i++)
		costs[i] = block(bench, spins);
	stats_median(costs, BLOCKS_N, &median);
	return median;
}

struct counts {
	size_t alarms, found, found_alone;
	double shift, half; /* sums: of the change that was found, and of the half width of its interval */
};

static int trial(struct counts *counts, size_t slow)
{
	static double a[BENCHES_N][RUNS_N], b[BENCHES_N][RUNS_N], slower[RUNS_N];
	struct comparison c;
	double cost = 0;
	uint64_t spins;

	for (int i = 0; i < RUNS_N; i++) /* what it costs now */
		a[slow][i] = run(slow, 0);
	stats_median(a[slow], RUNS_N, &cost);
	spins = spins_of(SLOWER * cost);

	for (int i = 0; i < RUNS_N; i++)
		for (size_t bench = 0; bench < BENCHES_N; bench++) {
			a[bench][i] = run(bench, 0);
			if (bench == slow)
				slower[i] = run(bench, spins);
			b[bench][i] = run(bench, 0);
		}
	for (size_t bench = 0; bench < BENCHES_N; bench++) {
		if (compare_pairs(a[bench], b[bench], RUNS_N, BENCHES_N, &c))
			return -EDOM;
		counts->alarms += c.verdict != COMPARE_SAME;
	}
	if (compare_pairs(a[slow], slower, RUNS_N, BENCHES_N, &c))
		return -EDOM;
	counts->found += c.verdict == COMPARE_MORE;
	counts->found_alone += c.plain.low > 0;
	counts->shift += c.change.value;
	counts->half += figure_half_width(c.change);
	return 0;
}

static struct figure share(size_t hits, size_t n)
{
	struct figure figure = figure_exact(NAN);

	stats_share_wilson(hits, n, &figure);
	return (struct figure){ 100 * figure.value, 100 * figure.low, 100 * figure.high };
}

static int trials(size_t n)
{
	struct counts counts = { .alarms = 0 };
	double start = now_s(CLOCK_MONOTONIC);
	int err = open_sockets();

	calibrate_spin();
	for (size_t i = 0; i < n && !err; i++)
		err = trial(&counts, i % BENCHES_N);
	if (err) {
		fprintf(stderr, "track: the trials failed: %s\n", strerror(-err));
		return err;
	}
	printf("%zu trials of 2 x %d runs of %d benchmarks in %.0f s; the slow-down of 3 %% was measured as %.2f %% +- %.2f\n", n, RUNS_N, BENCHES_N,
	       now_s(CLOCK_MONOTONIC) - start, 100 * counts.shift / (double)n, 100 * counts.half / (double)n);
	printf("%zu comparisons of A with A: %zu false alarms\n", n * BENCHES_N, counts.alarms);
	judge_at_most("false alarms, A against A, % of comparisons", share(counts.alarms, n * BENCHES_N), 1);
	judge_at_least("3 % slower, found among 20 benchmarks, % of trials", share(counts.found, n), 95);
	judge_at_least("3 % slower, found as the only benchmark, % of trials", share(counts.found_alone, n), 95);
	return 0;
}

/* ---- Speed ---- */

static char forecall[PATH_MAX];

/* Runs on 17 kernels of one machine, all of whose figures are in their series. */
static int make_runs(const char *db, int64_t first_host)
{
	char command[4096];

	snprintf(command, sizeof command,
		 "sqlite3 '%s' \"PRAGMA synchronous = OFF; BEGIN;"
		 "INSERT INTO run (kind, state, host, started_ns, command, version, scope, target, path, clock, clock_hz, engine, topology)"
		 " WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		 " SELECT 'bench', 'complete', %" PRId64 " + i %% 17, 1700000000000000000 + i * 60000000000, 'forecall bench', '0', 'process', 'groupsend',"
		 " 'sendmsg', 'tsc', 2e9, 'none', 'lo' FROM n; INSERT INTO series_run SELECT run FROM run; COMMIT;\"",
		 db, FIGURES_N - 1, first_host);
	return system(command) ? -EIO : 0; /* NOLINT(cert-env33-c): a fixed command */
}

static int make_hosts(struct store *store, int64_t *first)
{
	int err = 0;

	for (int i = 0; i < 17 && !err; i++) {
		struct host_row host;
		char kernel[32];
		int64_t number;

		store_null_host(&host);
		snprintf(kernel, sizeof kernel, "6.1.0-%d-amd64", 40 + i);
		host.name = "box";
		host.cpu_model = "cpu";
		host.cpus_n = 2;
		host.kernel = kernel;
		host.build = "#1";
		host.arch = "x86_64";
		err = store_host(store, &host, &number);
		*first = i ? *first : number;
	}
	return err;
}

/* Noise of 1 %, and in every other series a step of 0.5 % somewhere. */
static int make_series(struct store *store)
{
	struct store_point *points = malloc(FIGURES_N * sizeof *points);
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	int err = points && rng ? store_begin(store) : -ENOMEM;

	for (int s = 0; s < SERIES_N && !err; s++) {
		char name[64];

		for (int64_t i = 0; i < FIGURES_N; i++)
			points[i] = (struct store_point){ i + 1, 1000 + 10 * stats_rng_normal(rng) + (s % 2 && i > 400 * s ? 5 : 0) };
		snprintf(name, sizeof name, "bench/lo/way%d/g100/p1000/h12", s);
		err = store_series_add(store, name, "ns", true, points, FIGURES_N);
	}
	if (!err)
		err = store_commit(store);
	stats_rng_free(rng);
	free(points);
	return err;
}

static int time_track(const char *db, const char *by, double *seconds)
{
	char command[2 * PATH_MAX];
	double start = now_s(CLOCK_MONOTONIC);

	snprintf(command, sizeof command, "'%s' --db '%s' track --by %s > /dev/null", forecall, db, by);
	int status = system(command); /* NOLINT(cert-env33-c): a fixed command */
	*seconds = now_s(CLOCK_MONOTONIC) - start;
	return status ? -EIO : 0;
}

static int time_both(const char *db)
{
	static const char *const axes[] = { "date", "kernel" };
	int err = 0;

	for (int axis = 0; axis < 2 && !err; axis++) {
		double seconds[TIMES_N];
		char what[96];

		for (int i = 0; i < TIMES_N && !err; i++)
			err = time_track(db, axes[axis], &seconds[i]);
		snprintf(what, sizeof what, "track --by %s, 200 series of 100,000 figures, s", axes[axis]);
		if (!err)
			judge_at_most(what, judge_median(seconds, TIMES_N), TARGET_S);
	}
	return err;
}

static int speed(void)
{
	char dir[] = "/tmp/forecall-track-XXXXXX", db[64], wal[80];
	struct store *store = NULL;
	int64_t host = 1;
	int err = mkdtemp(dir) ? 0 : -errno;

	if (err)
		return err;
	snprintf(db, sizeof db, "%s/track.db", dir);
	err = store_open(db, STORE_WRITE, &store);
	if (!err)
		err = make_hosts(store, &host);
	if (!err)
		err = make_runs(db, host);
	if (!err)
		err = make_series(store);
	store_free(store);
	if (!err)
		err = time_both(db);
	unlink(db);
	for (int i = 0; i < 2; i++) {
		snprintf(wal, sizeof wal, "%s-%s", db, i ? "shm" : "wal");
		unlink(wal);
	}
	rmdir(dir);
	return err;
}

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : TRIALS_N;
	char self[PATH_MAX - 16];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	int err = length > 0 ? 0 : -errno;

	self[length > 0 ? length : 0] = 0;
	snprintf(forecall, sizeof forecall, "%s/../forecall", dirname(self));
	if (!err && strcmp(part, "trials") != 0)
		err = speed();
	if (!err && strcmp(part, "speed") != 0)
		err = trials(n);
	return err ? 2 : judge_missed ? 1 : 0;
}
