/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gnuplot.c: spawn, wait, and say why it failed in gnuplot's own words. */
#include "reports/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

extern char **environ;

#define REMEDY "it draws the pictures; install it: apt-get install gnuplot-nox"

static int spawn(const char *dir, const char *script, int out, int log, pid_t *pid)
{
	char *const argv[] = { "gnuplot", "-d", (char *)script, NULL };
	posix_spawn_file_actions_t actions;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return -err;
	err = posix_spawn_file_actions_addchdir_np(&actions, dir);
	if (!err)
		err = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!err)
		err = out < 0 ? posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
			      : posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO);
	if (!err)
		err = posix_spawnp(pid, "gnuplot", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* Its wait status. A signal to us that asks to stop is passed on once. */
static int wait_for(pid_t pid, const volatile sig_atomic_t *stop)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
		else if (stop && *stop)
			kill(pid, SIGTERM);
	return status;
}

/* The line that names the fault: gnuplot shows the statement and a caret above it. */
static void first_fault(FILE *log, char *out, int size)
{
	char line[512];

	*out = 0;
	rewind(log);
	while (fgets(line, sizeof line, log)) {
		line[strcspn(line, "\n")] = 0;
		if (strstr(line, "line ") || strstr(line, "rror") || !*out)
			snprintf(out, size, "%s", line + strspn(line, " ^\t"));
		if (strstr(out, "line ") && !strstr(out, "arning"))
			return;
	}
}

static int judge(int status, FILE *log, const volatile sig_atomic_t *stop)
{
	char fault[512];

	if (stop && *stop)
		return fail(-EINTR, "report: interrupted; nothing was written");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	first_fault(log, fault, sizeof fault);
	if (WIFSIGNALED(status))
		return fail(-EIO, "report: gnuplot was ended by signal %d: %s; " REMEDY, WTERMSIG(status), fault);
	return fail(-EIO, "report: gnuplot failed: %s: it must be 5.4 or later with the svg and pngcairo terminals; " REMEDY, fault);
}

int gnuplot_run(const char *dir, const char *script, int out, const volatile sig_atomic_t *stop)
{
	FILE *log = tmpfile();
	pid_t pid = 0;

	if (!log)
		return fail(-errno, "report: cannot make a temporary file: %m: set TMPDIR to a folder with room");
	int err = spawn(dir, script, out, fileno(log), &pid);
	if (err == -ENOENT)
		fail(err, "report: gnuplot was not found; " REMEDY);
	else if (err)
		fail(err, "report: cannot start gnuplot: %s; " REMEDY, strerror(-err));
	else
		err = judge(wait_for(pid, stop), log, stop);
	fclose(log);
	return err;
}
