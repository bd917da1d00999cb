/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_take.c: records of the channel, also such as no guest of ours writes. */
#include "lab/take.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/tests/said.h"

static struct channel *channel;

/* An empty channel whose ring has been gone through up to `at`. */
static void begin(uint64_t at)
{
	memset(channel, 0, sizeof *channel);
	channel->taken = channel->written = at;
}

static void put_bytes(const void *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *)channel->ring)[(channel->written + i) % CHANNEL_RING_BYTES] = ((const char *)data)[i];
	channel->written += (n + 7) / 8 * 8;
}

/* What the guest's send.c does. */
static void put(uint32_t kind, const void *data, size_t n)
{
	const struct channel_record head = { .kind = kind, .bytes = (uint32_t)n };

	put_bytes(&head, sizeof head);
	put_bytes(data, n);
}

static void put_status(int32_t status)
{
	put(CHANNEL_STATUS, &status, sizeof status);
}

static void runs_come_back_whole_and_the_status_ends_them(void **state)
{
	struct take take = { 0 };

	(void)state;
	begin(0);
	put(CHANNEL_RUNS, "{\"a\":", 5);
	put(CHANNEL_RUNS, "1}", 2);
	put_status(42);
	put(CHANNEL_RUNS, "behind the last record", 22);
	assert_int_equal(take_records(&take, channel), 8 + 8 + 8 + 8 + 8 + 8);
	assert_string_equal(take.runs.data, "{\"a\":1}");
	assert_true(take.done);
	assert_int_equal(take.status, 42);
	assert_int_equal(channel->taken, 48);
	take_free(&take);
}

static void nothing_there_takes_nothing(void **state)
{
	struct take take = { 0 };

	(void)state;
	begin(4096);
	assert_int_equal(take_records(&take, channel), 0);
	assert_false(take.done);
	take_free(&take);
}

/* Heads and contents alike may lie across the end of the ring. */
static void records_go_around_the_end_of_the_ring(void **state)
{
	static const char text[] = "from the end of the ring to its beginning";

	(void)state;
	for (uint64_t before = 8; before <= 64; before += 8) {
		struct take take = { 0 };

		begin(3ull * CHANNEL_RING_BYTES - before);
		put(CHANNEL_RUNS, text, strlen(text));
		put_status(0);
		assert_true(take_records(&take, channel) > 0);
		assert_string_equal(take.runs.data, text);
		assert_true(take.done);
		take_free(&take);
	}
}

static void files_come_back_in_parts_with_mode_and_number(void **state)
{
	const uint32_t first[] = { 1, 0755 }, second[] = { 0, 0600 };
	struct take take = { 0 };

	(void)state;
	begin(0);
	put(CHANNEL_FILE, first, sizeof first);
	put(CHANNEL_DATA, "one", 3);
	put(CHANNEL_DATA, "two", 3);
	put(CHANNEL_FILE, second, sizeof second);
	put_status(0);
	assert_true(take_records(&take, channel) > 0);
	assert_int_equal(take.files_n, 2);
	assert_int_equal(take.files[0].index, 1);
	assert_int_equal(take.files[0].mode, 0755);
	assert_string_equal(take.files[0].data.data, "onetwo");
	assert_int_equal(take.files[1].index, 0);
	assert_int_equal(take.files[1].data.n, 0);
	take_free(&take);
}

static void contents_without_a_file_are_dropped_and_a_short_head_names_none(void **state)
{
	struct take take = { 0 };

	(void)state;
	begin(0);
	put(CHANNEL_DATA, "lost", 4);
	put(CHANNEL_FILE, "abc", 3);
	put_status(0);
	assert_true(take_records(&take, channel) > 0);
	assert_int_equal(take.files_n, 1);
	assert_int_equal(take.files[0].index, -1);
	take_free(&take);
}

static void a_fault_is_said_and_marks_the_guest(void **state)
{
	struct take take = { 0 };

	(void)state;
	begin(0);
	put(CHANNEL_REMARK, "a file is missing", 17);
	put(CHANNEL_FAULT, "no carrier", 10);
	put_status(1);
	said_begin();
	assert_true(take_records(&take, channel) > 0);
	const char *said = said_end();
	assert_non_null(strstr(said, "warning: lab: a file is missing\n"));
	assert_non_null(strstr(said, "forecall: lab: no carrier\n"));
	assert_true(take.faulty && take.done);
	take_free(&take);
}

static void refused(void)
{
	struct take take = { 0 };

	said_begin();
	assert_int_equal(take_records(&take, channel), -EPROTO);
	assert_non_null(strstr(said_end(), "its memory is damaged"));
	take_free(&take);
}

static void what_no_guest_writes_is_refused(void **state)
{
	const struct channel_record huge = { .kind = CHANNEL_RUNS, .bytes = UINT32_MAX }, long_one = { .kind = CHANNEL_RUNS, .bytes = 100 };

	(void)state;
	begin(0);
	put(CHANNEL_KIND_MAX, "", 0);
	refused();
	begin(0);
	put_bytes(&huge, sizeof huge); /* more than a record holds */
	refused();
	begin(0);
	put_bytes(&long_one, sizeof long_one); /* more than was written */
	refused();
	begin(0);
	channel->written = 2ull * CHANNEL_RING_BYTES; /* more than the ring holds */
	refused();
	begin(64);
	channel->written = 8; /* backwards */
	refused();
}

static int make_channel(void **state)
{
	(void)state;
	channel = malloc(sizeof *channel);
	return !channel;
}

static int free_channel(void **state)
{
	(void)state;
	free(channel);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_come_back_whole_and_the_status_ends_them),
		cmocka_unit_test(nothing_there_takes_nothing),
		cmocka_unit_test(records_go_around_the_end_of_the_ring),
		cmocka_unit_test(files_come_back_in_parts_with_mode_and_number),
		cmocka_unit_test(contents_without_a_file_are_dropped_and_a_short_head_names_none),
		cmocka_unit_test(a_fault_is_said_and_marks_the_guest),
		cmocka_unit_test(what_no_guest_writes_is_refused),
	};

	return cmocka_run_group_tests(tests, make_channel, free_channel);
}
