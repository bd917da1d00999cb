/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_sender.c: what every way of sending promises, over local sockets: real calls, and no network. */
#include "workloads/sender.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { GROUP = 7 };

/* A sender's socket and GROUP receivers that have bound a local address each. */
struct scene {
	int from, to[GROUP];
	struct sockaddr_un addr[GROUP];
	socklen_t addr_len;
	char heads[GROUP][4], payload[8];
	struct sender_message messages[GROUP];
	int error_of[GROUP]; /* what on_error was told */
	unsigned told_n;
};

static void on_error(void *arg, const struct sender_message *message, int err)
{
	struct scene *s = arg;

	s->error_of[message->slot] = err;
	s->told_n++;
}

static void add_receiver(struct scene *s, unsigned i)
{
	s->addr[i].sun_family = AF_UNIX; /* a zero first byte: a name in no directory */
	snprintf(s->addr[i].sun_path + 1, 40, "forecall-test-%08x-%02u", (unsigned)getpid(), i);
	s->addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(s->addr[i].sun_path + 1));
	s->to[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(s->to[i] >= 0);
	assert_int_equal(bind(s->to[i], (struct sockaddr *)&s->addr[i], s->addr_len), 0);
	snprintf(s->heads[i], sizeof s->heads[i], "h%u-", i);
	s->messages[i] = (struct sender_message){
		.addr = &s->addr[i], .addr_len = s->addr_len, .slot = i, .shared = 1, .iov_n = 3,
		.iov = { { s->heads[i], 3 }, { s->payload, 7 }, { s->heads[i], 2 } },
	};
}

static struct scene *scene_new(void)
{
	struct scene *s = calloc(1, sizeof *s);

	assert_non_null(s);
	s->from = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(s->from >= 0);
	memcpy(s->payload, "payload", 8);
	for (unsigned i = 0; i < GROUP; i++)
		add_receiver(s, i);
	return s;
}

static void scene_free(struct scene *s)
{
	for (unsigned i = 0; i < GROUP; i++)
		if (s->to[i] >= 0)
			close(s->to[i]);
	close(s->from);
	free(s);
}

static struct sender_config config_of(struct scene *s, size_t batch)
{
	return (struct sender_config){
		.fd = s->from, .group_max = GROUP, .batch = batch, .private_bytes = 5, .to = (struct sockaddr *)&s->addr[0],
		.on_error = on_error, .on_error_arg = s,
	};
}

static struct sender *open_way(struct scene *s, const struct sender_ops *ops, size_t batch)
{
	const struct sender_config config = config_of(s, batch);
	struct sender *sender = NULL;
	char why[256];

	if (sender_open(ops->name, &config, &sender, why, sizeof why))
		fail_msg("%s", why);
	return sender;
}

static void send_group(struct scene *s, struct sender *sender)
{
	for (unsigned i = 0; i < GROUP; i++)
		sender_push(sender, &s->messages[i]);
	sender_flush(sender);
}

/* How many datagrams wait at receiver i; each must be the whole message, the last one with the payload as it is now, and each
 * one before with a first letter that is one less. */
static unsigned receive_all(struct scene *s, unsigned i)
{
	char got[8][64], expected[64];
	unsigned n = 0;
	ssize_t length;

	while ((length = recv(s->to[i], got[n], sizeof got[n], 0)) >= 0) {
		assert_int_equal(length, 12);
		assert_true(++n < 8);
	}
	for (unsigned k = 0; k < n; k++) {
		snprintf(expected, sizeof expected, "h%u-%sh%u", i, s->payload, i);
		expected[3] = (char)(expected[3] - (int)(n - 1 - k));
		assert_memory_equal(got[k], expected, 12);
	}
	return n;
}

/* Whether the way is here, and works between local sockets; those that need IP say so. */
static bool opens(const struct sender_ops *ops)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	char why[256];

	return !sender_refused(ops, &(struct sender_config){ .private_bytes = 5, .to = (struct sockaddr *)&local }, why, sizeof why);
}

static bool sends(const struct sender_ops *ops)
{
	return ops != &send_null && opens(ops);
}

static void each_recipient_gets_its_head_the_payload_and_its_tail(void **state)
{
	const struct sender_ops *ops;

	(void)state;
	for (size_t w = 0; (ops = sender_way(w)); w++) {
		if (!opens(ops))
			continue;
		struct scene *s = scene_new();
		struct sender *sender = open_way(s, ops, 0);

		send_group(s, sender);
		s->payload[0]++; /* between flushes it may change */
		send_group(s, sender);
		for (unsigned i = 0; i < GROUP; i++)
			assert_int_equal(receive_all(s, i), sends(ops) ? 2 : 0);
		assert_int_equal(sender->counts.packets_n, 2 * GROUP);
		assert_int_equal(sender->counts.errors_n, 0);
		sender_free(sender);
		scene_free(s);
	}
}

static void a_batch_of_any_size_sends_all(void **state)
{
	(void)state;
	for (size_t batch = 1; batch <= GROUP + 1; batch++) {
		struct scene *s = scene_new();
		struct sender *sender = open_way(s, &send_sendmmsg, batch);

		send_group(s, sender);
		for (unsigned i = 0; i < GROUP; i++)
			assert_int_equal(receive_all(s, i), 1);
		assert_int_equal(sender->counts.calls_n, batch > GROUP ? 1 : (GROUP + batch - 1) / batch);
		sender_free(sender);
		scene_free(s);
	}
}

