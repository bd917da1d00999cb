/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fall.c: where the samples of the engine fall, against stamps around each send of a server that sends in bursts (tests/helpers/stamps.c). Within a burst it
 * is in a send or between two, so the share of the samples that fell into sends should be the share of time that sends take; and each should have been
 * classified as what it fell into, but for what is between the stamps and no system call: some 0.5 %.
 * A send that a sample met is longer by what the sample took. Its own length is that of sends in which a moment drawn at random falls, E[x^2] / E[x].
 * Usage: fall PID STAMPS [SECONDS [HZ]]. Exit status 1 when the samples are off by more than chance.
 */
#include <linux/types.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "collect/account.h"
#include "collect/clock.h"
#include "collect/sample.h"
#include "tests/bench/judge.h"
#include "tests/bench/null_call.h"
#include "tests/helpers/stamps.h"

#define DRAW_S 0.05
#define BURST_NS 100000 /* what lasts longer is no send and no pause of a burst */

enum place { SEND, PAUSE };

struct seen {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	bool path;
};

struct bench {
	const struct stamps *log;
	int64_t realtime_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	struct seen *seen;
	size_t seen_n, room;
};

/* Sends or pauses. */
struct times {
	double n, sum_ns, squares; /* that no sample met */
	double met_n, met_ns;
};

static void saw(void *context, uint64_t time_ns, uint32_t call)
{
	struct bench *bench = context;

	if (bench->seen_n == bench->room) {
		size_t room = bench->room ? 2 * bench->room : 1 << 16;
		struct seen *more = realloc(bench->seen, room * sizeof *more);

		if (!more)
			abort();
		bench->seen = more;
		bench->room = room;
	}
	bench->seen[bench->seen_n++] = (struct seen){time_ns, call == ACCOUNT_CALL_PATH};
}

static const struct stamps *map_stamps(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct stamps *log = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *log, PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	return log == MAP_FAILED ? NULL : log;
}

static int watch(struct bench *bench, pid_t pid, double seconds, double hz)
{
	const struct timespec pause = {.tv_nsec = (long)(1e9 * DRAW_S)};
	struct clock clock;
	struct sampler *sampler = NULL;
	struct sample_window window = {0};
	int err = clock_open("auto", &clock);
	const struct sample_options options = {.clock = &clock, .path = "sendmsg", .hz = hz, .seed = 1, .saw = saw, .saw_context = bench};

	if (!err)
		err = sampler_open(&options, pid, &sampler);
	if (!err)
		err = sampler_add(sampler, pid);
	if (!err)
		err = sample_window_new(sampler, &window);
	if (!err)
		err = sampler_start(sampler);
	for (double until_ns = clock_ns(CLOCK_MONOTONIC) + 1e9 * seconds; !err && clock_ns(CLOCK_MONOTONIC) < until_ns;) {
		nanosleep(&pause, NULL);
		err = sampler_poll(sampler, &window);
		sampler_settle(sampler, &window);
		sampler_draw(sampler);
	}
	bench->realtime_ns = (int64_t)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC));
	sample_window_free(&window);
	sampler_free(sampler);
	clock_free(&clock);
	return err;
}

static uint64_t begin_of(const struct bench *bench, uint64_t call)
{
	return bench->log->call[call % STAMPS_CALLS].begin_ns;
}

static uint64_t end_of(const struct bench *bench, uint64_t call)
{
	return bench->log->call[call % STAMPS_CALLS].end_ns;
}

