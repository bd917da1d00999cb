/* SPDX-License-Identifier: GPL-2.0-or-later */
/* now.h: what a clock of the kernel says, as one number. */
#ifndef BASE_NOW_H
#define BASE_NOW_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of `clock`: CLOCK_REALTIME, CLOCK_MONOTONIC or a CPU time clock of this process or thread, which never fail. */
static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

#endif
