/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counter.h: events of the calling thread, read by itself: in user space where the kernel allows it, else by read(2).
 *
 * In user space a reading is some ten ns instead of some hundred, and no system call. It follows the protocol of struct
 * perf_event_mmap_page (linux/perf_event.h): the page's lock is read before and after, cap_user_rdpmc and the index say whether the
 * counter is on the PMU and may be read, and its value is what the page has plus the register, sign extended from pmc_width bits. On
 * arm64 that takes sysctl kernel.perf_user_access=1, elsewhere nothing.
 *
 * Events are of one group, so that they are scheduled together, and never scaled: counters_times() tells whether they counted all the time.
 */
#ifndef COLLECT_COUNTER_H
#define COLLECT_COUNTER_H

#include <stdint.h>

#define COUNTERS_MAX 4

struct counters;
struct perf_event_mmap_page;

/* Opens "NAME,..." (events.h) for this thread, counting. -EINVAL for an unknown name or more than COUNTERS_MAX, or -errno, said with the
 * kernel's reason. */
int counters_open(const char *names, struct counters **out);
void counters_free(struct counters *counters); /* accepts NULL */

int counters_n(const struct counters *counters); /* 0 for NULL */
const char *counters_name(const struct counters *counters, int i);

/* values[i] of each. Only by the thread that opened them. 0 or -errno; prints nothing. */
int counters_read(const struct counters *counters, uint64_t values[COUNTERS_MAX]);

/* How many of them can be read in user space now: a counter that is not on the PMU cannot. */
int counters_in_user_space(const struct counters *counters);

/* Since they were opened: time they were wanted, and time they counted, ns. 0 or -errno; prints nothing. */
int counters_times(const struct counters *counters, uint64_t *enabled_ns, uint64_t *running_ns);

/* One reading of a page in user space: 0 with its value, or -EAGAIN where it has to be read by read(2). `pmc` reads a register of the PMU:
 * for tests; NULL is the processor's own. */
int counter_page_read(const volatile struct perf_event_mmap_page *page, uint64_t (*pmc)(uint32_t index), uint64_t *value);

#if defined(__x86_64__) || defined(__i386__)
/* The processor's own clock. */
static inline uint64_t counter_clock(void)
{
	return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t counter_clock(void)
{
	uint64_t value;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value));
	return value;
}
#else
#error "counter.h: no cycle counter known for this architecture"
#endif

#endif
