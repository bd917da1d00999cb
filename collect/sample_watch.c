/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_watch.c: opens counters, and others where these are not allowed. */
#include <linux/types.h>

#include "collect/sample_watch.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "collect/clock.h"

static int add_watch(struct watches *w, int cpu, pid_t tid, const struct ring *share)
{
	struct ring_options options = {.source = w->source, .cpu = cpu, .tid = tid, .period = w->period, .pages = SAMPLE_PAGES, .share = share};

	if (w->n == w->room) {
		size_t room = w->room ? 2 * w->room : 64;
		struct watch *more = realloc(w->list, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		w->list = more;
		w->room = room;
	}
	int err = ring_open(&options, &w->list[w->n].ring);
	if (!err)
		w->list[w->n++].cpu = cpu;
	return err;
}

/* What is open; there may be others instead. */
static void close_all(struct watches *w)
{
	watches_leave_switches(w);
	while (w->n)
		ring_free(w->list[--w->n].ring);
}

static int watch_cpus(struct watches *w, const struct watches_options *options)
{
	int err = 0;

	for (int cpu = 0; cpu < options->cpus_n && !err; cpu++)
		if (options->cpus[cpu])
			err = add_watch(w, cpu, -1, NULL);
	if (err)
		close_all(w);
	return err;
}

/* The ring of a CPU, once there is one. */
static const struct ring *ring_of(const struct watches *w, int cpu)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->list[i].cpu == cpu && ring_fd(w->list[i].ring) >= 0)
			return w->list[i].ring;
	return NULL;
}

static int watch_thread(struct watches *w, const struct watches_options *options, pid_t tid)
{
	int err = 0;

	for (int cpu = 0; cpu < options->cpus_n && !err; cpu++)
		if (options->cpus[cpu])
			err = add_watch(w, cpu, tid, ring_of(w, cpu));
	return err == -ESRCH ? 0 : err; /* it has just ended */
}

static int watch_process(struct watches *w, const struct watches_options *options)
{
	char path[64];
	int err = 0;

	snprintf(path, sizeof path, "/proc/%d/task", options->pid);
	DIR *tasks = opendir(path);
	if (!tasks)
		return -ESRCH;
	for (const struct dirent *entry; !err && (entry = readdir(tasks));)
		if (entry->d_name[0] != '.')
			err = watch_thread(w, options, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(tasks);
	if (err)
		close_all(w);
	return err;
}

/* What will be opened and closed again and again later is tried once, while there are all privileges. */
static int try_switches(struct watches *w)
{
	int err = watches_tell_switches(w);

	watches_leave_switches(w);
	if (err)
		close_all(w);
	return err;
}

/* Best first: PMU cycles if they are the clock, the timer; whole CPUs, one's own threads. */
static int open_best(struct watches *w, const struct watches_options *options)
{
	int err = -ENOENT;

	if (options->clock->kind == CLOCK_KIND_CYCLES) {
		w->source = RING_CYCLES;
		w->period = (uint64_t)(options->clock->hz / w->hz);
		w->cyc_per_unit = 1;
		err = watch_cpus(w, options);
	}
	if (err == -ENOENT || err == -EOPNOTSUPP || err == -ENODEV) { /* or no interrupt from it */
		w->source = RING_CPU_CLOCK;
		w->period = (uint64_t)(1e9 / w->hz);
		w->cyc_per_unit = options->clock->hz / 1e9;
		err = watch_cpus(w, options);
	}
	if (!err && !options->whole)
		err = try_switches(w);
	if ((err != -EACCES && err != -EPERM) || options->whole || !options->pid)
		return err;
	w->sees_all = false;
	return watch_process(w, options);
}

static int not_opened(bool whole, int err)
{
	if (err == -EACCES || err == -EPERM)
		return fail(-EACCES, "sample: not allowed to sample %s: run as root, with CAP_PERFMON, or after `sysctl kernel.perf_event_paranoid=1`%s",
			    whole ? "whole CPUs" : "the kernel", whole ? " (which allows -p only)" : "");
	if (err == -EMFILE)
		return fail(err, "sample: too many threads for the open files allowed: raise `ulimit -n`, or run as root");
	return fail(err, "sample: cannot open a sampling counter: %s", strerror(-err));
}

static int tell_switches_of(struct watches *w, const struct watch *watch)
{
	const struct ring_options options = {.source = RING_SWITCHES, .cpu = watch->cpu, .tid = -1, .pages = SAMPLE_PAGES, .share = watch->ring};
	int err = ring_open(&options, &w->switches[watch->cpu]);

	return err ? err : ring_enable(w->switches[watch->cpu]);
}

int watches_tell_switches(struct watches *watches)
{
	int err = 0;

	watches_leave_switches(watches);
	for (size_t i = 0; i < watches->n && !err; i++) {
		err = tell_switches_of(watches, &watches->list[i]);
		if (err == -ENODEV) /* the CPU was taken offline */
			err = 0;
	}
	return err;
}

void watches_leave_switches(struct watches *watches)
{
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		ring_free(watches->switches[cpu]);
		watches->switches[cpu] = NULL;
	}
}

int watches_open(const struct watches_options *options, struct watches *out)
{
	*out = (struct watches){.hz = options->hz, .sees_all = true};
	int err = open_best(out, options);

	return err ? not_opened(options->whole, err) : 0;
}

void watches_close(struct watches *watches)
{
	close_all(watches);
	free(watches->list);
	watches->list = NULL;
}
