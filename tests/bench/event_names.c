/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event_names.c: every event that libpfm4 and the kernel name opens or is refused with a reason; and a million names made up at random
 * crash nothing. Usage: event_names [NAMES]. Exit status 1 when one has neither.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/events.h"
#include "tests/bench/judge.h"

struct counts {
	int opened_n, refused_n, mute_n;
};

static int count(void *context, const struct event_info *event)
{
	struct counts *counts = context;

	counts->opened_n += event->opened >= 0;
	counts->refused_n += event->opened < 0;
	counts->mute_n += event->opened < 0 && !*event->why;
	return 0;
}

/* Half of them are put together from pieces of real names, half are bytes. */
static void make_name(struct stats_rng *rng, char name[EVENT_NAME_MAX + 40])
{
	static const char *const pieces[] = {"perf", "::", ":", "cycles", "INSTRUCTIONS", "arm_n1", "skl", "msr", "/", "tsc", "=", "0x", "1", ",", "u", "k",
					     "r", "ff", "-", "LLC", "_", "MISSES", "L1-dcache", "load", "event", "config", "umask", ".", "c=", "e=",
					     "precise=3", "18446744073709551616", "INST_RETIRED", "ANY", "%s", " "};
	size_t n = (size_t)(stats_rng_uniform(rng) * 10);

	*name = 0;
	if (stats_rng_uniform(rng) < 0.5) {
		for (size_t i = 0; i < n; i++)
			strncat(name, pieces[(size_t)(stats_rng_uniform(rng) * sizeof pieces / sizeof *pieces)], 20);
		return;
	}
	for (size_t i = 0; i < n; i++)
		name[i] = (char)(1 + stats_rng_uniform(rng) * 255);
	name[n] = 0;
}

int main(int argc, char **argv)
{
	long names_n = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000, wrong_n = 0, opened_n = 0;
	struct stats_rng *rng = stats_rng_new(STATS_SEED);
	struct counts counts = {0};

	if (!rng || events_each(NULL, count, &counts))
		return 1;
	printf("events of this machine: %d count, %d are refused\n", counts.opened_n, counts.refused_n);
	for (long i = 0; i < names_n; i++) {
		char name[EVENT_NAME_MAX + 40], why[EVENT_WHY_MAX] = "";
		struct perf_event_attr attr;
		make_name(rng, name);
		int err = event_encode(name, &attr, why);
		wrong_n += (err && err != -EINVAL) || (err && !*why);
		if (err || i % 16)
			continue;
		int fd = event_open(name, 0, -1, -1, why);
		wrong_n += fd < 0 && !*why;
		opened_n += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	stats_rng_free(rng);
	judge_at_most("refused without a reason, of the machine's events", figure_exact(counts.mute_n), 0);
	judge_at_most("random names that were answered wrongly", figure_exact((double)wrong_n), 0);
	printf("random names: %ld, of which some were opened: %ld\n", names_n, opened_n);
	return judge_missed > 0;
}
