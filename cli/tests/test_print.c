/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_print.c: how figures, tables and JSON look. */
#include "analyze/tests/said.h"

#include <math.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/print.h"

static void assert_figure(double value, double low, double high, const char *expected)
{
	char text[FIGURE_TEXT];

	figure_text((struct figure){ value, low, high }, text);
	assert_string_equal(text, expected);
}

static void a_figure_has_as_many_digits_as_its_interval_leaves_meaning_to(void **state)
{
	(void)state;
	assert_figure(0.79112, 0.78771, 0.79453, "0.791 [0.788, 0.795]"); /* half width 0.0034 */
	assert_figure(1.3, 1.26, 1.34, "1.30 [1.26, 1.34]");
	assert_figure(1.2055, 1.2043, 1.2067, "1.2055 [1.2043, 1.2067]"); /* half width 0.0012: two digits of it */
	assert_figure(2950.4, 2830.2, 3070.9, "2950 [2830, 3071]");
	assert_figure(12.34, 10.9, 13.8, "12.3 [10.9, 13.8]");
}

static void a_figure_without_interval_has_four_digits(void **state)
{
	(void)state;
	assert_figure(0.791123, NAN, NAN, "0.7911");
	assert_figure(2950.44, NAN, NAN, "2950");
	assert_figure(2.5e9, NAN, NAN, "2500000000");
}

static void a_figure_of_no_width_is_printed_as_one_value(void **state)
{
	(void)state;
	assert_figure(0, 0, 0, "0");
	assert_figure(0.5, 0.5, 0.5, "0.5");
}

static void an_unknown_figure_is_a_dash(void **state)
{
	(void)state;
	assert_figure(NAN, NAN, NAN, "-");
}

static void a_share_is_printed_in_percent(void **state)
{
	char text[FIGURE_TEXT];

	(void)state;
	figure_percent((struct figure){ 0.95, 0.92, 0.98 }, text);
	assert_string_equal(text, "95 [92, 98] %");
}

/* ---- What goes to stdout ---- */

static FILE *out_file;
static int out_stdout;

static void out_begin(void)
{
	fflush(stdout);
	out_file = tmpfile();
	out_stdout = dup(STDOUT_FILENO);
	assert_true(out_file && out_stdout >= 0);
	dup2(fileno(out_file), STDOUT_FILENO);
}

/* Everything since out_begin(), valid until the next call. */
static const char *out_end(void)
{
	static char text[4096];

	fflush(stdout);
	dup2(out_stdout, STDOUT_FILENO);
	close(out_stdout);
	memset(text, 0, sizeof text);
	assert_true(pread(fileno(out_file), text, sizeof text - 1, 0) >= 0);
	fclose(out_file);
	return text;
}

/* A table of two columns with `names` in the first and 1, 20, 300... in the second, as printed. */
static const char *printed(const char *titles, const char *const *names, size_t names_n)
{
	static const int64_t numbers[] = { 1, 20, 300 };
	struct table *table = table_new(titles);

	for (size_t i = 0; i < names_n; i++) {
		table_text(table, names[i]);
		table_i64(table, numbers[i]);
	}
	out_begin();
	table_print(table);
	table_free(table);
	return out_end();
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	const char *const names[] = { "a", "sendmmsg", "lo" };

	(void)state;
	assert_string_equal(printed("way|>n", names, 3), "way         n\n"
							 "a           1\n"
							 "sendmmsg   20\n"
							 "lo        300\n");
}

static void width_is_what_a_terminal_shows_not_what_the_bytes_are(void **state)
{
	const char *const names[] = { "größe", "放送", "e\xcc\x81" }; /* 5, 4 and 1 columns */

	(void)state;
	assert_string_equal(printed("way|>n", names, 3), "way      n\n"
							 "größe    1\n"
							 "放送    20\n"
							 "e\xcc\x81      300\n");
}

static void what_is_no_utf8_or_a_control_character_does_not_break_a_table(void **state)
{
	const char *const names[] = { "\xff\xfe", "a\nb\x1b", "\xe2\x82" };

	(void)state;
	assert_string_equal(printed("way|>n", names, 3), "way     n\n"
							 "??      1\n"
							 "a?b?   20\n"
							 "??    300\n");
}

