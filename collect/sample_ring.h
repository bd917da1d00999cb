/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample_ring.h: one sampling counter of perf_event_open() on one CPU, and the ring buffer that the kernel writes its records
 * into. Reading is by the kernel's protocol (include/uapi/linux/perf_event.h): data_head is loaded with acquire before the data is
 * looked at, data_tail is stored with release when it is done with; records that wrap around are copied together.
 */
#ifndef COLLECT_SAMPLE_RING_H
#define COLLECT_SAMPLE_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SAMPLE_CHAIN_MAX 127 /* as kernel.perf_event_max_stack is by default */

enum ring_source {
	RING_CYCLES,    /* PMU cycles: counts while the CPU is not halted */
	RING_CPU_CLOCK, /* the kernel's timer: ns, also while the CPU is idle */
	RING_SWITCHES,  /* no samples: a record of each context switch of a CPU. It takes the server 0.5 us and more */
};

/* A sample as the ring has it. */
struct ring_sample {
	uint32_t pid, tid;
	uint64_t time_ns;   /* CLOCK_MONOTONIC */
	uint64_t period;    /* what it stands for: cycles or ns */
	uint64_t user_ip;   /* where user space was, or will be when the kernel returns; 0: not known */
	uint64_t number;    /* arm64: the system call's number, in a system call; else UINT64_MAX */
	size_t n;           /* addresses in chain[]: 0 in user space */
	uint64_t chain[SAMPLE_CHAIN_MAX]; /* in the kernel, innermost first */
};

/* A thread or process begins. */
struct ring_fork {
	uint32_t pid, ppid, tid, ptid;
};

struct ring_task {
	uint32_t pid, tid;
};

/* A CPU goes from one task to another. Process 0: it is idle. Most are handed over twice (ontime.h). */
struct ring_switch {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	struct ring_task went, came;
};

struct ring_counts {
	uint64_t samples_n, lost_n, throttled_n, unknown_n; /* unknown: records of another kind, passed over */
};

struct ring;

/*
 * Opens a counter of `source` on `cpu`, disabled, that takes one sample per `period`. `pages`: size of the buffer, a power of
 * two. pid -1: everything on that CPU; else one thread and the threads and processes it starts (then threads of one CPU share
 * the ring of `share`, as switches share that of the CPU's samples). Returns 0 or -errno; prints nothing.
 */
struct ring_options {
	enum ring_source source;
	int cpu;
	pid_t tid;
	uint64_t period;
	size_t pages;
	const struct ring *share; /* NULL: a buffer of its own */
};
int ring_open(const struct ring_options *options, struct ring **out);
void ring_free(struct ring *ring);

int ring_enable(const struct ring *ring);
int ring_disable(const struct ring *ring);

/* Another period from now on; the current one begins anew. */
int ring_period(const struct ring *ring, uint64_t period);

/* Time the counter was wanted and time it really counted, ns: less means that it was multiplexed. */
int ring_times(const struct ring *ring, uint64_t *enabled_ns, uint64_t *running_ns);

/* Readable when the buffer is half full; -1 when the ring is another's. */
int ring_fd(const struct ring *ring);

/* How far the kernel has written. */
uint64_t ring_head(const struct ring *ring);

/*
 * Hands over the forks, or the samples and switches, up to `head`; ring_done() gives that room back to the kernel. What is handed over is good until
 * the function returns. Samples and losses are counted by ring_samples().
 */
void ring_forks(const struct ring *ring, uint64_t head, void (*take)(void *context, const struct ring_fork *fork), void *context);

struct ring_visitor {
	void (*sample)(void *context, const struct ring_sample *sample);
	void (*task_switch)(void *context, const struct ring_switch *task_switch);
	void *context;
};
void ring_samples(struct ring *ring, uint64_t head, const struct ring_visitor *visitor);
void ring_done(struct ring *ring, uint64_t head);

const struct ring_counts *ring_counts(const struct ring *ring);

#endif
