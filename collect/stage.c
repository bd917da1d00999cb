/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stage.c: the loader of stage.bpf.c. */
#include <linux/types.h>

#include "collect/stage.h"

#include <errno.h>
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
#include "collect/account.h"
#include "collect/cpus.h"
#include "collect/stage.skel.h"
#include "collect/stage_types.h"

#define LINKS_MAX 96

_Static_assert(SAMPLE_STAGE_MAX <= STAGE_MAX && SAMPLE_STAGE_ENTRY == 1 && SAMPLE_STAGE_RECEIVE == 9 && SAMPLE_STAGE_INTERRUPT == 10,
	       "stage.bpf.c counts the stages in the same order");
_Static_assert(ACCOUNT_CALLS_MAX == STAGE_CALLS_MAX, "one set of system call numbers");

struct stage_timer {
	struct stage_bpf *skel;
	int cpus_n, functions_n;
	struct stage_cpu *cpus; /* [cpus_n] */
	size_t bytes;
	struct bpf_link *links[LINKS_MAX];
	int links_n;
};

static int open_failed(int err)
{
	if (err == -EPERM || err == -EACCES)
		return fail(-EPERM, "slice: stages cannot be timed here: this kernel allows no probes on its functions (fentry), or you are not root; "
				    "without --exact they are sampled");
	return fail(err, "slice: stages cannot be timed here: %s; without --exact they are sampled", strerror(-err));
}

static int no_words(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_WARN || !getenv("FORECALL_DEBUG"))
		return 0;
	return vfprintf(stderr, format, args);
}

static int is_tracepoint(const struct bpf_program *program)
{
	return !strncmp(bpf_program__section_name(program), "tp_btf/", 7);
}

/* Whether this kernel has what a program is for; also counts the functions. */
static int is_there(const struct btf *btf, const char *section, int *functions_n)
{
	const char *slash = strchr(section, '/');
	char name[96];

	if (!strncmp(section, "tp_btf/", 7)) {
		snprintf(name, sizeof name, "btf_trace_%s", slash + 1);
		return btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) > 0;
	}
	int there = slash && btf__find_by_name_kind(btf, slash + 1, BTF_KIND_FUNC) > 0;
	*functions_n += there && !strncmp(section, "fentry/", 7);
	return there;
}

static int choose_programs(struct stage_timer *stages)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *program;

	if (!btf)
		return fail(-ENOENT, "slice: the kernel does not tell its types: /sys/kernel/btf/vmlinux cannot be read; without --exact stages are sampled");
	bpf_object__for_each_program(program, stages->skel->obj)
		bpf_program__set_autoload(program, is_there(btf, bpf_program__section_name(program), &stages->functions_n));
	btf__free(btf);
	return stages->functions_n ? 0 : fail(-ENOENT, "slice: this kernel has none of the functions that begin a stage; without --exact they are sampled");
}

static int load(struct stage_timer *stages, const uint8_t *path, pid_t pid)
{
	libbpf_set_print(no_words);
	stages->skel = stage_bpf__open();
	if (!stages->skel)
		return open_failed(-errno);
	int err = choose_programs(stages);
	if (err)
		return err;
	bpf_map__set_max_entries(stages->skel->maps.cpus, (__u32)stages->cpus_n);
	stages->skel->bss->target = (__u32)pid;
	memcpy(stages->skel->bss->path, path, STAGE_CALLS_MAX);
	err = stage_bpf__load(stages->skel);
	if (err)
		return open_failed(err);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	stages->bytes = ((size_t)stages->cpus_n * sizeof *stages->cpus + page - 1) / page * page;
	void *memory = mmap(NULL, stages->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(stages->skel->maps.cpus), 0);
	if (memory == MAP_FAILED)
		return open_failed(-errno);
	stages->cpus = memory;
	return 0;
}

static void detach(struct stage_timer *stages)
{
	while (stages->links_n)
		bpf_link__destroy(stages->links[--stages->links_n]);
}

static int attach(struct stage_timer *stages)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, stages->skel->obj) {
		if (!bpf_program__autoload(program) || stages->links_n == LINKS_MAX)
			continue;
		struct bpf_link *link = bpf_program__attach(program);
		int err = link ? 0 : -errno;
		if (err == -EBUSY && !is_tracepoint(program)) /* compiled without the place for a probe: its time is that of who calls it */
			continue;
		if (err) {
			detach(stages);
			return open_failed(err);
		}
		stages->links[stages->links_n++] = link;
	}
	return 0;
}

/* Attaches once, so that a kernel that refuses is known before anything is measured. */
int stage_open(const uint8_t *path, pid_t pid, struct stage_timer **out)
{
	struct stage_timer *stages = calloc(1, sizeof *stages);

	if (!stages)
		return fail(-ENOMEM, "slice: out of memory");
	stages->cpus_n = cpus_possible();
	int err = load(stages, path, pid);
	if (!err)
		err = attach(stages);
	if (err) {
		stage_free(stages);
		return err;
	}
	detach(stages);
	*out = stages;
	return 0;
}

void stage_free(struct stage_timer *stages)
{
	if (!stages)
		return;
	detach(stages);
	if (stages->cpus)
		munmap(stages->cpus, stages->bytes);
	stage_bpf__destroy(stages->skel);
	free(stages);
}

/* A thread that was inside a frame at the end of the last time has left it since. */
static void forget_threads(const struct stage_timer *stages)
{
	int map = bpf_map__fd(stages->skel->maps.threads);
	__u32 key;

	while (!bpf_map_get_next_key(map, NULL, &key))
		if (bpf_map_delete_elem(map, &key))
			return;
}

int stage_begin(struct stage_timer *stages)
{
	forget_threads(stages);
	int err = attach(stages);
	memset(stages->cpus, 0, (size_t)stages->cpus_n * sizeof *stages->cpus); /* attaching takes some 10 ms, with some of the probes there */
	return err;
}

void stage_end(struct stage_timer *stages, struct stage_sums *out)
{
	*out = (struct stage_sums){0};
	for (int cpu = 0; cpu < stages->cpus_n; cpu++) {
		for (int stage = 0; stage < SAMPLE_STAGE_MAX; stage++) {
			out->ns[stage] += stages->cpus[cpu].ns[stage];
			out->pieces_n[stage] += stages->cpus[cpu].pieces_n[stage];
		}
		out->frames_n += stages->cpus[cpu].frames_n;
		out->lost_n += stages->cpus[cpu].lost_n;
	}
	detach(stages);
}
