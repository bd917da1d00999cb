/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control.c: bytes to lines and lines to requests, trusting neither. */
#include "workloads/control.h"

#include "base/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 3 };

static int parse_ports(char **words, size_t n, struct control *out, const char **why)
{
	uint64_t port, count = 1;

	*why = "give a port from 1 to 65535, and how many ports from there on";
	if (n < 2 || parse_u64(words[1], 1, UINT16_MAX, &port))
		return -EINVAL;
	if (n > 2 && parse_u64(words[2], 1, UINT16_MAX + 1 - port, &count))
		return -EINVAL;
	out->port = (uint16_t)port;
	out->n = (uint32_t)count;
	return 0;
}

static int parse_way(char **words, size_t n, struct control *out, const char **why)
{
	*why = "give one way of sending";
	if (n != 2)
		return -EINVAL;
	return snprintf(out->way, sizeof out->way, "%s", words[1]) < (int)sizeof out->way ? 0 : -EINVAL;
}

static int parse_work(char **words, size_t n, struct control *out, const char **why)
{
	*why = "give the nanoseconds of work per recipient, at most 1000000000";
	return n != 2 || parse_u64(words[1], 0, CONTROL_WORK_MAX_NS, &out->work_ns) ? -EINVAL : 0;
}

static int parse_nothing(char **words, size_t n, struct control *out, const char **why)
{
	(void)words;
	(void)out;
	*why = "nothing is expected behind this word";
	return n == 1 ? 0 : -EINVAL;
}

static const struct verb {
	const char *name;
	int (*parse)(char **words, size_t n, struct control *out, const char **why);
} verbs[CONTROL_VERB_MAX] = {
	[CONTROL_JOIN] = { "JOIN", parse_ports },
	[CONTROL_LEAVE] = { "LEAVE", parse_ports },
	[CONTROL_SEND] = { "SEND", parse_way },
	[CONTROL_WORK] = { "WORK", parse_work },
	[CONTROL_STATS] = { "STATS", parse_nothing },
	[CONTROL_QUIT] = { "QUIT", parse_nothing },
};

/* Cuts the line into words in place; one more than fit is a mistake. Returns their number, or WORDS_MAX + 1. */
static size_t cut(char *line, char **words)
{
	char *rest, *word = strtok_r(line, " \t", &rest);
	size_t n = 0;

	for (; word; word = strtok_r(NULL, " \t", &rest)) {
		if (n == WORDS_MAX)
			return WORDS_MAX + 1;
		words[n++] = word;
	}
	return n;
}

int control_parse(const char *line, struct control *out, const char **why)
{
	char copy[CONTROL_LINE_BYTES], *words[WORDS_MAX];
	size_t n;

	*why = "the line is too long";
	if (snprintf(copy, sizeof copy, "%s", line) >= (int)sizeof copy)
		return -EINVAL;
	n = cut(copy, words);
	*why = "too many words";
	if (n > WORDS_MAX)
		return -EINVAL;
	*why = "say JOIN, LEAVE, SEND, WORK, STATS or QUIT";
	for (size_t i = 0; n && i < CONTROL_VERB_MAX; i++) {
		if (strcasecmp(words[0], verbs[i].name) != 0)
			continue;
		out->verb = (enum control_verb)i;
		return verbs[i].parse(words, n, out, why);
	}
	return -EINVAL;
}

static void add_byte(struct control_lines *l, char c)
{
	if (c && l->n < sizeof l->text - 1)
		l->text[l->n++] = c;
	else
		l->overlong = true;
}

static int end_line(struct control_lines *l)
{
	bool overlong = l->overlong;

	if (l->n && l->text[l->n - 1] == '\r')
		l->n--;
	l->text[l->n] = 0;
	l->n = 0;
	l->overlong = false;
	return overlong ? -EMSGSIZE : 1;
}

int control_lines_take(struct control_lines *l, const char **data, size_t *n)
{
	while (*n) {
		char c = *(*data)++;

		--*n;
		if (c == '\n')
			return end_line(l);
		add_byte(l, c);
	}
	return 0;
}
