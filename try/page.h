/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.h: the memory that `forecall try` shares with the library it preloads into a server: what the library shall do, and
 * what it has done. Types only; both sides include it.
 *
 * The page is a memfd. Every process of the server maps it, finding it by an inherited descriptor or under /proc (TRY_ENV).
 * Numbers are only ever added to, except where it says otherwise.
 */
#ifndef TRY_PAGE_H
#define TRY_PAGE_H

#include <stdint.h>

#define TRY_MAGIC 0x79727466u /* "ftry" */
#define TRY_VERSION 2u

/* "FD:PID": a descriptor that the server inherits, and forecall's process, in which it has the same number. */
#define TRY_ENV "FORECALL_TRY"

#define TRY_LIBRARY "libforecall-try.so"
#define TRY_GUARD_COMM "forecall-guard" /* name of the process that bounds the delay; at most 15 characters */

enum {
	TRY_BATCH_MAX = 1024, /* most messages that the kernel takes in one call (UIO_MAXIOV) */
	TRY_CELLS = 256,
	TRY_GUARDS = 64,
};

enum try_way { TRY_SENDMMSG, TRY_URING, TRY_SENDGROUP, TRY_WAY_MAX };

/* What is counted. Of the datagrams: TAKEN = GIVEN + REFUSED + LOST + those still held. */
enum try_count {
	TRY_SEEN,    /* sends on datagram sockets that came by, held back or not */
	TRY_TAKEN,   /* of these, held back */
	TRY_GIVEN,   /* held back, then taken by the kernel */
	TRY_REFUSED, /* held back, then refused by the kernel; the error went to the socket's next call */
	TRY_LOST,    /* held back, and never given: their socket was gone, or would not take them */
	TRY_BATCHES, /* batches that were given */
	TRY_CALLS,   /* system calls made for them */
	TRY_BEFORE,  /* batches given because the thread was about to make another call */
	TRY_FULL,    /* ... because there was no room for one more */
	TRY_OTHER,   /* ... because the next datagram was for another socket, or had other flags */
	TRY_THREAD,  /* ... because another thread sent on the same socket */
	TRY_LATE,    /* ... because the bound on delay was near */
	TRY_END,     /* ... because the process or the thread ended, or forked */
	TRY_SURVIVED, /* datagrams given after their process was killed */
	TRY_STREAM,  /* writes to stream sockets that were held back (--stream) */
	/* of those seen, by the system call that the C library makes for them: send() makes sendto */
	TRY_BY_SENDMSG,
	TRY_BY_SENDTO,
	TRY_BY_WRITE,
	TRY_BY_WRITEV,
	TRY_BY_SENDMMSG,
	TRY_COUNT_MAX
};

enum { TRY_DELAYS = 8 * 24 }; /* eight buckets per power of two, from 1 us to 16 s */

/* The bucket of the time that a batch's first datagram was held back, and the longest time that falls into a bucket. */
static inline uint32_t try_delay_bucket(uint64_t ns)
{
	uint64_t us8 = ns / 125; /* eighths of a microsecond */
	uint32_t log = us8 < 8 ? 3 : 63 - (uint32_t)__builtin_clzll(us8);
	uint32_t bucket = us8 < 8 ? 0 : 8 * (log - 3) + ((us8 >> (log - 3)) & 7);

	return bucket < TRY_DELAYS ? bucket : TRY_DELAYS - 1;
}

static inline uint64_t try_delay_high_ns(uint32_t bucket)
{
	return ((uint64_t)(8 + bucket % 8 + 1) << (bucket / 8)) * 125;
}

struct try_cell {
	uint64_t n[TRY_COUNT_MAX];
	uint64_t delays_n[TRY_DELAYS]; /* batches, by how long their first datagram was held back */
} __attribute__((aligned(64)));

struct try_page {
	uint32_t magic, version;
	/* set by forecall */
	uint32_t way;      /* enum try_way */
	uint32_t enabled;  /* 0: everything goes to the kernel at once, and is only counted; may change at any time */
	uint32_t stream;   /* stream sockets, too */
	uint32_t batch;    /* most datagrams held back by a thread, 1 to TRY_BATCH_MAX */
	uint64_t delay_ns; /* the longest that a datagram may be held back */
	/* set by the library */
	uint64_t processes_n;          /* processes and images that it was loaded into */
	uint64_t delay_max_ns;         /* longest time from the first datagram of a batch to its hand-over; a maximum */
	uint64_t over_n;               /* batches that were held back longer than delay_ns */
	uint32_t way_errno;            /* why the way could not be used; sends went out at once then; 0: it could */
	uint32_t guards[TRY_GUARDS];   /* pids of the guards that run; 0: free */
	uint32_t cells_n;              /* threads that took a cell so far */
	struct try_cell cells[TRY_CELLS]; /* one for each thread, the last one for all that came too late; sum over all */
};

#endif
