/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger.bpf.c: feeds the kernel's events to the ledger (account.h).
 *
 * Each event has a handler and two programs that call it, `x` for the ledger and `x_again` for its shadow: attaching both is
 * dose 2, every probe twice. Membership programs (fork, exec, exit) follow the threads in scope and are attached for the
 * whole run. `window_open` and `window_close` are never attached: the loader runs them on each CPU.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "collect/account.h"
#include "collect/ledger_types.h"

#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000

const volatile __u32 cpus_n = 1;
const volatile __u32 clock_kind = LEDGER_CLOCK_TSC;
const volatile __u32 events_n = 0; /* counters besides the clock; at 0 the verifier takes out all that reads them */
const volatile __u32 whole_cpus = 0; /* scope: every task on the CPUs of scope_cpu[] */

__u8 path[ACCOUNT_CALLS_MAX] = {}; /* system call numbers of the path */
__u8 scope_cpu[1024] = {};
__u8 net_line[LEDGER_LINES_MAX] = {}; /* interrupt lines of network cards */
__u32 slots_used = 1;                 /* slot 0 is nobody */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LEDGER_SETS); /* LEDGER_SETS * cpus_n, set by the loader */
	__type(key, __u32);
	__type(value, struct account_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LEDGER_SETS * LEDGER_THREADS_MAX);
	__type(key, __u32);
	__type(value, struct account_thread);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LEDGER_THREADS_MAX);
	__type(key, __u32);
	__type(value, struct ledger_who);
} who SEC(".maps");

struct { /* tid -> slot, of living threads in scope */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LEDGER_THREADS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} slots SEC(".maps");

struct { /* living processes in scope */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LEDGER_PIDS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 1); /* cpus_n, set by the loader */
} counters SEC(".maps");

struct { /* event i of a CPU at i * cpus_n + cpu */
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 1); /* LEDGER_EVENTS_MAX * cpus_n, set by the loader */
} event_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* cpus_n when there are events, set by the loader */
	__type(key, __u32);
	__type(value, struct ledger_events);
} event_rows SEC(".maps");

static __always_inline __u64 clock_now(void)
{
	struct bpf_perf_event_value value;

	if (clock_kind == LEDGER_CLOCK_TSC)
		return bpf_ktime_get_ns();
	if (bpf_perf_event_read_value(&counters, BPF_F_CURRENT_CPU, &value, sizeof value))
		return 0; /* counted as backwards_n */
	return value.counter;
}

/* Reads every event of this CPU: into open[] where a window opens, else its advance is added to the row of the context now. */
static __noinline int events_read(struct account_cpu *cpu, int opening)
{
	__u32 here = bpf_get_smp_processor_id();
	struct ledger_events *events = bpf_map_lookup_elem(&event_rows, &here);
	struct bpf_perf_event_value value;

	if (!events || !cpu)
		return 0;
	__u32 row = account_row(cpu->task, cpu->call, cpu->softirq, cpu->hardirq);
	for (__u32 i = 0; i < LEDGER_EVENTS_MAX; i++) {
		if (i >= events_n)
			break;
		if (bpf_perf_event_read_value(&event_counters, i * cpus_n + here, &value, sizeof value)) {
			events->errors_n++;
			continue;
		}
		if (opening)
			events->open[i] = value.counter;
		else
			events->n[row][i] += value.counter - events->last[i];
		events->last[i] = value.counter;
	}
	return 0;
}

/* The time of an event, at which the context so far ends. The shadow counts no events. */
static __always_inline __u64 clock_at(struct account_cpu *cpu, __u32 set)
{
	if (events_n && !set)
		events_read(cpu, 0);
	return clock_now();
}

static __always_inline struct account_cpu *cpu_record(__u32 set)
{
	__u32 key = bpf_get_smp_processor_id() + set * cpus_n;

	return bpf_map_lookup_elem(&cpus, &key);
}

/* The record of a slot in a set; 0 for slot 0. */
static __always_inline struct account_thread *thread_record(__u32 slot, __u32 set)
{
	__u32 key = slot + set * LEDGER_THREADS_MAX;

	return slot ? bpf_map_lookup_elem(&threads, &key) : 0;
}

static __always_inline int is_path(__u32 nr)
{
	return nr < ACCOUNT_CALLS_MAX && path[account_index(nr, ACCOUNT_CALLS_MAX)];
}

