/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_net.c: addresses from text and back. */
#include "workloads/net.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_reads_as(const char *text, const char *expected)
{
	char back[NET_TEXT_BYTES];
	union net_addr addr;

	assert_int_equal(net_parse(text, &addr), 0);
	assert_string_equal(net_format(&addr, back), expected);
}

static void addresses_of_both_families_are_read(void **state)
{
	(void)state;
	assert_reads_as("127.0.0.1:5004", "127.0.0.1:5004");
	assert_reads_as("198.18.0.1", "198.18.0.1:0");
	assert_reads_as("[::1]:5004", "[::1]:5004");
	assert_reads_as("[fd00::1]", "[fd00::1]:0");
	assert_reads_as("::1", "[::1]:0");
	assert_reads_as("1.2.3.4:65535", "1.2.3.4:65535");
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {
		"", ":5004", "localhost:5004", "1.2.3:5004", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:-1", "[::1", "[::1]x",
		"[::1]:", "[]:5", "1.2.3.4.5:6", "::1::2", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	};
	union net_addr addr;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof(char *); i++)
		assert_int_equal(net_parse(texts[i], &addr), -EINVAL);
	assert_int_equal(net_parse("1.2.3.4:65536", &addr), -ERANGE);
}

static void addresses_are_equal_only_in_all_parts(void **state)
{
	union net_addr a, b;

	(void)state;
	net_parse("127.0.0.1:5", &a);
	net_parse("127.0.0.1:5", &b);
	assert_int_equal(net_compare(&a, &b), 0);
	net_set_port(&b, 6);
	assert_true(net_compare(&a, &b) < 0 && net_compare(&b, &a) > 0);
	net_parse("127.0.0.2:5", &b);
	assert_true(net_compare(&a, &b) < 0 && net_compare(&b, &a) > 0);
	net_parse("[::1]:5", &b);
	assert_true(net_compare(&a, &b) != 0);
	net_parse("[::2]:5", &a);
	assert_true(net_compare(&a, &b) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_both_families_are_read),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(addresses_are_equal_only_in_all_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
