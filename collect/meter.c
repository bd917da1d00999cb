/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meter.c: reads CPU clocks of processes and the counters that /proc has of them. */
#include "collect/meter.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/now.h"
#include "collect/nudge.h"

static int64_t cpu_ns(pid_t pid)
{
	clockid_t clock;
	struct timespec now;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &now))
		return -1;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The file /proc/PID/<name>, or NULL. */
static FILE *proc_open(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

/* The number behind `key` at the start of a line of /proc/PID/<name>, or -1. */
static int64_t proc_number(pid_t pid, const char *name, const char *key)
{
	char line[256];
	int64_t value = -1;
	FILE *file = proc_open(pid, name);

	while (file && value < 0 && fgets(line, sizeof line, file))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), "%" SCNd64, &value);
	if (file)
		fclose(file);
	return value;
}

/* /proc/PID/net/snmp: "Udp: InDatagrams NoPorts InErrors OutDatagrams ..." and below it a line of figures. */
static int64_t udp4_sent(pid_t pid)
{
	char line[512];
	int64_t value = -1;
	FILE *file = proc_open(pid, "net/snmp");

	while (file && value < 0 && fgets(line, sizeof line, file))
		sscanf(line, "Udp: %*u %*u %*u %" SCNd64, &value);
	if (file)
		fclose(file);
	return value;
}

static int64_t udp_sent(pid_t pid)
{
	int64_t v4 = udp4_sent(pid);
	int64_t v6 = proc_number(pid, "net/snmp6", "Udp6OutDatagrams");

	if (v4 < 0)
		return v6;
	return v4 + (v6 > 0 ? v6 : 0);
}

/* Adds two meters of which either may be unknown. */
static int64_t sum(int64_t a, int64_t b)
{
	return a < 0 || b < 0 ? -1 : a + b;
}

static void add_cpu_ns(struct meter *meter, int64_t ns)
{
	meter->alive += ns >= 0;
	meter->cpu_ns += ns >= 0 ? ns : 0;
}

static bool is_there(pid_t pid)
{
	clockid_t clock;

	return !clock_getcpuclockid(pid, &clock);
}

void meter_read(struct nudge *nudge, const pid_t *pids, int n, struct meter *meter)
{
	*meter = (struct meter){.io_n = n ? 0 : -1, .switch_n = n ? 0 : -1};
	if (nudge)
		nudge_all(nudge);
	meter->ns = now_ns();
	for (int i = 0; i < n; i++)
		add_cpu_ns(meter, cpu_ns(pids[i]));
	meter->udp_n = n ? udp_sent(pids[0]) : -1;
	for (int i = 0; i < n; i++)
		if (is_there(pids[i])) {
			meter->io_n = sum(meter->io_n, sum(proc_number(pids[i], "io", "syscr:"), proc_number(pids[i], "io", "syscw:")));
			meter->switch_n = sum(meter->switch_n, proc_number(pids[i], "status", "voluntary_ctxt_switches:"));
		}
}
