/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_options.c: a table of options, what it takes from a command line, and what it says about a wrong one. */
#include "analyze/tests/said.h"

#include <math.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/options.h"

static struct cli cli;
static bool force;
static const char *label, *engine;
static uint64_t bytes;
static double seconds;
static struct option_list group;

static const struct option_spec options[] = {
	OPT_FLAG('f', "force", &force, "go on"),
	OPT_STRING(0, "label", "TEXT", &label, "free text"),
	OPT_WORD(0, "engine", "ledger|sample", &engine, "instrument"),
	OPT_U64('b', "bytes", "N", &bytes, 1, 65507, "payload"),
	OPT_DOUBLE('s', "seconds", "N", &seconds, 1, 86400, "how long"),
	OPT_LIST('g', "group", "N,...", &group, 1, 1000, "recipients"),
	OPT_END,
};

static const struct usage usage = { .name = "try", .operands = "[RUN]", .about = "Tries.", .operands_max = 1 };
static const struct usage usage_command = { .name = "try", .operands = "CMD [ARG...]", .about = "", .command = true,
					    .operands_min = 1, .operands_max = -1 };

static int argc;
static char **argv;

/* Splits `line` at its blanks and parses it as the command line of "try". */
static int parse_as(const struct usage *as, const char *line)
{
	static char text[512], *words[32];
	char *rest = text;

	snprintf(text, sizeof text, "try%s%s", *line ? " " : "", line);
	cli = (struct cli){ .db = "./forecall.db" };
	force = false;
	label = NULL;
	engine = "ledger";
	bytes = 0;
	seconds = 10;
	group = (struct option_list){ .n = 0 };
	for (argc = 0; (words[argc] = strsep(&rest, " "));)
		argc++;
	argv = words;
	return options_parse(&cli, as, options, &argc, &argv);
}

static void takes(const char *line)
{
	assert_int_equal(parse_as(&usage, line), CLI_GO_ON);
}

/* The line is bad usage, and exactly one line on stderr says `text`. */
static void refuses(const char *line, const char *text)
{
	const char *said;
	int status;

	said_begin();
	status = parse_as(&usage, line);
	said = said_end();
	assert_int_equal(status, CLI_USAGE);
	assert_said(said, text);
	assert_int_equal(said_lines(said), 1);
}

static void every_type_is_read_in_its_long_and_short_form(void **state)
{
	(void)state;
	takes("--force --label night --engine sample --bytes 300 --seconds=2.5 --group 1,10");
	assert_true(force);
	assert_string_equal(label, "night");
	assert_string_equal(engine, "sample");
	assert_int_equal(bytes, 300);
	assert_true(seconds == 2.5);
	assert_int_equal(group.n, 2);
	assert_int_equal(group.value[1], 10);
	takes("-f -b 300 -s 2.5 -g 7");
	assert_true(force);
	assert_int_equal(bytes, 300);
	assert_int_equal(group.value[0], 7);
}

static void what_is_not_given_keeps_its_default(void **state)
{
	(void)state;
	takes("");
	assert_true(seconds == 10);
	assert_string_equal(engine, "ledger");
	assert_int_equal(argc, 0);
	assert_string_equal(cli.db, "./forecall.db");
}

static void global_options_are_understood_by_every_command(void **state)
{
	(void)state;
	takes("--db other.db --json -q --progress");
	assert_string_equal(cli.db, "other.db");
	assert_true(cli.json && cli.quiet && cli.progress);
}

static void operands_are_left_whatever_stands_between_them(void **state)
{
	(void)state;
	takes("7 -s 3");
	assert_int_equal(argc, 1);
	assert_string_equal(argv[0], "7");
	assert_true(seconds == 3);
	takes("-- -s");
	assert_string_equal(argv[0], "-s");
}

static void the_options_of_a_command_that_is_run_are_its_own(void **state)
{
	(void)state;
	assert_int_equal(parse_as(&usage_command, "-s 3 server -s 4 --json"), CLI_GO_ON);
	assert_true(seconds == 3);
	assert_false(cli.json);
	assert_int_equal(argc, 4);
	assert_string_equal(argv[3], "--json");
	assert_int_equal(parse_as(&usage_command, "-- -server"), CLI_GO_ON);
	assert_string_equal(argv[0], "-server");
}

