/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_block.c: a request to `groupsend --serve`, from text and back. */
#include "workloads/block.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *text, struct block *block)
{
	char line[512], why[256] = "";
	int err;

	snprintf(line, sizeof line, "%s", text);
	err = block_parse(line, block, why, sizeof why);
	assert_true(!err == !*why);
	return err;
}

static void every_field_is_read(void **state)
{
	struct block b;

	(void)state;
	assert_int_equal(parse("block way=sendmmsg group=100 payload=1400 head=12 tail=4 batch=64 bursts=200 "
			       "period_ns=5000000 gap_ns=250\n", &b), 0);
	assert_string_equal(b.way, "sendmmsg");
	assert_int_equal(b.group, 100);
	assert_int_equal(b.payload, 1400);
	assert_int_equal(b.head, 12);
	assert_int_equal(b.tail, 4);
	assert_int_equal(b.batch, 64);
	assert_int_equal(b.bursts, 200);
	assert_int_equal(b.period_ns, 5000000);
	assert_int_equal(b.gap_ns, 250);
}

static void what_is_not_named_has_its_default(void **state)
{
	struct block b;

	(void)state;
	assert_int_equal(parse("block", &b), 0);
	assert_memory_equal(&b, &block_default, sizeof b);
}

static void what_is_written_is_read_back(void **state)
{
	struct block b = { .way = "null", .group = 3, .payload = 65507, .head = 20, .tail = 1, .batch = 7, .bursts = 11,
			   .period_ns = 13, .gap_ns = 17, .train = 3, .between_ns = 19, .touch = 4096, .warm = 4, .from = 5, .kinds_n = 2,
			   .kinds = { { 30, 1400, 1, 9 }, { 2, 0, 0, 1 } } }, c;
	char text[512];

	(void)state;
	assert_true(block_format(&b, text, sizeof text) < (int)sizeof text);
	assert_int_equal(parse(text, &c), 0);
	assert_string_equal(b.way, c.way);
	assert_memory_equal(&b.group, &c.group, sizeof b - offsetof(struct block, group));
}

static void nonsense_is_refused_with_a_reason(void **state)
{
	static const char *const lines[] = {
		"", "\n", "blocks", "group=3", "block group", "block group=", "block group=0", "block group=-1",
		"block group=65537", "block payload=65508", "block colour=red", "block group=3x", "block =3",
		"block way=", "block way=0123456789012345678901234567890123456789", "block batch=1025", "block bursts=0",
		"block payload=10 head=12", "block payload=100 head=60 tail=41", "block period_ns=99999999999999999999",
		"block kinds=", "block kinds=1x2x0", "block kinds=1x2x0x1x", "block kinds=1x2x2x1", "block kinds=0x2x0x1", "block kinds=1x2x0x1,",
		"block kinds=1x2x0x0",
	};
	struct block b;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof(char *); i++)
		assert_int_equal(parse(lines[i], &b), -EINVAL);
}

static void kinds_take_turns_as_often_as_their_weights_say(void **state)
{
	unsigned n[3] = { 0 }, in_ten = 0;
	struct block b;

	(void)state;
	assert_int_equal(parse("block kinds=30x1400x1x6,1x50x0x3,7x100x0x1", &b), 0);
	assert_int_equal(b.kinds_n, 3);
	assert_int_equal(block_recipients(&b), 30);
	for (uint64_t i = 0; i < 10000; i++)
		n[block_kind_at(&b, i) - b.kinds]++;
	assert_in_range(n[0], 5990, 6010);
	assert_in_range(n[1], 2990, 3010);
	assert_in_range(n[2], 990, 1010);
	for (uint64_t i = 0; i < 10; i++) /* evenly, not one after the other */
		in_ten += block_kind_at(&b, i) == b.kinds;
	assert_in_range(in_ten, 5, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(what_is_not_named_has_its_default),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(kinds_take_turns_as_often_as_their_weights_say),
		cmocka_unit_test(nonsense_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
