/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse.c: strtoull and strtod with the checks that their callers forget. */
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Reads digits at *text and moves it behind them: no sign, no white space, no prefix. */
static int take_u64(const char **text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	unsigned long long value = strtoull(*text, &end, 10);
	if (errno == ERANGE || value < min || value > max)
		return -ERANGE;
	*text = end;
	*out = value;
	return 0;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value;
	int err = take_u64(&text, min, max, &value);

	if (err)
		return err;
	if (*text)
		return -EINVAL;
	*out = value;
	return 0;
}

int parse_double(const char *text, double min, double max, double *out)
{
	char *end;

	if (!*text || isspace((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	double value = strtod(text, &end);
	if (*end || end == text || isnan(value))
		return -EINVAL;
	if (errno == ERANGE || isinf(value) || value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int parse_u64_list(const char *text, uint64_t min, uint64_t max, uint64_t *out, size_t *n)
{
	size_t used = 0;

	for (;;) {
		uint64_t value;
		int err = take_u64(&text, min, max, &value);

		if (err)
			return err;
		if (used == *n)
			return -E2BIG;
		out[used++] = value;
		if (!*text)
			break;
		if (*text++ != ',')
			return -EINVAL;
	}
	*n = used;
	return 0;
}

int parse_cpulist(const char *text, uint8_t *set, size_t cpus_n)
{
	memset(set, 0, cpus_n);
	for (;;) {
		uint64_t first, last;
		int err = take_u64(&text, 0, cpus_n - 1, &first);

		if (err)
			return err;
		last = first;
		if (*text == '-') {
			text++;
			err = take_u64(&text, first, cpus_n - 1, &last);
			if (err)
				return err;
		}
		memset(set + first, 1, last - first + 1);
		if (!*text || *text == '\n')
			return 0;
		if (*text++ != ',')
			return -EINVAL;
	}
}
