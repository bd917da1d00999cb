/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock.h: a lock of one word, free when it is 0, so that memory which a fork wipes holds free locks. It works between the
 * server's threads and the guard, which shares their memory.
 */
#ifndef PRELOAD_LOCK_H
#define PRELOAD_LOCK_H

#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "try/preload/raw.h"

struct lock {
	uint32_t word; /* 0 free, 1 held, 2 held and waited for */
};

static inline bool lock_try(struct lock *lock)
{
	uint32_t none = 0;

	return __atomic_compare_exchange_n(&lock->word, &none, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static inline void lock_take(struct lock *lock)
{
	if (lock_try(lock))
		return;
	while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_SEQ_CST))
		raw(SYS_futex, &lock->word, FUTEX_WAIT, 2, NULL);
}

/* Takes it if that can be done within about `ns`. Who has it is let run meanwhile: it may need this very CPU. */
static inline bool lock_take_within(struct lock *lock, long ns)
{
	struct {
		long s, ns;
	} time = {0, ns};

	if (lock_try(lock) || !__atomic_exchange_n(&lock->word, 2, __ATOMIC_SEQ_CST))
		return true;
	raw(SYS_futex, &lock->word, FUTEX_WAIT, 2, &time);
	return !__atomic_exchange_n(&lock->word, 2, __ATOMIC_SEQ_CST);
}

static inline void lock_drop(struct lock *lock)
{
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_SEQ_CST) == 2)
		raw(SYS_futex, &lock->word, FUTEX_WAKE, 1);
}

#endif
