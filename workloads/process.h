/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.h: what a program of this part does to itself at its start. */
#ifndef WORKLOADS_PROCESS_H
#define WORKLOADS_PROCESS_H

#include <stdint.h>

/* Keeps the calling thread on one CPU; -1 leaves it where it is. Says by fail() what is wrong; 0 or -errno. */
int process_pin(int cpu);

/* Lets this process open at least `n` files, beyond the hard limit too where it may. By fail(); 0 or -errno. */
int process_raise_files(uint64_t n);

/* Blocks SIGINT and SIGTERM and returns a non-blocking descriptor that becomes readable when one arrives, so that a
 * loop can end in order; -errno on error. SIGPIPE is ignored from now on. */
int process_signals(void);

uint64_t process_wall_ns(void); /* CLOCK_MONOTONIC */
uint64_t process_cpu_ns(void);	/* CPU time of the calling thread */

/* CPU time of all other threads that this process has now: those that the kernel made for it (io_uring) are in it too. 0 where
 * /proc does not tell. */
uint64_t process_others_ns(void);

#endif
