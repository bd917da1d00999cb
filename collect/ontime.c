/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ontime.c: adds up the times between switches. */
#include "collect/ontime.h"

void ontime_begin(struct ontime *time, uint64_t ns)
{
	*time = (struct ontime){.done_ns = ns, .end_ns = UINT64_MAX};
}

void ontime_until(struct ontime *time, uint64_t ns)
{
	time->end_ns = ns;
}

static void advance(struct ontime *time, uint64_t ns)
{
	if (ns <= time->done_ns)
		return;
	time->ns += time->ours ? ns - time->done_ns : 0;
	time->done_ns = ns;
}

void ontime_switch(struct ontime *time, uint64_t ns, struct ontime_thread went, struct ontime_thread came)
{
	bool again = time->known && time->went == went.tid && time->came == came.tid; /* it cannot go twice without coming */
	bool early = ns < time->done_ns;

	if (!time->known)
		time->ours = went.who == ONTIME_OURS;
	if (ns > time->end_ns) {
		time->known = true; /* who went ran until the end */
		advance(time, time->end_ns);
		return;
	}
	advance(time, ns);
	time->ours = came.who == ONTIME_OURS;
	time->known = true;
	time->went = went.tid;
	time->came = came.tid;
	if (!again && !early)
		time->switches_n[went.who][came.who]++;
}

uint64_t ontime_end(struct ontime *time, bool ours)
{
	if (!time->known)
		time->ours = ours;
	advance(time, time->end_ns);
	return time->ns;
}
