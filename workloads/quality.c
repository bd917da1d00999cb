/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quality.c: sequence numbers and timestamps to loss, duplicates, order and jitter. */
#include "workloads/quality.h"

#include "workloads/rtp.h"

#include <stdbool.h>

static void begin_sequence(struct quality *q, uint16_t sequence)
{
	q->first = q->top = sequence;
	q->seen = 1;
}

static void advance(struct quality *q, int step)
{
	q->top += step;
	q->seen = (step < 64 ? q->seen << step : 0) | 1;
}

/* A packet `back` behind the highest. What is further back than the 64 remembered counts as late, not as a duplicate. */
static bool enter_late(struct quality *q, int back)
{
	uint64_t bit = back < 64 ? UINT64_C(1) << back : 0;

	if (q->seen & bit) {
		q->duplicates_n++;
		return false;
	}
	q->seen |= bit;
	q->reordered_n++;
	if (q->top - back < q->first)
		q->first = q->top - back;
	return true;
}

/* Whether the packet is new. */
static bool enter_sequence(struct quality *q, uint16_t sequence)
{
	int step = (int16_t)(uint16_t)(sequence - (uint16_t)q->top);

	if (step > QUALITY_JUMP || step < -QUALITY_JUMP) {
		q->closed_n = quality_expected(q);
		q->restarts_n++;
		begin_sequence(q, sequence);
		return true;
	}
	if (step <= 0)
		return enter_late(q, -step);
	advance(q, step);
	return true;
}

/* J += (|D| - J) / 16, where D is the change of the transit time from the packet before to this one. */
static void enter_jitter(struct quality *q, uint32_t time, int64_t arrival_ns, uint32_t clock_hz)
{
	int32_t step = (int32_t)(time - q->time);

	q->time_ns += (int64_t)((double)step * 1e9 / clock_hz);
	q->time = time;
	int64_t transit_ns = arrival_ns - q->time_ns, change_ns = transit_ns - q->transit_ns;

	q->transit_ns = transit_ns;
	q->jitter_ns += ((double)(change_ns < 0 ? -change_ns : change_ns) - q->jitter_ns) / 16;
}

void quality_packet(struct quality *q, const struct rtp *header, int64_t arrival_ns, uint32_t clock_hz)
{
	uint64_t restarts_n = q->restarts_n;
	bool begins = !q->packets_n;

	if (begins)
		begin_sequence(q, header->sequence);
	bool fresh = begins || enter_sequence(q, header->sequence);

	q->packets_n++;
	if (begins || restarts_n != q->restarts_n) {
		q->time = header->time;
		q->transit_ns = arrival_ns - q->time_ns;
	} else if (fresh) {
		enter_jitter(q, header->time, arrival_ns, clock_hz);
	}
}

uint64_t quality_expected(const struct quality *q)
{
	return q->packets_n ? q->closed_n + (uint64_t)(q->top - q->first + 1) : 0;
}

uint64_t quality_lost(const struct quality *q)
{
	uint64_t expected = quality_expected(q), came = q->packets_n - q->duplicates_n;

	return expected > came ? expected - came : 0;
}
