/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_progress.c: when progress is shown, and that it stays silent where nobody asked for it. */
#include "analyze/tests/said.h"

#include "cli/cli.h"
#include "cli/progress.h"

/* stderr while quick work of two steps runs. It is a file, no terminal. */
static const char *shown(const struct cli *cli)
{
	struct progress *progress;

	said_begin();
	progress = progress_new(cli, "profile");
	progress_set(progress, 0, "calibrating");
	progress_tick(progress, 0.5, NULL);
	progress_set(progress, 1, "done");
	progress_free(progress);
	return said_end();
}

static void a_file_gets_no_progress_unless_it_is_asked_for(void **state)
{
	(void)state;
	assert_string_equal(shown(&(struct cli){ .progress = false }), "");
}

static void asked_for_a_file_gets_a_first_and_a_last_line(void **state)
{
	(void)state;
	assert_string_equal(shown(&(struct cli){ .progress = true }), "profile:   0 %, calibrating\nprofile: 100 %, done\n");
}

static void lines_tell_a_new_step_when_it_begins(void **state)
{
	const struct cli cli = { .progress = true };
	struct progress *progress;

	(void)state;
	said_begin();
	progress = progress_new(&cli, "profile");
	progress_set(progress, 0, "calibrating");
	progress_set(progress, 0.01, "calibrating");
	progress_set(progress, 0.01, "measuring");
	progress_set(progress, 0.02, "measuring");
	progress_free(progress);
	assert_string_equal(said_end(), "profile:   0 %, calibrating\nprofile:   1 %, measuring\nprofile:   2 %, measuring\n");
}

static void quiet_wins_over_progress(void **state)
{
	(void)state;
	assert_string_equal(shown(&(struct cli){ .progress = true, .quiet = true }), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_gets_no_progress_unless_it_is_asked_for),
		cmocka_unit_test(asked_for_a_file_gets_a_first_and_a_last_line),
		cmocka_unit_test(lines_tell_a_new_step_when_it_begins),
		cmocka_unit_test(quiet_wins_over_progress),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
