/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_util.c: `forecall util`: processor use as busy cycles over all cycles, interval by interval, until it is interrupted. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/signals.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/privilege.h"
#include "collect/util.h"

static const struct usage usage = {
	.name = "util",
	.about = "Shows how much of each processor is used, as busy cycles over all cycles, with softirqs and hardirqs apart, and by which\n"
		 "processes. Counted at each context switch and interrupt, not sampled at ticks; cheap enough to leave on.",
	.notes = "Examples:\n"
		 "  forecall util -C 1\n"
		 "  forecall util -C 0-3 --interval 5 --count 12 --vmstat\n"
		 "A process has the interrupts that came while it ran. With --json there is one object for each interval.\n",
};

struct arguments {
	const char *cpus;
	double interval;
	uint64_t count, top;
	bool vmstat;
	uint8_t set[CPUS_MAX];
};

/* What a line of the table is about: a CPU, or all of them. */
struct line {
	struct busy_time time;
	double vmstat;
};

static double share(uint64_t ns, uint64_t of_ns)
{
	return of_ns ? (double)ns / (double)of_ns : NAN;
}

static uint64_t all_ns(const struct busy_time *time)
{
	return time->idle_ns + busy_sum(time->ns);
}

/* Adds up the metered CPUs; the mean of what vmstat says of them. */
static struct line sum_lines(const struct arguments *arguments, const struct util_interval *interval)
{
	struct line sum = {.vmstat = 0};
	int n = 0;

	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!arguments->set[cpu])
			continue;
		const struct busy_time *time = &interval->cpus[cpu];
		sum.time.idle_ns += time->idle_ns;
		sum.time.switches_n += time->switches_n;
		for (int kind = 0; kind < BUSY_KIND_MAX; kind++)
			sum.time.ns[kind] += time->ns[kind];
		sum.vmstat += interval->vmstat[cpu];
		n++;
	}
	sum.vmstat /= n;
	return sum;
}

/* ---- JSON ---- */

static json_t *shares_json(const uint64_t ns[BUSY_KIND_MAX], uint64_t of_ns)
{
	return json_pack("{so so so so}", "busy", json_number(share(busy_sum(ns), of_ns)), "task", json_number(share(ns[BUSY_TASK], of_ns)),
			 "softirq", json_number(share(ns[BUSY_SOFTIRQ], of_ns)), "hardirq", json_number(share(ns[BUSY_HARDIRQ], of_ns)));
}

static json_t *line_json(const struct line *line, double seconds, double hz)
{
	json_t *object = shares_json(line->time.ns, all_ns(&line->time));

	json_object_set_new(object, "busy_cycles", json_integer((json_int_t)((double)busy_sum(line->time.ns) * hz / 1e9)));
	json_object_set_new(object, "all_cycles", json_integer((json_int_t)((double)all_ns(&line->time) * hz / 1e9)));
	json_object_set_new(object, "switches_per_s", json_number((double)line->time.switches_n / seconds));
	json_object_set_new(object, "vmstat", json_number(line->vmstat));
	return object;
}

static json_t *process_json(const struct busy_process *process, const struct util_interval *interval)
{
	json_t *object = shares_json(process->ns, (uint64_t)(interval->seconds * 1e9));

	json_object_set_new(object, "pid", json_integer(process->pid));
	json_object_set_new(object, "comm", json_text(process->pid ? process->comm : "idle"));
	json_object_set_new(object, "kernel", json_boolean(process->kernel));
	json_object_set_new(object, "switches_per_s", json_number((double)process->switches_n / interval->seconds));
	return object;
}

static int show_json(const struct arguments *arguments, const struct clock *clock, const struct util_interval *interval)
{
	const struct line all = sum_lines(arguments, interval);
	json_t *cpus = json_array(), *processes = json_array();

	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		const struct line line = {interval->cpus[cpu], interval->vmstat[cpu]};
		json_t *object = arguments->set[cpu] ? line_json(&line, interval->seconds, clock->hz) : NULL;

		if (object && (json_object_set_new(object, "cpu", json_integer(cpu)) || json_array_append_new(cpus, object)))
			return fail(-ENOMEM, "util: out of memory");
	}
	for (size_t i = 0; i < interval->processes_n && i < arguments->top; i++)
		json_array_append_new(processes, process_json(&interval->processes[i], interval));
	return json_print(json_pack("{sf ss so so so so}", "seconds", interval->seconds, "clock", clock_name(clock->kind), "cpus", cpus, "all",
				    line_json(&all, interval->seconds, clock->hz), "processes", processes, "warning", json_text(clock->doubt)));
}

/* ---- Text ---- */

static void cell_percent(struct table *table, double value)
{
	if (isfinite(value))
		table_cell(table, "%.2f", 100 * value);
	else
		table_text(table, NULL);
}

static void cells_shares(struct table *table, const uint64_t ns[BUSY_KIND_MAX], uint64_t of_ns)
{
	cell_percent(table, share(busy_sum(ns), of_ns));
	for (int kind = 0; kind < BUSY_KIND_MAX; kind++)
		cell_percent(table, share(ns[kind], of_ns));
}

static void row_of(struct table *table, const struct arguments *arguments, const struct line *line, double seconds)
{
	cells_shares(table, line->time.ns, all_ns(&line->time));
	table_cell(table, "%.0f", (double)line->time.switches_n / seconds);
	if (arguments->vmstat)
		cell_percent(table, line->vmstat);
}

