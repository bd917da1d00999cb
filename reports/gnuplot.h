/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gnuplot.h: runs gnuplot as child processes. */
#ifndef REPORTS_GNUPLOT_H
#define REPORTS_GNUPLOT_H

#include <signal.h>
#include <stddef.h>

enum { GNUPLOT_MAX = 8 };

/*
 * Runs scripts[n], n <= GNUPLOT_MAX, in the folder `dir`, each by a gnuplot of its own at the same time, without the user's own settings,
 * and waits for their end. What they print goes to the descriptor `out`, or when that is below 0 nowhere. A signal that sets *stop (NULL:
 * none does) ends them. 0, or, said once with the remedy: -ENOENT there is no gnuplot, -EIO one failed, -EINTR.
 */
int gnuplot_run(const char *dir, const char *const *scripts, size_t n, int out, const volatile sig_atomic_t *stop);

#endif
