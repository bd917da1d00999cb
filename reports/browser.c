/* SPDX-License-Identifier: GPL-2.0-or-later */
/* browser.c: which browser there is, and how it is told to print. */
#include "reports/browser.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "reports/spawn.h"

#define REMEDY "install it: apt-get install chromium; or print index.html of --format html with any browser"

enum { SECONDS = 120 };

/* Root has no sandbox to be put into. The page runs no script but its own, and the browser gets no network. */
static int run(const char *program, const char *dir, char *page, char *pdf, char *profile, const volatile sig_atomic_t *stop)
{
	char *const argv[] = { (char *)program, "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
			       "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer", profile, pdf,
			       geteuid() == 0 ? "--no-sandbox" : "--disable-sync", page, NULL };

	const struct spawn spawn = { .dir = dir, .argv = argv, .out = -1, .log = -1, .seconds = SECONDS, .stop = stop };
	pid_t pid = 0;
	int err = spawn_start(&spawn, &pid);

	return err ? err : spawn_wait(&spawn, pid);
}

static int judge(int status, const char *program, const char *dir, const char *pdf, const volatile sig_atomic_t *stop)
{
	char path[4096];
	struct stat made;

	if (stop && *stop)
		return fail(-EINTR, "report: interrupted; nothing was written");
	if (status == -ETIMEDOUT)
		return fail(status, "report: %s did not print within %d s; print index.html of --format html by hand", program, SECONDS);
	if (status < 0)
		return fail(status, "report: cannot start %s: %s; " REMEDY, program, strerror(-status));
	snprintf(path, sizeof path, "%s/%s", dir, pdf);
	if (!WIFEXITED(status) || WEXITSTATUS(status) || stat(path, &made) || made.st_size == 0)
		return fail(-EIO, "report: %s printed nothing; print index.html of --format html by hand", program);
	return 0;
}

/* What the browser left: its settings and caches. */
static int drop(const char *path, const struct stat *of, int type, struct FTW *ftw)
{
	(void)of;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

int browser_print(const char *dir, const char *page, const char *pdf, const volatile sig_atomic_t *stop)
{
	static const char *const programs[] = { "chromium", "chromium-browser", "google-chrome", "chrome" };
	char home[] = "/tmp/forecall-browser-XXXXXX", *url = NULL, *to = NULL, *profile = NULL, *real = realpath(dir, NULL);
	int status = -ENOENT, err;
	size_t i = 0;

	if (!mkdtemp(home)) {
		free(real);
		return fail(-errno, "report: cannot make a folder in /tmp for the browser: %m");
	}
	if (!real || asprintf(&url, "file://%s/%s", real, page) < 0 || asprintf(&to, "--print-to-pdf=%s/%s", real, pdf) < 0 ||
	    asprintf(&profile, "--user-data-dir=%s", home) < 0) {
		err = fail(-ENOMEM, "report: out of memory");
		goto cleanup;
	}
	while (i < sizeof programs / sizeof *programs && (status = run(programs[i], dir, url, to, profile, stop)) == -ENOENT)
		i++;
	if (status == -ENOENT)
		err = fail(status, "report: a PDF is printed by chromium, which was not found; " REMEDY);
	else
		err = judge(status, programs[i], dir, pdf, stop);
cleanup:
	nftw(home, drop, 16, FTW_DEPTH | FTW_PHYS);
	free(url);
	free(to);
	free(profile);
	free(real);
	return err;
}
