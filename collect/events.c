/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events.c: names into counters, by libpfm4 and the kernel; and the list of what this machine can count. */
#include "collect/events.h"

#include <ctype.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

/* ---- Names ---- */

/* "r1b" */
static int encode_raw(const char *name, struct perf_event_attr *attr)
{
	char *end;

	if (name[0] != 'r' || !isxdigit((unsigned char)name[1]) || strlen(name) > 17)
		return -EINVAL;
	attr->type = PERF_TYPE_RAW;
	attr->config = strtoull(name + 1, &end, 16);
	return *end ? -EINVAL : 0;
}

static int encode_pfm(const char *name, struct perf_event_attr *attr, char *why)
{
	pfm_perf_encode_arg_t arg = {.attr = attr, .size = sizeof arg};

	if (pfm_initialize() != PFM_SUCCESS) {
		snprintf(why, EVENT_WHY_MAX, "libpfm4 does not know this machine");
		return -EINVAL;
	}
	int code = pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT, &arg);
	if (code == PFM_SUCCESS)
		return 0;
	snprintf(why, EVENT_WHY_MAX, "libpfm4: %.60s; `forecall events` lists what there is", pfm_strerror(code));
	return -EINVAL;
}

/* Letters, digits and what the three notations need: anything else is no name, and libpfm4 need not look at it. */
static int is_name(const char *name)
{
	size_t n = strlen(name);

	return n && n < EVENT_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:.=/,") == n;
}

int event_encode(const char *name, struct perf_event_attr *attr, char *why)
{
	*attr = (struct perf_event_attr){.size = sizeof *attr};
	if (!is_name(name)) {
		snprintf(why, EVENT_WHY_MAX, "that is no name of an event");
		return -EINVAL;
	}
	if (strchr(name, '/'))
		return event_encode_sysfs(name, attr, why);
	if (!encode_raw(name, attr))
		return 0;
	*attr = (struct perf_event_attr){.size = sizeof *attr};
	int err = encode_pfm(name, attr, why);
	attr->size = sizeof *attr;
	return err;
}

void event_reason(int err, char *why)
{
	switch (err) {
	case -EACCES:
	case -EPERM:
		snprintf(why, EVENT_WHY_MAX, "not allowed: run as root, with CAP_PERFMON, or lower kernel.perf_event_paranoid");
		break;
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
	case -EOPNOTSUPP:
		snprintf(why, EVENT_WHY_MAX, "this machine has no such counter (%s)", strerror(-err));
		break;
	case -EINVAL:
		snprintf(why, EVENT_WHY_MAX, "the PMU refuses it (%s)", strerror(-err));
		break;
	case -EMFILE:
		snprintf(why, EVENT_WHY_MAX, "too many open files: raise `ulimit -n`");
		break;
	default:
		snprintf(why, EVENT_WHY_MAX, "%s", strerror(-err));
	}
}

int event_open(const char *name, pid_t tid, int cpu, int group, char *why)
{
	struct perf_event_attr attr;
	int err = event_encode(name, &attr, why);

	if (err)
		return err;
	attr.disabled = group < 0;
	attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	int fd = (int)syscall(SYS_perf_event_open, &attr, tid, cpu, group, PERF_FLAG_FD_CLOEXEC);
	if (fd >= 0)
		return fd;
	err = -errno;
	event_reason(err, why);
	return err;
}

/* ---- What there is ---- */

struct listing {
	const char *pattern;
	int (*visit)(void *context, const struct event_info *event);
	void *context;
};

/* A part of a name, without regard to case. */
static int contains(const char *text, const char *part)
{
	size_t n = strlen(part);

	for (; *text; text++)
		if (!strncasecmp(text, part, n))
			return 1;
	return !n;
}

/* Opens it once: of this thread, or where the PMU counts whole CPUs only, of the first. */
static int prove(const char *name, char *why)
{
	int fd = event_open(name, 0, -1, -1, why), whole = 0;

	if (fd == -EINVAL || fd == -EOPNOTSUPP) {
		fd = event_open(name, -1, 0, -1, why);
		whole = 1;
	}
	if (fd < 0)
		return fd;
	close(fd);
	return whole;
}

static int offer(const struct listing *list, const char *pmu, const char *name, const char *description)
{
	char why[EVENT_WHY_MAX] = "";

	if (list->pattern && !contains(name, list->pattern) && !contains(pmu, list->pattern))
		return 0;
	struct event_info info = {.pmu = pmu, .name = name, .description = description, .opened = prove(name, why), .why = why};
	return list->visit(list->context, &info);
}

/* The event by itself, or each of its unit masks where it is nothing without one. */
static int offer_pfm(const struct listing *list, const char *pmu, const pfm_event_info_t *event)
{
	char name[EVENT_NAME_MAX], why[EVENT_WHY_MAX];
	struct perf_event_attr attr;
	int masks_n = 0, err = 0;

	snprintf(name, sizeof name, "%.40s::%.80s", pmu, event->name);
	for (int i = 0; i < event->nattrs && !err; i++) {
		pfm_event_attr_info_t mask = {.size = sizeof mask};

		if (pfm_get_event_attr_info(event->idx, i, PFM_OS_PERF_EVENT, &mask) != PFM_SUCCESS || mask.type != PFM_ATTR_UMASK)
			continue;
		snprintf(name, sizeof name, "%.30s::%.50s:%.40s", pmu, event->name, mask.name);
		err = offer(list, pmu, name, mask.desc);
		masks_n++;
	}
	snprintf(name, sizeof name, "%.40s::%.80s", pmu, event->name);
	if (!err && (!masks_n || !event_encode(name, &attr, why)))
		err = offer(list, pmu, name, event->desc);
	return err;
}

/* Tracepoints are the work of other tools, and there are thousands. */
static int is_tracepoint(const pfm_event_info_t *event)
{
	return strchr(event->name, ':') != NULL;
}

static int each_of_pmu(const struct listing *list, pfm_pmu_t id)
{
	pfm_pmu_info_t pmu = {.size = sizeof pmu};
	int err = 0;

	if (pfm_get_pmu_info(id, &pmu) != PFM_SUCCESS || !pmu.is_present)
		return 0;
	for (int i = pmu.first_event; i >= 0 && !err; i = pfm_get_event_next(i)) {
		pfm_event_info_t event = {.size = sizeof event};

		if (pfm_get_event_info(i, PFM_OS_PERF_EVENT, &event) == PFM_SUCCESS && !is_tracepoint(&event))
			err = offer_pfm(list, pmu.name, &event);
	}
	return err;
}

static int offer_sysfs(void *context, const char *pmu, const char *name)
{
	(void)pmu;
	return offer(context, "kernel", name, NULL);
}

int events_each(const char *pattern, int (*visit)(void *context, const struct event_info *event), void *context)
{
	struct listing list = {pattern, visit, context};
	int err = 0;

	if (pfm_initialize() != PFM_SUCCESS)
		return fail(-ENOTSUP, "events: libpfm4 does not work here; the kernel's own names are in /sys/bus/event_source/devices");
	for (int id = PFM_PMU_NONE; id < PFM_PMU_MAX && !err; id++)
		err = each_of_pmu(&list, (pfm_pmu_t)id);
	return err ? err : events_sysfs_each(offer_sysfs, &list);
}