/* The last call that began at `ns` or before, of those from `low` to `high`. */
static uint64_t call_at(const struct bench *bench, uint64_t low, uint64_t high, uint64_t ns)
{
	while (low + 1 < high) {
		uint64_t middle = low + (high - low) / 2;

		if (begin_of(bench, middle) <= ns)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void add_time(struct times *times, double ns, bool met)
{
	times->n += !met;
	times->sum_ns += met ? 0 : ns;
	times->squares += met ? 0 : ns * ns;
	times->met_n += met;
	times->met_ns += met ? ns : 0;
}

static double own_ns(const struct times *times)
{
	return times->sum_ns + times->met_n * times->squares / times->sum_ns;
}

static void report(const struct times *sends, const struct times *pauses, double fell, double path, double n)
{
	double share = fell / n, chance = 1.96 * sqrt(share * (1 - share) / n), time = own_ns(sends) / (own_ns(sends) + own_ns(pauses));

	printf("%.0f samples; a send takes %.0f ns and a pause %.0f; a sample makes them %.1f and %.1f us longer\n", n, sends->sum_ns / sends->n,
	       pauses->sum_ns / pauses->n, (sends->met_ns / sends->met_n - sends->squares / sends->sum_ns) / 1e3,
	       (pauses->met_ns / pauses->met_n - pauses->squares / pauses->sum_ns) / 1e3);
	printf("sends have %.4f of the time; %.4f of the samples fell into one, and %.4f were taken for one\n", time, share, path / n);
	judge_line("samples that fall into sends, less their time", (struct figure){share - time, share - time - chance, share - time + chance}, "0 within chance",
		   fabs(share - time) <= chance);
	judge_at_most("samples in sends that were not seen to be, %", figure_exact(100 * fabs(path - fell) / n), 1);
}

/* Of the calls whose stamps are still there and between two samples. 0, -ENODATA. */
static int compare(const struct bench *bench)
{
	uint64_t n = bench->log->n, first = n > STAMPS_CALLS ? n - STAMPS_CALLS : 0;
	unsigned char *met = calloc(STAMPS_CALLS, 2);
	struct times times[2] = {0};
	double fell[2] = {0}, path = 0;

	if (!met || n < 2 || bench->seen_n < 2) {
		free(met);
		return -ENODATA;
	}
	uint64_t low = call_at(bench, first, n, bench->seen[0].time_ns + (uint64_t)bench->realtime_ns) + 1;
	uint64_t high = call_at(bench, first, n, bench->seen[bench->seen_n - 1].time_ns + (uint64_t)bench->realtime_ns);
	for (size_t i = 0; i < bench->seen_n && low < high; i++) {
		uint64_t ns = bench->seen[i].time_ns + (uint64_t)bench->realtime_ns, call = call_at(bench, low, high + 1, ns);
		enum place place = ns < end_of(bench, call) ? SEND : PAUSE;

		if (ns < begin_of(bench, low) || call >= high)
			continue;
		met[2 * (call % STAMPS_CALLS) + place] = 1;
		if ((place == SEND ? end_of(bench, call) - begin_of(bench, call) : begin_of(bench, call + 1) - end_of(bench, call)) >= BURST_NS)
			continue;
		fell[place]++;
		path += bench->seen[i].path;
	}
	for (uint64_t call = low; call < high; call++) {
		uint64_t send = end_of(bench, call) - begin_of(bench, call), pause = begin_of(bench, call + 1) - end_of(bench, call);

		if (send < BURST_NS)
			add_time(&times[SEND], (double)send, met[2 * (call % STAMPS_CALLS) + SEND]);
		if (pause < BURST_NS)
			add_time(&times[PAUSE], (double)pause, met[2 * (call % STAMPS_CALLS) + PAUSE]);
	}
	free(met);
	if (!(fell[SEND] > 0) || !(fell[PAUSE] > 0))
		return -ENODATA;
	report(&times[SEND], &times[PAUSE], fell[SEND], path, fell[SEND] + fell[PAUSE]);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = {.log = argc > 2 ? map_stamps(argv[2]) : NULL};
	pid_t pid = argc > 1 ? (pid_t)strtol(argv[1], NULL, 10) : 0;

	if (!bench.log || pid <= 0) {
		fputs("usage: fall PID STAMPS [SECONDS [HZ]]\n", stderr);
		return 2;
	}
	int err = watch(&bench, pid, argc > 3 ? strtod(argv[3], NULL) : 60, argc > 4 ? strtod(argv[4], NULL) : 1999);
	kill(pid, SIGSTOP); /* or it writes on */
	if (!err)
		err = compare(&bench);
	kill(pid, SIGCONT);
	if (err == -ENODATA)
		fputs("fall: nothing to compare: is STAMPS what the process writes?\n", stderr);
	free(bench.seen);
	return err || judge_missed;
}
