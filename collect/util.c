/* SPDX-License-Identifier: GPL-2.0-or-later */
/* util.c: differences of readings of the busy meter, and of /proc/stat. */
#include "collect/util.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/now.h"
#include "collect/cpus.h"

struct reading {
	int64_t at_ns;
	struct busy_time cpus[CPUS_MAX];
	struct cpu_ticks ticks[CPUS_MAX];
	struct busy_process *processes; /* by pid */
	size_t processes_n;
};

struct util {
	struct busy *busy;
	int vmstat;
	struct reading readings[2]; /* by turns */
	int newest;
	struct busy_time cpus[CPUS_MAX]; /* of the interval that is handed out */
	double shares[CPUS_MAX];
	struct busy_process *processes;
};

static int take_reading(struct util *util, struct reading *out)
{
	free(out->processes);
	out->processes = NULL;
	out->processes_n = 0;
	int err = util->vmstat ? cpus_ticks(out->ticks) : 0;
	if (err)
		return fail(err, "util: /proc/stat cannot be read: %s; it goes without --vmstat", strerror(-err));
	err = busy_read(util->busy, out->cpus);
	out->at_ns = now_ns();
	return err ? err : busy_processes(util->busy, &out->processes, &out->processes_n);
}

int util_open(const struct util_options *options, struct util **out)
{
	const struct busy_options busy = {.cpus = options->cpus, .irqs = 1, .processes = 1};
	struct util *util = calloc(1, sizeof *util);

	if (!util)
		return fail(-ENOMEM, "util: out of memory");
	util->vmstat = options->vmstat;
	int err = busy_open(&busy, &util->busy);
	if (!err)
		err = take_reading(util, &util->readings[0]);
	if (err) {
		util_free(util);
		return err;
	}
	*out = util;
	return 0;
}

void util_free(struct util *util)
{
	if (!util)
		return;
	busy_free(util->busy);
	for (int i = 0; i < 2; i++)
		free(util->readings[i].processes);
	free(util->processes);
	free(util);
}

static void cpus_between(struct util *util, const struct reading *from, const struct reading *to)
{
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		const struct busy_time *a = &from->cpus[cpu], *b = &to->cpus[cpu];
		uint64_t busy = to->ticks[cpu].busy - from->ticks[cpu].busy, all = busy + to->ticks[cpu].idle - from->ticks[cpu].idle;

		util->cpus[cpu] = (struct busy_time){.idle_ns = b->idle_ns - a->idle_ns, .switches_n = b->switches_n - a->switches_n};
		for (int kind = 0; kind < BUSY_KIND_MAX; kind++)
			util->cpus[cpu].ns[kind] = b->ns[kind] - a->ns[kind];
		util->shares[cpu] = all ? (double)busy / (double)all : NAN;
	}
}

/* What `now` had more than `before`; a process that has less is another one with the number of one that ended. */
static struct busy_process process_between(const struct busy_process *before, const struct busy_process *now)
{
	struct busy_process out = *now;

	if (!before || now->switches_n < before->switches_n || busy_sum(now->ns) < busy_sum(before->ns))
		return out;
	out.switches_n -= before->switches_n;
	for (int kind = 0; kind < BUSY_KIND_MAX; kind++)
		out.ns[kind] -= before->ns[kind];
	return out;
}

static int busiest_first(const void *a, const void *b)
{
	const struct busy_process *left = a, *right = b;
	uint64_t l = busy_sum(left->ns), r = busy_sum(right->ns);

	return l == r ? (left->pid > right->pid) - (left->pid < right->pid) : l < r ? 1 : -1;
}

/* Both lists are by pid. */
static size_t processes_between(const struct reading *from, const struct reading *to, struct busy_process *out)
{
	size_t n = 0;

	for (size_t i = 0, j = 0; i < to->processes_n; i++) {
		const struct busy_process *now = &to->processes[i], *before = NULL;

		while (j < from->processes_n && from->processes[j].pid < now->pid)
			j++;
		if (j < from->processes_n && from->processes[j].pid == now->pid)
			before = &from->processes[j];
		out[n] = process_between(before, now);
		n += busy_sum(out[n].ns) > 0;
	}
	qsort(out, n, sizeof *out, busiest_first);
	return n;
}

int util_next(struct util *util, struct util_interval *out)
{
	struct reading *from = &util->readings[util->newest], *to = &util->readings[!util->newest];
	int err = take_reading(util, to);

	if (err)
		return err;
	free(util->processes);
	util->processes = calloc(to->processes_n + 1, sizeof *util->processes);
	if (!util->processes)
		return fail(-ENOMEM, "util: out of memory");
	cpus_between(util, from, to);
	util->newest = !util->newest;
	*out = (struct util_interval){
		.seconds = (double)(to->at_ns - from->at_ns) / 1e9, .cpus = util->cpus, .vmstat = util->shares, .processes = util->processes,
		.processes_n = processes_between(from, to, util->processes),
	};
	return 0;
}

uint64_t util_lost(const struct util *util)
{
	return busy_lost(util->busy);
}
