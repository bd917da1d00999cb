/* SPDX-License-Identifier: GPL-2.0-or-later */
/* account_names.c: the words of the ledger's contexts. */
#include "collect/account_names.h"

const char *const account_task_names[ACCOUNT_TASK_MAX] = {
	[ACCOUNT_UNKNOWN] = "unknown", [ACCOUNT_IDLE] = "idle", [ACCOUNT_OTHER] = "other", [ACCOUNT_TARGET] = "target",
};

const char *const account_call_names[ACCOUNT_CALL_MAX] = {
	[ACCOUNT_CALL_UNKNOWN] = "unknown", [ACCOUNT_CALL_NONE] = "none",  [ACCOUNT_CALL_USER] = "user",
	[ACCOUNT_CALL_PATH] = "path",       [ACCOUNT_CALL_OTHER] = "call",
};

const char *const account_softirq_names[ACCOUNT_SOFTIRQ_MAX] = {
	[ACCOUNT_SOFTIRQ_NONE] = "none",     [ACCOUNT_SOFTIRQ_HI] = "hi",         [ACCOUNT_SOFTIRQ_TIMER] = "timer",
	[ACCOUNT_SOFTIRQ_NET_TX] = "net_tx", [ACCOUNT_SOFTIRQ_NET_RX] = "net_rx", [ACCOUNT_SOFTIRQ_BLOCK] = "block",
	[ACCOUNT_SOFTIRQ_IRQ_POLL] = "irq_poll", [ACCOUNT_SOFTIRQ_TASKLET] = "tasklet", [ACCOUNT_SOFTIRQ_SCHED] = "sched",
	[ACCOUNT_SOFTIRQ_HRTIMER] = "hrtimer",   [ACCOUNT_SOFTIRQ_RCU] = "rcu",
};

const char *const account_hardirq_names[ACCOUNT_HARDIRQ_MAX] = {
	[ACCOUNT_HARDIRQ_NONE] = "none",
	[ACCOUNT_HARDIRQ_NET] = "net",
	[ACCOUNT_HARDIRQ_LINE] = "line",
	[ACCOUNT_HARDIRQ_TIMER] = "timer",
	[ACCOUNT_HARDIRQ_RESCHEDULE] = "reschedule",
	[ACCOUNT_HARDIRQ_CALL_FUNCTION] = "call_function",
	[ACCOUNT_HARDIRQ_IRQ_WORK] = "irq_work",
	[ACCOUNT_HARDIRQ_OTHER] = "other",
};

struct account_words account_words(__u32 row)
{
	return (struct account_words){
		.task = account_task_names[row / (ACCOUNT_CALL_MAX * ACCOUNT_SOFTIRQ_MAX * ACCOUNT_HARDIRQ_MAX)],
		.call = account_call_names[row / (ACCOUNT_SOFTIRQ_MAX * ACCOUNT_HARDIRQ_MAX) % ACCOUNT_CALL_MAX],
		.softirq = account_softirq_names[row / ACCOUNT_HARDIRQ_MAX % ACCOUNT_SOFTIRQ_MAX],
		.hardirq = account_hardirq_names[row % ACCOUNT_HARDIRQ_MAX],
	};
}
