/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * busy.bpf.c: feeds context switches, softirqs and hardirqs to the busy meter (busy_account.h).
 *
 * `busy_open_cpu` and `busy_settle_cpu` are never attached: the loader runs them on each CPU. Which of the others the kernel lacks
 * differs by architecture; those are not loaded.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "collect/busy_account.h"
#include "collect/busy_types.h"

#define PF_KTHREAD 0x00200000

const volatile __u32 by_process = 0; /* else the verifier takes out all that is about processes */

__u64 lost_n = 0; /* shares of processes for which there was no room */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* possible CPUs, set by the loader */
	__type(key, __u32);
	__type(value, struct busy_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* BUSY_PROCESSES_MAX where they are wanted, set by the loader */
	__type(key, __u32);
	__type(value, struct busy_share);
} processes SEC(".maps");

/* The record of this CPU; 0 when it is not metered. */
static __always_inline struct busy_cpu *own_record(void)
{
	__u32 key = bpf_get_smp_processor_id();
	struct busy_cpu *cpu = bpf_map_lookup_elem(&cpus, &key);

	return cpu && cpu->on ? cpu : 0;
}

static __noinline int first_share(struct task_struct *task)
{
	struct busy_share share = {};
	__u32 pid = BPF_CORE_READ(task, tgid);

	share.kernel = (BPF_CORE_READ(task, flags) & PF_KTHREAD) != 0;
	BPF_CORE_READ_STR_INTO(&share.comm, task, group_leader, comm);
	return bpf_map_update_elem(&processes, &pid, &share, BPF_NOEXIST);
}

/* Threads of a process may leave several CPUs at the same time. Of the idle task (process 0) there are interrupts alone. */
static __always_inline void add_share(struct task_struct *task, const __u64 ns[BUSY_KIND_MAX], __u32 switches)
{
	__u32 pid = task->tgid;
	struct busy_share *share;

	if (!pid && !(ns[BUSY_SOFTIRQ] | ns[BUSY_HARDIRQ]))
		return;
	share = bpf_map_lookup_elem(&processes, &pid);
	if (!share) {
		first_share(task);
		share = bpf_map_lookup_elem(&processes, &pid);
	}
	if (!share) {
		__sync_fetch_and_add(&lost_n, 1);
		return;
	}
	__sync_fetch_and_add(&share->ns[BUSY_TASK], ns[BUSY_TASK]);
	if (ns[BUSY_SOFTIRQ])
		__sync_fetch_and_add(&share->ns[BUSY_SOFTIRQ], ns[BUSY_SOFTIRQ]);
	if (ns[BUSY_HARDIRQ])
		__sync_fetch_and_add(&share->ns[BUSY_HARDIRQ], ns[BUSY_HARDIRQ]);
	if (switches)
		__sync_fetch_and_add(&share->switches_n, switches);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(busy_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct busy_cpu *cpu = own_record();
	__u64 share[BUSY_KIND_MAX];

	if (!cpu || !busy_begin(cpu))
		return 0;
	busy_switch(cpu, !prev->pid, bpf_ktime_get_ns(), share);
	busy_end(cpu);
	if (by_process)
		add_share(prev, share, 1);
	return 0;
}

static __always_inline int handle_softirq(int begins)
{
	struct busy_cpu *cpu = own_record();

	if (!cpu || !busy_begin(cpu))
		return 0;
	if (begins)
		busy_enter(cpu, &cpu->softirq, bpf_ktime_get_ns());
	else
		busy_leave(cpu, &cpu->softirq, bpf_ktime_get_ns());
	busy_end(cpu);
	return 0;
}

static __always_inline int handle_hardirq(int begins)
{
	struct busy_cpu *cpu = own_record();

	if (!cpu || !busy_begin(cpu))
		return 0;
	if (begins)
		busy_enter(cpu, &cpu->hardirq, bpf_ktime_get_ns());
	else
		busy_leave(cpu, &cpu->hardirq, bpf_ktime_get_ns());
	busy_end(cpu);
	return 0;
}

#define PAIR(name, handler)                                                                     \
	SEC("tp_btf/" #name "_entry") int BPF_PROG(busy_##name##_begin) { return handler(1); } \
	SEC("tp_btf/" #name "_exit") int BPF_PROG(busy_##name##_end) { return handler(0); }

PAIR(softirq, handle_softirq)
PAIR(irq_handler, handle_hardirq)
PAIR(local_timer, handle_hardirq)
PAIR(reschedule, handle_hardirq)
PAIR(call_function, handle_hardirq)
PAIR(call_function_single, handle_hardirq)
PAIR(irq_work, handle_hardirq)
PAIR(ipi, handle_hardirq)

/* Run by the loader on each CPU. */

SEC("raw_tp/forecall")
int busy_open_cpu(void *ctx)
{
	__u32 key = bpf_get_smp_processor_id();
	struct busy_cpu *cpu = bpf_map_lookup_elem(&cpus, &key);

	if (!cpu)
		return 0;
	cpu->last_ns = bpf_ktime_get_ns();
	barrier();
	cpu->on = 1;
	return 0;
}

SEC("raw_tp/forecall")
int busy_settle_cpu(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct busy_cpu *cpu = own_record();
	__u64 share[BUSY_KIND_MAX];

	if (!cpu || !busy_begin(cpu)) /* it came into a handler: what there is stays for the next time */
		return 0;
	busy_settle(cpu, !task->pid, bpf_ktime_get_ns(), share);
	busy_end(cpu);
	if (by_process)
		add_share(task, share, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
