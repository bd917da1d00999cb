/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_turns.c: parts that take turns run one at a time, each in the order of its own steps, and none is left waiting. */
#include "workloads/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char log_text[256]; /* one letter per step, and ( ) around each turn of the first part */

static void step(char letter)
{
	size_t n = strlen(log_text);

	log_text[n] = letter;
	log_text[n + 1] = 0;
}

static int steps(char letter, int n)
{
	int err = 0;

	for (int i = 0; i < n && !err; i++) {
		step(letter);
		err = turns_between();
	}
	return err;
}

static int run_a(void *context)
{
	(void)context;
	return steps('a', 3);
}

static int run_b(void *context)
{
	(void)context;
	return steps('b', 5);
}

static int begin_a(void *context)
{
	(void)context;
	step('(');
	return 0;
}

static int end_a(void *context)
{
	(void)context;
	step(')');
	return 0;
}

static void parts_alternate_until_both_are_over(void **state)
{
	const struct turns_part parts[] = { { run_a, begin_a, end_a, 0 }, { run_b, NULL, NULL, 0 } };

	(void)state;
	log_text[0] = 0;
	assert_int_equal(turns_run(parts, 2, NULL, 0), 0);
	assert_string_equal(log_text, "(a)b(a)b(a)b()bb");
}

static void a_turn_lasts_as_long_as_asked(void **state)
{
	const struct turns_part parts[] = { { run_a, begin_a, end_a, 0 }, { run_b, NULL, NULL, 0 } };

	(void)state;
	log_text[0] = 0;
	assert_int_equal(turns_run(parts, 2, NULL, 60000), 0);
	assert_string_equal(log_text, "(aaa)bbbbb");
}

static void the_turns_of_a_part_last_as_long_as_its_share(void **state)
{
	/* a's last so long that it never gives way; b's not at all */
	const struct turns_part parts[] = { { run_b, NULL, NULL, 1e-9 }, { run_a, begin_a, end_a, 1 } };

	(void)state;
	log_text[0] = 0;
	assert_int_equal(turns_run(parts, 2, NULL, 60000), 0);
	assert_string_equal(log_text, "b(aaa)bbbb");
}

static int fail_at_once(void *context)
{
	(void)context;
	step('f');
	return -ENODATA;
}

static int err_of_b;

static int run_b_to_its_error(void *context)
{
	(void)context;
	err_of_b = steps('b', 5);
	return err_of_b;
}

static void when_one_fails_the_others_are_told(void **state)
{
	const struct turns_part parts[] = { { run_b_to_its_error, NULL, NULL, 0 }, { fail_at_once, NULL, NULL, 0 } };

	(void)state;
	log_text[0] = 0;
	assert_int_equal(turns_run(parts, 2, NULL, 0), -ENODATA);
	assert_int_equal(err_of_b, -ECANCELED);
	assert_string_equal(log_text, "bf");
}

static int refuse(void *context)
{
	(void)context;
	return -EIO;
}

static void a_turn_that_cannot_begin_is_an_error(void **state)
{
	const struct turns_part parts[] = { { run_a, refuse, NULL, 0 }, { run_b, NULL, NULL, 0 } };

	(void)state;
	log_text[0] = 0;
	assert_int_equal(turns_run(parts, 2, NULL, 0), -EIO);
	assert_string_equal(log_text, "");
}

static void after_a_failure_no_turn_is_ended(void **state)
{
	const struct turns_part parts[] = { { run_b_to_its_error, NULL, end_a, 0 }, { fail_at_once, NULL, end_a, 0 } };

	(void)state;
	log_text[0] = 0;
	assert_int_equal(turns_run(parts, 2, NULL, 0), -ENODATA);
	assert_string_equal(log_text, "b)f"); /* the one turn that ended before */
}

static bool alone_first, alone_last;

static int run_watching(void *context)
{
	int err;

	(void)context;
	alone_first = turns_alone();
	err = turns_between();
	alone_last = turns_alone();
	return err;
}

static int run_once(void *context)
{
	(void)context;
	return 0;
}

static void who_is_left_alone_knows(void **state)
{
	const struct turns_part parts[] = { { run_watching, NULL, NULL, 0 }, { run_once, NULL, NULL, 0 } };

	(void)state;
	assert_int_equal(turns_run(parts, 2, NULL, 0), 0);
	assert_false(alone_first);
	assert_true(alone_last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_alternate_until_both_are_over),
		cmocka_unit_test(a_turn_lasts_as_long_as_asked),
		cmocka_unit_test(the_turns_of_a_part_last_as_long_as_its_share),
		cmocka_unit_test(when_one_fails_the_others_are_told),
		cmocka_unit_test(after_a_failure_no_turn_is_ended),
		cmocka_unit_test(a_turn_that_cannot_begin_is_an_error),
		cmocka_unit_test(who_is_left_alone_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
