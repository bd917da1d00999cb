/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * account.h: the cycle ledger. Every cycle of every CPU is added to exactly one row.
 *
 * A CPU is at each instant in one context: (task, call, softirq, hardirq). On each event the cycles since that CPU's
 * previous event go to the row of the context that just ended. This file is the whole state machine, and nothing else:
 * no libc, no kernel call, no clock. The BPF program (ledger.bpf.c) and the unit tests compile the same lines.
 *
 * Who may call what: account_*(cpu, ...) runs on that CPU only. A thread runs on one CPU at a time, so the thread's
 * record needs no lock either. A hardirq may arrive while a function here runs for the interrupted context: see
 * account_begin().
 *
 * Includer provides __u8, __u32, __u64, __s64 (vmlinux.h or linux/types.h).
 */
#ifndef COLLECT_ACCOUNT_H
#define COLLECT_ACCOUNT_H

enum account_task {
	ACCOUNT_UNKNOWN, /* before the window opened on this CPU */
	ACCOUNT_IDLE,
	ACCOUNT_OTHER,
	ACCOUNT_TARGET,
	ACCOUNT_TASK_MAX
};

enum account_call {
	ACCOUNT_CALL_UNKNOWN, /* a thread in scope before its first event of the window */
	ACCOUNT_CALL_NONE,    /* no system call can be the cause: idle, kernel threads, asynchronous interrupts */
	ACCOUNT_CALL_USER,    /* user space */
	ACCOUNT_CALL_PATH,    /* a frame: a system call of the path */
	ACCOUNT_CALL_OTHER,   /* any other system call */
	ACCOUNT_CALL_MAX
};

enum account_softirq { /* the kernel's vector + 1, in the kernel's order */
	ACCOUNT_SOFTIRQ_NONE,
	ACCOUNT_SOFTIRQ_HI,
	ACCOUNT_SOFTIRQ_TIMER,
	ACCOUNT_SOFTIRQ_NET_TX,
	ACCOUNT_SOFTIRQ_NET_RX,
	ACCOUNT_SOFTIRQ_BLOCK,
	ACCOUNT_SOFTIRQ_IRQ_POLL,
	ACCOUNT_SOFTIRQ_TASKLET,
	ACCOUNT_SOFTIRQ_SCHED,
	ACCOUNT_SOFTIRQ_HRTIMER,
	ACCOUNT_SOFTIRQ_RCU,
	ACCOUNT_SOFTIRQ_MAX
};

enum account_hardirq {
	ACCOUNT_HARDIRQ_NONE,
	ACCOUNT_HARDIRQ_NET,   /* an interrupt line of a network card */
	ACCOUNT_HARDIRQ_LINE,  /* any other interrupt line */
	ACCOUNT_HARDIRQ_TIMER, /* the local timer */
	ACCOUNT_HARDIRQ_RESCHEDULE,
	ACCOUNT_HARDIRQ_CALL_FUNCTION,
	ACCOUNT_HARDIRQ_IRQ_WORK,
	ACCOUNT_HARDIRQ_OTHER,
	ACCOUNT_HARDIRQ_MAX
};

enum account_column { /* where a thread's cycles go */
	ACCOUNT_THREAD_UNKNOWN,
	ACCOUNT_THREAD_KERNEL, /* as enum account_call up to here and below: one column per call ... */
	ACCOUNT_THREAD_USER,
	ACCOUNT_THREAD_PATH,
	ACCOUNT_THREAD_CALL,
	ACCOUNT_THREAD_IRQ, /* ... and interrupts outside system calls apart */
	ACCOUNT_THREAD_MAX
};

#define ACCOUNT_ROWS (ACCOUNT_TASK_MAX * ACCOUNT_CALL_MAX * ACCOUNT_SOFTIRQ_MAX * ACCOUNT_HARDIRQ_MAX)
#define ACCOUNT_NEST_MAX 4   /* hardirqs inside hardirqs */
#define ACCOUNT_CALLS_MAX 512 /* system call numbers; larger ones share the last */
#define ACCOUNT_HIST_MAX 608 /* values up to 2^41 */

struct account_hist {
	__u64 n[ACCOUNT_HIST_MAX];
	__u64 total[ACCOUNT_HIST_MAX]; /* sum of the values, so that means are exact */
};

