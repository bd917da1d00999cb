/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpus.c: reads the kernel's own lists of processors. */
#include "collect/cpus.h"

#include <errno.h>
#include <inttypes.h>
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

int cpus_ticks(struct cpu_ticks ticks[CPUS_MAX])
{
	char line[512];
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return -errno;
	memset(ticks, 0, CPUS_MAX * sizeof *ticks);
	while (fgets(line, sizeof line, file)) {
		uint64_t user, nice, system, idle, wait, irq, softirq, steal;
		int cpu;

		if (sscanf(line, "cpu%d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &cpu,
			   &user, &nice, &system, &idle, &wait, &irq, &softirq, &steal) == 9 && cpu >= 0 && cpu < CPUS_MAX)
			ticks[cpu] = (struct cpu_ticks){.busy = user + nice + system + irq + softirq + steal, .idle = idle + wait, .steal = steal};
	}
	fclose(file);
	return 0;
}

static int64_t ticks_ns(uint64_t ticks)
{
	return (int64_t)ticks * (1000000000 / sysconf(_SC_CLK_TCK));
}

int64_t cpus_steal_ns(const uint8_t *set)
{
	struct cpu_ticks ticks[CPUS_MAX];
	uint64_t sum = 0;

	if (cpus_ticks(ticks))
		return 0;
	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		sum += set[cpu] ? ticks[cpu].steal : 0;
	return ticks_ns(sum);
}

int64_t cpus_idle_ns(int cpu)
{
	struct cpu_ticks ticks[CPUS_MAX];

	if (cpu < 0 || cpu >= CPUS_MAX || cpus_ticks(ticks) || ticks[cpu].busy + ticks[cpu].idle == 0)
		return -1;
	return ticks_ns(ticks[cpu].idle);
}