/* threads: who is in scope */

/* Gives a thread a slot. 0 when there is none left, which is counted. */
static __always_inline __u32 slot_new(struct task_struct *task, struct account_cpu *cpu)
{
	__u32 tid = task->pid;
	__u32 slot = __sync_fetch_and_add(&slots_used, 1);
	struct ledger_who *w = bpf_map_lookup_elem(&who, &slot);

	if (!w || bpf_map_update_elem(&slots, &tid, &slot, BPF_ANY)) {
		if (cpu)
			cpu->slots_n++;
		return 0;
	}
	w->tid = tid;
	w->pid = task->tgid;
	w->start_ns = task->start_boottime;
	w->ended = 0;
	BPF_CORE_READ_STR_INTO(&w->comm, task, comm);
	return slot;
}

/* The slot of a task that comes to this CPU; 0 when it is not in scope. */
static __always_inline __u32 slot_of(struct task_struct *task, struct account_cpu *cpu, __u32 set)
{
	__u32 tid = task->pid, pid = task->tgid;

	if (!tid)
		return 0;
	__u32 *slot = bpf_map_lookup_elem(&slots, &tid);
	if (slot)
		return *slot;
	if (set || task->flags & PF_EXITING) /* the ledger itself comes before its shadow and gives the slot */
		return 0;
	if (whole_cpus ? !cpu->out_of_scope : bpf_map_lookup_elem(&pids, &pid) != 0)
		return slot_new(task, cpu);
	return 0;
}

static __always_inline __u32 task_class(struct task_struct *task, __u32 slot)
{
	if (!task->pid)
		return ACCOUNT_IDLE;
	return slot ? ACCOUNT_TARGET : ACCOUNT_OTHER;
}

/* A task comes to this CPU. */
static __always_inline void switch_to(struct task_struct *next, struct account_cpu *cpu, __u64 now, __u32 set)
{
	__u32 slot = slot_of(next, cpu, set), flags = next->flags;
	struct account_thread *thread = thread_record(slot, set);

	if (cpu->out_of_scope && thread) { /* with whole CPUs in scope, a thread of theirs may run elsewhere too */
		account_forget(cpu, thread);
		thread = 0;
		slot = 0;
	}
	account_switch(cpu, thread_record(cpu->thread, set), thread, slot, task_class(next, slot), !(flags & PF_KTHREAD),
		       flags & (PF_KTHREAD | PF_IO_WORKER), now);
	cpu->current = (__u64)next;
}

/*
 * The kernel does not always tell of a switch (seen on 6.18: after some tasks that sleep, no sched_switch says who came next).
 * Then everything that the task does here would be taken for another's. Its first system call shows that it is there.
 */
static __noinline void found_task(struct task_struct *task, struct account_cpu *cpu, __u32 set)
{
	if (!account_begin(cpu))
		return;
	__u64 now = clock_at(cpu, set), cyc = now - cpu->last_cyc;
	__u32 before = cpu->thread;
	switch_to(task, cpu, now, set);
	if (before || cpu->thread) { /* else it was between two tasks that are none of ours */
		cpu->missed_n++;
		cpu->missed_cyc += cyc;
	}
	account_end(cpu);
}

static __always_inline void check_task(struct task_struct *task, struct account_cpu *cpu, __u32 set)
{
	if (cpu->current != (__u64)task)
		found_task(task, cpu, set);
}

static __always_inline int handle_switch(struct task_struct *prev, struct task_struct *next, __u32 set)
{
	struct account_cpu *cpu = cpu_record(set);

	if (!cpu || !cpu->on)
		return 0;
	check_task(prev, cpu, set);
	if (!account_begin(cpu))
		return 0;
	switch_to(next, cpu, clock_at(cpu, set), set);
	account_end(cpu);
	return 0;
}

static __always_inline void handle_exit(__u32 slot, __u32 set)
{
	struct account_cpu *cpu = cpu_record(set);
	struct account_thread *thread = thread_record(slot, set);

	if (cpu && cpu->on && thread && cpu->thread == slot && account_begin(cpu)) {
		account_exit(cpu, thread, clock_at(cpu, set));
		account_end(cpu);
	}
}

/* system calls: those of tasks that are not in scope cost little more than the look at the CPU's record */

