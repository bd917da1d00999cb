/* SPDX-License-Identifier: GPL-2.0-or-later */
/* account_names.h: the words of the ledger's contexts, as they are stored. */
#ifndef COLLECT_ACCOUNT_NAMES_H
#define COLLECT_ACCOUNT_NAMES_H

#include <linux/types.h>

#include "collect/account.h"

extern const char *const account_task_names[ACCOUNT_TASK_MAX];
extern const char *const account_call_names[ACCOUNT_CALL_MAX];
extern const char *const account_softirq_names[ACCOUNT_SOFTIRQ_MAX];
extern const char *const account_hardirq_names[ACCOUNT_HARDIRQ_MAX];

/* The four words of a row of the ledger. */
struct account_words {
	const char *task, *call, *softirq, *hardirq;
};
struct account_words account_words(__u32 row);

#endif