/* Whole bursts by what is known of where they went, by length and by mean bytes of a call, two buckets per power of two. */
enum { ACCOUNT_WENT_UNKNOWN = 4, ACCOUNT_WENT_MAX }; /* below: 2 several sockets + several destinations, of bursts that were watched */
#define ACCOUNT_HALVES 32 /* values up to 2^16 */
#define ACCOUNT_SHAPE_MAX (ACCOUNT_WENT_MAX * ACCOUNT_HALVES * ACCOUNT_HALVES)

struct account_shape {
	__u64 n, calls_n, bytes;
};

struct account_calls {
	__u64 calls_n, errors_n, cyc;
};

/* One CPU. All zero but the stamps, `on` and who runs there when a window opens. */
struct account_cpu {
	__u64 last_cyc; /* clock at this CPU's previous event */
	__u64 open_cyc, close_cyc;
	__u32 on;       /* the window is open here */
	__u32 busy;     /* between account_begin() and account_end() */
	__u64 current;  /* the task that runs here, by any name that is its own */
	__u32 thread;   /* slot of the thread that runs here; 0: not in scope, or no window is open */
	__u32 task, call, softirq, hardirq; /* the context now */
	__u32 outer[ACCOUNT_NEST_MAX];      /* interrupted hardirqs, innermost last */
	__u32 depth;     /* hardirqs open */
	__u32 after_irq; /* this CPU's previous event ended a hardirq, or a softirq behind one */
	__u32 user_task; /* the current task is no kernel thread */
	__u32 out_of_scope; /* whole-CPU scope, and this is not one of these CPUs */
	__u32 ended_call, ended_irqs; /* since something last began here: whether a system call of a thread in scope has ended, how many interrupts have */

	__u64 unmatched_n; /* an end without its begin: at most a few where a window opens */
	__u64 nested_n;    /* hardirqs deeper than ACCOUNT_NEST_MAX: charged to the innermost that is known */
	__u64 torn_n;      /* events inside the handler of another: left out, their time stays where it was */
	__u64 missed_n;    /* switches from or to a thread in scope that no event told of, found when the task that had come made one */
	__u64 missed_cyc;  /* cycles that were charged to the task before, at most */
	__u64 backwards_n; /* the clock went back */
	__u64 slots_n;     /* threads that found no slot: lost */

	__u64 errors_n; /* of path calls */
	__u64 switch_n, frame_switch_n;   /* to or from a thread in scope */
	/* Of the ends, those before a preemption of a thread in scope by one that is not, on its way to user space. Who is woken in an interrupt or a call, and preempts, is charged by
	 * the kernel from then on: not the thread in which these ends are. */
	__u64 late_calls_n, late_irqs_n;
	__u64 softirq_n, frame_softirq_n; /* while a thread in scope was current */
	__u64 softirqs_n[ACCOUNT_SOFTIRQ_MAX]; /* all, for comparison with /proc/softirqs */
	__u64 hardirqs_n[ACCOUNT_HARDIRQ_MAX];
	__u64 cyc[ACCOUNT_ROWS];
	__u64 entries_n[ACCOUNT_ROWS]; /* by switches and interrupts; calls[] has the system calls */
	struct account_calls calls[ACCOUNT_CALLS_MAX]; /* of threads in scope */
	struct account_hist bytes_hist, burst_hist, gap_hist, train_hist;
	struct account_shape shape[ACCOUNT_SHAPE_MAX];
	__u64 watched_n[2][2]; /* bursts of several calls that were watched: by [several sockets][several destinations] */
};

/* One thread in scope. All zero when a window opens: its call is unknown until its first event. */
struct account_thread {
	__u64 cyc[ACCOUNT_THREAD_MAX];
	__u64 sleep_cyc;     /* in frames, not running */
	__u64 calls_n;       /* frames that ended, those of the open run left out */
	__u64 sleep_from;    /* clock when it last left a CPU inside a frame; 0: it did not */
	__u64 frame_from;    /* cyc[ACCOUNT_THREAD_CALL] when the current call, which is not of the path, began */
	__u64 exit_cyc;      /* clock at the end of the previous frame of this burst */
	__u32 nr;            /* current system call */
	__u32 burst;         /* frames in a row so far */
	__u32 call;          /* enum account_call */
	__u32 entered;       /* the begin of the current call was seen */

