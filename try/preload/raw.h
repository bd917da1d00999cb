/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * raw.h: system calls past the C library: they set no errno, are no cancellation points, and are not our own interposers.
 * The guard (guard.h) has no thread-local memory of its own and may make no others. Each returns the result or -errno.
 */
#ifndef PRELOAD_RAW_H
#define PRELOAD_RAW_H

#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long raw_call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long raw_call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#else
#error "raw.h: how is a system call made on this architecture?"
#endif

/* raw(SYS_name, argument...): up to six arguments, pointers included. */
#define RAW_7TH(nr, a, b, c, d, e, f, ...) raw_call((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define raw(...) RAW_7TH(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

#endif