#if defined(__TARGET_ARCH_arm64)
enum { NR_SENDTO = 206, NR_SENDMSG = 211, NR_SENDMMSG = 269 };
#else
enum { NR_SENDTO = 44, NR_SENDMSG = 46, NR_SENDMMSG = 307 };
#endif

/* A name for what an address in user space says: 0 for none. Two addresses may share a name, by one chance in 2^64. */
static __always_inline __u64 destination_at(const void *address)
{
	__u64 words[3] = {}; /* family, port, then an IPv4 address, or flow and the half of an IPv6 one, and its other parts */

	if (!address || bpf_probe_read_user(words, 8, address))
		return 0;
	if ((words[0] & 0xffff) == 10 /* AF_INET6 */ && bpf_probe_read_user(words + 1, 16, (const char *)address + 8))
		return 0;
	return words[0] * 0x9e3779b97f4a7c15ull ^ words[1] * 0xc2b2ae3d27d4eb4full ^ words[2];
}

/* Arguments 1 and 4 (from 0) of a system call. arm64's registers lie at the begin of pt_regs by the kernel's ABI: a vmlinux.h of
 * another architecture, with which guests' programs are built, does not tell. */
#if defined(__TARGET_ARCH_arm64)
#define CALL_ARGUMENT_1(regs) (((const __u64 *)(regs))[1])
#define CALL_ARGUMENT_4(regs) (((const __u64 *)(regs))[4])
#else
#define CALL_ARGUMENT_1(regs) PT_REGS_PARM2_SYSCALL(regs)
#define CALL_ARGUMENT_4(regs) PT_REGS_PARM5_SYSCALL(regs)
#endif

/* A call without an address goes where its socket is connected to. */
static __always_inline void watch_call(struct account_thread *thread, struct pt_regs *regs, __u32 nr)
{
	__u64 socket = PT_REGS_PARM1_SYSCALL(regs), destination = 0;
	const void *name = 0;

	if (nr == NR_SENDMMSG) { /* one call goes to many already */
		thread->watched = 0;
		return;
	}
	if (nr == NR_SENDTO)
		destination = destination_at((const void *)CALL_ARGUMENT_4(regs));
	else if (nr == NR_SENDMSG && !bpf_probe_read_user(&name, sizeof name, (const void *)CALL_ARGUMENT_1(regs)))
		destination = destination_at(name); /* msg_name is the first of struct msghdr */
	account_watch(thread, socket, destination ? destination : ~socket);
}

static __always_inline int handle_sys_enter(struct pt_regs *regs, __u32 nr, __u32 set)
{
	struct account_cpu *cpu = cpu_record(set);

	if (!cpu || !cpu->on)
		return 0;
	check_task(bpf_get_current_task_btf(), cpu, set);
	if (!cpu->thread) {
		account_other_call(cpu);
		return 0;
	}
	struct account_thread *thread = thread_record(cpu->thread, set);
	if (!thread || !account_begin(cpu))
		return 0;
	int path = is_path(nr);
	if (path && account_wants_watch(thread))
		watch_call(thread, regs, nr);
	account_sys_enter(cpu, thread, nr, path, clock_at(cpu, set));
	account_end(cpu);
	return 0;
}

#if defined(__TARGET_ARCH_arm64)
/* vmlinux.h may have been made on another architecture. */
struct pt_regs___call {
	__s32 syscallno;
} __attribute__((preserve_access_index));
#endif

static __always_inline int handle_sys_exit(struct pt_regs *regs, __s64 result, __u32 set)
{
	struct account_cpu *cpu = cpu_record(set);

	if (!cpu || !cpu->on)
		return 0;
	check_task(bpf_get_current_task_btf(), cpu, set);
	if (!cpu->thread)
		return 0;
	struct account_thread *thread = thread_record(cpu->thread, set);
	if (!thread || !account_begin(cpu))
		return 0;
	__u64 now = clock_at(cpu, set);
	/* exec sets the number to -1 or to that of another call, so a call whose begin was seen keeps its own */
	if (thread->entered) {
		account_sys_exit(cpu, thread, thread->nr, thread->call == ACCOUNT_CALL_PATH, result, now);
	} else {
#if defined(__TARGET_ARCH_arm64)
		__u32 nr = ((struct pt_regs___call *)regs)->syscallno;
#else
		__u32 nr = regs->orig_ax;
#endif
		account_sys_exit(cpu, thread, nr, is_path(nr), result, now);
	}
	account_end(cpu);
	return 0;
}

/* interrupts */