static int show_cpus(const struct arguments *arguments, const struct util_interval *interval)
{
	struct table *table = table_new(arguments->vmstat ? "CPU|>busy %|>task|>softirq|>hardirq|>switches/s|>vmstat %"
							  : "CPU|>busy %|>task|>softirq|>hardirq|>switches/s");
	const struct line all = sum_lines(arguments, interval);
	int n = 0;

	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		const struct line line = {interval->cpus[cpu], interval->vmstat[cpu]};

		if (!arguments->set[cpu])
			continue;
		table_i64(table, cpu);
		row_of(table, arguments, &line, interval->seconds);
		n++;
	}
	if (n > 1) {
		table_text(table, "all");
		row_of(table, arguments, &all, interval->seconds);
	}
	int err = table_print(table);
	table_free(table);
	return err;
}

static int show_processes(const struct arguments *arguments, const struct util_interval *interval)
{
	struct table *table = table_new(">pid|process|>busy %|>task|>softirq|>hardirq|>switches/s");

	for (size_t i = 0; i < interval->processes_n && i < arguments->top; i++) {
		const struct busy_process *process = &interval->processes[i];

		table_i64(table, process->pid);
		table_cell(table, process->kernel ? "[%s]" : "%s", process->pid ? process->comm : "idle");
		cells_shares(table, process->ns, (uint64_t)(interval->seconds * 1e9));
		table_cell(table, "%.0f", (double)process->switches_n / interval->seconds);
	}
	int err = table_print(table);
	table_free(table);
	return err;
}

static int show(const struct cli *cli, const struct arguments *arguments, const struct clock *clock, const struct util_interval *interval)
{
	int err;

	if (cli->json) {
		err = show_json(arguments, clock, interval);
	} else {
		err = show_cpus(arguments, interval);
		if (!err && arguments->top)
			err = show_processes(arguments, interval);
		if (!err)
			putchar('\n');
	}
	return fflush(stdout) && !err ? -EIO : err;
}

/* ---- The command ---- */

/* Until `at`, or a signal. */
static void wait_until(const struct timespec *at)
{
	while (!signals_stop && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL) == EINTR)
		;
}

static void step(struct timespec *at, double seconds)
{
	double ns = (double)at->tv_nsec + fmod(seconds, 1) * 1e9;

	at->tv_sec += (time_t)seconds + (ns >= 1e9);
	at->tv_nsec = (long)(ns >= 1e9 ? ns - 1e9 : ns);
}

/* The interval that a signal cuts short is shown too: it is as true as the others. */
static int run(const struct cli *cli, const struct arguments *arguments, const struct clock *clock)
{
	const struct util_options options = {.cpus = arguments->set, .vmstat = arguments->vmstat};
	struct util *util = NULL;
	struct timespec at;
	int err = util_open(&options, &util);

	if (!err)
		err = privilege_drop(PRIVILEGE_BPF); /* what is attached stays; before Linux 5.19 all bpf(2) needs it */
	clock_gettime(CLOCK_MONOTONIC, &at);
	for (uint64_t i = 0; !err && !signals_stop && (!arguments->count || i < arguments->count); i++) {
		struct util_interval interval;

		step(&at, arguments->interval);
		wait_until(&at);
		err = util_next(util, &interval);
		if (!err)
			err = show(cli, arguments, clock, &interval);
	}
	if (util && util_lost(util))
		warn("util: there were more processes than the meter has room for: not all of their use is shown by process");
	util_free(util);
	return err;
}

static int choose_cpus(struct arguments *arguments)
{
	uint8_t online[CPUS_MAX];
	int n = cpus_online(online);

	if (n < 0)
		return fail(CLI_FAILED, "util: cannot read which processors there are: %s", strerror(-n));
	if (!arguments->cpus) {
		memcpy(arguments->set, online, sizeof arguments->set);
		return CLI_GO_ON;
	}
	if (parse_cpulist(arguments->cpus, arguments->set, CPUS_MAX))
		return options_misuse(&usage, "-C: \"%s\" is no list of CPUs such as 1 or 0-3,8", arguments->cpus);
	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		if (arguments->set[cpu] && !online[cpu])
			return options_misuse(&usage, "-C: cpu %d is not online; /sys/devices/system/cpu/online lists those that are", cpu);
	return CLI_GO_ON;
}

int cmd_util(struct cli *cli, int argc, char **argv)
{
	struct arguments arguments = {.interval = 1, .top = 5};
	const struct option_spec specs[] = {
		OPT_STRING('C', "cpus", "CPUS", &arguments.cpus, "these processors: 1 or 0-3,8; without it all"),
		OPT_DOUBLE('i', "interval", "S", &arguments.interval, 0.01, 86400, "length of an interval in seconds"),
		OPT_U64('n', "count", "N", &arguments.count, 1, 1e12, "end after so many intervals; without it at a signal"),
		OPT_U64(0, "top", "N", &arguments.top, 0, 16384, "how many processes to show, the busiest first"),
		OPT_FLAG(0, "vmstat", &arguments.vmstat, "beside it what vmstat would say, from the kernel's ticks"),
		OPT_END,
	};
	struct clock clock;
	int status = options_parse(cli, &usage, specs, &argc, &argv);

	if (status == CLI_GO_ON)
		status = choose_cpus(&arguments);
	if (status != CLI_GO_ON)
		return status;
	signals_install();
	int err = clock_open("tsc", &clock);
	if (!err && clock.doubt && !cli->quiet && !cli->json)
		warn("util: %s", clock.doubt);
	if (!err)
		err = run(cli, &arguments, &clock);
	clock_free(&clock);
	return cli_status(err);
}
