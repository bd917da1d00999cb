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
		.addr = &s->addr[i], .addr_len = s->addr_len, .slot = i, .iov_n = 3,
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

static struct sender *open_way(struct scene *s, const struct sender_ops *ops, size_t batch)
{
	const struct sender_config config = {
		.fd = s->from, .group_max = GROUP, .batch = batch, .on_error = on_error, .on_error_arg = s,
	};
	struct sender *sender = NULL;
	char why[256];

	assert_int_equal(sender_open(ops->name, &config, &sender, why, sizeof why), 0);
	return sender;
}

static void send_group(struct scene *s, struct sender *sender)
{
	for (unsigned i = 0; i < GROUP; i++)
		sender_push(sender, &s->messages[i]);
	sender_flush(sender);
}

/* How many datagrams wait at receiver i; each must be the whole message. */
static unsigned receive_all(struct scene *s, unsigned i)
{
	char got[64], expected[64];
	unsigned n = 0;
	ssize_t length;

	snprintf(expected, sizeof expected, "h%u-payloadh%u", i, i);
	while ((length = recv(s->to[i], got, sizeof got, 0)) >= 0) {
		assert_int_equal(length, 12);
		assert_memory_equal(got, expected, 12);
		n++;
	}
	return n;
}

static bool sends(const struct sender_ops *ops)
{
	return ops != &send_null && !ops->available();
}

static void each_recipient_gets_its_head_the_payload_and_its_tail(void **state)
{
	const struct sender_ops *ops;

	(void)state;
	for (size_t w = 0; (ops = sender_way(w)); w++) {
		struct scene *s = scene_new();
		struct sender *sender = open_way(s, ops, 0);

		send_group(s, sender);
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

static void an_unknown_way_is_refused_with_the_known_ones(void **state)
{
	struct sender *sender = NULL;
	char why[256];

	(void)state;
	assert_int_equal(sender_open("pigeon", &(struct sender_config){ 0 }, &sender, why, sizeof why), -EINVAL);
	assert_non_null(strstr(why, "pigeon"));
	assert_non_null(strstr(why, "null, sendmsg, sendmmsg"));
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
		cmocka_unit_test(an_unknown_way_is_refused_with_the_known_ones),
		cmocka_unit_test(names_in_the_table_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
