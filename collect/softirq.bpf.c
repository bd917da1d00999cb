/* SPDX-License-Identifier: GPL-2.0-or-later */
/* softirq.bpf.c: time in the network's softirqs, per CPU: where a topology lets another CPU do the receiving half of a send. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct softirq_time {
	__u64 from_ns;
	__u64 sum_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct softirq_time);
} times SEC(".maps");

static __always_inline struct softirq_time *own_time(unsigned int vector)
{
	__u32 key = 0;

	if (vector != NET_TX_SOFTIRQ && vector != NET_RX_SOFTIRQ)
		return NULL;
	return bpf_map_lookup_elem(&times, &key);
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_begins, unsigned int vector)
{
	struct softirq_time *time = own_time(vector);

	if (time)
		time->from_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_ends, unsigned int vector)
{
	struct softirq_time *time = own_time(vector);

	if (time && time->from_ns)
		time->sum_ns += bpf_ktime_get_ns() - time->from_ns;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