/* Closes the receivers of a set of recipients and checks that exactly they are missed. */
static void check_dead(const struct sender_ops *ops, unsigned dead)
{
	struct scene *s = scene_new();
	struct sender *sender = open_way(s, ops, 0);
	unsigned dead_n = 0;

	for (unsigned i = 0; i < GROUP; i++) {
		if (dead & 1u << i) {
			close(s->to[i]);
			s->to[i] = -1;
			dead_n++;
		}
	}
	send_group(s, sender);
	for (unsigned i = 0; i < GROUP; i++) {
		if (s->to[i] >= 0)
			assert_int_equal(receive_all(s, i), 1);
		assert_int_equal(s->error_of[i], s->to[i] >= 0 ? 0 : ECONNREFUSED);
	}
	assert_int_equal(s->told_n, dead_n);
	assert_int_equal(sender->counts.errors_n, dead_n);
	assert_int_equal(sender->counts.packets_n, GROUP - dead_n);
	sender_free(sender);
	scene_free(s);
}

static void a_dead_recipient_only_misses_its_own(void **state)
{
	const struct sender_ops *ops;

	(void)state;
	for (size_t w = 0; (ops = sender_way(w)); w++)
		for (unsigned dead = 0; sends(ops) && dead < 1u << GROUP; dead += 3)
			check_dead(ops, dead);
}

static void a_full_queue_is_waited_for_then_counted(void **state)
{
	const struct sender_ops *ops;

	(void)state;
	for (size_t w = 0; (ops = sender_way(w)); w++) {
		struct scene *s = scene_new();
		struct sender *sender = sends(ops) ? open_way(s, ops, 0) : NULL;
		uint64_t pushed_n = 0;

		for (; sender && !sender->counts.errors_n; pushed_n += GROUP) /* nobody reads: it fills up */
			send_group(s, sender);
		if (sender) {
			assert_true(sender->counts.waits_n > 0);
			assert_int_equal(sender->counts.packets_n + sender->counts.errors_n, pushed_n);
			assert_int_equal(s->told_n, sender->counts.errors_n);
		}
		sender_free(sender);
		scene_free(s);
	}
}

static void a_slot_that_changes_hands_sends_to_its_new_recipient(void **state)
{
	const struct sender_ops *ops;

	(void)state;
	for (size_t w = 0; (ops = sender_way(w)); w++) {
		if (!sends(ops))
			continue;
		struct scene *s = scene_new();
		struct sender *sender = open_way(s, ops, 0);

		for (unsigned i = 0; i < GROUP; i++)
			sender_prepare(sender, &s->messages[i]);
		s->messages[1].addr = &s->addr[2];
		s->messages[2].addr = &s->addr[1];
		memcpy(s->heads[1], "h2-", 3);
		memcpy(s->heads[2], "h1-", 3);
		send_group(s, sender);
		for (unsigned i = 0; i < GROUP; i++)
			assert_int_equal(receive_all(s, i), 1);
		sender_free(sender);
		scene_free(s);
	}
}

static void a_way_says_what_it_cannot_send(void **state)
{
	const struct sender_ops one = { .name = "one", .traits = SENDER_ONE_DESTINATION, .available = sender_always },
				shared = { .name = "same", .traits = SENDER_SHARED_ONLY, .available = sender_always };
	char why[256] = "";

	(void)state;
	assert_false(sender_refused(&one, &(struct sender_config){ .one_destination = true }, why, sizeof why));
	assert_true(sender_refused(&one, &(struct sender_config){ 0 }, why, sizeof why));
	assert_non_null(strstr(why, "one cannot send this: it sends many packets to one recipient"));
	assert_false(sender_refused(&shared, &(struct sender_config){ 0 }, why, sizeof why));
	assert_true(sender_refused(&shared, &(struct sender_config){ .private_bytes = 1 }, why, sizeof why));
	assert_non_null(strstr(why, "same cannot send this: all recipients get the same bytes"));
}

static void an_unknown_way_is_refused_with_the_known_ones(void **state)
{
	struct sender *sender = NULL;
	char why[256];

	(void)state;
	assert_int_equal(sender_open("pigeon", &(struct sender_config){ 0 }, &sender, why, sizeof why), -EINVAL);
	assert_non_null(strstr(why, "pigeon"));
	assert_non_null(strstr(why, "null, sendmsg, sendto"));
	assert_null(sender);
}

static void names_in_the_table_differ(void **state)
{
	const struct sender_ops *ops;

	(void)state;
	for (size_t i = 0; (ops = sender_way(i)); i++)
		assert_ptr_equal(sender_find(ops->name), ops);
	assert_null(sender_find("pigeon"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_recipient_gets_its_head_the_payload_and_its_tail),
		cmocka_unit_test(a_batch_of_any_size_sends_all),
		cmocka_unit_test(a_dead_recipient_only_misses_its_own),
		cmocka_unit_test(a_full_queue_is_waited_for_then_counted),
		cmocka_unit_test(a_slot_that_changes_hands_sends_to_its_new_recipient),
		cmocka_unit_test(a_way_says_what_it_cannot_send),
		cmocka_unit_test(an_unknown_way_is_refused_with_the_known_ones),
		cmocka_unit_test(names_in_the_table_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
