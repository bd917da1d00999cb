/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counter.c: a thread's own counters: opened as one group, their pages mapped, read by rdpmc or the like. */
#include "collect/counter.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "collect/events.h"

struct counters {
	int n;
	char *names[COUNTERS_MAX];
	int fds[COUNTERS_MAX];
	struct perf_event_mmap_page *pages[COUNTERS_MAX]; /* NULL: it could not be mapped */
};

/* ---- The registers ---- */

#if defined(__x86_64__) || defined(__i386__)
static uint64_t own_pmc(uint32_t index)
{
	return __builtin_ia32_rdpmc((int)index);
}
#elif defined(__aarch64__)
/* An event counter is a register of its own each, and 31 is the cycle counter's: kernel, drivers/perf/arm_pmuv3.c. */
#define READ(n) case n: __asm__ volatile("mrs %0, pmevcntr" #n "_el0" : "=r"(value)); break;
static uint64_t own_pmc(uint32_t index)
{
	uint64_t value = 0;

	__asm__ volatile("isb");
	switch (index) {
	READ(0) READ(1) READ(2) READ(3) READ(4) READ(5) READ(6) READ(7) READ(8) READ(9) READ(10) READ(11) READ(12) READ(13) READ(14) READ(15)
	READ(16) READ(17) READ(18) READ(19) READ(20) READ(21) READ(22) READ(23) READ(24) READ(25) READ(26) READ(27) READ(28) READ(29) READ(30)
	case 31: __asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value)); break;
	}
	return value;
}
#undef READ
#endif

static inline void barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

/* What a register of `bits` bits says, as a number with a sign: the page's offset was taken when the register was set to the negative of
 * what is left until its interrupt. */
static uint64_t sign_extend(uint64_t value, unsigned int bits)
{
	if (!bits || bits >= 64)
		return value;
	return (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

/* Interrupted by a context switch or an overflow in between, the lock has another value, and all is read anew. */
int counter_page_read(const volatile struct perf_event_mmap_page *page, uint64_t (*pmc)(uint32_t index), uint64_t *value)
{
	uint32_t lock, index;

	do {
		lock = page->lock;
		barrier();
		index = page->cap_user_rdpmc ? page->index : 0;
		*value = (uint64_t)page->offset;
		if (index)
			*value += sign_extend((pmc ? pmc : own_pmc)(index - 1), page->pmc_width);
		barrier();
	} while (page->lock != lock);
	return index ? 0 : -EAGAIN;
}

/* ---- The group ---- */

/* arm64 gives a counter to user space only if it is asked for when it is opened: config1, bit 1 (format/rdpmc). */
static void ask_for_user_space(struct perf_event_attr *attr)
{
#if defined(__aarch64__)
	if (attr->type != PERF_TYPE_SOFTWARE)
		attr->config1 |= 2;
#else
	(void)attr;
#endif
}

static int open_one(struct counters *counters, const char *name, char *why)
{
	int leader = counters->n ? counters->fds[0] : -1;
	struct perf_event_attr attr;
	int err = event_encode(name, &attr, why);

	if (err)
		return err;
	attr.disabled = leader < 0;
	attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	ask_for_user_space(&attr);
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, leader, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		event_reason(err, why);
		return err;
	}
	void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);
	counters->fds[counters->n] = fd;
	counters->pages[counters->n] = page == MAP_FAILED ? NULL : page;
	counters->names[counters->n] = strdup(name);
	return counters->names[counters->n++] ? 0 : -ENOMEM;
}

static int open_all(struct counters *counters, char *names)
{
	char why[EVENT_WHY_MAX] = "", *name;
	int err = 0;

	while (!err && (name = strsep(&names, ","))) {
		if (counters->n == COUNTERS_MAX)
			return fail(-EINVAL, "--event: at most %d events at once", COUNTERS_MAX);
		err = open_one(counters, name, why);
		if (err)
			return fail(err, "--event: cannot count %s: %s", name, *why ? why : strerror(-err));
	}
	return ioctl(counters->fds[0], PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP) ? fail(-errno, "--event: %s", strerror(errno)) : 0;
}

int counters_open(const char *names, struct counters **out)
{
	struct counters *counters = calloc(1, sizeof *counters);
	char *copy = strdup(names);
	int err = counters && copy ? open_all(counters, copy) : -ENOMEM;

	free(copy);
	if (err) {
		counters_free(counters);
		return err;
	}
	*out = counters;
	return 0;
}

void counters_free(struct counters *counters)
{
	if (!counters)
		return;
	for (int i = 0; i < counters->n; i++) {
		if (counters->pages[i])
			munmap(counters->pages[i], (size_t)sysconf(_SC_PAGESIZE));
		close(counters->fds[i]);
		free(counters->names[i]);
	}
	free(counters);
}

int counters_n(const struct counters *counters)
{
	return counters ? counters->n : 0;
}

const char *counters_name(const struct counters *counters, int i)
{
	return counters->names[i];
}

int counters_read(const struct counters *counters, uint64_t values[COUNTERS_MAX])
{
	for (int i = 0; i < counters_n(counters); i++) {
		uint64_t now[3]; /* count, enabled, running */

		if (counters->pages[i] && !counter_page_read(counters->pages[i], NULL, &values[i]))
			continue;
		if (read(counters->fds[i], now, sizeof now) != sizeof now)
			return -EIO;
		values[i] = now[0];
	}
	return 0;
}

int counters_in_user_space(const struct counters *counters)
{
	int n = 0;

	for (int i = 0; i < counters_n(counters); i++) {
		uint64_t value;

		n += counters->pages[i] && !counter_page_read(counters->pages[i], NULL, &value);
	}
	return n;
}

int counters_times(const struct counters *counters, uint64_t *enabled_ns, uint64_t *running_ns)
{
	uint64_t now[3];

	if (read(counters->fds[0], now, sizeof now) != sizeof now)
		return -EIO;
	*enabled_ns = now[1];
	*running_ns = now[2];
	return 0;
}