	/* A run: path calls of one number that followed each other, counted together (account_run_end()). */
	__u32 run_call;      /* their number + 1; 0: there was none yet */
	__u32 run_n;
	__u32 whole;         /* the begin of its burst is in the window */
	__u32 same_n;        /* the last of them that had the same result */
	__s64 result;        /* which was this */
	/* One burst of sixteen is watched: where its first call, its second and then each eighth went. */
	__u32 bursts_n;
	__u32 watched;       /* this burst is */
	__u32 several_sockets, several_destinations;
	__u64 socket, destination; /* of its first call, by names of the caller's own */
	__u32 train;         /* bursts since it last slept in a call that is not of the path */
	__u32 whole_train;   /* it has done so in this window */
	/* The burst as a whole. */
	__u64 burst_bytes;   /* of its calls that are counted */
	__u64 run_from, run_to; /* cyc[ACCOUNT_THREAD_PATH] when the run began, and at the end of its last call */
};

/* `i`, or 0 when it is not below `max`. The empty asm keeps the compiler from checking one copy of `i` and using another,
 * which the BPF verifier would not follow. */
static inline __attribute__((always_inline)) __u32 account_index(__u32 i, __u32 max)
{
	__asm__ volatile("" : "+r"(i));
	return i < max ? i : 0;
}

static inline __attribute__((always_inline)) __u32 account_row(__u32 task, __u32 call, __u32 softirq, __u32 hardirq)
{
	return account_index(((task * ACCOUNT_CALL_MAX + call) * ACCOUNT_SOFTIRQ_MAX + softirq) * ACCOUNT_HARDIRQ_MAX + hardirq,
			     ACCOUNT_ROWS);
}

/* Log-linear bucket of a value: exact below 32, then 16 per power of two. */
static inline __attribute__((always_inline)) __u32 account_bucket(__u64 value)
{
	__u64 rest = value;
	__u32 log = 0;

	if (value < 32)
		return value;
	if (rest >> 32) { log += 32; rest >>= 32; }
	if (rest >> 16) { log += 16; rest >>= 16; }
	if (rest >> 8) { log += 8; rest >>= 8; }
	if (rest >> 4) { log += 4; rest >>= 4; }
	if (rest >> 2) { log += 2; rest >>= 2; }
	if (rest >> 1) log += 1;
	if (log > 40)
		return ACCOUNT_HIST_MAX - 1;
	return 32 + (log - 5) * 16 + ((value >> (log - 4)) & 15);
}

/* Smallest value of a bucket. */
static inline __attribute__((always_inline)) __u64 account_bucket_low(__u32 bucket)
{
	if (bucket < 32)
		return bucket;
	return (__u64)(16 + (bucket - 32) % 16) << ((bucket - 32) / 16 + 1);
}

/* Bucket of a value, two per power of two, the last for all that is too large; and the smallest value of a bucket. */
static inline __attribute__((always_inline)) __u32 account_half(__u64 value)
{
	__u64 rest = value;
	__u32 log = 0;

	if (value < 2)
		return value;
	if (value >> 16)
		return ACCOUNT_HALVES - 1;
	if (rest >> 8) { log += 8; rest >>= 8; }
	if (rest >> 4) { log += 4; rest >>= 4; }
	if (rest >> 2) { log += 2; rest >>= 2; }
	if (rest >> 1) log += 1;
	return 2 * log + ((value >> (log - 1)) & 1);
}

static inline __attribute__((always_inline)) __u64 account_half_low(__u32 bucket)
{
	return bucket < 2 ? bucket : (__u64)(2 + bucket % 2) << (bucket / 2 - 1);
}

/* Adds `n` values. */
static inline __attribute__((always_inline)) void account_hist_add(struct account_hist *hist, __u32 bucket, __u64 value, __u32 n)
{
	bucket = account_index(bucket, ACCOUNT_HIST_MAX);
	hist->n[bucket] += n;
	hist->total[bucket] += value * n;
}

/* Where this thread's cycles go now. Interrupts inside a call belong to the call, outside to the interrupts. */
static inline __attribute__((always_inline)) __u32 account_column(const struct account_cpu *cpu)
{
	if (cpu->call < ACCOUNT_CALL_PATH && (cpu->softirq || cpu->hardirq))
		return ACCOUNT_THREAD_IRQ;
	return account_index(cpu->call, ACCOUNT_THREAD_MAX);
}

