/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_tally.c: what one process writes into a tally, another one reads. */
#include "workloads/tally.h"

#include "analyze/tests/said.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `as_server` in a child, which opens the tally as a server does. */
static void in_server(const struct tally_shared *shared, void (*as_server)(struct tally *tally))
{
	struct tally *tally = NULL;
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (tally_open(shared->path, &tally))
			_exit(1);
		as_server(tally);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void send_two_bursts(struct tally *tally)
{
	tally_begin(tally);
	tally_rest(tally, 1, 100);
	tally_begin(tally);
	tally_rest(tally, 2, 250);
}

static void take_up_work(struct tally *tally)
{
	tally_begin(tally);
}

static void a_server_that_is_through_rests_and_its_counts_are_seen(void **state)
{
	struct tally_shared shared;

	(void)state;
	assert_int_equal(tally_new(&shared), 0);
	assert_true(tally_rests(shared.tally)); /* it has not begun */
	in_server(&shared, send_two_bursts);
	assert_true(tally_rests(shared.tally));
	assert_int_equal(shared.tally->bursts_n, 2);
	assert_int_equal(shared.tally->packets_n, 250);
	tally_free(&shared);
}

static void within_a_burst_it_does_not_rest_and_the_counts_are_those_before(void **state)
{
	struct tally_shared shared;

	(void)state;
	assert_int_equal(tally_new(&shared), 0);
	in_server(&shared, send_two_bursts);
	in_server(&shared, take_up_work);
	assert_false(tally_rests(shared.tally));
	assert_int_equal(shared.tally->packets_n, 250);
	tally_free(&shared);
}

static void nobody_needs_to_measure(void **state)
{
	(void)state;
	tally_begin(NULL);
	tally_rest(NULL, 1, 1);
	tally_free(&(struct tally_shared){ 0 });
}

static void a_file_that_will_not_do_is_refused_in_one_sentence(void **state)
{
	char path[] = "/tmp/forecall-tally-XXXXXX";
	int fd = mkstemp(path);
	struct tally *tally;

	(void)state;
	assert_true(fd >= 0);
	said_begin();
	assert_int_equal(tally_open(path, &tally), -EINVAL);
	assert_said(said_end(), "too short");
	said_begin();
	assert_int_equal(tally_open("/nowhere/tally", &tally), -ENOENT);
	assert_said(said_end(), "--tally");
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_is_through_rests_and_its_counts_are_seen),
		cmocka_unit_test(within_a_burst_it_does_not_rest_and_the_counts_are_those_before),
		cmocka_unit_test(nobody_needs_to_measure),
		cmocka_unit_test(a_file_that_will_not_do_is_refused_in_one_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
