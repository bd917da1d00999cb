/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events_sysfs.c: events as the kernel describes them: /sys/bus/event_source/devices/PMU/{type,events/NAME,format/TERM}. */
#include "collect/events.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES "/sys/bus/event_source/devices"
#define TEXT_MAX 256

/* A word of a PMU, event or term: nothing that could lead out of its folder. */
static int is_word(const char *text)
{
	return *text && !strchr(text, '/') && text[0] != '.' && strlen(text) < 64;
}

/* The first line of DEVICES/<pmu>/<folder><file>, without its end. */
static int read_line(const char *pmu, const char *folder, const char *file, char text[TEXT_MAX])
{
	char path[512];

	snprintf(path, sizeof path, DEVICES "/%s/%s%s", pmu, folder, file);
	FILE *stream = fopen(path, "re");
	if (!stream)
		return -ENOENT;
	char *line = fgets(text, TEXT_MAX, stream);
	fclose(stream);
	if (!line)
		return -ENOENT;
	text[strcspn(text, "\n")] = 0;
	return 0;
}

static __u64 *field_of(struct perf_event_attr *attr, const char *name)
{
	if (!strcmp(name, "config"))
		return (__u64 *)&attr->config;
	if (!strcmp(name, "config1"))
		return (__u64 *)&attr->config1;
	if (!strcmp(name, "config2"))
		return (__u64 *)&attr->config2;
	return NULL;
}

/* Puts the low bits of `value` where "0-7,32-35" says; -ERANGE when it has more. */
static int put_bits(__u64 *field, const char *ranges, uint64_t value)
{
	char copy[TEXT_MAX], *rest = copy, *range;

	snprintf(copy, sizeof copy, "%s", ranges);
	while ((range = strsep(&rest, ","))) {
		char *end;
		unsigned long from = strtoul(range, &end, 10), to = *end == '-' ? strtoul(end + 1, NULL, 10) : from;

		for (unsigned long bit = from; bit <= to && bit < 64; bit++, value >>= 1)
			*field |= (value & 1) << bit;
	}
	return value ? -ERANGE : 0;
}

static int put_term(const char *pmu, const char *term, uint64_t value, struct perf_event_attr *attr, char *why)
{
	char format[TEXT_MAX];
	__u64 *field = field_of(attr, term);

	if (field) {
		*field = value;
		return 0;
	}
	if (!is_word(term) || read_line(pmu, "format/", term, format)) {
		snprintf(why, EVENT_WHY_MAX, "%.32s has no term \"%.32s\"; " DEVICES "/%.32s/format lists them", pmu, term, pmu);
		return -EINVAL;
	}
	char *colon = strchr(format, ':');
	if (colon)
		*colon = 0;
	field = field_of(attr, format);
	if (!colon || !field || put_bits(field, colon + 1, value)) {
		snprintf(why, EVENT_WHY_MAX, "%.32s: the value of \"%.32s\" is out of its range", pmu, term);
		return -EINVAL;
	}
	return 0;
}

static int put_terms(const char *pmu, char *terms, int named, struct perf_event_attr *attr, char *why);

/* A term without a value: the name of an event, which stands for terms, or a flag that is 1. */
static int put_word(const char *pmu, const char *word, int named, struct perf_event_attr *attr, char *why)
{
	char text[TEXT_MAX];

	if (named && is_word(word) && !read_line(pmu, "events/", word, text))
		return put_terms(pmu, text, 0, attr, why);
	return put_term(pmu, word, 1, attr, why);
}

/* "event=0xc0,umask=1,inv": cut up in place. `named`: names of events may stand among them. */
static int put_terms(const char *pmu, char *terms, int named, struct perf_event_attr *attr, char *why)
{
	char *term;
	int err = 0;

	while (!err && (term = strsep(&terms, ","))) {
		char *value = strchr(term, '='), *end;

		if (!value) {
			err = put_word(pmu, term, named, attr, why);
			continue;
		}
		*value++ = 0;
		uint64_t number = strtoull(value, &end, 0);
		if (!*value || *end) {
			snprintf(why, EVENT_WHY_MAX, "\"%.32s\" of %.32s is no number", value, term);
			return -EINVAL;
		}
		err = put_term(pmu, term, number, attr, why);
	}
	return err;
}

int event_encode_sysfs(const char *name, struct perf_event_attr *attr, char *why)
{
	char copy[EVENT_NAME_MAX], type[TEXT_MAX];

	snprintf(copy, sizeof copy, "%s", name);
	char *terms = strchr(copy, '/'), *end = terms ? strchr(terms + 1, '/') : NULL;
	if (!end || end[1]) {
		snprintf(why, EVENT_WHY_MAX, "write PMU/EVENT/ or PMU/TERM=VALUE,.../");
		return -EINVAL;
	}
	*terms++ = *end = 0;
	if (!is_word(copy) || read_line(copy, "", "type", type)) {
		snprintf(why, EVENT_WHY_MAX, "there is no PMU \"%.32s\"; " DEVICES " lists them", copy);
		return -EINVAL;
	}
	attr->type = (__u32)strtoul(type, NULL, 10);
	if (!*terms) {
		snprintf(why, EVENT_WHY_MAX, "name an event of %.32s: " DEVICES "/%.32s/events lists them", copy, copy);
		return -EINVAL;
	}
	return put_terms(copy, terms, 1, attr, why);
}

static int each_event(const char *pmu, int (*visit)(void *, const char *, const char *), void *context)
{
	char path[512], name[EVENT_NAME_MAX];
	struct dirent **events;
	int err = 0;

	snprintf(path, sizeof path, DEVICES "/%s/events", pmu);
	int n = scandir(path, &events, NULL, alphasort);
	for (int i = 0; i < n; free(events[i++])) {
		const char *event = events[i]->d_name;

		if (err || strchr(event, '.')) /* NAME.scale and NAME.unit describe another */
			continue;
		snprintf(name, sizeof name, "%.40s/%.80s/", pmu, event);
		err = visit(context, pmu, name);
	}
	if (n >= 0)
		free(events);
	return err;
}

int events_sysfs_each(int (*visit)(void *context, const char *pmu, const char *name), void *context)
{
	struct dirent **devices;
	int err = 0, n = scandir(DEVICES, &devices, NULL, alphasort);

	for (int i = 0; i < n; free(devices[i++]))
		if (!err && devices[i]->d_name[0] != '.')
			err = each_event(devices[i]->d_name, visit, context);
	if (n >= 0)
		free(devices);
	return err;
}