/*
 * Every event's handler, from before it reads the clock until its last change here, stands between the two. A hardirq that
 * comes in there would find the state half changed, account beyond the handler's `now`, and have its own account undone. Its
 * events, and those of the softirqs behind it, all begin and end inside the handler: they are left out, so that their time
 * is charged once, to what they interrupted. 0: leave out this event.
 */
static inline __attribute__((always_inline)) int account_begin(struct account_cpu *cpu)
{
	if (cpu->busy) {
		cpu->torn_n++;
		return 0;
	}
	cpu->busy = 1;
	__asm__ volatile("" : : : "memory");
	return 1;
}

static inline __attribute__((always_inline)) void account_end(struct account_cpu *cpu)
{
	__asm__ volatile("" : : : "memory");
	cpu->busy = 0;
}

/* Something begins: who preempts behind it was not woken by what ended before. */
static inline __attribute__((always_inline)) void account_clear_ends(struct account_cpu *cpu)
{
	cpu->ended_call = 0;
	cpu->ended_irqs = 0;
}

/* Ends the running segment at `now` and adds it to its row. `thread` is the record of cpu->thread, or 0. */
static inline __attribute__((always_inline)) void account_advance(struct account_cpu *cpu, struct account_thread *thread,
								  __u64 now)
{
	__u64 cyc = now - cpu->last_cyc;

	if ((__s64)cyc < 0) {
		cpu->backwards_n++;
		return;
	}
	cpu->last_cyc = now;
	cpu->after_irq = 0;
	cpu->cyc[account_row(cpu->task, cpu->call, cpu->softirq, cpu->hardirq)] += cyc;
	if (thread)
		thread->cyc[account_column(cpu)] += cyc;
}

static inline __attribute__((always_inline)) void account_entered(struct account_cpu *cpu)
{
	cpu->entries_n[account_row(cpu->task, cpu->call, cpu->softirq, cpu->hardirq)]++;
}

static inline __attribute__((always_inline)) int account_is_error(__s64 result)
{
	return result < 0 && result >= -4095;
}

static inline __attribute__((always_inline)) struct account_calls *account_calls_of(struct account_cpu *cpu, __u32 nr)
{
	return &cpu->calls[account_index(nr < ACCOUNT_CALLS_MAX ? nr : ACCOUNT_CALLS_MAX - 1, ACCOUNT_CALLS_MAX)];
}

/* The path calls of the run that ended with the same result are counted: as errors, or by their bytes. */
static inline __attribute__((always_inline)) void account_results_end(struct account_cpu *cpu, struct account_thread *thread)
{
	if (account_is_error(thread->result)) {
		cpu->errors_n += thread->same_n;
		account_calls_of(cpu, thread->run_call - 1)->errors_n += thread->same_n;
	} else if (thread->same_n) {
		account_hist_add(&cpu->bytes_hist, account_bucket(thread->result), thread->result, thread->same_n);
		thread->burst_bytes += thread->result * thread->same_n;
	}
	thread->same_n = 0;
}

/*
 * The run of path calls is counted. Called when the thread does something else, and for every thread when a window was closed:
 * most path calls are like the one before, so that a call in a run costs an increment or two and no more.
 */
static inline __attribute__((always_inline)) void account_run_end(struct account_cpu *cpu, struct account_thread *thread)
{
	if (thread->run_n) {
		struct account_calls *calls = account_calls_of(cpu, thread->run_call - 1);

		account_results_end(cpu, thread);
		calls->calls_n += thread->run_n;
		calls->cyc += thread->run_to - thread->run_from;
		thread->calls_n += thread->run_n;
		thread->run_n = 0;
	}
	thread->run_from = thread->cyc[ACCOUNT_THREAD_PATH];
}

/* The cell of a burst. */
static inline __attribute__((always_inline)) __u32 account_shape_of(const struct account_thread *thread)
{
	__u32 went = ACCOUNT_WENT_UNKNOWN;

	if (thread->watched)
		went = 2 * (thread->several_sockets & 1) + (thread->several_destinations & 1);
	return account_index((went * ACCOUNT_HALVES + account_half(thread->burst)) * ACCOUNT_HALVES +
				     account_half(thread->burst_bytes / thread->burst), ACCOUNT_SHAPE_MAX);
}

