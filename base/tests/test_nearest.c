/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_nearest.c: what a mistyped word is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nearest.h"

/* The best of a fixed set of words. */
static const char *best(const char *word)
{
	static const char *const known[] = { "send", "sendto", "sendmsg", "sendmmsg", "recvmsg", "profile", "predict", "report", "lo" };
	struct nearest near = { .word = word };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		nearest_offer(&near, known[i]);
	return near.best;
}

static void inserting_deleting_replacing_and_swapping_cost_one_each(void **state)
{
	(void)state;
	assert_int_equal(nearest_edits("sendmsg", "sendmsg"), 0);
	assert_int_equal(nearest_edits("sendmsg", "sendmmsg"), 1);
	assert_int_equal(nearest_edits("sendmmsg", "sendmsg"), 1);
	assert_int_equal(nearest_edits("sendmsg", "sentmsg"), 1);
	assert_int_equal(nearest_edits("sendmsg", "sendmgs"), 1);
	assert_int_equal(nearest_edits("kitten", "sitting"), 3);
	assert_int_equal(nearest_edits("", "abc"), 3);
}

static void the_word_with_the_fewest_edits_wins(void **state)
{
	(void)state;
	assert_string_equal(best("sendmgs"), "sendmsg");
	assert_string_equal(best("sendmmgs"), "sendmmsg");
	assert_string_equal(best("predcit"), "predict");
}

static void an_unfinished_word_finds_its_end(void **state)
{
	(void)state;
	assert_string_equal(best("prof"), "profile");
	assert_string_equal(best("repo"), "report");
}

static void a_word_like_none_finds_nothing(void **state)
{
	(void)state;
	assert_null(best("xyzzy"));
	assert_null(best(""));
	assert_null(best("gethostbyname"));
	assert_null(best("x")); /* one letter is all of "lo" but one: no likeness */
}

static void words_of_any_length_are_compared_in_bounded_room(void **state)
{
	char a[1000], b[1000];

	(void)state;
	for (size_t i = 0; i < sizeof a; i++) {
		a[i] = i + 1 < sizeof a ? 'a' : 0;
		b[i] = i + 1 < sizeof b ? 'b' : 0;
	}
	assert_int_equal(nearest_edits(a, b), 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inserting_deleting_replacing_and_swapping_cost_one_each),
		cmocka_unit_test(the_word_with_the_fewest_edits_wins),
		cmocka_unit_test(an_unfinished_word_finds_its_end),
		cmocka_unit_test(a_word_like_none_finds_nothing),
		cmocka_unit_test(words_of_any_length_are_compared_in_bounded_room),
	};

	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
