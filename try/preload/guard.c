/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard.c: the guard. What runs in it must not touch thread-local memory: it has none of its own, and errno is in there. */
#include "try/preload/guard.h"

#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "try/preload/queue.h"
#include "try/preload/state.h"

enum {
	STACK_BYTES = 1 << 16,
	RESTS_AFTER = 50,        /* looks in vain, with nothing held back in between: to wake it costs the server a call */
	REST_NS = 4000000,       /* how long a killed server that holds nothing back keeps its ports, at most */
	IDLE_NS = 100000000,     /* the same while the library only passes on: the guard shall be no part of what is compared with */
	END_NS = 30000,          /* between looks at a server that is ending */
	LOCKED_NS = 200000,      /* between looks at a queue that another thread works on */
	STUCK_NS = 1000000,      /* until a full socket is tried again */
	MARGIN_MAX_NS = 80000,   /* before the bound: what waking up may take */
};

static char *stack;

static void nap(uint64_t ns)
{
	struct timespec time = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};

	raw(SYS_nanosleep, &time, NULL);
}

uint64_t guard_patience_ns(void)
{
	uint64_t delay_ns = state_page->delay_ns, margin_ns = delay_ns / 2;

	return delay_ns - (margin_ns < MARGIN_MAX_NS ? margin_ns : MARGIN_MAX_NS);
}

/* Gives a queue away if it is late. The time until it will be, or UINT64_MAX when it holds nothing back. */
static uint64_t look_after(struct queue *queue, uint64_t now_ns)
{
	uint64_t first_ns = __atomic_load_n(&queue->first_ns, __ATOMIC_SEQ_CST), patience = guard_patience_ns();

	if (!first_ns)
		return UINT64_MAX;
	if (first_ns + patience > now_ns)
		return first_ns + patience - now_ns;
	/* Somebody is about to give it, or adds to it, and must be let: to look again and again, by a guard that goes before all others,
	 * can keep the thread that has the lock from its CPU for seconds. */
	if (!lock_take_within(&queue->lock, LOCKED_NS))
		return LOCKED_NS;
	if (queue->first_ns && queue->first_ns + patience <= now_ns)
		queue_give(queue, TRY_LATE);
	uint64_t left = queue->stuck ? STUCK_NS : patience;
	lock_drop(&queue->lock);
	return left;
}

static uint64_t look_after_all(void)
{
	uint64_t now_ns = state_now_ns(), next_ns = UINT64_MAX;

	for (uint32_t i = 0; i < __atomic_load_n(&state_process->queues_n, __ATOMIC_ACQUIRE); i++) {
		uint64_t left_ns = look_after(state_process->queues[i], now_ns);

		if (left_ns < next_ns)
			next_ns = left_ns;
	}
	return next_ns;
}

static void bury(void)
{
	for (uint32_t i = 0; i < state_process->queues_n; i++)
		queue_give_orphan(state_process->queues[i]);
}

static bool enabled(void)
{
	return __atomic_load_n(&state_page->enabled, __ATOMIC_RELAXED);
}

/* Until something is held back; a look at the server every REST_NS. */
static void rest(void)
{
	struct timespec time = {.tv_nsec = enabled() ? REST_NS : IDLE_NS};

	__atomic_store_n(&state_process->guard_word, 1, __ATOMIC_SEQ_CST);
	if (look_after_all() == UINT64_MAX)
		raw(SYS_futex, &state_process->guard_word, FUTEX_WAIT, 1, &time);
	__atomic_store_n(&state_process->guard_word, 0, __ATOMIC_SEQ_CST);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	raw(SYS_capset, &header, none);
}

