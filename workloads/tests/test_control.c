/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_control.c: livecast's protocol: requests, and what a hostile connection may send instead. */
#include "workloads/control.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct control parsed(const char *line)
{
	struct control request = { 0 };
	const char *why;

	assert_int_equal(control_parse(line, &request, &why), 0);
	return request;
}

static void assert_refused(const char *line)
{
	struct control request;
	const char *why = NULL;

	assert_int_equal(control_parse(line, &request, &why), -EINVAL);
	assert_true(why && strlen(why) > 5);
}

static void a_request_is_read_word_by_word(void **state)
{
	struct control r = parsed("JOIN 5004 1000");

	(void)state;
	assert_int_equal(r.verb, CONTROL_JOIN);
	assert_int_equal(r.port, 5004);
	assert_int_equal(r.n, 1000);
	r = parsed("LEAVE 5004");
	assert_int_equal(r.verb, CONTROL_LEAVE);
	assert_int_equal(r.n, 1);
	r = parsed("  send\tsendmmsg ");
	assert_int_equal(r.verb, CONTROL_SEND);
	assert_string_equal(r.way, "sendmmsg");
	r = parsed("Work 1500");
	assert_int_equal(r.verb, CONTROL_WORK);
	assert_int_equal(r.work_ns, 1500);
	assert_int_equal(parsed("STATS").verb, CONTROL_STATS);
	assert_int_equal(parsed("QUIT").verb, CONTROL_QUIT);
}

static void ports_stay_within_1_and_65535(void **state)
{
	(void)state;
	assert_int_equal(parsed("JOIN 65535 1").port, 65535);
	assert_int_equal(parsed("JOIN 1 65535").n, 65535);
	assert_refused("JOIN 65535 2");
	assert_refused("JOIN 0");
	assert_refused("JOIN 65536");
	assert_refused("JOIN 5004 0");
	assert_refused("JOIN -1");
	assert_refused("JOIN 5004 99999999999999999999");
}

static void nonsense_is_refused_with_a_reason(void **state)
{
	static const char *const lines[] = {
		"", " ", "JOINT 5004", "JOIN", "JOIN x", "JOIN 5004 5x", "JOIN 1 2 3", "SEND", "SEND a b",
		"SEND 0123456789012345678901234567890123456789", "WORK", "WORK -1", "WORK 1e9", "WORK 1000000001",
		"STATS now", "QUIT 1", "GET / HTTP/1.1", "\xff\xfe\x80",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof(char *); i++)
		assert_refused(lines[i]);
}

static void lines_are_cut_wherever_the_bytes_are(void **state)
{
	static const char bytes[] = "STATS\r\nJOIN 1\nQU";
	struct control_lines lines = { 0 };
	const char *data = bytes;
	size_t n = 1; /* one byte at a time at first */

	(void)state;
	for (int i = 0; i < 6; i++, n = 1)
		assert_int_equal(control_lines_take(&lines, &data, &n), 0);
	n = sizeof bytes - 1 - 6;
	assert_int_equal(control_lines_take(&lines, &data, &n), 1);
	assert_string_equal(lines.text, "STATS");
	assert_int_equal(control_lines_take(&lines, &data, &n), 1);
	assert_string_equal(lines.text, "JOIN 1");
	assert_int_equal(control_lines_take(&lines, &data, &n), 0);
	data = "IT\n";
	n = 3;
	assert_int_equal(control_lines_take(&lines, &data, &n), 1);
	assert_string_equal(lines.text, "QUIT");
}

static void an_overlong_line_is_dropped_and_the_next_one_read(void **state)
{
	struct control_lines lines = { 0 };
	char bytes[3000];
	const char *data = bytes;
	size_t n = sizeof bytes - 1;

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	snprintf(bytes + sizeof bytes - 8, 8, "\nSTATS\n");
	assert_int_equal(control_lines_take(&lines, &data, &n), -EMSGSIZE);
	assert_int_equal(control_lines_take(&lines, &data, &n), 1);
	assert_string_equal(lines.text, "STATS");
}

static void the_longest_line_is_one_less_than_the_room(void **state)
{
	struct control_lines lines = { 0 };
	char bytes[CONTROL_LINE_BYTES + 1];
	const char *data = bytes;
	size_t n = CONTROL_LINE_BYTES;

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	bytes[CONTROL_LINE_BYTES - 1] = '\n';
	assert_int_equal(control_lines_take(&lines, &data, &n), 1);
	assert_int_equal(strlen(lines.text), CONTROL_LINE_BYTES - 1);
	bytes[CONTROL_LINE_BYTES - 1] = 'x';
	bytes[CONTROL_LINE_BYTES] = '\n';
	data = bytes;
	n = sizeof bytes;
	assert_int_equal(control_lines_take(&lines, &data, &n), -EMSGSIZE);
}

static void a_zero_byte_spoils_its_line(void **state)
{
	static const char bytes[] = "STA\0TS\n";
	struct control_lines lines = { 0 };
	const char *data = bytes;
	size_t n = sizeof bytes - 1;

	(void)state;
	assert_int_equal(control_lines_take(&lines, &data, &n), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_word_by_word),
		cmocka_unit_test(ports_stay_within_1_and_65535),
		cmocka_unit_test(nonsense_is_refused_with_a_reason),
		cmocka_unit_test(lines_are_cut_wherever_the_bytes_are),
		cmocka_unit_test(an_overlong_line_is_dropped_and_the_next_one_read),
		cmocka_unit_test(the_longest_line_is_one_less_than_the_room),
		cmocka_unit_test(a_zero_byte_spoils_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
