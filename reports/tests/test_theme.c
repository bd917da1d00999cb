/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_theme.c: colours that can be read, by day and by night, and told from each other in a drawn picture. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "reports/theme.h"

/* Relative luminance and contrast as WCAG 2.1 defines them. */
static double linear(uint32_t channel)
{
	double c = (channel & 255) / 255.0;

	return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t colour)
{
	return 0.2126 * linear(colour >> 16) + 0.7152 * linear(colour >> 8) + 0.0722 * linear(colour);
}

static double contrast(uint32_t a, uint32_t b)
{
	double x = luminance(a), y = luminance(b);

	return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

static const struct theme_colour *named(const char *name)
{
	for (size_t i = 0; i < theme_colours_n; i++)
		if (!strcmp(theme_colours[i].name, name))
			return &theme_colours[i];
	fail_msg("there is no colour %s", name);
	return NULL;
}

static void contrast_is_that_of_black_on_white(void **state)
{
	(void)state;
	assert_float_equal(contrast(0, 0xffffff), 21, 1e-9);
	assert_float_equal(contrast(0x777777, 0xffffff), 4.48, 0.01); /* the well-known grey that just fails */
}

/* Names stand at the ends of lines in the lines' colours. */
static void what_text_is_set_in_has_4_5_to_1_on_paper_by_day_and_by_night(void **state)
{
	static const char *const text[] = { "ink", "muted", "accent", "way0", "way1", "way2", "way3", "way4", "way5", "way6", "way7" };
	const struct theme_colour *paper = named("paper"), *alarm = named("alarm"), *panel = named("alarm_panel");

	(void)state;
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		const struct theme_colour *colour = named(text[i]);

		if (contrast(colour->light, paper->light) < 4.5 || contrast(colour->dark, paper->dark) < 4.5)
			fail_msg("%s: %.2f by day, %.2f by night", text[i], contrast(colour->light, paper->light), contrast(colour->dark, paper->dark));
	}
	assert_true(contrast(alarm->light, panel->light) >= 4.5);
	assert_true(contrast(alarm->dark, panel->dark) >= 4.5);
}

/* The page finds what stands for a colour of a picture by what it is by day. */
static void no_two_colours_are_the_same_by_day(void **state)
{
	(void)state;
	for (size_t i = 0; i < theme_colours_n; i++)
		assert_ptr_equal(theme_find(theme_colours[i].light), &theme_colours[i]);
	assert_null(theme_find(0x123456));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contrast_is_that_of_black_on_white),
		cmocka_unit_test(what_text_is_set_in_has_4_5_to_1_on_paper_by_day_and_by_night),
		cmocka_unit_test(no_two_colours_are_the_same_by_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
