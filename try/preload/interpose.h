/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interpose.h: how a function of the C library is stood in front of. */
#ifndef PRELOAD_INTERPOSE_H
#define PRELOAD_INTERPOSE_H

#include <errno.h>

#include "try/preload/queue.h"
#include "try/preload/sockets.h"
#include "try/preload/state.h"

#define EXPORT __attribute__((visibility("default")))

/* NOLINTBEGIN(bugprone-macro-parentheses): what is named here is no expression */
/* The C library's function, found at its first call; two threads that find it at once find the same. */
#define REAL(name)                                                              \
	({                                                                      \
		static __typeof__(&name) real_;                                 \
		__typeof__(&name) found_ = __atomic_load_n(&real_, __ATOMIC_RELAXED); \
		if (__builtin_expect(!found_, 0)) {                             \
			found_ = (__typeof__(&name))state_real(#name);          \
			__atomic_store_n(&real_, found_, __ATOMIC_RELAXED);     \
		}                                                               \
		found_;                                                         \
	})
/* NOLINTEND(bugprone-macro-parentheses) */

/* In front of every call that may block, or by which others may learn of something: what was sent before it goes first. */
static inline void before(void)
{
	if (__builtin_expect(queue_holds(queue_mine), 0))
		queue_give_mine(TRY_BEFORE);
}

/* The same for a call on a socket: 1 and errno when an error of something sent earlier is to be told by this call instead. */
static inline int before_on(int fd)
{
	int error;

	before();
	if (__builtin_expect(!state_page, 0) || !(error = socket_take_error(fd)))
		return 0;
	errno = error;
	return 1;
}

#endif
