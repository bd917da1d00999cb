/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block.c: a block of bursts to and from its line of text. */
#include "workloads/block.h"

#include "base/parse.h"
#include "workloads/group.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct block block_default = { .way = "sendmsg", .group = 1, .payload = 1000, .head = 12, .bursts = 1 };

static const struct field {
	const char *name;
	size_t at;
	uint64_t min, max;
} fields[] = {
	{ "group", offsetof(struct block, group), 1, GROUP_MAX },
	{ "payload", offsetof(struct block, payload), 0, BLOCK_PAYLOAD_MAX },
	{ "head", offsetof(struct block, head), 0, BLOCK_PAYLOAD_MAX },
	{ "tail", offsetof(struct block, tail), 0, BLOCK_PAYLOAD_MAX },
	{ "batch", offsetof(struct block, batch), 0, SENDER_BATCH_MAX },
	{ "one_destination", offsetof(struct block, one_destination), 0, 1 },
	{ "registered", offsetof(struct block, registered), 0, 1 },
	{ "bursts", offsetof(struct block, bursts), 1, 1000000000 },
	{ "period_ns", offsetof(struct block, period_ns), 0, 3600000000000u },
	{ "gap_ns", offsetof(struct block, gap_ns), 0, 1000000000 },
};

enum { FIELDS_N = sizeof fields / sizeof *fields };

static int set_way(struct block *block, const char *value, char *why, size_t n)
{
	int length = snprintf(block->way, sizeof block->way, "%s", value);

	if (length > 0 && length < (int)sizeof block->way)
		return 0;
	snprintf(why, n, "way=%.40s: give one of %s", value, sender_names());
	return -EINVAL;
}

int block_set(struct block *block, const char *name, const char *value, char *why, size_t n)
{
	if (!strcmp(name, "way"))
		return set_way(block, value, why, n);
	for (size_t i = 0; i < FIELDS_N; i++) {
		const struct field *f = &fields[i];

		if (strcmp(name, f->name) != 0)
			continue;
		if (!parse_u64(value, f->min, f->max, (uint64_t *)((char *)block + f->at)))
			return 0;
		snprintf(why, n, "%s=%.40s: give a whole number from %llu to %llu", name, value,
			 (unsigned long long)f->min, (unsigned long long)f->max);
		return -EINVAL;
	}
	return -ENOENT;
}

static int set_word(struct block *block, char *word, char *why, size_t n)
{
	char *value = strchr(word, '=');
	int err = -ENOENT;

	if (value) {
		*value++ = 0;
		err = block_set(block, word, value, why, n);
	}
	if (err != -ENOENT)
		return err;
	snprintf(why, n, "%.40s: give NAME=VALUE with way, group, payload, head, tail, batch, one_destination, registered, bursts, "
		 "period_ns or gap_ns",
		 word);
	return -EINVAL;
}

int block_parse(char *line, struct block *block, char *why, size_t n)
{
	char *rest, *word = strtok_r(line, " \t\r\n", &rest);

	*block = block_default;
	if (!word || strcmp(word, "block") != 0) {
		snprintf(why, n, "%.40s: a request begins with the word block", word ? word : "empty line");
		return -EINVAL;
	}
	while ((word = strtok_r(NULL, " \t\r\n", &rest))) {
		int err = set_word(block, word, why, n);

		if (err)
			return err;
	}
	return block_check(block, why, n);
}

int block_check(const struct block *block, char *why, size_t n)
{
	if (block->one_destination && block->head + block->tail) {
		snprintf(why, n, "all packets go to one recipient, so no bytes are private to any: give head 0 and tail 0");
		return -EINVAL;
	}
	if (block->head + block->tail <= block->payload)
		return 0;
	snprintf(why, n, "head %llu and tail %llu are more than the payload of %llu bytes, which includes them",
		 (unsigned long long)block->head, (unsigned long long)block->tail, (unsigned long long)block->payload);
	return -EINVAL;
}

int block_format(const struct block *block, char *text, size_t n)
{
	size_t used = (size_t)snprintf(text, n, "block way=%s", block->way);

	for (size_t i = 0; i < FIELDS_N && used < n; i++)
		used += (size_t)snprintf(text + used, n - used, " %s=%llu", fields[i].name,
					 (unsigned long long)*(const uint64_t *)((const char *)block + fields[i].at));
	return (int)used;
}
