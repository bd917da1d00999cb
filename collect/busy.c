/* SPDX-License-Identifier: GPL-2.0-or-later */
/* busy.c: the loader of busy.bpf.c: attaches its probes, settles each CPU's account by a test run there, and reads it. */
#include "collect/busy.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/err.h"
#include "collect/busy.skel.h"
#include "collect/busy_types.h"
#include "collect/cpus.h"

#define LINKS_MAX 24

struct busy {
	struct busy_bpf *skel;
	uint8_t metered[CPUS_MAX];
	int cpus_n, processes;
	struct busy_cpu *cpus; /* [cpus_n] */
	size_t bytes;
	struct bpf_link *links[LINKS_MAX];
	int links_n;
};

static int open_failed(int err)
{
	if (err == -EPERM || err == -EACCES)
		return fail(-EPERM, "busy meter: no permission to load BPF programs: run as root, or with the capabilities CAP_BPF and CAP_PERFMON");
	return fail(err, "busy meter: the kernel refuses its programs: %s; `forecall doctor` tells what is missing", strerror(-err));
}

/* What is wrong is said here, once. */
static int no_words(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_WARN || !getenv("FORECALL_DEBUG"))
		return 0;
	return vfprintf(stderr, format, args);
}

/* The tracepoint of a program, or NULL for one that is not attached. */
static const char *tracepoint_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return strncmp(section, "tp_btf/", 7) ? NULL : section + 7;
}

/* Leaves out what the kernel lacks, and interrupts where they are not wanted apart. */
static int choose_programs(struct busy_bpf *skel, int irqs)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *program;

	if (!btf)
		return fail(-ENOENT, "busy meter: the kernel does not tell its types: /sys/kernel/btf/vmlinux cannot be read; "
				     "it needs CONFIG_DEBUG_INFO_BTF=y (every Debian kernel since 11 has it)");
	bpf_object__for_each_program(program, skel->obj) {
		const char *point = tracepoint_of(program);
		char name[64];

		if (!point)
			continue;
		snprintf(name, sizeof name, "btf_trace_%s", point);
		bpf_program__set_autoload(program, (irqs || program == skel->progs.busy_sched_switch) &&
							   btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) > 0);
	}
	btf__free(btf);
	return 0;
}

static int map_records(struct busy *busy)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	busy->bytes = ((size_t)busy->cpus_n * sizeof *busy->cpus + page - 1) / page * page;
	void *memory = mmap(NULL, busy->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(busy->skel->maps.cpus), 0);
	if (memory == MAP_FAILED)
		return fail(-errno, "busy meter: cannot map its records: %s", strerror(errno));
	busy->cpus = memory;
	return 0;
}

static int load(struct busy *busy, const struct busy_options *options)
{
	libbpf_set_print(no_words);
	busy->skel = busy_bpf__open();
	if (!busy->skel)
		return open_failed(-errno);
	int err = choose_programs(busy->skel, options->irqs);
	if (err)
		return err;
	busy->skel->rodata->by_process = options->processes != 0;
	bpf_map__set_max_entries(busy->skel->maps.cpus, (__u32)busy->cpus_n);
	bpf_map__set_max_entries(busy->skel->maps.processes, options->processes ? BUSY_PROCESSES_MAX : 1);
	err = busy_bpf__load(busy->skel);
	return err ? open_failed(err) : map_records(busy);
}

static int run_on_each_cpu(const struct busy *busy, const struct bpf_program *program)
{
	for (int cpu = 0; cpu < busy->cpus_n; cpu++) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .flags = BPF_F_TEST_RUN_ON_CPU, .cpu = (__u32)cpu);

		if (busy->metered[cpu] && bpf_prog_test_run_opts(bpf_program__fd(program), &options))
			return fail(-errno, "busy meter: cannot reach cpu %d: %s", cpu, strerror(errno));
	}
	return 0;
}

int busy_attach(struct busy *busy)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, busy->skel->obj) {
		if (!tracepoint_of(program) || !bpf_program__autoload(program) || busy->links_n == LINKS_MAX)
			continue;
		struct bpf_link *link = bpf_program__attach(program);
		if (!link) {
			int err = open_failed(-errno);
			busy_detach(busy);
			return err;
		}
		busy->links[busy->links_n++] = link;
	}
	return 0;
}

void busy_detach(struct busy *busy)
{
	while (busy->links_n)
		bpf_link__destroy(busy->links[--busy->links_n]);
}

int busy_open(const struct busy_options *options, struct busy **out)
{
	struct busy *busy = calloc(1, sizeof *busy);

	if (!busy)
		return fail(-ENOMEM, "busy meter: out of memory");
	busy->cpus_n = cpus_possible();
	busy->processes = options->processes;
	memcpy(busy->metered, options->cpus, sizeof busy->metered);
	int err = load(busy, options);
	if (!err)
		err = busy_attach(busy);
	if (!err)
		err = run_on_each_cpu(busy, busy->skel->progs.busy_open_cpu);
	if (err) {
		busy_free(busy);
		return err;
	}
	*out = busy;
	return 0;
}

void busy_free(struct busy *busy)
{
	if (!busy)
		return;
	if (busy->skel)
		busy_detach(busy);
	if (busy->cpus)
		munmap(busy->cpus, busy->bytes);
	busy_bpf__destroy(busy->skel);
	free(busy);
}

int busy_read(struct busy *busy, struct busy_time *times)
{
	int err = run_on_each_cpu(busy, busy->skel->progs.busy_settle_cpu);

	for (int cpu = 0; cpu < busy->cpus_n && !err; cpu++) {
		const volatile struct busy_cpu *record = &busy->cpus[cpu]; /* goes on counting */

		if (!busy->metered[cpu])
			continue;
		times[cpu].idle_ns = record->idle_ns;
		times[cpu].switches_n = record->switches_n;
		for (int kind = 0; kind < BUSY_KIND_MAX; kind++)
			times[cpu].ns[kind] = record->ns[kind];
	}
	return err;
}

/* ---- Processes ---- */

static int by_pid(const void *a, const void *b)
{
	const struct busy_process *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

static void take_share(struct busy_process *process, __u32 pid, const struct busy_share *share)
{
	*process = (struct busy_process){.pid = (pid_t)pid, .switches_n = share->switches_n, .kernel = (int)share->kernel};
	memcpy(process->ns, share->ns, sizeof process->ns);
	memcpy(process->comm, share->comm, sizeof process->comm - 1);
}

/* What a process had before it ended has been handed out once; its number may be given to another. */
static void forget_ended(int map, const struct busy_process *processes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		__u32 pid = (__u32)processes[i].pid;

		if (pid && kill(processes[i].pid, 0) && errno == ESRCH)
			bpf_map_delete_elem(map, &pid);
	}
}

int busy_processes(struct busy *busy, struct busy_process **out, size_t *n)
{
	int map = bpf_map__fd(busy->skel->maps.processes);
	struct busy_process *list = calloc(BUSY_PROCESSES_MAX, sizeof *list);
	__u32 key, *previous = NULL;

	if (!list)
		return fail(-ENOMEM, "busy meter: out of memory");
	for (*n = 0; *n < BUSY_PROCESSES_MAX && !bpf_map_get_next_key(map, previous, &key); previous = &key) {
		struct busy_share share;

		if (!bpf_map_lookup_elem(map, &key, &share))
			take_share(&list[(*n)++], key, &share);
	}
	forget_ended(map, list, *n);
	qsort(list, *n, sizeof *list, by_pid);
	*out = list;
	return 0;
}

uint64_t busy_lost(const struct busy *busy)
{
	return busy->skel->bss->lost_n;
}