static void register_in_page(void)
{
	uint32_t pid = (uint32_t)raw(SYS_getpid), none = 0;

	state_process->guard_slot = -1;
	for (int i = 0; i < TRY_GUARDS && state_process->guard_slot < 0; i++, none = 0)
		if (__atomic_compare_exchange_n(&state_page->guards[i], &none, pid, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			state_process->guard_slot = i;
}

/* Its own name, no slack in its sleeps, and where it may a priority above all that share the CPUs, on any CPU that is allowed:
 * neither a server that is pinned and computes nor a busy machine shall hold it up. */
static void settle(void)
{
	struct sched_param priority = {.sched_priority = 1};
	unsigned long every[128 / sizeof(long)];

	for (unsigned int i = 0; i < sizeof every / sizeof *every; i++)
		every[i] = ~0ul;
	raw(SYS_prctl, PR_SET_NAME, TRY_GUARD_COMM);
	raw(SYS_prctl, PR_SET_TIMERSLACK, 1);
	raw(SYS_sched_setaffinity, 0, sizeof every, every);
	raw(SYS_sched_setscheduler, 0, SCHED_RR | SCHED_RESET_ON_FORK, &priority);
	drop_capabilities();
	register_in_page();
}

/* Changes when anything was held back and given since. */
static uint32_t all_turns(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < __atomic_load_n(&state_process->queues_n, __ATOMIC_ACQUIRE); i++)
		sum += __atomic_load_n(&state_process->queues[i]->turns, __ATOMIC_RELAXED);
	return sum;
}

static int run(void *server)
{
	unsigned int vain = 0;
	uint32_t turns = 0;
	bool orphaned = false;

	settle();
	while (!orphaned && !__atomic_load_n(&state_process->guard_quit, __ATOMIC_SEQ_CST)) {
		uint64_t next_ns = look_after_all();

		orphaned = raw(SYS_getppid) != (long)(uintptr_t)server;
		vain = next_ns == UINT64_MAX && turns == all_turns() ? vain + 1 : 0;
		turns = all_turns();
		if (orphaned)
			bury();
		else if (__atomic_load_n(&state_process->ended, __ATOMIC_RELAXED))
			nap(END_NS);
		else if (vain > RESTS_AFTER || (!enabled() && next_ns == UINT64_MAX))
			rest();
		else
			nap(next_ns == UINT64_MAX ? guard_patience_ns() : next_ns);
	}
	if (state_process->guard_slot >= 0)
		__atomic_store_n(&state_page->guards[state_process->guard_slot], 0, __ATOMIC_SEQ_CST);
	raw(SYS_close_range, 0, ~0u, CLOSE_RANGE_UNSHARE); /* lets the descriptors go before guard_stop() hears of it */
	raw(SYS_exit, 0);
	return 0;
}

/* Under the process's lock, with all signals blocked, which the guard inherits. */
static void start(void)
{
	uint32_t *guard = &state_process->guard;

	if (!stack)
		stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED) {
		stack = NULL;
		return;
	}
	state_process->guard_quit = 0;
	state_process->pid = (uint32_t)raw(SYS_getpid);
	clone(run, stack + STACK_BYTES, CLONE_VM | CLONE_FILES | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_UNTRACED,
	      (void *)(uintptr_t)state_process->pid, guard, NULL, guard);
}

bool guard_ready(void)
{
	unsigned long every = ~0ul, before;

	if (__atomic_load_n(&state_process->guard, __ATOMIC_RELAXED))
		return true;
	queue_busy++;
	raw(SYS_rt_sigprocmask, SIG_BLOCK, &every, &before, sizeof every);
	lock_take(&state_process->lock);
	if (!state_process->guard && !state_process->ended)
		start();
	lock_drop(&state_process->lock);
	raw(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
	queue_busy--;
	return state_process->guard != 0;
}

void guard_notice(void)
{
	if (__atomic_load_n(&state_process->guard_word, __ATOMIC_SEQ_CST) &&
	    __atomic_exchange_n(&state_process->guard_word, 0, __ATOMIC_SEQ_CST))
		raw(SYS_futex, &state_process->guard_word, FUTEX_WAKE, 1);
}

/* The kernel clears the word and wakes us when the guard's memory and descriptors are let go. */
void guard_stop(void)
{
	uint32_t tid;

	__atomic_store_n(&state_process->guard_quit, 1, __ATOMIC_SEQ_CST);
	guard_notice();
	while ((tid = __atomic_load_n(&state_process->guard, __ATOMIC_SEQ_CST)))
		raw(SYS_futex, &state_process->guard, FUTEX_WAIT, tid, NULL);
}
