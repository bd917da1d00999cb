/* SPDX-License-Identifier: GPL-2.0-or-later */
/* browser.h: prints a page to PDF with a browser as a child process. */
#ifndef REPORTS_BROWSER_H
#define REPORTS_BROWSER_H

#include <signal.h>

/*
 * Prints `page` in the folder `dir` into the file `pdf` there: the first of chromium, google-chrome and chrome that is installed, without
 * a window and without a network. 0, or, said with the remedy: -ENOENT there is none of them, -EIO it failed, -ETIMEDOUT, -EINTR.
 */
int browser_print(const char *dir, const char *page, const char *pdf, const volatile sig_atomic_t *stop);

#endif