static void the_last_column_leaves_no_blanks_at_the_end(void **state)
{
	struct table *table = table_new("a|b");
	const char *text;

	(void)state;
	table_text(table, "1");
	table_text(table, NULL);
	table_text(table, "2");
	table_text(table, "long");
	out_begin();
	table_print(table);
	text = out_end();
	table_free(table);
	assert_string_equal(text, "a  b\n1  -\n2  long\n");
}

static void a_table_without_rows_prints_nothing(void **state)
{
	(void)state;
	assert_string_equal(printed("way|>n", NULL, 0), "");
}

/* ---- JSON ---- */

static void assert_json(json_t *value, const char *expected)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(value);
}

static void a_figure_is_an_object_of_value_low_high_and_unit(void **state)
{
	(void)state;
	assert_json(json_figure((struct figure){ 0.791, 0.788, 0.795 }, "1"),
		    "{\"value\":0.791,\"low\":0.788,\"high\":0.795,\"unit\":\"1\"}");
}

static void what_is_unknown_is_null_never_zero(void **state)
{
	(void)state;
	assert_json(json_figure((struct figure){ 3, NAN, INFINITY }, "cycles"),
		    "{\"value\":3.0,\"low\":null,\"high\":null,\"unit\":\"cycles\"}");
	assert_json(json_i64(STORE_NULL), "null");
	assert_json(json_flag(STORE_NULL), "null");
	assert_json(json_text(NULL), "null");
	assert_json(json_i64(0), "0");
}

static void text_that_is_no_utf8_is_still_json(void **state)
{
	(void)state;
	assert_json(json_text("a\xff"), "\"a\xef\xbf\xbd\"");
	assert_json(json_text("größe"), "\"größe\"");
}

static void warnings_are_a_list_of_code_and_text(void **state)
{
	const struct warning_row warnings[] = { { 1, "lost", "3 events were lost" }, { 1, "steal", "x" } };

	(void)state;
	assert_json(json_warnings(warnings, 2),
		    "[{\"code\":\"lost\",\"text\":\"3 events were lost\"},{\"code\":\"steal\",\"text\":\"x\"}]");
	assert_json(json_warnings(NULL, 0), "[]");
}

static void a_json_object_that_could_not_be_made_is_an_error(void **state)
{
	int err;

	(void)state;
	said_begin();
	err = json_print(NULL);
	assert_said(said_end(), "JSON");
	assert_true(err < 0);
}

static void quiet_leaves_warnings_out(void **state)
{
	const struct warning_row warnings[] = { { 1, "lost", "3 events were lost" } };

	(void)state;
	out_begin();
	print_warnings(&(struct cli){ .quiet = true }, warnings, 1);
	print_warnings(&(struct cli){ .quiet = false }, warnings, 1);
	assert_string_equal(out_end(), "warning: lost: 3 events were lost\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_figure_has_as_many_digits_as_its_interval_leaves_meaning_to),
		cmocka_unit_test(a_figure_without_interval_has_four_digits),
		cmocka_unit_test(a_figure_of_no_width_is_printed_as_one_value),
		cmocka_unit_test(an_unknown_figure_is_a_dash),
		cmocka_unit_test(a_share_is_printed_in_percent),
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(width_is_what_a_terminal_shows_not_what_the_bytes_are),
		cmocka_unit_test(what_is_no_utf8_or_a_control_character_does_not_break_a_table),
		cmocka_unit_test(the_last_column_leaves_no_blanks_at_the_end),
		cmocka_unit_test(a_table_without_rows_prints_nothing),
		cmocka_unit_test(a_figure_is_an_object_of_value_low_high_and_unit),
		cmocka_unit_test(what_is_unknown_is_null_never_zero),
		cmocka_unit_test(text_that_is_no_utf8_is_still_json),
		cmocka_unit_test(warnings_are_a_list_of_code_and_text),
		cmocka_unit_test(a_json_object_that_could_not_be_made_is_an_error),
		cmocka_unit_test(quiet_leaves_warnings_out),
	};

	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
