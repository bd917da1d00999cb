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

int64_t cpus_steal_ns(const uint8_t *set)
{
	char line[512];
	int64_t ticks = 0;
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof line, file)) {
		int cpu;
		long long steal;

		if (sscanf(line, "cpu%d %*d %*d %*d %*d %*d %*d %*d %lld", &cpu, &steal) == 2 && cpu < CPUS_MAX && set[cpu])
			ticks += steal;
	}
	fclose(file);
	return ticks * (1000000000 / sysconf(_SC_CLK_TCK));
}
