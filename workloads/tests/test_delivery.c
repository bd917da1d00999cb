/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_delivery.c: every way of sending over real UDP sockets on the loopback device, by IPv4 and IPv6: what each recipient
 * gets, and whom a failure reaches. */
#include "workloads/net.h"
#include "workloads/sender.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { GROUP = 11, BURSTS = 3, TEXT_BYTES = 64 };

static const char *const hosts[] = { "127.0.0.1", "[::1]" };

/* A sender's socket, GROUP recipients, and a text for each. */
struct scene {
	int from, to[GROUP];
	union net_addr addr[GROUP], multicast;
	char text[GROUP][TEXT_BYTES];
	struct sender_message messages[GROUP];
	struct sender_config config;
	unsigned errors_of[GROUP];
	int last_error;
};

static void on_error(void *arg, const struct sender_message *message, int err)
{
	struct scene *s = arg;

	s->errors_of[message->slot]++;
	s->last_error = err;
}

static struct scene *scene_new(const char *host)
{
	struct scene *s = calloc(1, sizeof *s);

	assert_non_null(s);
	for (unsigned i = 0; i < GROUP; i++) {
		assert_int_equal(net_parse(host, &s->addr[i]), 0);
		s->to[i] = net_bind(SOCK_DGRAM | SOCK_NONBLOCK, &s->addr[i]);
		assert_true(s->to[i] >= 0);
		snprintf(s->text[i], TEXT_BYTES, "to %02u: the same for all", i);
		s->messages[i] = (struct sender_message){
			.addr = &s->addr[i], .addr_len = net_len(&s->addr[i]), .slot = i, .shared = 1, .iov_n = 2,
			.iov = { { s->text[i], 7 }, { s->text[0] + 7, 16 } },
		};
	}
	s->from = net_sender(&s->addr[0]);
	assert_true(s->from >= 0);
	s->config = (struct sender_config){
		.fd = s->from, .group_max = GROUP, .private_bytes = 7, .to = &s->addr[0].sa, .on_error = on_error, .on_error_arg = s,
	};
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

static struct sender *open_way(struct scene *s, const struct sender_ops *ops)
{
	struct sender *sender = NULL;
	char why[512];

