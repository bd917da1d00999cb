/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_meter.c: how up to date the CPU time of another process is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/meter.h"
#include "collect/nudge.h"

#define READINGS_N 200
#define GAP_NS 300000 /* far less than a tick */

static pid_t spinner(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			__asm__ volatile("");
	}
	return pid;
}

/* 1 when the process is seen to have run since GAP_NS ago. */
static int advances(struct nudge *nudge, pid_t pid)
{
	const struct timespec gap = {.tv_nsec = GAP_NS};
	struct meter before, after;

	meter_read(nudge, &pid, 1, &before);
	nanosleep(&gap, NULL);
	meter_read(nudge, &pid, 1, &after);
	assert_int_equal(after.alive, 1);
	return after.cpu_ns > before.cpu_ns;
}

static void a_nudge_makes_cpu_time_advance_between_ticks(void **state)
{
	pid_t pid = spinner();
	struct nudge *nudge;
	int with = 0, without = 0;

	(void)state;
	assert_true(pid > 0);
	assert_int_equal(nudge_new(&nudge), 0);
	for (int i = 0; i < READINGS_N; i++) {
		with += advances(nudge, pid);
		without += advances(NULL, pid);
	}
	nudge_free(nudge);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* others may keep it from running now and then, in either case */
	assert_true(with > 2 * without);
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
		cmocka_unit_test(a_nudge_makes_cpu_time_advance_between_ticks),
		cmocka_unit_test(what_is_gone_is_not_alive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
