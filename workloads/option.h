/* SPDX-License-Identifier: GPL-2.0-or-later */
/* option.h: the command line of the programs of this part, read by a table. */
#ifndef WORKLOADS_OPTION_H
#define WORKLOADS_OPTION_H

#include <stdint.h>

#include "workloads/net.h"

enum argument {
	ARGUMENT_FLAG,		/* takes no value; to: bool, which becomes true */
	ARGUMENT_NUMBER,	/* a whole number within [min, max]; to: uint64_t */
	ARGUMENT_CPU,		/* to: int */
	ARGUMENT_ADDR,		/* as net_parse() reads it; to: union net_addr */
	ARGUMENT_TEXT,		/* to: const char *, which points into argv */
	ARGUMENT_OWN,		/* set() reads it: 0, or -EINVAL said by fail() */
};

struct option_row {
	const char *name;	/* as in --name; NULL: behind the last row */
	enum argument takes;
	void *to;
	uint64_t min, max;
	int (*set)(void *to, const char *name, const char *value);
};

/* Rows of the table; it ends with a row of zeroes. */
#define ROW_FLAG(name_, to_)               { .name = (name_), .takes = ARGUMENT_FLAG, .to = (to_) }
#define ROW_NUMBER(name_, to_, min_, max_) { .name = (name_), .takes = ARGUMENT_NUMBER, .to = (to_), .min = (min_), .max = (max_) }
#define ROW_CPU(name_, to_)                { .name = (name_), .takes = ARGUMENT_CPU, .to = (to_) }
#define ROW_ADDR(name_, to_)               { .name = (name_), .takes = ARGUMENT_ADDR, .to = (to_) }
#define ROW_TEXT(name_, to_)               { .name = (name_), .takes = ARGUMENT_TEXT, .to = (to_) }
#define ROW_OWN(name_, to_, set_)          { .name = (name_), .takes = ARGUMENT_OWN, .to = (to_), .set = (set_) }

/* Reads the command line, which has no other arguments. 0; or -EINVAL, having said which option is wrong and what it takes. */
int option_read(int argc, char **argv, const struct option_row *rows);

#endif