/* A whole burst is counted by its shape. */
static inline __attribute__((always_inline)) void account_shape_end(struct account_cpu *cpu, const struct account_thread *thread)
{
	struct account_shape *shape = &cpu->shape[account_shape_of(thread)];

	shape->n++;
	shape->calls_n += thread->burst;
	shape->bytes += thread->burst_bytes;
}

/* The thread's burst is over: it does something else than the path. */
static inline __attribute__((always_inline)) void account_burst_end(struct account_cpu *cpu, struct account_thread *thread)
{
	account_run_end(cpu, thread);
	if (thread->burst)
		account_hist_add(&cpu->burst_hist, account_bucket(thread->burst), thread->burst, 1);
	if (thread->burst && thread->whole)
		account_shape_end(cpu, thread);
	if (thread->watched && thread->burst > 1)
		cpu->watched_n[thread->several_sockets & 1][thread->several_destinations & 1]++;
	thread->train += thread->burst > 0;
	thread->burst = 0;
	thread->burst_bytes = 0;
	thread->whole = 1;
	thread->watched = 0;
}

/* Whether to tell of the path call that is about to begin by account_watch(). Called once for each, before account_sys_enter(). */
static inline __attribute__((always_inline)) int account_wants_watch(struct account_thread *thread)
{
	if (thread->burst == 0)
		thread->watched = (thread->bursts_n++ & 15) == 0;
	return thread->watched && (thread->burst == 0 || (thread->burst & 7) == 1);
}

/* The socket and the destination of a call; equal ones have equal names. */
static inline __attribute__((always_inline)) void account_watch(struct account_thread *thread, __u64 socket, __u64 destination)
{
	if (thread->burst == 0) {
		thread->socket = socket;
		thread->destination = destination;
		thread->several_sockets = thread->several_destinations = 0;
		return;
	}
	thread->several_sockets |= socket != thread->socket;
	thread->several_destinations |= destination != thread->destination;
}

/*
 * account_advance() for a thread in scope that is outside interrupts and whose `call` is known, as at nearly every system call:
 * the row and the column are then constants but for the task. This and the two functions below are what a traced call costs.
 */
static inline __attribute__((always_inline)) void account_step(struct account_cpu *cpu, struct account_thread *thread, __u32 call,
							       __u64 now)
{
	__u64 cyc = now - cpu->last_cyc;

	if (cpu->softirq | cpu->hardirq || (__s64)cyc < 0) {
		account_advance(cpu, thread, now);
		return;
	}
	cpu->last_cyc = now;
	cpu->cyc[account_row(cpu->task, call, 0, 0)] += cyc;
	thread->cyc[call] += cyc;
}

/* A thread in scope enters system call `nr`, which `is_path` or not. */
static inline __attribute__((always_inline)) void account_sys_enter(struct account_cpu *cpu, struct account_thread *thread,
								    __u32 nr, int is_path, __u64 now)
{
	if (cpu->call == ACCOUNT_CALL_UNKNOWN)
		cpu->call = ACCOUNT_CALL_USER; /* now we know where it has been since the window opened */
	if (cpu->call == ACCOUNT_CALL_USER)
		account_step(cpu, thread, ACCOUNT_CALL_USER, now);
	else
		account_advance(cpu, thread, now); /* the end of the previous call was missed */
	account_clear_ends(cpu);
	thread->nr = nr;
	thread->entered = 1;
	if (is_path) {
		cpu->call = thread->call = ACCOUNT_CALL_PATH;
		if (thread->run_call != nr + 1) {
			account_run_end(cpu, thread);
			thread->run_call = nr + 1;
		}
		/* One gap of eight tells enough, and is cheaper; but none that account_watch() has made longer. */
		if ((thread->burst & 7) == 1 + thread->watched)
			account_hist_add(&cpu->gap_hist, account_bucket(now - thread->exit_cyc), now - thread->exit_cyc, 1);
	} else {
		cpu->call = thread->call = ACCOUNT_CALL_OTHER;
		thread->frame_from = thread->cyc[ACCOUNT_THREAD_CALL];
		account_burst_end(cpu, thread);
	}
}

/* The path call that ended, with its result. */
static inline __attribute__((always_inline)) void account_frame_end(struct account_cpu *cpu, struct account_thread *thread,
								    __s64 result, __u64 now)
{
	if (result != thread->result) {
		account_results_end(cpu, thread);
		thread->result = result;
	}
	thread->run_n++;
	thread->same_n++;
	thread->burst++;
	thread->run_to = thread->cyc[ACCOUNT_THREAD_PATH];
	thread->exit_cyc = now;
}

