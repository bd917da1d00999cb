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
			   .period_ns = 13, .gap_ns = 17 }, c;
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
	};
	struct block b;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof(char *); i++)
		assert_int_equal(parse(lines[i], &b), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(what_is_not_named_has_its_default),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(nonsense_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
