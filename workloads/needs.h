/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs.h: what a way of sending asks of the messages that it sends together, in the words of analyze/rank.h. */
#ifndef WORKLOADS_NEEDS_H
#define WORKLOADS_NEEDS_H

#include <stdbool.h>

struct rank_needs;

/* Of the way of this name; false: there is no such way. */
bool sender_needs(const char *way, struct rank_needs *out);

/* Whether a thread of the alternative spins between sends, and the baseline sends one message a call: answer_keep_cost() is for these. Ways that
 * do not exist, or NULL, are no such pair. */
bool sender_keeps_cost(const char *baseline, const char *alternative);

#endif