	if (sender_open(ops->name, &s->config, &sender, why, sizeof why))
		fail_msg("%s", why);
	return sender;
}

static void send_burst(struct scene *s, struct sender *sender)
{
	for (unsigned i = 0; i < GROUP; i++)
		sender_push(sender, &s->messages[i]);
	sender_flush(sender);
}

/* Takes all that waits at a socket; each must be `text`. */
static unsigned receive_all(int fd, const char *text)
{
	char got[TEXT_BYTES + 1];
	unsigned n = 0;
	ssize_t length;

	while ((length = recv(fd, got, sizeof got, 0)) >= 0) {
		assert_int_equal(length, strlen(text));
		assert_memory_equal(got, text, strlen(text));
		n++;
	}
	return n;
}

/* A machine may have no IPv6. */
static bool has_host(const char *host)
{
	union net_addr addr;
	int fd;

	assert_int_equal(net_parse(host, &addr), 0);
	fd = net_bind(SOCK_DGRAM, &addr);
	if (fd >= 0)
		close(fd);
	else
		print_message("%s is not here: left out\n", host);
	return fd >= 0;
}

/* Calls the check for every way that sends on this machine what a scene over one of the hosts needs. */
static void for_every_way(void (*check)(struct scene *s, const struct sender_ops *ops), bool one_destination, size_t private_bytes,
			  unsigned traits)
{
	const struct sender_ops *ops;
	char why[512];

	for (size_t h = 0; h < 2; h++)
		for (size_t w = 0; has_host(hosts[h]) && (ops = sender_way(w)); w++) {
			struct scene *s = scene_new(hosts[h]);

			assert_int_equal(net_parse(h ? "[ff12::6660:1]:0" : "239.66.67.68:0", &s->multicast), 0);
			net_set_port(&s->multicast, net_port(&s->addr[0]));
			s->config.multicast = &s->multicast.sa;
			s->config.one_destination = one_destination;
			s->config.private_bytes = private_bytes;
			if (ops != &send_null && (ops->traits & traits) == traits && !sender_refused(ops, &s->config, why, sizeof why))
				check(s, ops);
			scene_free(s);
		}
}

static void check_bad_address(struct scene *s, const struct sender_ops *ops)
{
	struct sender *sender = open_way(s, ops);
	bool is_v6 = s->addr[0].sa.sa_family == AF_INET6;

	/* Broadcast without SO_BROADCAST is refused (EACCES), on whichever network. */
	assert_int_equal(net_parse(is_v6 ? "[::ffff:255.255.255.255]:9" : "255.255.255.255:9", &s->addr[4]), 0);
	for (unsigned b = 0; b < BURSTS; b++)
		send_burst(s, sender);
	for (unsigned i = 0; i < GROUP; i++) {
		assert_int_equal(receive_all(s->to[i], s->text[i]), i == 4 ? 0 : BURSTS);
		assert_int_equal(s->errors_of[i], i == 4 ? BURSTS : 0);
	}
	assert_int_equal(sender->counts.errors_n, BURSTS);
	assert_int_equal(sender->counts.packets_n, BURSTS * (GROUP - 1));
	sender_free(sender);
}

static void an_address_that_is_refused_only_misses_its_own(void **state)
{
	(void)state;
	for_every_way(check_bad_address, false, 7, 0);
}

static void check_refused_port(struct scene *s, const struct sender_ops *ops)
{
	struct sender *sender = open_way(s, ops);

	close(s->to[6]);
	s->to[6] = -1;
	for (unsigned b = 0; b < BURSTS; b++)
		send_burst(s, sender); /* the first one is answered with "port unreachable", of which the second one is told */
	for (unsigned i = 0; i < GROUP; i++) {
		if (s->to[i] >= 0)
			assert_int_equal(receive_all(s->to[i], s->text[i]), BURSTS);
		assert_int_equal(s->errors_of[i], i == 6);
	}
	assert_int_equal(s->last_error, ECONNREFUSED);
	assert_int_equal(sender->counts.packets_n + sender->counts.errors_n, BURSTS * GROUP);
	sender_free(sender);
}

static void a_closed_port_is_an_error_of_its_own_recipient_alone(void **state)
{
	(void)state;
	for_every_way(check_refused_port, false, 7, SENDER_CONNECTS);
}

static void check_one_destination(struct scene *s, const struct sender_ops *ops)
{
	struct sender *sender = open_way(s, ops);
	char got[TEXT_BYTES];

	for (unsigned i = 0; i < GROUP; i++) {
		s->messages[i].addr = &s->addr[0];
		s->messages[i].shared = 0;
		s->messages[i].iov_n = 1;
		s->messages[i].iov[0].iov_len = i == GROUP - 1 ? 5 : 10; /* a shorter one ends a train of segments */
	}
	for (unsigned b = 0; b < BURSTS; b++)
		send_burst(s, sender);
	for (unsigned i = 0; i < BURSTS * GROUP; i++) {
		size_t n = i % GROUP == GROUP - 1 ? 5 : 10;

		assert_int_equal(recv(s->to[0], got, sizeof got, 0), n);
		assert_memory_equal(got, s->text[i % GROUP], n);
	}
	assert_int_equal(recv(s->to[0], got, sizeof got, 0), -1);
	assert_int_equal(sender->counts.packets_n, BURSTS * GROUP);
	if (ops == &send_gso)
		assert_int_equal(sender->counts.calls_n, BURSTS * 2);
	sender_free(sender);
}

static void many_packets_to_one_recipient_keep_their_order(void **state)
{
	(void)state;
	for_every_way(check_one_destination, true, 0, 0);
}

static void check_shared(struct scene *s, const struct sender_ops *ops)
{
	bool is_multicast = ops == &send_multicast;
	struct sender *sender = open_way(s, ops);

	for (unsigned i = 0; i < GROUP; i++) {
		s->messages[i].shared = 0;
		s->messages[i].iov[0] = s->messages[i].iov[1];
		s->messages[i].iov_n = 1;
		if (!is_multicast)
			continue;
		union net_addr host = s->addr[i];

		close(s->to[i]);
		s->to[i] = net_join(&s->multicast, &host);
		assert_true(s->to[i] >= 0);
	}
	for (unsigned b = 0; b < BURSTS; b++)
		send_burst(s, sender);
	for (unsigned i = 0; i < GROUP; i++)
		assert_int_equal(receive_all(s->to[i], s->text[0] + 7), BURSTS);
	assert_int_equal(sender->counts.packets_n, BURSTS * GROUP);
	if (is_multicast)
		assert_int_equal(sender->counts.calls_n, BURSTS);
	sender_free(sender);
}

static void what_all_share_reaches_all(void **state)
{
	(void)state;
	for_every_way(check_shared, false, 0, 0);
}

/* Registered files and buffers change nothing of what arrives. */
static void check_registered(struct scene *s, const struct sender_ops *ops)
{
	s->config.registered = true;
	check_bad_address(s, ops);
}

static void registered_files_and_buffers_send_the_same(void **state)
{
	(void)state;
	for_every_way(check_registered, false, 7, 0);
}

static void the_table_says_why_a_way_cannot_send(void **state)
{
	struct scene *s = scene_new("127.0.0.1");
	char why[512];

	(void)state;
	if (!send_zerocopy.available()) {
		s->config.private_bytes = 0;
		assert_true(sender_refused(&send_zerocopy, &s->config, why, sizeof why));
		assert_non_null(strstr(why, "over loopback the kernel copies"));
	}
	if (!send_gso.available()) {
		s->config.one_destination = true;
		assert_false(sender_refused(&send_gso, &s->config, why, sizeof why));
		s->config.private_bytes = 1;
		assert_true(sender_refused(&send_gso, &s->config, why, sizeof why));
		assert_non_null(strstr(why, "private"));
	}
	s->config.private_bytes = 0;
	s->config.one_destination = false;
	assert_true(sender_refused(&send_multicast, &s->config, why, sizeof why));
	assert_non_null(strstr(why, "--multicast"));
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_that_is_refused_only_misses_its_own),
		cmocka_unit_test(a_closed_port_is_an_error_of_its_own_recipient_alone),
		cmocka_unit_test(many_packets_to_one_recipient_keep_their_order),
		cmocka_unit_test(what_all_share_reaches_all),
		cmocka_unit_test(registered_files_and_buffers_send_the_same),
		cmocka_unit_test(the_table_says_why_a_way_cannot_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