static __always_inline int handle_softirq(__u32 vector, int begins, __u32 set)
{
	struct account_cpu *cpu = cpu_record(set);

	if (!cpu || !cpu->on || !account_begin(cpu))
		return 0;
	__u64 now = clock_at(cpu, set);
	struct account_thread *thread = thread_record(cpu->thread, set);
	if (begins)
		account_softirq_enter(cpu, thread, vector, now);
	else
		account_softirq_exit(cpu, thread, vector, now);
	account_end(cpu);
	return 0;
}

static __always_inline int handle_hardirq(__u32 kind, int begins, __u32 set)
{
	struct account_cpu *cpu = cpu_record(set);

	if (!cpu || !cpu->on || !account_begin(cpu))
		return 0;
	__u64 now = clock_at(cpu, set);
	struct account_thread *thread = thread_record(cpu->thread, set);
	if (begins)
		account_hardirq_enter(cpu, thread, kind, now);
	else
		account_hardirq_exit(cpu, thread, kind, now);
	account_end(cpu);
	return 0;
}

static __always_inline __u32 line_kind(__u32 line)
{
	return line < LEDGER_LINES_MAX && net_line[account_index(line, LEDGER_LINES_MAX)] ? ACCOUNT_HARDIRQ_NET
										       : ACCOUNT_HARDIRQ_LINE;
}

/* arm64 has one event for all inter-processor interrupts; the reason is its name as in /proc/interrupts */
static __always_inline __u32 ipi_kind(const char *reason)
{
	char first = 0;

	bpf_probe_read_kernel(&first, 1, reason);
	switch (first) {
	case 'R': return ACCOUNT_HARDIRQ_RESCHEDULE;
	case 'F': return ACCOUNT_HARDIRQ_CALL_FUNCTION;
	case 'I': return ACCOUNT_HARDIRQ_IRQ_WORK;
	case 'T': return ACCOUNT_HARDIRQ_TIMER;
	}
	return ACCOUNT_HARDIRQ_OTHER;
}

/* threads that begin, exec and end */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(member_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_pid = parent->tgid, pid = child->tgid, one = 1;

	if (whole_cpus || !bpf_map_lookup_elem(&pids, &parent_pid))
		return 0;
	bpf_map_update_elem(&pids, &pid, &one, BPF_ANY);
	slot_new(child, cpu_record(0));
	return 0;
}

