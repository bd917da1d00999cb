/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage.bpf.c: times the stages of sending by probes on the functions at which one begins and ends.
 *
 * Each moment inside a frame belongs to the innermost of these functions, as a sample does (sample_frames.h); softirqs and hardirqs
 * that come inside are stages too. Time in which the thread does not run is none. Functions that a kernel lacks are not loaded.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "collect/stage_types.h"

/* In the order of enum sample_stage (sample_frames.h), as stage.c checks. */
enum {
	STAGE_ENTRY = 1, STAGE_COPY, STAGE_SOCKET, STAGE_IP, STAGE_NETFILTER, STAGE_QUEUE, STAGE_DRIVER, STAGE_COMPLETION, STAGE_RECEIVE,
	STAGE_INTERRUPT,
};

__u32 target = 0; /* process */
__u8 path[STAGE_CALLS_MAX] = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* possible CPUs, set by the loader */
	__type(key, __u32);
	__type(value, struct stage_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STAGE_THREADS_MAX);
	__type(key, __u32);
	__type(value, struct stage_thread);
} threads SEC(".maps");

static __always_inline struct stage_cpu *own_cpu(void)
{
	__u32 key = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpus, &key);
}

/* The record of this thread if it is in a frame. An interrupt that comes into a handler begins and ends there: its time stays where it is. */
static __always_inline struct stage_thread *begin(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id;

	if (id >> 32 != target)
		return 0;
	struct stage_thread *t = bpf_map_lookup_elem(&threads, &tid);
	if (!t || !t->in_frame || t->at_work)
		return 0;
	t->at_work = 1;
	barrier();
	return t;
}

static __always_inline void end(struct stage_thread *t)
{
	barrier();
	t->at_work = 0;
}

/* What the thread was in until now gets the time since the event before. */
static __always_inline void charge(struct stage_cpu *cpu, struct stage_thread *t, __u64 now)
{
	__u32 stage = t->depth ? t->stage[(t->depth - 1) & (STAGE_DEPTH_MAX - 1)] : STAGE_ENTRY;

	stage &= STAGE_MAX - 1;
	cpu->ns[stage] += now - t->last_ns;
	cpu->pieces_n[stage]++;
	t->last_ns = now;
}

static __always_inline int enter(__u8 stage)
{
	struct stage_cpu *cpu = own_cpu();
	struct stage_thread *t = cpu ? begin() : 0;

	if (!t)
		return 0;
	charge(cpu, t, bpf_ktime_get_ns());
	if (t->depth >= STAGE_DEPTH_MAX)
		cpu->lost_n++;
	t->stage[t->depth & (STAGE_DEPTH_MAX - 1)] = stage;
	t->depth++;
	end(t);
	return 0;
}

static __always_inline int leave(void)
{
	struct stage_cpu *cpu = own_cpu();
	struct stage_thread *t = cpu ? begin() : 0;

	if (!t)
		return 0;
	charge(cpu, t, bpf_ktime_get_ns());
	if (t->depth)
		t->depth--;
	end(t);
	return 0;
}

/* Frames */

static __noinline struct stage_thread *new_thread(__u32 tid)
{
	struct stage_thread t = {};

	bpf_map_update_elem(&threads, &tid, &t, BPF_ANY);
	return bpf_map_lookup_elem(&threads, &tid);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(stage_sys_enter, struct pt_regs *regs, long nr)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id, call = nr;

	if (id >> 32 != target || call >= STAGE_CALLS_MAX)
		return 0;
	__asm__ volatile("" : "+r"(call));
	if (call >= STAGE_CALLS_MAX || !path[call])
		return 0;
	struct stage_cpu *cpu = own_cpu();
	struct stage_thread *t = bpf_map_lookup_elem(&threads, &tid);
	if (!t)
		t = new_thread(tid);
	if (!t || !cpu) {
		if (cpu)
			cpu->lost_n++;
		return 0;
	}
	t->depth = 0;
	t->at_work = 0;
	cpu->frames_n++;
	t->last_ns = bpf_ktime_get_ns();
	barrier();
	t->in_frame = 1;
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(stage_sys_exit, struct pt_regs *regs, long result)
{
	struct stage_cpu *cpu = own_cpu();
	struct stage_thread *t = cpu ? begin() : 0;

	if (!t)
		return 0;
	charge(cpu, t, bpf_ktime_get_ns());
	t->in_frame = 0;
	end(t);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(stage_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct stage_cpu *cpu = own_cpu();
	__u32 came = next->pid, left = prev->pid;
	struct stage_thread *t;

	if (!cpu)
		return 0;
	if ((__u32)prev->tgid == target && (t = bpf_map_lookup_elem(&threads, &left)) && t->in_frame)
		charge(cpu, t, bpf_ktime_get_ns());
	if ((__u32)next->tgid == target && (t = bpf_map_lookup_elem(&threads, &came)) && t->in_frame)
		t->last_ns = bpf_ktime_get_ns();
	return 0;
}

/* Interrupts */

SEC("tp_btf/softirq_entry")
int BPF_PROG(stage_softirq_begin, unsigned int vector)
{
	return enter(vector == NET_RX_SOFTIRQ ? STAGE_RECEIVE : vector == NET_TX_SOFTIRQ ? STAGE_COMPLETION : STAGE_INTERRUPT);
}

#define LEAVE(name, event) SEC("tp_btf/" #event) int BPF_PROG(name) { return leave(); }
#define INTERRUPT(name)                                                                                    \
	SEC("tp_btf/" #name "_entry") int BPF_PROG(stage_##name##_begin) { return enter(STAGE_INTERRUPT); } \
	LEAVE(stage_##name##_end, name##_exit)

LEAVE(stage_softirq_end, softirq_exit)
INTERRUPT(irq_handler)
INTERRUPT(local_timer)
INTERRUPT(reschedule)
INTERRUPT(call_function)
INTERRUPT(call_function_single)
INTERRUPT(irq_work)
INTERRUPT(ipi)

/* Functions: of 5.11 to 6.18; most are called by name from elsewhere, and are never inlined. Those of lib/
 * (import_iovec, _copy_from_iter) cannot be probed so. */

#define FUNCTION(name, stage)                                                           \
	SEC("fentry/" #name) int enter_##name(void *ctx) { return enter(STAGE_##stage); } \
	SEC("fexit/" #name) int leave_##name(void *ctx) { return leave(); }

FUNCTION(move_addr_to_kernel, COPY)
FUNCTION(__copy_msghdr, COPY)
FUNCTION(ip_generic_getfrag, COPY)
FUNCTION(udp_sendmsg, SOCKET)
FUNCTION(udpv6_sendmsg, SOCKET)
FUNCTION(tcp_sendmsg, SOCKET)
FUNCTION(sock_alloc_send_pskb, SOCKET)
FUNCTION(security_socket_sendmsg, SOCKET)
FUNCTION(ip_route_output_flow, IP)
FUNCTION(ip_make_skb, IP)
FUNCTION(ip_send_skb, IP)
FUNCTION(ip6_make_skb, IP)
FUNCTION(ip6_send_skb, IP)
FUNCTION(__ip_queue_xmit, IP)
FUNCTION(nf_hook_slow, NETFILTER)
FUNCTION(__dev_queue_xmit, QUEUE)
FUNCTION(dev_hard_start_xmit, DRIVER)
FUNCTION(sock_wfree, COMPLETION)
FUNCTION(netif_rx, RECEIVE)
FUNCTION(__netif_rx, RECEIVE)

char LICENSE[] SEC("license") = "GPL";
