/* SPDX-License-Identifier: GPL-2.0-or-later */
/* option.c: option values with their error messages. */
#include "workloads/option.h"

#include "base/err.h"
#include "base/parse.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>

enum { OPTIONS_MAX = 48 };

static int read_u64(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	if (!parse_u64(text, min, max, out))
		return 0;
	return fail(-EINVAL, "--%s %s: give a whole number from %llu to %llu", name, text, (unsigned long long)min,
		    (unsigned long long)max);
}

static int read_cpu(const char *name, const char *text, int *out)
{
	uint64_t cpu;
	int err = read_u64(name, text, 0, CPU_SETSIZE - 1, &cpu);

	if (!err)
		*out = (int)cpu;
	return err;
}

static int read_addr(const char *name, const char *text, union net_addr *out)
{
	if (!net_parse(text, out))
		return 0;
	return fail(-EINVAL, "--%s %s: give an address such as 127.0.0.1:5004 or [::1]:5004", name, text);
}

static int set(const struct option_row *row, const char *value)
{
	switch (row->takes) {
	case ARGUMENT_FLAG:
		*(bool *)row->to = true;
		return 0;
	case ARGUMENT_NUMBER:
		return read_u64(row->name, value, row->min, row->max, row->to);
	case ARGUMENT_CPU:
		return read_cpu(row->name, value, row->to);
	case ARGUMENT_ADDR:
		return read_addr(row->name, value, row->to);
	case ARGUMENT_TEXT:
		*(const char **)row->to = value;
		return 0;
	default:
		return row->set(row->to, row->name, value);
	}
}

int option_read(int argc, char **argv, const struct option_row *rows)
{
	struct option table[OPTIONS_MAX + 1] = { 0 };
	int i, c;

	for (i = 0; i < OPTIONS_MAX && rows[i].name; i++)
		table[i] = (struct option){ .name = rows[i].name, .has_arg = rows[i].takes != ARGUMENT_FLAG };
	while ((c = getopt_long(argc, argv, "", table, &i)) == 0)
		if (set(&rows[i], optarg))
			return -EINVAL;
	if (c != -1)
		return -EINVAL; /* getopt_long() has said why */
	if (optind < argc)
		return fail(-EINVAL, "%s: no argument is expected here; see --help", argv[optind]);
	return 0;
}
