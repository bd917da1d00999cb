/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wakes.bpf.c: which calls of some processes wake a sleeping thread, and how long either kind takes. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define CALLS_MAX 512
#define PF_KTHREAD 0x00200000

struct frame {
	__u64 from_ns;
	__u32 wakes_n;
};

struct sums { /* as struct wakes_count in wakes.h */
	__u64 calls_n[2], ns[2];
};

__u8 path[CALLS_MAX];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct frame);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sums);
} counts SEC(".maps");

SEC("tp_btf/sys_enter")
int BPF_PROG(call_begins, struct pt_regs *regs, long nr)
{
	__u64 who = bpf_get_current_pid_tgid();
	__u32 pid = who >> 32;
	struct frame frame = {0};

	if (nr < 0 || nr >= CALLS_MAX || !path[nr] || !bpf_map_lookup_elem(&targets, &pid))
		return 0;
	frame.from_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&frames, &who, &frame, BPF_ANY);
	return 0;
}

/* A kernel thread is not the receiver: it is woken for other work. */
SEC("tp_btf/sched_waking")
int BPF_PROG(wakes, struct task_struct *woken)
{
	__u64 who = bpf_get_current_pid_tgid();
	struct frame *frame = bpf_map_lookup_elem(&frames, &who);

	if (frame && !(woken->flags & PF_KTHREAD))
		frame->wakes_n++;
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_ends, struct pt_regs *regs, long ret)
{
	__u64 who = bpf_get_current_pid_tgid();
	struct frame *frame = bpf_map_lookup_elem(&frames, &who);
	__u32 key = 0;
	struct sums *sums = frame ? bpf_map_lookup_elem(&counts, &key) : NULL;

	if (!sums)
		return 0;
	__u32 woke = frame->wakes_n > 0;
	sums->calls_n[woke & 1]++;
	sums->ns[woke & 1] += bpf_ktime_get_ns() - frame->from_ns;
	bpf_map_delete_elem(&frames, &who);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