/* exec by a thread that is not the leader gives it the leader's tid */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(member_exec, struct task_struct *task, int old_tid)
{
	__u32 before = old_tid, tid = task->pid;
	__u32 *slot = bpf_map_lookup_elem(&slots, &before);

	if (!slot)
		return 0;
	__u32 kept = *slot;
	struct ledger_who *w = bpf_map_lookup_elem(&who, &kept);
	if (w) {
		w->tid = tid;
		BPF_CORE_READ_STR_INTO(&w->comm, task, comm);
	}
	if (before != tid) {
		bpf_map_delete_elem(&slots, &before);
		bpf_map_update_elem(&slots, &tid, &kept, BPF_ANY);
	}
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(member_exit, struct task_struct *task)
{
	__u32 tid = task->pid, pid = task->tgid;
	__u32 *slot = bpf_map_lookup_elem(&slots, &tid);

	/* From here on the numbers may be given to somebody else: also that of a process that never ran while probes were attached. */
	if (BPF_CORE_READ(task, signal, live.counter) == 0)
		bpf_map_delete_elem(&pids, &pid);
	if (!slot)
		return 0;
	struct ledger_who *w = bpf_map_lookup_elem(&who, slot);
	if (w) {
		w->ended = 1;
		BPF_CORE_READ_STR_INTO(&w->comm, task, comm);
	}
	handle_exit(*slot, 0);
	handle_exit(*slot, 1);
	bpf_map_delete_elem(&slots, &tid);
	return 0;
}

/* windows: run by the loader on each CPU */

static __always_inline void window_open_set(struct task_struct *task, __u64 now, __u32 set)
{
	struct account_cpu *cpu = cpu_record(set);

	if (!cpu)
		return;
	cpu->out_of_scope = whole_cpus && !scope_cpu[bpf_get_smp_processor_id() & 1023];
	cpu->current = (__u64)task;
	cpu->thread = cpu->out_of_scope ? 0 : slot_of(task, cpu, set);
	cpu->task = task_class(task, cpu->thread);
	cpu->user_task = !(task->flags & PF_KTHREAD);
	cpu->call = cpu->task == ACCOUNT_TARGET ? ACCOUNT_CALL_UNKNOWN : ACCOUNT_CALL_NONE;
	cpu->last_cyc = now;
	cpu->open_cyc = now;
	if (events_n && !set)
		events_read(cpu, 1);
	barrier();
	cpu->on = 1;
}

static __always_inline void window_close_set(__u64 now, __u32 set)
{
	struct account_cpu *cpu = cpu_record(set);

	if (!cpu || !cpu->on)
		return;
	if (account_begin(cpu)) { /* else the handler that this interrupts goes on to its own `now`, and that is the end */
		if (events_n && !set)
			events_read(cpu, 0);
		account_advance(cpu, thread_record(cpu->thread, set), now);
		account_end(cpu);
	}
	cpu->thread = 0;
	cpu->on = 0;
}

SEC("raw_tp/forecall")
int window_open(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now = clock_now();

	window_open_set(task, now, 0);
	window_open_set(task, now, 1);
	return 0;
}

SEC("raw_tp/forecall")
int window_close(void *ctx)
{
	__u64 now = clock_now();

	window_close_set(now, 0);
	window_close_set(now, 1);
	return 0;
}

/* every event, for the ledger and for its shadow */

#define EVENT(name, event, call_0, call_1, ...)                                \
	SEC("tp_btf/" #event) int BPF_PROG(name, __VA_ARGS__) { return call_0; } \
	SEC("tp_btf/" #event) int BPF_PROG(name##_again, __VA_ARGS__) { return call_1; }

#define VECTOR(event, kind)                                                                                           \
	EVENT(event##_begin, event##_entry, handle_hardirq(kind, 1, 0), handle_hardirq(kind, 1, 1), int vector)      \
	EVENT(event##_end, event##_exit, handle_hardirq(kind, 0, 0), handle_hardirq(kind, 0, 1), int vector)

EVENT(sys_enter, sys_enter, handle_sys_enter(regs, nr, 0), handle_sys_enter(regs, nr, 1), struct pt_regs *regs, long nr)
EVENT(sys_exit, sys_exit, handle_sys_exit(regs, result, 0), handle_sys_exit(regs, result, 1), struct pt_regs *regs, long result)
EVENT(sched_switch, sched_switch, handle_switch(prev, next, 0), handle_switch(prev, next, 1),
      bool preempt, struct task_struct *prev, struct task_struct *next)
EVENT(softirq_begin, softirq_entry, handle_softirq(vector, 1, 0), handle_softirq(vector, 1, 1), unsigned int vector)
EVENT(softirq_end, softirq_exit, handle_softirq(vector, 0, 0), handle_softirq(vector, 0, 1), unsigned int vector)
EVENT(irq_begin, irq_handler_entry, handle_hardirq(line_kind(line), 1, 0), handle_hardirq(line_kind(line), 1, 1), int line)
EVENT(irq_end, irq_handler_exit, handle_hardirq(line_kind(line), 0, 0), handle_hardirq(line_kind(line), 0, 1), int line)

VECTOR(local_timer, ACCOUNT_HARDIRQ_TIMER)
VECTOR(reschedule, ACCOUNT_HARDIRQ_RESCHEDULE)
VECTOR(call_function, ACCOUNT_HARDIRQ_CALL_FUNCTION)
VECTOR(call_function_single, ACCOUNT_HARDIRQ_CALL_FUNCTION)
VECTOR(irq_work, ACCOUNT_HARDIRQ_IRQ_WORK)
VECTOR(x86_platform_ipi, ACCOUNT_HARDIRQ_OTHER)
VECTOR(thermal_apic, ACCOUNT_HARDIRQ_OTHER)
VECTOR(error_apic, ACCOUNT_HARDIRQ_OTHER)
VECTOR(spurious_apic, ACCOUNT_HARDIRQ_OTHER)

EVENT(ipi_begin, ipi_entry, handle_hardirq(ipi_kind(reason), 1, 0), handle_hardirq(ipi_kind(reason), 1, 1), const char *reason)
EVENT(ipi_end, ipi_exit, handle_hardirq(ipi_kind(reason), 0, 0), handle_hardirq(ipi_kind(reason), 0, 1), const char *reason)

char LICENSE[] SEC("license") = "GPL";
