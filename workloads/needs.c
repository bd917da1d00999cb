/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs.c: the traits of a way (sender.h) as needs. */
#include "workloads/needs.h"

#include "analyze/rank.h"
#include "workloads/sender.h"

bool sender_needs(const char *way, struct rank_needs *out)
{
	const struct sender_ops *ops = sender_find(way);

	if (!ops)
		return false;
	*out = (struct rank_needs){
		.batches = ops->traits & SENDER_BATCHES,
		.one_socket = ops->traits & SENDER_ONE_SOCKET,
		.one_destination = ops->traits & SENDER_ONE_DESTINATION,
		.shared_only = ops->traits & SENDER_SHARED_ONLY,
		.uncopied = ops->traits & SENDER_UNCOPIED,
		.spins = ops->traits & SENDER_THREAD,
		.bound = ops->traits & SENDER_BOUND,
	};
	return true;
}

bool sender_keeps_cost(const char *baseline, const char *alternative)
{
	struct rank_needs base, other;

	return baseline && sender_needs(baseline, &base) && sender_needs(alternative, &other) && rank_keeps_cost(&base, &other);
}
