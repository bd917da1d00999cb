/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block.c: a block of bursts to and from its line of text. */
#include "workloads/block.h"

#include "base/parse.h"
#include "workloads/group.h"

#include <errno.h>
#include <stdbool.h>
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
	{ "train", offsetof(struct block, train), 0, 1000000 },
	{ "between_ns", offsetof(struct block, between_ns), 0, 1000000000 },
	{ "finish", offsetof(struct block, finish), 0, 1 },
	{ "touch", offsetof(struct block, touch), 0, BLOCK_TOUCH_MAX },
	{ "warm", offsetof(struct block, warm), 0, BLOCK_WARM_MAX },
	{ "from", offsetof(struct block, from), 0, UINT64_C(1) << 53 },
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

/* "100x1000x0x7": false for anything else. */
static bool read_kind(char *text, struct block_kind *kind)
{
	const struct { uint64_t *to, min, max; } numbers[] = {
		{ &kind->group, 1, GROUP_MAX }, { &kind->payload, 0, BLOCK_PAYLOAD_MAX }, { &kind->one_destination, 0, 1 },
		{ &kind->weight, 1, BLOCK_WEIGHT_MAX },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const char *word = strsep(&text, "x");

		if (!word || parse_u64(word, numbers[i].min, numbers[i].max, numbers[i].to))
			return false;
	}
	return !text;
}

static int set_kinds(struct block *block, const char *value, char *why, size_t n)
{
	char copy[1024], *rest = copy, *word;
	bool good = snprintf(copy, sizeof copy, "%s", value) < (int)sizeof copy;

	block->kinds_n = 0;
	while (good && (word = strsep(&rest, ",")))
		good = block->kinds_n < BLOCK_KINDS_MAX && read_kind(word, &block->kinds[block->kinds_n++]);
	if (good)
		return 0;
	snprintf(why, n, "kinds=%.40s: give up to %d of GROUPxPAYLOADxONE_DESTINATIONxWEIGHT, separated by commas", value, BLOCK_KINDS_MAX);
	return -EINVAL;
}

int block_set(struct block *block, const char *name, const char *value, char *why, size_t n)
{
	if (!strcmp(name, "way"))
		return set_way(block, value, why, n);
	if (!strcmp(name, "kinds"))
		return set_kinds(block, value, why, n);
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
		 "period_ns, gap_ns, train, between_ns, finish, touch, warm, from or kinds",
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
	if (block->one_destination && !block->kinds_n && block->head + block->tail) {
		snprintf(why, n, "all packets go to one recipient, so no bytes are private to any: give head 0 and tail 0");
		return -EINVAL;
	}
	if (block->kinds_n || block->head + block->tail <= block->payload)
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
	for (size_t i = 0; i < block->kinds_n && used < n; i++) {
		const struct block_kind *kind = &block->kinds[i];

		used += (size_t)snprintf(text + used, n - used, "%s%llux%llux%llux%llu", i ? "," : " kinds=", (unsigned long long)kind->group,
					 (unsigned long long)kind->payload, (unsigned long long)kind->one_destination,
					 (unsigned long long)kind->weight);
	}
	return (int)used;
}

uint64_t block_recipients(const struct block *block)
{
	uint64_t most = block->kinds_n ? 0 : block->group;

	for (size_t i = 0; i < block->kinds_n; i++)
		if (block->kinds[i].group > most)
			most = block->kinds[i].group;
	return most;
}

const struct block_kind *block_kind_at(const struct block *block, uint64_t i)
{
	uint64_t sum = 0, at;

	for (size_t k = 0; k < block->kinds_n; k++)
		sum += block->kinds[k].weight;
	/* the fraction of i times the golden ratio, as 32 bits of 2^32, scaled to the sum */
	at = ((uint32_t)((i * UINT64_C(0x9e3779b97f4a7c15)) >> 32) * sum) >> 32;
	for (size_t k = 0; k < block->kinds_n; k++) {
		if (at < block->kinds[k].weight)
			return &block->kinds[k];
		at -= block->kinds[k].weight;
	}
	return block->kinds;
}
