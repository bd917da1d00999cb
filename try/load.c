/* SPDX-License-Identifier: GPL-2.0-or-later */
/* load.c: a process that runs the load over and over, and is the leader of its group. */
#include "try/load.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

enum {
	FAILURES_MAX = 5,    /* in a row, each at once: it will not work */
	AT_ONCE_S = 1,
	PATIENCE_MS = 2000,
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One run of the load. True when it failed at once. */
static bool run_once(const char *command)
{
	double begin_s = now_s();
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return true;
	return status && now_s() - begin_s < AT_ONCE_S;
}

/* The keeper is told to end, or forecall ended: the load, which may be a shell and its children, goes too. */
static void end_all(int signal_number)
{
	signal(SIGTERM, SIG_IGN);
	kill(0, signal_number);
	_exit(1);
}

/* In the keeper. What the load prints goes to stderr: stdout is the report's. */
static void keep_running(const char *command)
{
	int failures = 0;

	dup2(STDERR_FILENO, STDOUT_FILENO);
	while (failures < FAILURES_MAX)
		failures = run_once(command) ? failures + 1 : 0;
	_exit(1);
}

int load_start(const char *command, struct load *load)
{
	pid_t parent = getpid();

	*load = (struct load){.command = command};
	if (!command)
		return 0;
	load->keeper = fork();
	if (load->keeper < 0)
		return fail(-errno, "try: cannot fork: %s", strerror(errno));
	if (!load->keeper) {
		setpgid(0, 0);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, end_all);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() == parent)
			keep_running(command);
		_exit(1);
	}
	setpgid(load->keeper, load->keeper);
	return 0;
}

int load_keep(struct load *load)
{
	if (load->keeper <= 0 || waitpid(load->keeper, NULL, WNOHANG) != load->keeper)
		return 0;
	load->keeper = 0;
	return fail(-ECHILD, "try: the load ends at once with an error, again and again: %s", load->command);
}

void load_pause(const struct load *load)
{
	if (load->keeper > 0)
		kill(-load->keeper, SIGSTOP);
}

void load_resume(const struct load *load)
{
	if (load->keeper > 0)
		kill(-load->keeper, SIGCONT);
}

void load_stop(struct load *load)
{
	struct timespec pause = {.tv_nsec = 10000000};

	if (load->keeper <= 0)
		return;
	kill(-load->keeper, SIGTERM);
	load_resume(load);
	for (int ms = 0; ms < PATIENCE_MS && !waitpid(load->keeper, NULL, WNOHANG); ms += 10)
		nanosleep(&pause, NULL);
	kill(-load->keeper, SIGKILL);
	waitpid(load->keeper, NULL, WNOHANG);
	load->keeper = 0;
}