/* The call that ended and is not of the path. */
static inline __attribute__((always_inline)) void account_call_end(struct account_cpu *cpu, struct account_thread *thread, __s64 result)
{
	struct account_calls *calls = account_calls_of(cpu, thread->nr);

	calls->calls_n++;
	calls->errors_n += account_is_error(result);
	calls->cyc += thread->cyc[ACCOUNT_THREAD_CALL] - thread->frame_from;
}

/* A thread in scope leaves system call `nr` (which it may have entered before the window opened). */
static inline __attribute__((always_inline)) void account_sys_exit(struct account_cpu *cpu, struct account_thread *thread,
								   __u32 nr, int is_path, __s64 result, __u64 now)
{
	if (cpu->call == ACCOUNT_CALL_UNKNOWN)
		cpu->call = is_path ? ACCOUNT_CALL_PATH : ACCOUNT_CALL_OTHER;
	if (cpu->call == ACCOUNT_CALL_PATH)
		account_step(cpu, thread, ACCOUNT_CALL_PATH, now);
	else if (cpu->call == ACCOUNT_CALL_OTHER)
		account_step(cpu, thread, ACCOUNT_CALL_OTHER, now);
	else
		account_advance(cpu, thread, now); /* a new thread begins with the end of its parent's call */
	if (thread->entered && thread->nr == nr) { /* counted when its begin was seen */
		if (is_path)
			account_frame_end(cpu, thread, result, now);
		else
			account_call_end(cpu, thread, result);
	}
	cpu->call = thread->call = ACCOUNT_CALL_USER;
	cpu->ended_call = 1;
	thread->entered = 0;
}

/* The thread sleeps: the bursts since it last did are a train. */
static inline __attribute__((always_inline)) void account_train_end(struct account_cpu *cpu, struct account_thread *thread)
{
	if (thread->train && thread->whole_train)
		account_hist_add(&cpu->train_hist, account_bucket(thread->train), thread->train, 1);
	thread->train = 0;
	thread->whole_train = 1;
}

/*
 * The CPU goes from thread `prev` (0: not in scope) to `next` (0: not in scope). `slot` is the slot of `next`, `task` its
 * class, `user_task` whether it is no kernel thread. A kernel thread or io_uring worker has no call: `kernel_worker`.
 */
static inline __attribute__((always_inline)) void account_switch(struct account_cpu *cpu, struct account_thread *prev,
								 struct account_thread *next, __u32 slot, __u32 task,
								 int user_task, int kernel_worker, __u64 now)
{
	account_advance(cpu, prev, now);
	if (cpu->softirq || cpu->hardirq) { /* no kernel switches in there: an end was missed */
		cpu->unmatched_n++;
		cpu->softirq = 0;
		cpu->hardirq = 0;
		cpu->depth = 0;
	}
	if (prev) {
		cpu->switch_n++;
		if (prev->call == ACCOUNT_CALL_PATH) {
			cpu->frame_switch_n++;
			prev->sleep_from = now;
		} else if (prev->call == ACCOUNT_CALL_OTHER) {
			account_train_end(cpu, prev);
		} else if (prev->call == ACCOUNT_CALL_USER && !next) { /* what threads in scope are charged for each other is all in their CPU time */
			cpu->late_calls_n += cpu->ended_call;
			cpu->late_irqs_n += cpu->ended_irqs;
		}
	}
	account_clear_ends(cpu);
	cpu->thread = next ? slot : 0;
	cpu->task = task;
	cpu->user_task = user_task;
	cpu->call = ACCOUNT_CALL_NONE;
	if (next) {
		cpu->switch_n++;
		if (kernel_worker)
			next->call = ACCOUNT_CALL_NONE;
		if (next->call == ACCOUNT_CALL_PATH) {
			cpu->frame_switch_n++;
			if (next->sleep_from && now > next->sleep_from)
				next->sleep_cyc += now - next->sleep_from;
		}
		next->sleep_from = 0;
		if (task == ACCOUNT_TARGET)
			cpu->call = next->call;
	}
	account_entered(cpu);
}

