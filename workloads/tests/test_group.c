/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_group.c: who is in a group, and what each recipient is sent. */
#include "workloads/group.h"

#include "workloads/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SEEN_MAX = 16 };

/* A way of sending that writes down what it is given. */
static struct seen {
	uint8_t bytes[SEEN_MAX][128];
	size_t bytes_n[SEEN_MAX];
	uint16_t port[SEEN_MAX];
	size_t n, flushes_n;
} seen;

static void seen_push(struct sender *sender, const struct sender_message *m)
{
	(void)sender;
	assert_true(seen.n < SEEN_MAX);
	for (size_t i = 0; i < m->iov_n; i++) {
		memcpy(seen.bytes[seen.n] + seen.bytes_n[seen.n], m->iov[i].iov_base, m->iov[i].iov_len);
		seen.bytes_n[seen.n] += m->iov[i].iov_len;
	}
	seen.port[seen.n++] = net_port(m->addr);
}

static void seen_flush(struct sender *sender)
{
	(void)sender;
	seen.flushes_n++;
}

static const struct sender_ops seen_ops = { .name = "seen", .push = seen_push, .flush = seen_flush };
static struct sender seen_sender = { .ops = &seen_ops };

static union net_addr addr_of(uint16_t port)
{
	union net_addr addr;

	assert_int_equal(net_parse("127.0.0.1", &addr), 0);
	net_set_port(&addr, port);
	return addr;
}

static int add(struct group *group, uint16_t port, uint32_t owner)
{
	const union net_addr addr = addr_of(port);

	return group_add(group, &addr, owner, port);
}

static void burst(struct group *group, uint16_t sequence)
{
	memset(&seen, 0, sizeof seen);
	group_burst(group, &seen_sender, &(struct rtp){ .type = 96, .sequence = sequence, .time = 7 }, 0);
	assert_int_equal(seen.flushes_n, 1);
}

static void everybody_gets_the_payload_behind_a_header_of_its_own(void **state)
{
	struct rtp first = { 0 }, second = { 0 }, later = { 0 };
	struct group *group;
	size_t at = 0, n = 0;

	(void)state;
	assert_int_equal(group_new(RTP_HEADER_BYTES, 0, &group), 0);
	add(group, 1000, 1);
	add(group, 1001, 1);
	group_set_payload(group, "abc", 3);
	burst(group, 65535);
	assert_int_equal(seen.n, 2);
	assert_int_equal(rtp_read(seen.bytes[0], seen.bytes_n[0], &first, &at, &n), 0);
	assert_int_equal(rtp_read(seen.bytes[1], seen.bytes_n[1], &second, &at, &n), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(seen.bytes[1] + at, "abc", 3);
	assert_true(first.ssrc != second.ssrc && first.sequence != second.sequence && first.time != second.time);
	burst(group, 0);
	assert_int_equal(rtp_read(seen.bytes[0], seen.bytes_n[0], &later, &at, &n), 0);
	assert_int_equal((uint16_t)(later.sequence - first.sequence), 1); /* the offset is kept over the wrap */
	assert_int_equal(later.ssrc, first.ssrc);
	group_free(group);
}

static void private_bytes_lie_before_and_behind_the_payload(void **state)
{
	struct group *group;

	(void)state;
	assert_int_equal(group_new(4, 2, &group), 0); /* too short for an RTP header: none is written */
	add(group, 1000, 1);
	add(group, 1001, 1);
	group_set_payload(group, "shared", 6);
	burst(group, 1);
	assert_int_equal(seen.bytes_n[0], 12);
	assert_memory_equal(seen.bytes[0] + 4, "shared", 6);
	assert_memory_equal(seen.bytes[1] + 4, "shared", 6);
	assert_memory_not_equal(seen.bytes[0], seen.bytes[1], 4);
	assert_memory_not_equal(seen.bytes[0] + 10, seen.bytes[1] + 10, 2);
	group_free(group);
}

static void a_changed_payload_reaches_everybody(void **state)
{
	struct group *group;

	(void)state;
	assert_int_equal(group_new(0, 0, &group), 0);
	group_set_payload(group, "one", 3);
	add(group, 1000, 1);
	burst(group, 1);
	assert_memory_equal(seen.bytes[0], "one", 3);
	group_set_payload(group, "three", 5);
	add(group, 1001, 1);
	burst(group, 2);
	assert_int_equal(seen.bytes_n[0], 5);
	assert_memory_equal(seen.bytes[0], "three", 5);
	assert_memory_equal(seen.bytes[1], "three", 5);
	group_free(group);
}

static void nobody_is_in_twice(void **state)
{
	struct group *group;

	(void)state;
	assert_int_equal(group_new(12, 0, &group), 0);
	assert_int_equal(add(group, 1000, 1), 0);
	assert_int_equal(add(group, 1000, 1), -EEXIST);
	assert_int_equal(add(group, 1000, 2), -EEXIST);
	assert_int_equal(group_size(group), 1);
	group_free(group);
}

static void only_who_added_a_recipient_can_take_it_out(void **state)
{
	const union net_addr addr = addr_of(1000), stranger = addr_of(1001);
	struct group *group;

	(void)state;
	assert_int_equal(group_new(12, 0, &group), 0);
	add(group, 1000, 1);
	assert_int_equal(group_remove(group, &addr, 2), -ENOENT);
	assert_int_equal(group_remove(group, &stranger, 1), -ENOENT);
	assert_int_equal(group_size(group), 1);
	assert_int_equal(group_remove(group, &addr, 1), 0);
	assert_int_equal(group_remove(group, &addr, 1), -ENOENT);
	assert_int_equal(add(group, 1000, 2), 0);
	group_free(group);
}

static void an_owner_leaves_with_all_its_own_and_nobody_else(void **state)
{
	struct group *group;
	unsigned sum = 0;

	(void)state;
	assert_int_equal(group_new(12, 0, &group), 0);
	group_set_payload(group, "x", 1);
	for (uint16_t i = 0; i < 10; i++)
		add(group, (uint16_t)(1000 + i), i % 3);
	assert_int_equal(group_remove_owner(group, 1), 3);
	assert_int_equal(group_remove_owner(group, 1), 0);
	burst(group, 1);
	assert_int_equal(seen.n, 7);
	for (size_t i = 0; i < seen.n; i++)
		sum += seen.port[i] - 1000u;
	assert_int_equal(sum, 45 - (1 + 4 + 7));
	assert_int_equal(group_remove_owner(group, 0) + group_remove_owner(group, 2), 7);
	burst(group, 2);
	assert_int_equal(seen.n, 0);
	group_free(group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_gets_the_payload_behind_a_header_of_its_own),
		cmocka_unit_test(private_bytes_lie_before_and_behind_the_payload),
		cmocka_unit_test(a_changed_payload_reaches_everybody),
		cmocka_unit_test(nobody_is_in_twice),
		cmocka_unit_test(only_who_added_a_recipient_can_take_it_out),
		cmocka_unit_test(an_owner_leaves_with_all_its_own_and_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
