/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_html.c: text is escaped, and figures have the digits that their intervals leave meaning to. */
#include "reports/html.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What was written, without markup if `bare`; freed by the next call. */
static char *written;
static size_t written_n;

static FILE *begin(void)
{
	free(written);
	written = NULL;
	return open_memstream(&written, &written_n);
}

static const char *bare(FILE *out)
{
	char *to = (fclose(out), written);
	int tag = 0;

	for (const char *c = written; *c; c++) {
		tag += *c == '<';
		if (!tag)
			*to++ = *c;
		tag -= *c == '>';
	}
	*to = 0;
	return written;
}

static const char *text(const char *from)
{
	FILE *out = begin();

	html_text(out, from);
	fclose(out);
	return written;
}

static const char *figure(double value, double low, double high)
{
	FILE *out = begin();

	html_figure(out, (struct figure){ value, low, high });
	return bare(out);
}

static const char *percent(double value, double low, double high)
{
	FILE *out = begin();

	html_percent_signed(out, (struct figure){ value, low, high });
	return bare(out);
}

static void markup_and_quotes_are_text(void **state)
{
	(void)state;
	assert_string_equal(text("<a href=\"x\" b='&amp;'>"), "&lt;a href=&quot;x&quot; b=&#39;&amp;amp;&#39;&gt;");
}

static void control_characters_are_replaced_and_others_kept(void **state)
{
	(void)state;
	assert_string_equal(text("a\x1b[1m\n\té\x7f"), "a\xef\xbf\xbd[1m\n\té\xef\xbf\xbd");
}

static void a_line_is_cut_between_characters(void **state)
{
	FILE *out = begin();

	(void)state;
	html_line(out, "é<\né", 3);
	fclose(out);
	assert_string_equal(written, "é&lt; …");
	out = begin();
	html_line(out, "éé", 2);
	fclose(out);
	assert_string_equal(written, "éé");
}

static void digits_follow_the_interval(void **state)
{
	(void)state;
	assert_string_equal(figure(0.79123, 0.78811, 0.79455), "0.791 [0.788, 0.795]");
	assert_string_equal(figure(46443.2, 45069, 47976), "46443 [45069, 47976]");
	assert_string_equal(figure(1.25, NAN, NAN), "1.250 no interval");
	assert_string_equal(figure(NAN, NAN, NAN), "–");
	assert_string_equal(figure(INFINITY, 2, INFINITY), "without bound");
}

static void a_sign_is_shown_but_for_zero(void **state)
{
	(void)state;
	assert_string_equal(percent(0.04, 0.031, 0.049), "+4.0&nbsp;% [+3.1, +4.9]");
	assert_string_equal(percent(-0.2, -0.52, 0.12), "−20&nbsp;% [−52, +12]");
	assert_string_equal(percent(-0.0004, -0.05, 0.05), "0&nbsp;% [−5, +5]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_and_quotes_are_text),
		cmocka_unit_test(control_characters_are_replaced_and_others_kept),
		cmocka_unit_test(a_line_is_cut_between_characters),
		cmocka_unit_test(digits_follow_the_interval),
		cmocka_unit_test(a_sign_is_shown_but_for_zero),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(written);
	return failed;
}