/* A thread comes to a CPU that is not in scope: what it does there is not seen. It is as one of whom nothing is known yet. */
static inline __attribute__((always_inline)) void account_forget(struct account_cpu *cpu, struct account_thread *thread)
{
	account_burst_end(cpu, thread);
	thread->whole = 0;
	thread->call = ACCOUNT_CALL_UNKNOWN;
	thread->entered = 0;
	thread->sleep_from = 0;
}

/* A task that is not in scope enters a system call: the softirqs that follow are its own, until the next hardirq. */
static inline __attribute__((always_inline)) void account_other_call(struct account_cpu *cpu)
{
	cpu->after_irq = 0;
}

/* A softirq begins. On a task that is not in scope, one that follows no hardirq was raised by that task's own call. */
static inline __attribute__((always_inline)) void account_softirq_enter(struct account_cpu *cpu, struct account_thread *thread,
									__u32 vector, __u64 now)
{
	int synchronous = cpu->task == ACCOUNT_OTHER && cpu->user_task && !cpu->after_irq;

	account_advance(cpu, thread, now);
	account_clear_ends(cpu);
	if (cpu->softirq)
		cpu->unmatched_n++;
	cpu->softirq = vector + 1 < ACCOUNT_SOFTIRQ_MAX ? vector + 1 : ACCOUNT_SOFTIRQ_MAX - 1;
	if (synchronous)
		cpu->call = ACCOUNT_CALL_OTHER;
	cpu->softirqs_n[account_index(cpu->softirq, ACCOUNT_SOFTIRQ_MAX)]++;
	if (thread) {
		cpu->softirq_n++;
		cpu->frame_softirq_n += cpu->call == ACCOUNT_CALL_PATH;
	}
	account_entered(cpu);
}

static inline __attribute__((always_inline)) void account_softirq_exit(struct account_cpu *cpu, struct account_thread *thread,
								       __u32 vector, __u64 now)
{
	int after_irq = cpu->after_irq;

	if (!cpu->softirq) { /* it ran when the window opened */
		cpu->unmatched_n++;
		cpu->softirq = vector + 1 < ACCOUNT_SOFTIRQ_MAX ? vector + 1 : ACCOUNT_SOFTIRQ_MAX - 1;
	}
	account_advance(cpu, thread, now);
	cpu->ended_irqs++;
	cpu->softirq = 0;
	if (cpu->task == ACCOUNT_OTHER) {
		/* Several vectors run one after the other: the next one has the cause of this one. */
		cpu->after_irq = after_irq || cpu->call == ACCOUNT_CALL_NONE;
		cpu->call = ACCOUNT_CALL_NONE;
	}
}

static inline __attribute__((always_inline)) void account_hardirq_enter(struct account_cpu *cpu, struct account_thread *thread,
									__u32 kind, __u64 now)
{
	account_advance(cpu, thread, now);
	account_clear_ends(cpu);
	if (cpu->depth < ACCOUNT_NEST_MAX)
		cpu->outer[account_index(cpu->depth, ACCOUNT_NEST_MAX)] = cpu->hardirq;
	else
		cpu->nested_n++;
	cpu->depth++;
	cpu->hardirq = kind;
	cpu->hardirqs_n[account_index(kind, ACCOUNT_HARDIRQ_MAX)]++;
	account_entered(cpu);
}

static inline __attribute__((always_inline)) void account_hardirq_exit(struct account_cpu *cpu, struct account_thread *thread,
								       __u32 kind, __u64 now)
{
	if (!cpu->depth) { /* it ran when the window opened */
		cpu->unmatched_n++;
		cpu->hardirq = kind;
		account_advance(cpu, thread, now);
		cpu->hardirq = 0;
	} else {
		account_advance(cpu, thread, now);
		cpu->depth--;
		if (cpu->depth < ACCOUNT_NEST_MAX)
			cpu->hardirq = cpu->outer[account_index(cpu->depth, ACCOUNT_NEST_MAX)];
	}
	cpu->after_irq = 1;
	cpu->ended_irqs++;
}

/* The thread ends: whatever it still does has no call. */
static inline __attribute__((always_inline)) void account_exit(struct account_cpu *cpu, struct account_thread *thread,
							       __u64 now)
{
	account_advance(cpu, thread, now);
	account_burst_end(cpu, thread);
	thread->call = ACCOUNT_CALL_NONE;
	thread->entered = 0;
	if (cpu->task == ACCOUNT_TARGET)
		cpu->call = ACCOUNT_CALL_NONE;
}

#endif
