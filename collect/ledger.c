/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger.c: the loader of ledger.bpf.c: links by dose, windows by test runs on each CPU, records by shared memory. */
#include "collect/ledger.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/types.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/err.h"
#include "base/now.h"
#include "base/parse.h"
#include "collect/ledger.skel.h"
#include "collect/account.h"
#include "collect/cpus.h"
#include "collect/event_counts.h"
#include "collect/ledger_types.h"

#define LINKS_MAX 64

#define LEDGER_DOSES 3

struct ledger {
	struct ledger_bpf *skel;
	double scale;
	int cpus_n;
	uint8_t online[CPUS_MAX];
	struct account_cpu *cpus;       /* [LEDGER_SETS][cpus_n] */
	struct account_thread *threads; /* [LEDGER_SETS][LEDGER_THREADS_MAX] */
	struct ledger_who *who;         /* [LEDGER_THREADS_MAX] */
	struct ledger_events *events;   /* [cpus_n]; NULL: none */
	size_t events_bytes;
	size_t cpus_bytes, threads_bytes, who_bytes;
	struct bpf_link *members[3];
	struct bpf_link *links[LINKS_MAX];
	int links_n;
	uint64_t slots_lost;
	int dose;             /* that is attached; 0: none, or not all the probes of system calls */
	int64_t attached_since_ns, attached_ns[LEDGER_DOSES];
};

/* One event: its tracepoint, the programs of the ledger and of the shadow, and what part of the probes it is. */
struct event {
	const char *tracepoint;
	struct bpf_program *once, *again;
	unsigned int probe;
};

#define EVENTS_MAX 32
#define PAIR(name, point, kind)                                                              \
	{#point "_entry", skel->progs.name##_begin, skel->progs.name##_begin_again, kind}, \
	{#point "_exit", skel->progs.name##_end, skel->progs.name##_end_again, kind}

/* Every event, in the order in which its programs are attached. */
static int events_of(const struct ledger_bpf *skel, struct event *out)
{
	const struct event all[] = {
		{"sys_enter", skel->progs.sys_enter, skel->progs.sys_enter_again, LEDGER_PROBE_CALLS},
		{"sys_exit", skel->progs.sys_exit, skel->progs.sys_exit_again, LEDGER_PROBE_CALLS},
		{"sched_switch", skel->progs.sched_switch, skel->progs.sched_switch_again, LEDGER_PROBE_SWITCH},
		PAIR(softirq, softirq, LEDGER_PROBE_IRQ),
		PAIR(irq, irq_handler, LEDGER_PROBE_IRQ),
		PAIR(local_timer, local_timer, LEDGER_PROBE_IRQ),
		PAIR(reschedule, reschedule, LEDGER_PROBE_IRQ),
		PAIR(call_function, call_function, LEDGER_PROBE_IRQ),
		PAIR(call_function_single, call_function_single, LEDGER_PROBE_IRQ),
		PAIR(irq_work, irq_work, LEDGER_PROBE_IRQ),
		PAIR(x86_platform_ipi, x86_platform_ipi, LEDGER_PROBE_IRQ),
		PAIR(thermal_apic, thermal_apic, LEDGER_PROBE_IRQ),
		PAIR(error_apic, error_apic, LEDGER_PROBE_IRQ),
		PAIR(spurious_apic, spurious_apic, LEDGER_PROBE_IRQ),
		PAIR(ipi, ipi, LEDGER_PROBE_IRQ),
	};

	_Static_assert(sizeof all / sizeof *all <= EVENTS_MAX, "EVENTS_MAX");
	memcpy(out, all, sizeof all);
	return sizeof all / sizeof *all;
}

/* Which events a kernel has differs by architecture and configuration: those it lacks are not loaded. */
static int choose_events(struct ledger_bpf *skel)
{
	struct event events[EVENTS_MAX];
	int n = events_of(skel, events);
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return fail(-ENOENT, "ledger: the kernel does not tell its types: /sys/kernel/btf/vmlinux cannot be read; "
				     "it needs CONFIG_DEBUG_INFO_BTF=y (every Debian kernel since 11 has it)");
	for (int i = 0; i < n; i++) {
		char name[64];

		snprintf(name, sizeof name, "btf_trace_%s", events[i].tracepoint);
		int there = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) > 0;
		bpf_program__set_autoload(events[i].once, there);
		bpf_program__set_autoload(events[i].again, there);
	}
	btf__free(btf);
	return 0;
}

/* Marks the interrupt lines of network cards: those of their message interrupts, and those whose name is an interface's. */
static void find_net_lines(uint8_t *net_line)
{
	DIR *net = opendir("/sys/class/net");
	struct dirent *entry;

	while (net && (entry = readdir(net))) {
		char path[512];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/sys/class/net/%s/device/msi_irqs", entry->d_name);
		DIR *msi = opendir(path);
		struct dirent *line;
		while (msi && (line = readdir(msi))) {
			uint64_t number;

			if (!parse_u64(line->d_name, 0, LEDGER_LINES_MAX - 1, &number))
				net_line[number] = 1;
		}
		if (msi)
			closedir(msi);
		snprintf(path, sizeof path, "/sys/class/net/%s/device/irq", entry->d_name);
		FILE *file = fopen(path, "re");
		unsigned int number;
		if (file && fscanf(file, "%u", &number) == 1 && number && number < LEDGER_LINES_MAX)
			net_line[number] = 1;
		if (file)
			fclose(file);
	}
	if (net)
		closedir(net);
}

static int load_failed(int err)
{
	if (err == -EPERM)
		return fail(-EPERM, "ledger: no permission to load BPF programs: run as root, or with the capabilities "
				    "CAP_BPF and CAP_PERFMON (and CAP_SYS_PTRACE for processes of other users)");
	return fail(err, "ledger: the kernel refuses the BPF program: %s; `forecall doctor` tells what is missing", strerror(-err));
}

/* libbpf speaks only of what it cannot do, and only when asked to by $FORECALL_DEBUG. */
static int libbpf_print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_WARN || !getenv("FORECALL_DEBUG"))
		return 0;
	return vfprintf(stderr, format, args);
}

