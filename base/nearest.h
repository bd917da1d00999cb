/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nearest.h: "did you mean ...?": the known word that a mistyped one most likely stands for. Nothing here prints. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* A search: begin with { .word = typed }, offer every known word in turn, then read `best`. */
struct nearest {
	const char *word; /* as typed */
	const char *best; /* nearest of the words offered so far; NULL while none is near enough to be meant */
	size_t edits;     /* between word and best */
};

/* Keeps `known` (by reference) if it is nearer than the best so far and at most a third of its letters are wrong
 * (one at least). An unfinished word is no error: "prof" finds "profile". */
void nearest_offer(struct nearest *n, const char *known);

/* Letters to insert, delete, replace or swap with their neighbour to make b from a (optimal string alignment). Only the
 * first 63 letters of each are looked at. */
size_t nearest_edits(const char *a, const char *b);

#endif
