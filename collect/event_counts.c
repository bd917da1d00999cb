/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event_counts.c: groups of counters on every CPU. */
#include "collect/event_counts.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"
#include "collect/cpus.h"
#include "collect/events.h"

int event_counts_fd(const struct event_counts *events, int event, int cpu)
{
	return events->fd[event * events->cpus_n + cpu];
}

/* Members first, so that the group begins as one. */
static int open_group(struct event_counts *events, int cpu)
{
	char why[EVENT_WHY_MAX];
	int leader = -1;

	for (int i = 0; i < events->n; i++) {
		int fd = event_open(events->names[i], -1, cpu, leader, why);

		if (fd < 0)
			return fail(fd, "--event: cannot count %s on cpu %d: %s", events->names[i], cpu, why);
		events->fd[i * events->cpus_n + cpu] = fd;
		if (leader < 0)
			leader = fd;
	}
	return ioctl(leader, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP) ? -errno : 0;
}

static int split(const char *names, struct event_counts *out)
{
	char *copy = strdup(names), *rest = copy, *name;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (name = strsep(&rest, ","))) {
		struct perf_event_attr attr;
		char why[EVENT_WHY_MAX];

		if (out->n == LEDGER_EVENTS_MAX)
			err = fail(-EINVAL, "--event: at most %d events at once", LEDGER_EVENTS_MAX);
		else if (event_encode(name, &attr, why))
			err = fail(-EINVAL, "--event: \"%s\": %s", name, why);
		else if (!(out->names[out->n++] = strdup(name)))
			err = -ENOMEM;
	}
	free(copy);
	return err;
}

int event_counts_open(const char *names, struct event_counts *out)
{
	uint8_t online[CPUS_MAX];

	*out = (struct event_counts){.cpus_n = cpus_possible()};
	if (!names || !*names)
		return 0;
	int err = split(names, out);
	if (!err)
		err = cpus_online(online) < 0 ? -EIO : 0;
	if (!err) {
		out->fd = calloc((size_t)out->n * (size_t)out->cpus_n, sizeof *out->fd);
		err = out->fd ? 0 : -ENOMEM;
	}
	for (int i = 0; !err && i < out->n * out->cpus_n; i++)
		out->fd[i] = -1;
	for (int cpu = 0; cpu < out->cpus_n && !err; cpu++)
		if (online[cpu])
			err = open_group(out, cpu);
	if (err)
		event_counts_free(out);
	return err;
}

void event_counts_free(struct event_counts *events)
{
	for (int i = 0; events->fd && i < events->n * events->cpus_n; i++)
		if (events->fd[i] >= 0)
			close(events->fd[i]);
	for (int i = 0; i < events->n; i++)
		free(events->names[i]);
	free(events->fd);
	*events = (struct event_counts){0};
}

void event_counts_read(const struct event_counts *events, uint64_t *values, int begin)
{
	for (int i = 0; events && i < events->n; i++)
		for (int cpu = 0; cpu < events->cpus_n; cpu++) {
			uint64_t now[3] = {0}, *value = &values[cpu * LEDGER_EVENTS_MAX + i]; /* count, enabled, running */
			int fd = event_counts_fd(events, i, cpu);

			if (fd >= 0 && read(fd, now, sizeof now) != sizeof now)
				now[0] = 0;
			*value = begin ? 0 - now[0] : *value + now[0];
		}
}

int event_counts_times(const struct event_counts *events, int event, int cpu, uint64_t *enabled_ns, uint64_t *running_ns)
{
	uint64_t now[3];
	int fd = event_counts_fd(events, event, cpu);

	if (fd < 0)
		return -ENODEV;
	if (read(fd, now, sizeof now) != sizeof now)
		return errno ? -errno : -EIO;
	*enabled_ns = now[1];
	*running_ns = now[2];
	return 0;
}
