/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gnuplot.c: spawn, wait, and say why it failed in gnuplot's own words. */
#include "reports/gnuplot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/err.h"
#include "reports/spawn.h"

#define REMEDY "it draws the pictures; install it: apt-get install gnuplot-nox"

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

/* One gnuplot at work. */
struct drawer {
	FILE *log;
	pid_t pid;
	char *argv[4];
	struct spawn spawn;
};

static int start(struct drawer *drawer, const char *dir, const char *script, int out, const volatile sig_atomic_t *stop)
{
	*drawer = (struct drawer){ .log = tmpfile(), .argv = { "gnuplot", "-d", (char *)script, NULL } };
	if (!drawer->log)
		return fail(-errno, "report: cannot make a temporary file: %m: set TMPDIR to a folder with room");
	drawer->spawn = (struct spawn){ .dir = dir, .argv = drawer->argv, .out = out, .log = fileno(drawer->log), .stop = stop };
	int err = spawn_start(&drawer->spawn, &drawer->pid);
	if (err == -ENOENT)
		return fail(err, "report: gnuplot was not found; " REMEDY);
	return err ? fail(err, "report: cannot start gnuplot: %s; " REMEDY, strerror(-err)) : 0;
}

int gnuplot_run(const char *dir, const char *const *scripts, size_t n, int out, const volatile sig_atomic_t *stop)
{
	struct drawer drawers[GNUPLOT_MAX];
	size_t started_n = 0;
	int err = 0;

	for (; started_n < n && !err; started_n++)
		err = start(&drawers[started_n], dir, scripts[started_n], out, stop);
	for (size_t i = 0; i < started_n; i++) {
		int status = drawers[i].pid ? spawn_wait(&drawers[i].spawn, drawers[i].pid) : 0;

		if (!err) /* one message is enough */
			err = judge(status, drawers[i].log, stop);
		if (drawers[i].log)
			fclose(drawers[i].log);
	}
	return err;
}