static void *map_memory(struct bpf_map *map, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static size_t page_round(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static int map_records(struct ledger *ledger)
{
	struct ledger_bpf *skel = ledger->skel;

	ledger->cpus_bytes = page_round(LEDGER_SETS * (size_t)ledger->cpus_n * sizeof *ledger->cpus);
	ledger->threads_bytes = page_round(LEDGER_SETS * LEDGER_THREADS_MAX * sizeof *ledger->threads);
	ledger->who_bytes = page_round(LEDGER_THREADS_MAX * sizeof *ledger->who);
	ledger->cpus = map_memory(skel->maps.cpus, ledger->cpus_bytes);
	ledger->threads = map_memory(skel->maps.threads, ledger->threads_bytes);
	ledger->who = map_memory(skel->maps.who, ledger->who_bytes);
	if (skel->rodata->events_n) {
		ledger->events_bytes = page_round((size_t)ledger->cpus_n * sizeof *ledger->events);
		ledger->events = map_memory(skel->maps.event_rows, ledger->events_bytes);
	}
	if (!ledger->cpus || !ledger->threads || !ledger->who || (skel->rodata->events_n && !ledger->events))
		return fail(-ENOMEM, "ledger: cannot map its records: %s", strerror(errno));
	return 0;
}

static int attach_members(struct ledger *ledger)
{
	struct ledger_bpf *skel = ledger->skel;
	struct bpf_program *programs[] = {skel->progs.member_fork, skel->progs.member_exec, skel->progs.member_exit};

	for (int i = 0; i < 3; i++) {
		ledger->members[i] = bpf_program__attach(programs[i]);
		if (!ledger->members[i])
			return load_failed(-errno);
	}
	return 0;
}

static int counters_hand_over(struct ledger *ledger, const struct clock *clock)
{
	for (__u32 cpu = 0; clock->fd && cpu < (__u32)ledger->cpus_n; cpu++)
		if (clock->fd[cpu] >= 0 &&
		    bpf_map__update_elem(ledger->skel->maps.counters, &cpu, sizeof cpu, &clock->fd[cpu], sizeof(int), BPF_ANY))
			return fail(-errno, "ledger: cannot hand the counter of cpu %u to the BPF program: %s", cpu, strerror(errno));
	return 0;
}

static int events_hand_over(struct ledger *ledger, const struct event_counts *events)
{
	for (int i = 0; events && i < events->n; i++)
		for (int cpu = 0; cpu < ledger->cpus_n; cpu++) {
			__u32 key = (__u32)(i * ledger->cpus_n + cpu);
			int fd = event_counts_fd(events, i, cpu);

			if (fd >= 0 && bpf_map__update_elem(ledger->skel->maps.event_counters, &key, sizeof key, &fd, sizeof fd, BPF_ANY))
				return fail(-errno, "ledger: the BPF program cannot read %s: %s; choose another event", events->names[i], strerror(errno));
		}
	return 0;
}

static void configure(struct ledger *ledger, const struct ledger_options *options)
{
	struct ledger_bpf *skel = ledger->skel;

	skel->rodata->cpus_n = (__u32)ledger->cpus_n;
	skel->rodata->clock_kind = options->clock->kind == CLOCK_KIND_TSC ? LEDGER_CLOCK_TSC : LEDGER_CLOCK_PMU;
	skel->rodata->whole_cpus = options->scope_cpus != NULL;
	memcpy(skel->bss->path, options->path, ACCOUNT_CALLS_MAX);
	if (options->scope_cpus)
		memcpy(skel->bss->scope_cpu, options->scope_cpus, CPUS_MAX);
	find_net_lines(skel->bss->net_line);
	bpf_map__set_max_entries(skel->maps.cpus, LEDGER_SETS * (__u32)ledger->cpus_n);
	bpf_map__set_max_entries(skel->maps.counters, (__u32)ledger->cpus_n);
	if (!options->events)
		return;
	skel->rodata->events_n = (__u32)options->events->n;
	bpf_map__set_max_entries(skel->maps.event_counters, LEDGER_EVENTS_MAX * (__u32)ledger->cpus_n);
	bpf_map__set_max_entries(skel->maps.event_rows, (__u32)ledger->cpus_n);
}

static int load(struct ledger *ledger, const struct ledger_options *options)
{
	libbpf_set_print(libbpf_print);
	ledger->skel = ledger_bpf__open();
	if (!ledger->skel)
		return load_failed(-errno);
	int err = choose_events(ledger->skel);
	if (err)
		return err;
	configure(ledger, options);
	err = ledger_bpf__load(ledger->skel);
	if (err)
		return load_failed(err);
	err = counters_hand_over(ledger, options->clock);
	if (!err)
		err = events_hand_over(ledger, options->events);
	if (!err)
		err = map_records(ledger);
	return err ? err : attach_members(ledger);
}

int ledger_open(const struct ledger_options *options, struct ledger **out)
{
	struct ledger *ledger = calloc(1, sizeof *ledger);

	if (!ledger)
		return -ENOMEM;
	ledger->scale = options->clock->scale;
	ledger->cpus_n = cpus_possible();
	int err = cpus_online(ledger->online);
	if (err >= 0)
		err = load(ledger, options);
	if (err) {
		ledger_free(ledger);
		return err;
	}
	*out = ledger;
	return 0;
}

/* Counts the runs of path calls that were still open. Whose CPU they are added to does not matter: calls are summed over all. */
static void end_runs(struct ledger *ledger)
{
	uint32_t slots = ledger_slots(ledger);

	for (int set = 0; set < LEDGER_SETS; set++)
		for (uint32_t slot = 1; slot < slots; slot++)
			account_run_end(ledger->cpus + set * ledger->cpus_n, ledger->threads + set * LEDGER_THREADS_MAX + slot);
}

int64_t ledger_attached_ns(const struct ledger *ledger, int dose)
{
	return ledger->attached_ns[dose];
}

/* A handler that the closing interrupted has come to its end once all are detached. Its stamp is then the window's. */
void ledger_detach(struct ledger *ledger)
{
	while (ledger->links_n)
		bpf_link__destroy(ledger->links[--ledger->links_n]);
	if (ledger->dose)
		ledger->attached_ns[ledger->dose] += now_ns() - ledger->attached_since_ns;
	ledger->dose = 0;
	if (!ledger->cpus || !ledger->threads)
		return;
	for (int i = 0; i < LEDGER_SETS * ledger->cpus_n; i++)
		ledger->cpus[i].close_cyc = ledger->cpus[i].last_cyc;
	end_runs(ledger);
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	ledger_detach(ledger);
	for (int i = 0; i < 3; i++)
		bpf_link__destroy(ledger->members[i]);
	if (ledger->cpus)
		munmap(ledger->cpus, ledger->cpus_bytes);
	if (ledger->threads)
		munmap(ledger->threads, ledger->threads_bytes);
	if (ledger->events)
		munmap(ledger->events, ledger->events_bytes);
	if (ledger->who)
		munmap(ledger->who, ledger->who_bytes);
	ledger_bpf__destroy(ledger->skel);
	free(ledger);
}

/* Calls add(ledger, number) for each number in a file of numbers such as /proc/PID/task/TID/children. */
static int add_children(struct ledger *ledger, pid_t pid, const char *tid)
{
	char path[320];
	int child, err = 0;

	snprintf(path, sizeof path, "/proc/%d/task/%s/children", pid, tid);
	FILE *file = fopen(path, "re");
	while (file && !err && fscanf(file, "%d", &child) == 1) {
		err = ledger_add(ledger, child);
		if (err == -ESRCH)
			err = 0; /* gone meanwhile */
	}
	if (file)
		fclose(file);
	return err;
}

/* The threads themselves are found when they first run; what is needed is the process. */
int ledger_add_alone(struct ledger *ledger, pid_t pid)
{
	__u32 key = (__u32)pid, one = 1;

	if (bpf_map__update_elem(ledger->skel->maps.pids, &key, sizeof key, &one, sizeof one, BPF_ANY))
		return fail(-errno, "ledger: cannot add process %d to the scope: %s", pid, strerror(errno));
	return 0;
}

int ledger_add(struct ledger *ledger, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	DIR *tasks = opendir(path);
	if (!tasks)
		return -ESRCH;
	int err = ledger_add_alone(ledger, pid);
	struct dirent *entry;
	while (!err && (entry = readdir(tasks)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = add_children(ledger, pid, entry->d_name);
	closedir(tasks);
	return err;
}

bool ledger_has(const struct ledger *ledger, pid_t pid)
{
	__u32 key = (__u32)pid, value;

	return !bpf_map__lookup_elem(ledger->skel->maps.pids, &key, sizeof key, &value, sizeof value, 0);
}

void ledger_remove(struct ledger *ledger, pid_t pid)
{
	__u32 key = (__u32)pid;

	bpf_map__delete_elem(ledger->skel->maps.pids, &key, sizeof key, 0);
	for (uint32_t slot = 1; slot < ledger_slots(ledger); slot++) {
		__u32 tid = ledger->who[slot].tid;

		if (ledger->who[slot].pid == key)
			bpf_map__delete_elem(ledger->skel->maps.slots, &tid, sizeof tid, 0);
	}
}

void ledger_path(struct ledger *ledger, const uint8_t *path, uint8_t *before)
{
	if (before)
		memcpy(before, ledger->skel->bss->path, ACCOUNT_CALLS_MAX);
	memcpy(ledger->skel->bss->path, path, ACCOUNT_CALLS_MAX);
}

static int attach_one(struct ledger *ledger, struct bpf_program *program)
{
	if (!bpf_program__autoload(program))
		return 0;
	struct bpf_link *link = bpf_program__attach(program);
	if (!link)
		return fail(-errno, "ledger: cannot attach %s: %s", bpf_program__name(program), strerror(errno));
	ledger->links[ledger->links_n++] = link;
	return 0;
}

int ledger_attach(struct ledger *ledger, int dose, unsigned int probes)
{
	struct event events[EVENTS_MAX];
	int n = dose ? events_of(ledger->skel, events) : 0, err = 0;

	ledger->dose = probes & LEDGER_PROBE_CALLS ? dose : 0;
	ledger->attached_since_ns = now_ns();
	for (int i = 0; i < n && !err; i++) {
		if (!(events[i].probe & probes))
			continue;
		err = attach_one(ledger, events[i].once);
		if (!err && dose > 1)
			err = attach_one(ledger, events[i].again);
	}
	if (err)
		ledger_detach(ledger);
	return err;
}

static int run_on_each_cpu(const struct ledger *ledger, const struct bpf_program *program)
{
	for (int cpu = 0; cpu < ledger->cpus_n; cpu++) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .flags = BPF_F_TEST_RUN_ON_CPU, .cpu = (__u32)cpu);

		if (ledger->online[cpu] && bpf_prog_test_run_opts(bpf_program__fd(program), &options))
			return fail(-errno, "ledger: cannot reach cpu %d: %s", cpu, strerror(errno));
	}
	return 0;
}

static void clear_records(struct ledger *ledger)
{
	uint32_t slots = ledger_slots(ledger);

	memset(ledger->cpus, 0, LEDGER_SETS * (size_t)ledger->cpus_n * sizeof *ledger->cpus);
	for (int set = 0; set < LEDGER_SETS; set++)
		memset(ledger->threads + set * LEDGER_THREADS_MAX, 0, slots * sizeof *ledger->threads);
}

const struct ledger_events *ledger_events(const struct ledger *ledger, int cpu)
{
	return ledger->events ? ledger->events + cpu : NULL;
}

int ledger_window_open(struct ledger *ledger)
{
	clear_records(ledger);
	if (ledger->events)
		memset(ledger->events, 0, (size_t)ledger->cpus_n * sizeof *ledger->events);
	return run_on_each_cpu(ledger, ledger->skel->progs.window_open);
}

int ledger_window_close(struct ledger *ledger)
{
	int err = run_on_each_cpu(ledger, ledger->skel->progs.window_close);

	for (int cpu = 0; cpu < ledger->cpus_n; cpu++)
		ledger->slots_lost += ledger->cpus[cpu].slots_n;
	return err;
}

const struct account_cpu *ledger_cpu(const struct ledger *ledger, int set, int cpu)
{
	return ledger->cpus + set * ledger->cpus_n + cpu;
}

const struct account_thread *ledger_thread(const struct ledger *ledger, int set, uint32_t slot)
{
	return ledger->threads + (size_t)set * LEDGER_THREADS_MAX + slot;
}

uint32_t ledger_slots(const struct ledger *ledger)
{
	uint32_t used = __atomic_load_n(&ledger->skel->data->slots_used, __ATOMIC_ACQUIRE);

	return used < LEDGER_THREADS_MAX ? used : LEDGER_THREADS_MAX;
}

const struct ledger_who *ledger_who(const struct ledger *ledger, uint32_t slot)
{
	return ledger->who + slot;
}

int ledger_cpus(const struct ledger *ledger)
{
	return ledger->cpus_n;
}

int ledger_cpu_online(const struct ledger *ledger, int cpu)
{
	return ledger->online[cpu];
}

int ledger_pids(const struct ledger *ledger, pid_t *pids, int max)
{
	int fd = bpf_map__fd(ledger->skel->maps.pids), n = 0;
	__u32 key, *previous = NULL;

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		if (n < max)
			pids[n] = (pid_t)key;
		n++;
		previous = &key;
	}
	return n;
}

double ledger_scale(const struct ledger *ledger)
{
	return ledger->scale;
}

uint64_t ledger_lost(const struct ledger *ledger)
{
	struct bpf_program *program;
	uint64_t lost = ledger->slots_lost;

	bpf_object__for_each_program(program, ledger->skel->obj) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof info;

		if (bpf_program__autoload(program) && !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			lost += info.recursion_misses;
	}
	return lost;
}
