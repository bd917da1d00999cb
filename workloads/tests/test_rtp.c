/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_rtp.c: the RTP header as RFC 3550, 5.1 draws it, truncated packets, and payloads that can be verified. */
#include "workloads/pattern.h"
#include "workloads/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct rtp sample = { .type = 0xe0, .sequence = 0x1234, .time = 0x89abcdef, .ssrc = 0xfedcba98 };

static int read_packet(const uint8_t *data, size_t n, size_t *at, size_t *payload_n)
{
	uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read behind the end */
	struct rtp header;
	int err;

	assert_non_null(exact);
	memcpy(exact, data, n);
	err = rtp_read(exact, n, &header, at, payload_n);
	free(exact);
	return err;
}

static void the_header_is_in_network_order(void **state)
{
	static const uint8_t wire[] = { 0x80, 0xe0, 0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98 };
	uint8_t data[RTP_HEADER_BYTES];

	(void)state;
	rtp_write(data, &sample);
	assert_memory_equal(data, wire, sizeof wire);
}

static void what_is_written_is_read_back(void **state)
{
	uint8_t data[RTP_HEADER_BYTES + 5] = { 0 };
	struct rtp header = { 0 };
	size_t at = 0, n = 0;

	(void)state;
	rtp_write(data, &sample);
	assert_int_equal(rtp_read(data, sizeof data, &header, &at, &n), 0);
	assert_int_equal(header.type, sample.type);
	assert_int_equal(header.sequence, sample.sequence);
	assert_int_equal(header.time, sample.time);
	assert_int_equal(header.ssrc, sample.ssrc);
	assert_int_equal(at, RTP_HEADER_BYTES);
	assert_int_equal(n, 5);
}

static void sources_extension_and_padding_are_not_payload(void **state)
{
	uint8_t data[12 + 2 * 4 + 4 + 3 * 4 + 7 + 2] = { 0 };
	size_t at = 0, n = 0;

	(void)state;
	rtp_write(data, &sample);
	data[0] = 0x80 | 0x20 | 0x10 | 2; /* padding, extension, two sources */
	data[12 + 8 + 3] = 3;		  /* words of extension */
	data[sizeof data - 1] = 2;	  /* bytes of padding */
	assert_int_equal(read_packet(data, sizeof data, &at, &n), 0);
	assert_int_equal(at, 12 + 8 + 4 + 12);
	assert_int_equal(n, 7);
}

static void a_packet_shorter_than_it_says_is_refused(void **state)
{
	uint8_t data[64] = { 0 };
	size_t at = 0, n = 0;

	(void)state;
	rtp_write(data, &sample);
	for (size_t length = 0; length < RTP_HEADER_BYTES; length++)
		assert_int_equal(read_packet(data, length, &at, &n), -EBADMSG);
	data[0] = 0x80 | 15; /* sources end at byte 72 */
	assert_int_equal(read_packet(data, 64, &at, &n), -EBADMSG);
	data[0] = 0x80 | 0x10;
	assert_int_equal(read_packet(data, 15, &at, &n), -EBADMSG); /* the extension's own header is cut */
	data[14] = 0xff;
	assert_int_equal(read_packet(data, 64, &at, &n), -EBADMSG); /* 65280 words of extension */
	data[0] = 0x80 | 0x20;
	data[63] = 53;
	assert_int_equal(read_packet(data, 64, &at, &n), -EBADMSG); /* more padding than payload */
	data[63] = 0;
	assert_int_equal(read_packet(data, 64, &at, &n), -EBADMSG); /* padding counts itself */
	data[0] = 0x40;
	assert_int_equal(read_packet(data, 64, &at, &n), -EBADMSG); /* version 1 */
}

static void one_wrong_byte_anywhere_in_a_payload_is_seen(void **state)
{
	uint8_t data[600];

	(void)state;
	pattern_fill_payload(data, sizeof data, 0xdeadbeef);
	assert_true(pattern_payload_holds(data, sizeof data));
	for (size_t i = 0; i < sizeof data; i++) {
		data[i] ^= 0x40;
		assert_false(pattern_payload_holds(data, sizeof data));
		data[i] ^= 0x40;
	}
	assert_false(pattern_payload_holds(data + 1, sizeof data - 1));
}

static void payloads_too_short_for_a_counter_are_checked_too(void **state)
{
	uint8_t data[3] = { 0 };

	(void)state;
	assert_true(pattern_payload_holds(data, 0));
	pattern_fill_payload(data, 3, 77);
	assert_true(pattern_payload_holds(data, 3));
	data[2]++;
	assert_false(pattern_payload_holds(data, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_in_network_order),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(sources_extension_and_padding_are_not_payload),
		cmocka_unit_test(a_packet_shorter_than_it_says_is_refused),
		cmocka_unit_test(one_wrong_byte_anywhere_in_a_payload_is_seen),
		cmocka_unit_test(payloads_too_short_for_a_counter_are_checked_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
