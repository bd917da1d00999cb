/* SPDX-License-Identifier: GPL-2.0-or-later */
/* null_call.h: the system call that does nothing, made many times and timed. */
#ifndef TESTS_BENCH_NULL_CALL_H
#define TESTS_BENCH_NULL_CALL_H

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NULL_CALL_NAME "getppid"

static inline double clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline void null_calls(long n)
{
	for (long i = 0; i < n; i++)
		syscall(SYS_getppid);
}

/* CPU time of this thread per call: whoever shares the CPU does not count. */
static inline double null_call_ns(long n)
{
	double start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	null_calls(n);
	return (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / (double)n;
}

#endif
