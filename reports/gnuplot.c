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

int gnuplot_run(const char *dir, const char *script, int out, const volatile sig_atomic_t *stop)
{
	char *const argv[] = { "gnuplot", "-d", (char *)script, NULL };
	FILE *log = tmpfile();

	if (!log)
		return fail(-errno, "report: cannot make a temporary file: %m: set TMPDIR to a folder with room");
	int status = spawn_run(&(struct spawn){ .dir = dir, .argv = argv, .out = out, .log = fileno(log), .stop = stop }), err;
	if (status == -ENOENT)
		err = fail(status, "report: gnuplot was not found; " REMEDY);
	else if (status < 0)
		err = fail(status, "report: cannot start gnuplot: %s; " REMEDY, strerror(-status));
	else
		err = judge(status, log, stop);
	fclose(log);
	return err;
}
