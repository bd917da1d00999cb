/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stamps.h: the log of stamps.c, in a file: when each send began and ended, CLOCK_REALTIME. The last STAMPS_CALLS are kept, call n at n % STAMPS_CALLS. */
#ifndef TESTS_STAMPS_H
#define TESTS_STAMPS_H

#include <stdint.h>

enum { STAMPS_CALLS = 1 << 22 };

struct stamps {
	uint64_t n; /* of all calls */
	struct {
		uint64_t begin_ns, end_ns;
	} call[STAMPS_CALLS];
};

#endif
