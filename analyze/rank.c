/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rank.c: the rules by which a way of sending suits a server or does not. */
#include "analyze/rank.h"

#include "analyze/rows.h"

#include <math.h>
#include <stdio.h>

#define BURST_SHORT 8   /* below it one call for all saves little of what a call costs */
#define BOUND_LOW 1.05  /* a path whose whole disappearance would gain no more */
#define BYTES_SMALL 4096 /* a page; below it copying costs less than keeping the pages does */

void rank_profile_read(const struct hist_row *bursts, size_t bursts_n, const struct hist_row *bytes, size_t bytes_n,
		       struct rank_profile *out)
{
	double sends = 0, weighted = 0, alone = 0, calls = 0, sum = 0;

	for (size_t i = 0; i < bursts_n; i++) {
		double length = (double)bursts[i].total / (double)bursts[i].n;

		sends += (double)bursts[i].total;
		weighted += (double)bursts[i].total * length;
		alone += bursts[i].low == 1 ? (double)bursts[i].total : 0;
	}
	for (size_t i = 0; i < bytes_n; i++) {
		calls += (double)bytes[i].n;
		sum += (double)bytes[i].total;
	}
	*out = (struct rank_profile){
		.alone = sends > 0 ? alone / sends : NAN, .burst = sends > 0 ? weighted / sends : NAN, .bytes = calls > 0 ? sum / calls : NAN,
		.one_socket = NAN, .one_destination = NAN,
	};
}

bool rank_unsuited(const struct rank_needs *needs, const struct rank_profile *profile, char *why, size_t n)
{
	why[0] = 0;
	if (needs->batches && 1 - profile->alone < RANK_SHARE_MIN)
		snprintf(why, n, "%.0f %% of its sends stand alone: there is nothing to batch", 100 * profile->alone);
	else if (needs->one_socket && profile->one_socket < RANK_SHARE_MIN)
		snprintf(why, n, "%.0f %% of its bursts use several sockets, and one call takes one", 100 * (1 - profile->one_socket));
	else if (needs->one_destination && profile->one_destination < RANK_SHARE_MIN)
		snprintf(why, n, "%.0f %% of its bursts go to several destinations", 100 * (1 - profile->one_destination));
	else if (needs->one_destination && isnan(profile->one_destination))
		snprintf(why, n, "it needs bursts to one destination, and where these go was not recorded");
	return why[0] != 0;
}

void rank_limit(const struct rank_needs *needs, const struct rank_profile *profile, const struct rank_result *result, char *text,
		size_t n)
{
	if (result->bound < BOUND_LOW)
		snprintf(text, n, "the path is only %.0f %% of its cycles", 100 * result->fraction);
	else if (needs->batches && profile->burst < BURST_SHORT)
		snprintf(text, n, "bursts of %.1f are short", profile->burst);
	else if (needs->uncopied && profile->bytes < BYTES_SMALL)
		snprintf(text, n, "payloads of %.0f bytes cost little to copy", profile->bytes);
	else if (result->speedup_high < 1)
		snprintf(text, n, "it costs more than the path");
	else if (result->speedup_low <= 1)
		snprintf(text, n, "no different from the path within the interval");
	else
		snprintf(text, n, "what each packet costs in the kernel");
}
