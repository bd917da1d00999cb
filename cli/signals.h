/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signals.h: SIGINT and SIGTERM ask a measurement to end early and to keep what it has. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <signal.h>

/* From here on the first SIGINT or SIGTERM only sets the flag, and interrupts system calls that wait (EINTR); the second
 * ends the process at once. To be called by commands that measure, before they start threads or children. */
void signals_install(void);

/* The flag, for parts that do not know cli/: not zero once a signal came, the signal's number. */
extern volatile sig_atomic_t signals_stop;

#endif
