/* SPDX-License-Identifier: GPL-2.0-or-later */
/* percent.h: per cent as a user writes it. */
#ifndef CLI_PERCENT_H
#define CLI_PERCENT_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

/* "2%", "2 %" or "2" is 0.02. Between 0 and 10,000 %. -EINVAL, -ERANGE. */
static inline int percent_parse(const char *text, double *out)
{
	char number[64];
	size_t n = strlen(text);

	n -= n > 0 && text[n - 1] == '%';
	n -= n > 0 && text[n - 1] == ' ';
	if (n >= sizeof number)
		return -EINVAL;
	snprintf(number, sizeof number, "%.*s", (int)n, text);
	int err = parse_double(number, 0, 10000, out);
	if (!err)
		*out /= 100;
	return err;
}

#endif
