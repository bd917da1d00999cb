/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * busy_account.h: the busy meter's account of one CPU. Every ns is idle, a task's, a softirq's or a hardirq's.
 *
 * No libc, no kernel call, no clock: the BPF program (busy.bpf.c) and the unit tests compile the same lines. It is the little
 * sister of account.h for what is to stay on for days: it knows no system calls, so that it costs nothing but at switches and interrupts.
 * Whose time it was is decided when the task leaves the CPU, by who that is: a switch that the kernel did not tell of costs no balance.
 *
 * Includer provides __u32, __u64, __s64 (vmlinux.h or linux/types.h).
 */
#ifndef COLLECT_BUSY_ACCOUNT_H
#define COLLECT_BUSY_ACCOUNT_H

enum busy_kind {
	BUSY_TASK,
	BUSY_SOFTIRQ, /* interrupts inside left out */
	BUSY_HARDIRQ,
	BUSY_KIND_MAX
};

/* One CPU. All zero when the meter is opened. */
struct busy_cpu {
	__u32 on;                 /* it is metered */
	__u32 at_work;            /* between busy_begin() and busy_end() */
	__u32 softirq, hardirq;   /* how many are open */
	__u64 last_ns;            /* clock at the previous event */
	__u64 now_ns[BUSY_KIND_MAX]; /* of the task that runs, since it came or was last settled */
	__u64 idle_ns;            /* settled: idle and all kinds add up to what the clock advanced by */
	__u64 ns[BUSY_KIND_MAX];
	__u64 switches_n;
	__u64 torn_n; /* events inside the handler of another: left out, their time stays where it was */
};

#define BUSY_INLINE static inline __attribute__((always_inline))

/*
 * Between the two stands every handler. A hardirq that comes in there would find the account half changed: it is left out, so that
 * its time is what it interrupted. 0: leave out this event.
 */
BUSY_INLINE int busy_begin(struct busy_cpu *cpu)
{
	if (cpu->at_work) {
		cpu->torn_n++;
		return 0;
	}
	cpu->at_work = 1;
	__asm__ volatile("" : : : "memory");
	return 1;
}

BUSY_INLINE void busy_end(struct busy_cpu *cpu)
{
	__asm__ volatile("" : : : "memory");
	cpu->at_work = 0;
}

/* What ran until `now` gets the time since the previous event. */
BUSY_INLINE void busy_advance(struct busy_cpu *cpu, __u64 now)
{
	__u64 ns = now - cpu->last_ns;

	if ((__s64)ns < 0)
		return;
	cpu->last_ns = now;
	cpu->now_ns[cpu->hardirq ? BUSY_HARDIRQ : cpu->softirq ? BUSY_SOFTIRQ : BUSY_TASK] += ns;
}

/* An interrupt of `depth` (cpu->softirq or cpu->hardirq) begins. */
BUSY_INLINE void busy_enter(struct busy_cpu *cpu, __u32 *depth, __u64 now)
{
	busy_advance(cpu, now);
	(*depth)++;
}

/* It ends. One that ran when the meter was opened is known by its end alone. */
BUSY_INLINE void busy_leave(struct busy_cpu *cpu, __u32 *depth, __u64 now)
{
	if (!*depth)
		*depth = 1;
	busy_advance(cpu, now);
	(*depth)--;
}

/* Settles the account of the task that runs, `idle` or not. `share` gets what is the task's, to be added to its process. */
BUSY_INLINE void busy_settle(struct busy_cpu *cpu, int idle, __u64 now, __u64 share[BUSY_KIND_MAX])
{
	busy_advance(cpu, now);
	if (idle) {
		cpu->idle_ns += cpu->now_ns[BUSY_TASK];
		cpu->now_ns[BUSY_TASK] = 0;
	}
	for (int kind = 0; kind < BUSY_KIND_MAX; kind++) {
		share[kind] = cpu->now_ns[kind];
		cpu->ns[kind] += cpu->now_ns[kind];
		cpu->now_ns[kind] = 0;
	}
}

/* The CPU goes from one task to another. No kernel switches inside an interrupt: its end was missed. */
BUSY_INLINE void busy_switch(struct busy_cpu *cpu, int idle, __u64 now, __u64 share[BUSY_KIND_MAX])
{
	busy_settle(cpu, idle, now, share);
	cpu->softirq = cpu->hardirq = 0;
	cpu->switches_n++;
}

#endif
