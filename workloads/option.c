/* SPDX-License-Identifier: GPL-2.0-or-later */
/* option.c: option values with their error messages. */
#include "workloads/option.h"

#include "base/err.h"
#include "base/parse.h"

#include <errno.h>
#include <sched.h>

int option_u64(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	if (!parse_u64(text, min, max, out))
		return 0;
	return fail(-EINVAL, "--%s %s: give a whole number from %llu to %llu", name, text, (unsigned long long)min,
		    (unsigned long long)max);
}

int option_cpu(const char *name, const char *text, int *out)
{
	uint64_t cpu;
	int err = option_u64(name, text, 0, CPU_SETSIZE - 1, &cpu);

	if (!err)
		*out = (int)cpu;
	return err;
}

int option_addr(const char *name, const char *text, union net_addr *out)
{
	if (!net_parse(text, out))
		return 0;
	return fail(-EINVAL, "--%s %s: give an address such as 127.0.0.1:5004 or [::1]:5004", name, text);
}
