/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gnuplot.h: runs gnuplot as a child process. */
#ifndef REPORTS_GNUPLOT_H
#define REPORTS_GNUPLOT_H

#include <signal.h>

/*
 * Runs the script `script` in the folder `dir`, without the user's own settings, and waits for its end. What it prints goes to the
 * descriptor `out`, or when that is below 0 nowhere. A signal that sets *stop
 * (NULL: none does) ends it. 0, or, said with the remedy: -ENOENT there is no gnuplot, -EIO it failed, -EINTR.
 */
int gnuplot_run(const char *dir, const char *script, int out, const volatile sig_atomic_t *stop);

#endif
