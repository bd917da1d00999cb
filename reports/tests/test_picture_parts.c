/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_picture_parts.c: what pictures are put together from: labels that fit. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/picture.h"

static const char *fit(const char *from, double most)
{
	static char text[96];

	snprintf(text, sizeof text, "%s", from);
	label_fit(text, most);
	return text;
}

static void a_label_that_fits_stays_and_another_ends_in_dots(void **state)
{
	(void)state;
	assert_string_equal(fit("sendmsg", 100), "sendmsg");
	assert_string_equal(fit("aaaaaaaaaa", 83), "aaaaaaaaaa"); /* ten letters of 8.3 px */
	assert_string_equal(fit("aaaaaaaaaaa", 83), "aaaaaaaa…"); /* eight of them, and 13 px for the dots */
	assert_true(label_wide(fit("aaaaaaaaaaa", 83)) <= 83);
}

static void a_label_is_cut_between_letters_and_never_grows(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	for (double most = 0; most < 120; most++) {
		const char *text = fit("größe日本語é", most);

		assert_true(strlen(text) <= strlen("größe日本語é"));
		assert_int_not_equal(mbstowcs(NULL, text, 0), (size_t)-1);
	}
	assert_string_equal(fit("日本語", 30), "日…");
	assert_string_equal(fit("", 30), "");
}

static void names_of_bars_are_listed_once_with_the_widest(void **state)
{
	struct tic_names names = { .most = 60 };
	char *text = NULL;
	size_t size;

	(void)state;
	names.settings = open_memstream(&text, &size);
	tic_name(&names, "aa", 0);
	tic_name(&names, "a\"b", 1);
	tic_name(&names, "aaaaaaaaaaaaa", 2);
	tic_names_end(&names);
	fclose(names.settings);
	assert_string_equal(text, "set ytics (\"aa\" 0, \"a”b\" 1, \"aaaaa…\" 2)\n");
	assert_true(names.wide <= 60 && names.wide > 50);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_label_that_fits_stays_and_another_ends_in_dots),
		cmocka_unit_test(a_label_is_cut_between_letters_and_never_grows),
		cmocka_unit_test(names_of_bars_are_listed_once_with_the_widest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
