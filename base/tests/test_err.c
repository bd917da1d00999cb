/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_err.c: what fail() and warn() say can be caught, the first of it, and is not printed then. */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_first_error_is_caught_and_its_number_returned(void **state)
{
	char text[32] = "old";

	(void)state;
	err_catch(text, sizeof text);
	assert_string_equal(text, "");
	assert_int_equal((fail)(-7, "run %d is short", 3), -7);
	assert_int_equal((fail)(-8, "and more"), -8);
	warn("and more");
	err_catch(NULL, 0);
	assert_string_equal(text, "run 3 is short");
}

static void a_long_error_is_cut(void **state)
{
	char text[8];

	(void)state;
	err_catch(text, sizeof text);
	(fail)(-1, "0123456789");
	err_catch(NULL, 0);
	assert_string_equal(text, "0123456");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_error_is_caught_and_its_number_returned),
		cmocka_unit_test(a_long_error_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