static void a_bad_number_is_answered_with_the_range(void **state)
{
	(void)state;
	refuses("--seconds x", "forecall: try: --seconds: \"x\" is not a number from 1 to 86400\n");
	refuses("-s 0", "--seconds: \"0\" is not a number from 1 to 86400");
	refuses("-s nan", "--seconds: \"nan\" is not a number");
	refuses("--bytes 65508", "--bytes: \"65508\" is not a whole number from 1 to 65507");
	refuses("--bytes 1.5", "--bytes: \"1.5\" is not a whole number");
}

static void a_bad_list_is_answered_with_the_range_or_the_room(void **state)
{
	char line[300] = "-g 1";

	(void)state;
	refuses("--group 1,x", "--group: \"1,x\" is not a comma separated list of whole numbers from 1 to 1000");
	refuses("--group 1,1001", "from 1 to 1000");
	for (int i = 0; i < OPTION_LIST_MAX; i++)
		strcat(line, ",1");
	refuses(line, "has more than 64 numbers");
}

static void a_bad_word_is_answered_with_the_words_and_the_nearest(void **state)
{
	(void)state;
	refuses("--engine perf", "--engine: \"perf\" is none of ledger, sample\n");
	refuses("--engine legder", "did you mean \"ledger\"?");
}

static void an_unknown_option_is_answered_with_the_nearest(void **state)
{
	(void)state;
	refuses("--secnods 5", "there is no option --secnods; did you mean --seconds?");
	refuses("--secnods=5", "there is no option --secnods; did you mean --seconds?");
	refuses("--xyzzy", "there is no option --xyzzy; see forecall try --help");
	refuses("-x", "there is no option -x; see forecall try --help");
}

static void a_missing_or_superfluous_value_is_named(void **state)
{
	(void)state;
	refuses("--seconds", "--seconds needs a value: --seconds N");
	refuses("-s", "--seconds needs a value");
	refuses("--force=yes", "--force takes no value");
}

static void too_many_or_too_few_operands_are_named(void **state)
{
	const char *said;

	(void)state;
	refuses("7 8", "\"8\" is one operand too many");
	said_begin();
	assert_int_equal(parse_as(&usage_command, "-f"), CLI_USAGE);
	said = said_end();
	assert_said(said, "needs CMD [ARG...]");
}

/* stdout while --help is printed; valid until the next call. */
static const char *help_text(const char *line)
{
	static char text[4096];
	FILE *file = tmpfile();
	int out = dup(STDOUT_FILENO), status;

	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	status = parse_as(&usage, line);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	memset(text, 0, sizeof text);
	assert_true(pread(fileno(file), text, sizeof text - 1, 0) > 0);
	fclose(file);
	assert_int_equal(status, CLI_DONE);
	return text;
}

static void help_shows_each_option_and_the_default_that_it_has(void **state)
{
	const char *text = help_text("--help");

	(void)state;
	assert_said(text, "usage: forecall try [OPTION...] [RUN]\n\nTries.\n");
	assert_said(text, "  -s, --seconds N             how long [default: 10]\n");
	assert_said(text, "      --engine ledger|sample  instrument [default: ledger]\n");
	assert_said(text, "      --label TEXT            free text\n");
	assert_said(text, "  -b, --bytes N               payload\n"); /* 0 is outside of its range: no default */
	assert_said(text, "  -f, --force                 go on\n");
	assert_said(text, "      --db FILE ");
}

static void help_is_given_whatever_follows_it(void **state)
{
	(void)state;
	assert_said(help_text("-h --xyzzy"), "usage: forecall try");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_read_in_its_long_and_short_form),
		cmocka_unit_test(what_is_not_given_keeps_its_default),
		cmocka_unit_test(global_options_are_understood_by_every_command),
		cmocka_unit_test(operands_are_left_whatever_stands_between_them),
		cmocka_unit_test(the_options_of_a_command_that_is_run_are_its_own),
		cmocka_unit_test(a_bad_number_is_answered_with_the_range),
		cmocka_unit_test(a_bad_list_is_answered_with_the_range_or_the_room),
		cmocka_unit_test(a_bad_word_is_answered_with_the_words_and_the_nearest),
		cmocka_unit_test(an_unknown_option_is_answered_with_the_nearest),
		cmocka_unit_test(a_missing_or_superfluous_value_is_named),
		cmocka_unit_test(too_many_or_too_few_operands_are_named),
		cmocka_unit_test(help_shows_each_option_and_the_default_that_it_has),
		cmocka_unit_test(help_is_given_whatever_follows_it),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
