/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.c: opens PMU counters through libpfm4's event names and perf_event_open, or calibrates the TSC. */
#include "collect/clock.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <perfmon/pfmlib_perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "collect/counter.h"
#include "collect/cpus.h"
#include "collect/host.h"

#define CALIBRATE_NS 50000000
#define APART_NS 1000 /* TSCs that are certainly further apart are not synchronised */

static const char *const names[CLOCK_KIND_MAX] = {
	[CLOCK_KIND_CYCLES] = "cycles",
	[CLOCK_KIND_REF_CYCLES] = "ref-cycles",
	[CLOCK_KIND_TSC] = "tsc",
};

/* libpfm4's generic perf events, which every PMU with the counter has. */
static const char *const pfm_names[CLOCK_KIND_MAX] = {
	[CLOCK_KIND_CYCLES] = "perf::CYCLES",
	[CLOCK_KIND_REF_CYCLES] = "perf::REF-CYCLES",
};

const char *clock_name(enum clock_kind kind)
{
	return names[kind];
}

static uint64_t monotonic_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A pair of readings of both clocks that lie close together: the narrowest of some. */
static void read_pair(uint64_t *counter, double *ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 32; i++) {
		uint64_t before = counter_clock();
		uint64_t now = monotonic_ns(CLOCK_MONOTONIC_RAW);
		uint64_t after = counter_clock();

		if (after - before < best) {
			best = after - before;
			*counter = before + (after - before) / 2;
			*ns = (double)now;
		}
	}
}

static double tsc_hz(void)
{
	struct timespec pause = {.tv_nsec = CALIBRATE_NS};
	uint64_t from, to;
	double from_ns, to_ns;

	read_pair(&from, &from_ns);
	nanosleep(&pause, NULL);
	read_pair(&to, &to_ns);
	return (double)(to - from) / (to_ns - from_ns) * 1e9;
}

static void read_source(char source[32])
{
	FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");

	if (!file || !fgets(source, 32, file))
		strcpy(source, "?");
	source[strcspn(source, "\n")] = 0;
	if (file)
		fclose(file);
}

static bool source_is_counter(const char *source)
{
	static const char *const counters[] = {"tsc", "tsc-early", "kvm-clock", "hyperv_clocksource_tsc_page", "xen", "arch_sys_counter", "?"};

	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		if (!strcmp(source, counters[i]))
			return true;
	return false;
}

/* Whether the processor says of its TSC that it is constant and never stops. Other architectures' counters are so by definition. */
static bool flags_are_steady(void)
{
#if defined(__x86_64__) || defined(__i386__)
	struct host *host;
	const char *flags = host_read(&host) ? NULL : host_row(host)->tsc_flags;
	bool steady = flags && strstr(flags, "constant_tsc") && strstr(flags, "nonstop_tsc");

	if (flags)
		host_free(host);
	return steady;
#else
	return true;
#endif
}

static const char *find_doubt(const char *source, const struct clock_apart *apart)
{
	if (!source_is_counter(source))
		return "the kernel's clock does not run on the TSC: boot with clocksource=tsc, or use --clock cycles";
	if (!flags_are_steady())
		return "the processor does not say that its TSC is constant and never stops: use --clock cycles, or another machine";
	if (apart->least_ns > APART_NS)
		return "the TSCs of two processors are more than a us apart: use --clock cycles, or another machine";
	return NULL;
}

int clock_check(struct clock_check *out)
{
	*out = (struct clock_check){.hz = tsc_hz()};
	read_source(out->source);
	int err = clock_sync(out->hz, NULL, &out->apart);
	if (!err)
		out->doubt = find_doubt(out->source, &out->apart);
	return err;
}

static int counter_open(enum clock_kind kind, int cpu)
{
	struct perf_event_attr attr = {.size = sizeof attr};
	pfm_perf_encode_arg_t arg = {.attr = &attr, .size = sizeof arg};

	if (pfm_get_os_event_encoding(pfm_names[kind], PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT, &arg) != PFM_SUCCESS)
		return -ENOENT;
	attr.pinned = 1;
	attr.disabled = 0;
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Counts of a PMU clock per second of a CPU that is busy: this thread spins on one. */
static double pmu_hz(const struct clock *clock)
{
	int cpu = sched_getcpu();
	uint64_t from, to;

	if (cpu < 0 || clock->fd[cpu] < 0 || read(clock->fd[cpu], &from, sizeof from) != sizeof from)
		return 0;
	uint64_t start = monotonic_ns(CLOCK_MONOTONIC), now;
	do
		now = monotonic_ns(CLOCK_MONOTONIC);
	while (now - start < CALIBRATE_NS);
	if (read(clock->fd[cpu], &to, sizeof to) != sizeof to)
		return 0;
	return (double)(to - from) / (double)(now - start) * 1e9;
}

static int pmu_open(enum clock_kind kind, struct clock *clock)
{
	uint8_t online[CPUS_MAX];
	int err = cpus_online(online);

	if (err < 0)
		return err;
	if (pfm_initialize() != PFM_SUCCESS)
		return -ENOENT;
	err = 0;
	clock->kind = kind;
	clock->scale = 1;
	clock->cpus_n = cpus_possible();
	clock->fd = calloc((size_t)clock->cpus_n, sizeof *clock->fd);
	if (!clock->fd)
		return -ENOMEM;
	for (int cpu = 0; cpu < clock->cpus_n; cpu++)
		clock->fd[cpu] = -1;
	for (int cpu = 0; cpu < clock->cpus_n && !err; cpu++) {
		if (!online[cpu])
			continue;
		clock->fd[cpu] = counter_open(kind, cpu);
		if (clock->fd[cpu] < 0)
			err = clock->fd[cpu];
	}
	if (!err) {
		clock->hz = pmu_hz(clock);
		if (clock->hz <= 0)
			err = -ENODATA; /* it opens, but does not count */
	}
	if (err)
		clock_free(clock);
	return err;
}

static int tsc_open(struct clock *clock)
{
	struct clock_check check;
	int err = clock_check(&check);

	if (err)
		return fail(err, "clock: cannot look at the TSC of every processor: %s", strerror(-err));
	clock->kind = CLOCK_KIND_TSC;
	clock->hz = check.hz;
	clock->scale = clock->hz / 1e9;
	clock->doubt = check.doubt;
	return 0;
}

static int pmu_failed(const char *name, int err)
{
	if (err == -EACCES || err == -EPERM)
		return fail(-EACCES, "clock: no permission to count %s on every CPU: run as root, or with CAP_PERFMON", name);
	return fail(err, "clock: cannot count %s: no such counter here (%s); use --clock tsc", name, strerror(-err));
}

int clock_open(const char *name, struct clock *clock)
{
	int automatic = !strcmp(name, "auto");

	*clock = (struct clock){0};
	for (enum clock_kind kind = 0; kind < CLOCK_KIND_MAX; kind++) {
		if (!automatic && strcmp(name, names[kind]))
			continue;
		if (kind == CLOCK_KIND_TSC)
			return tsc_open(clock);
		int err = pmu_open(kind, clock);
		if (!err || !automatic)
			return err ? pmu_failed(name, err) : 0;
	}
	return fail(-EINVAL, "clock: \"%s\" is no clock: use auto, cycles, ref-cycles or tsc", name);
}

void clock_free(struct clock *clock)
{
	for (int cpu = 0; clock->fd && cpu < clock->cpus_n; cpu++)
		if (clock->fd[cpu] >= 0)
			close(clock->fd[cpu]);
	free(clock->fd);
	*clock = (struct clock){0};
}
