/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_capacity.c: the search for the largest group that is served, against servers whose limit is known. */
#include "workloads/capacity.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct server {
	uint64_t limit; /* clients that it serves */
	unsigned asked_n;
	uint64_t fails_at; /* a group whose trial cannot be made; 0: none */
};

static int serves(void *context, uint64_t group, bool *served)
{
	struct server *server = context;

	server->asked_n++;
	*served = group <= server->limit;
	return group == server->fails_at ? -ENOMEM : 0;
}

static void every_limit_is_found_from_every_beginning(void **state)
{
	(void)state;
	for (uint64_t limit = 0; limit <= 130; limit++)
		for (uint64_t from = 1; from <= 100; from += 11) {
			struct server server = { .limit = limit };
			uint64_t served, refused;

			assert_int_equal(capacity_bisect(from, 100, 0.0001, serves, &server, &served, &refused), 0);
			assert_int_equal(served, limit > 100 ? 100 : limit);
			assert_int_equal(refused, limit >= 100 ? 0 : limit + 1);
		}
}

static void it_ends_when_the_bracket_is_as_narrow_as_asked(void **state)
{
	struct server server = { .limit = 12345 };
	uint64_t served, refused;

	(void)state;
	assert_int_equal(capacity_bisect(100, 50000, 0.02, serves, &server, &served, &refused), 0);
	assert_true(served <= 12345 && refused > 12345 && (double)(refused - served) <= 0.02 * (double)served);
	assert_true(server.asked_n < 20);
}

static void a_trial_that_cannot_be_made_ends_it(void **state)
{
	struct server server = { .limit = 1000, .fails_at = 400 };
	uint64_t served, refused;

	(void)state;
	assert_int_equal(capacity_bisect(100, 50000, 0.02, serves, &server, &served, &refused), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_limit_is_found_from_every_beginning),
		cmocka_unit_test(it_ends_when_the_bracket_is_as_narrow_as_asked),
		cmocka_unit_test(a_trial_that_cannot_be_made_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
