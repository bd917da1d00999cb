/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_meter.c: how up to date the CPU time of another process is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/cpus.h"
#include "collect/meter.h"
#include "collect/nudge.h"

#define READINGS_N 101
#define GAP_NS 1300000 /* not in step with ticks */
#define LAG_NS 1000000 /* a quarter of a tick of 250 Hz */

struct shared {
	volatile int asked;
	volatile int64_t own_ns;
};

/* Always running, on a CPU of its own where there are two; when asked it says its CPU time. Its own it sees exactly, but to
 * look brings it up to date for everybody. */
static pid_t spinner(struct shared *shared)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	cpus_pin(1);
	for (;;) {
		struct timespec now;

		while (!shared->asked)
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
		shared->own_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
		shared->asked = 0;
	}
}

/* By how much a reading was behind. */
static int64_t lag_ns(struct nudge *nudge, pid_t pid, struct shared *shared)
{
	const struct timespec gap = {.tv_nsec = GAP_NS}, moment = {.tv_nsec = 1000};
	struct meter meter;

	nanosleep(&gap, NULL);
	meter_read(nudge, &pid, 1, &meter);
	assert_int_equal(meter.alive, 1);
	shared->asked = 1;
	while (shared->asked)
		nanosleep(&moment, NULL);
	return shared->own_ns - meter.cpu_ns;
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void a_nudge_brings_cpu_time_up_to_date(void **state)
{
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t lags[READINGS_N];
	struct nudge *nudge;

	(void)state;
	assert_ptr_not_equal(shared, MAP_FAILED);
	cpus_pin(0);
	pid_t pid = spinner(shared);
	assert_true(pid > 0);
	assert_int_equal(nudge_new(&nudge), 0);
	for (int i = 0; i < READINGS_N; i++)
		lags[i] = lag_ns(nudge, pid, shared);
	nudge_free(nudge);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(shared, sizeof *shared);
	/* the median: others may come in between now and then */
	qsort(lags, READINGS_N, sizeof *lags, ascending);
	assert_true(lags[READINGS_N / 2] < LAG_NS);
}

static void what_is_gone_is_not_alive(void **state)
{
	struct meter meter;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	meter_read(NULL, &pid, 1, &meter);
	assert_int_equal(meter.alive, 0);
	assert_int_equal(meter.cpu_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nudge_brings_cpu_time_up_to_date),
		cmocka_unit_test(what_is_gone_is_not_alive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
