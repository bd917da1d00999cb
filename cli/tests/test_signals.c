/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_signals.c: what the first and the second signal do to a process that measures. Each case is its own process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/signals.h"

/* Whether the process sleeps: "pid (comm) S ...". The comm of this test holds no blank. */
static bool sleeps(pid_t pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (!file)
		return true; /* it is gone */
	if (fscanf(file, "%*d %*s %c", &state) != 1)
		state = 0;
	fclose(file);
	return state == 'S';
}

/* A child sends the signal once this process waits for a pipe that nobody writes to. */
static void interrupted(int signal_nr)
{
	pid_t waiting = getpid();
	int pipes[2];
	char c;

	signals_install();
	if (pipe(pipes))
		_exit(1);
	if (fork() == 0) {
		while (!sleeps(waiting))
			sched_yield();
		_exit(kill(waiting, signal_nr));
	}
	if (read(pipes[0], &c, 1) >= 0 || errno != EINTR)
		_exit(2);
	_exit(signals_stop == signal_nr ? 10 : 3);
}

static void two_signals(int signal_nr)
{
	signals_install();
	raise(signal_nr);
	if (signals_stop != signal_nr)
		_exit(3);
	raise(signal_nr == SIGINT ? SIGTERM : SIGINT);
	_exit(4); /* must not be reached */
}

static void noted(int signal_nr)
{
	signals_install();
	raise(signal_nr);
	_exit(signals_stop == signal_nr ? 10 : 5);
}

static int status_of(void (*run)(int), int signal_nr)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		alarm(10); /* a call that is not interrupted must not wait for ever */
		run(signal_nr);
		_exit(6);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void the_first_signal_is_noted_and_does_not_kill(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(status_of(noted, SIGINT)), 10);
	assert_int_equal(WEXITSTATUS(status_of(noted, SIGTERM)), 10);
}

static void the_first_signal_interrupts_a_call_that_waits(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(status_of(interrupted, SIGINT)), 10);
	assert_int_equal(WEXITSTATUS(status_of(interrupted, SIGTERM)), 10);
}

static void the_second_signal_kills_as_if_nobody_had_listened(void **state)
{
	int status = status_of(two_signals, SIGINT);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	status = status_of(two_signals, SIGTERM);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_signal_is_noted_and_does_not_kill),
		cmocka_unit_test(the_first_signal_interrupts_a_call_that_waits),
		cmocka_unit_test(the_second_signal_kills_as_if_nobody_had_listened),
	};

	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
