/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_frame.c: frames built in user space, against one worked out by hand and against the plain definition of the checksum. */
#include "workloads/frame.h"

#include "workloads/link.h"
#include "workloads/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct link link_of(const char *source)
{
	struct link link = { .mac = { 2, 1, 1, 1, 1, 1 }, .next_mac = { 2, 2, 2, 2, 2, 2 } };

	assert_int_equal(net_parse(source, &link.source), 0);
	return link;
}

/* RFC 1071 word for word: 16 bits at a time, in network order. */
static uint32_t plain_sum(const uint8_t *bytes, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)bytes[i] << 8 | (i + 1 < n ? bytes[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static size_t write(const char *source, const char *dest, struct sender_message *m, struct frame_shared *shared, uint8_t *out)
{
	struct link link = link_of(source);
	union net_addr to;
	struct frame frame;

	assert_int_equal(net_parse(dest, &to), 0);
	frame_prepare(&link, 4660, &to, &frame);
	return frame_write(&frame, m, shared, 0, out);
}

static void an_ipv4_frame_is_what_was_worked_out_by_hand(void **state)
{
	/* 10.0.0.1:4660 -> 10.0.0.2:22136, payload "abc". IP header: 4500 + 001f + 0000 + 4000 + 4011 + 0a00 + 0001 + 0a00 +
	 * 0002 = d933, so its checksum is 26cc. */
	static const uint8_t expected[] = {
		2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 8, 0,
		0x45, 0, 0, 0x1f, 0, 0, 0x40, 0, 0x40, 0x11, 0x26, 0xcc, 10, 0, 0, 1, 10, 0, 0, 2,
		0x12, 0x34, 0x56, 0x78, 0, 0x0b, 0, 0, 'a', 'b', 'c',
	};
	struct sender_message m = { .iov_n = 1, .iov = { { (void *)"abc", 3 } } };
	struct frame_shared shared = { 0 };
	uint8_t out[256];

	(void)state;
	assert_int_equal(write("10.0.0.1", "10.0.0.2:22136", &m, &shared, out), sizeof expected);
	out[40] = out[41] = 0; /* the UDP checksum: see below */
	assert_memory_equal(out, expected, sizeof expected);
}

/* The sum over pseudo header and datagram, checksum included, is all ones: at every length, in parts that begin at odd and
 * even places. */
static void the_udp_checksum_holds_wherever_the_parts_begin(void **state)
{
	static const char *const hosts[2][2] = { { "192.0.2.1", "192.0.2.77:999" }, { "2001:db8::1", "[2001:db8::77]:999" } };
	uint8_t bytes[256], out[512], pseudo[512];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(255 - i * i);
	for (int v6 = 0; v6 < 2; v6++) {
		for (size_t n = 0; n < 30 * 30; n++) {
			struct sender_message m = { .shared = 1, .iov_n = 3, .iov = {
				{ bytes + n % 3, n % 30 }, { bytes + 60, n / 30 }, { bytes + 99, n % 7 } } };
			struct frame_shared shared = { 0 };
			size_t hosts_n = v6 ? 32 : 8, udp_n, addr_at = v6 ? 14 + 8 : 14 + 12;

			for (int again = 0; again < 2; again++) { /* the second time with the sum of the shared part at hand */
				udp_n = write(hosts[v6][0], hosts[v6][1], &m, &shared, out) - 14 - (v6 ? 40 : 20);
				assert_int_equal(udp_n, 8 + n % 30 + n / 30 + n % 7);
				memcpy(pseudo, out + addr_at, hosts_n);
				memcpy(pseudo + hosts_n, (uint8_t[]){ 0, 17, (uint8_t)(udp_n >> 8), (uint8_t)udp_n }, 4);
				memcpy(pseudo + hosts_n + 4, out + 14 + (v6 ? 40 : 20), udp_n);
				assert_int_equal(plain_sum(pseudo, hosts_n + 4 + udp_n), 0xffff);
			}
		}
	}
}

static void a_sum_is_that_of_its_words(void **state)
{
	uint8_t bytes[70];

	(void)state;
	memset(bytes, 0xff, sizeof bytes);
	for (size_t n = 0; n < sizeof bytes; n++) {
		uint8_t word[2];
		uint32_t sum;

		bytes[n / 2] -= (uint8_t)n;
		sum = frame_sum(bytes, n);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		memcpy(word, &(uint16_t){ (uint16_t)sum }, 2);
		assert_int_equal(word[0] << 8 | word[1], plain_sum(bytes, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_frame_is_what_was_worked_out_by_hand),
		cmocka_unit_test(the_udp_checksum_holds_wherever_the_parts_begin),
		cmocka_unit_test(a_sum_is_that_of_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
