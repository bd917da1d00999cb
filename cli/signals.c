/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signals.c: the first signal is a request, the second an order. */
#include "cli/signals.h"

#include <string.h>

volatile sig_atomic_t signals_stop;

/* The default action is back before the flag is set, so a second signal ends the process as if nobody had listened, and
 * its parent sees that it was killed. */
static void on_signal(int signal_nr)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signals_stop = signal_nr;
}

void signals_install(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof action); /* without SA_RESTART: who waits shall look at the flag */
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}
