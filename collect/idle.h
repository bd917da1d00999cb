/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idle.h: keeps idle processors from halting, for an experiment that has the machine to itself. A virtual machine's processor that
 * halts is given to a neighbour, comes back late and finds its caches cold: 20 ms blocks of ten sends and a pause scatter by 14 % with
 * halts and by 3 to 5 % without. It is done as cyclictest and tuned's latency profiles do it, by the kernel's own interface: a bound of
 * 0 us on how long an idle processor may take to come back (/dev/cpu_dma_latency, Documentation/power/pm_qos_interface.rst).
 * It holds as long as the file is open, so that nothing is left behind whatever ends the process.
 */
#ifndef COLLECT_IDLE_H
#define COLLECT_IDLE_H

#include <stdbool.h>

#define IDLE_POLL "poll" /* run.idle of what was measured meanwhile */

/* Returns a descriptor for idle_release(), or -errno, silently: -EOPNOTSUPP when this kernel has no driver that would care, and in
 * guests of the lab, which are emulated; -EACCES without privilege. All processors of the machine use more power meanwhile. */
int idle_hold(void);

/* The same for `command`, unless CPUs may halt, and said when it cannot be. *idle: of the runs to come. */
int idle_hold_unless(bool halt, const char *command, const char **idle);

void idle_release(int fd); /* accepts what idle_hold() returned */

#endif
