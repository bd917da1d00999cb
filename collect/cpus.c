/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpus.c: reads the kernel's own lists of processors. */
#include "collect/cpus.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/parse.h"

int cpus_possible(void)
{
	int n = libbpf_num_possible_cpus();

	return n > CPUS_MAX ? CPUS_MAX : n;
}

int cpus_online(uint8_t online[CPUS_MAX])
{
	char text[4096];
	FILE *file = fopen("/sys/devices/system/cpu/online", "re");

	if (!file)
		return -errno;
	char *line = fgets(text, sizeof text, file);
	fclose(file);
	if (!line)
		return -EIO;
	int err = parse_cpulist(text, online, CPUS_MAX);
	if (err)
		return err;
	int n = 0;
	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		n += online[cpu];
	return n;
}

int cpus_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof set, &set) ? -errno : 0;
}

/* Two figures of one CPU in /proc/stat, in ticks. Returns 1, 0 for a line about something else. */
static int read_ticks(const char *line, int *cpu, long long *idle, long long *steal)
{
	long long waiting;

	if (sscanf(line, "cpu%d %*d %*d %*d %lld %lld %*d %*d %lld", cpu, idle, &waiting, steal) != 4 || *cpu < 0 || *cpu >= CPUS_MAX)
		return 0;
	*idle += waiting;
	return 1;
}

static int64_t ticks_ns(int64_t ticks)
{
	return ticks * (1000000000 / sysconf(_SC_CLK_TCK));
}

int64_t cpus_steal_ns(const uint8_t *set)
{
	char line[512];
	long long idle, steal, sum = 0;
	int cpu;
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof line, file))
		if (read_ticks(line, &cpu, &idle, &steal) && set[cpu])
			sum += steal;
	fclose(file);
	return ticks_ns(sum);
}

int64_t cpus_idle_ns(int wanted)
{
	char line[512];
	long long idle = -1, steal;
	int cpu, found = 0;
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return -1;
	while (!found && fgets(line, sizeof line, file))
		found = read_ticks(line, &cpu, &idle, &steal) && cpu == wanted;
	fclose(file);
	return found ? ticks_ns(idle) : -1;
}
