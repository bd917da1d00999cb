/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pattern.h: bytes that follow from a number, so that a receiver can tell whether it got what was sent. */
#ifndef WORKLOADS_PATTERN_H
#define WORKLOADS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/rtp.h"

enum { PATTERN_COUNTER_BYTES = 4 };

/* Odd factors: one wrong bit of the seed changes every byte. */
static inline uint8_t pattern_byte(uint32_t seed, size_t i)
{
	return (uint8_t)(seed * 31 + (seed >> 8) * 3 + (seed >> 16) * 5 + (seed >> 24) * 9 + i * 7 + (i >> 8));
}

/* Private bytes of a recipient: nothing but the pattern of its SSRC. */
static inline void pattern_fill(uint8_t *to, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++)
		to[i] = pattern_byte(seed, i);
}

/* A shared payload: the packet's counter in network order where there is room for it, and its pattern behind. */
static inline void pattern_fill_payload(uint8_t *to, size_t n, uint32_t counter)
{
	pattern_fill(to, n, counter);
	if (n >= PATTERN_COUNTER_BYTES)
		rtp_put32(to, counter);
}

/* Whether a payload is whole: its bytes fit the counter that it carries or, where it is too short for one, each other. */
static inline bool pattern_payload_holds(const uint8_t *data, size_t n)
{
	bool carries = n >= PATTERN_COUNTER_BYTES;
	uint32_t counter = carries ? rtp_get32(data) : 0;
	uint8_t shift = !carries && n ? (uint8_t)(data[0] - pattern_byte(0, 0)) : 0;

	for (size_t i = carries ? PATTERN_COUNTER_BYTES : 0; i < n; i++)
		if (data[i] != (uint8_t)(pattern_byte(counter, i) + shift))
			return false;
	return true;
}

#endif
