/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amdahl.h: what a local speed-up does to the whole. Pure arithmetic; nothing here prints.
 *
 *     r = 1 / (1 - f + f/s + o)
 *
 * f: share of the busy cycles that the path takes, 0 to 1. s: local speed-up of the path, above 0. o: cost of the port
 * outside the path, as a share of the busy cycles before, 0 or more. r: busy cycles before / after, at the same work.
 * Source: G. Amdahl, Validity of the single processor approach, 1967; o extends it by what the port adds elsewhere.
 *
 * All return 0 or -EDOM when an argument is outside its domain or not finite; then the result is left as it was.
 */
#ifndef ANALYZE_AMDAHL_H
#define ANALYZE_AMDAHL_H

/* r, as above. */
int amdahl_speedup(double f, double s, double o, double *r);

/* r as s grows without end: 1 / (1 - f + o). INFINITY when f = 1 and o = 0. */
int amdahl_bound(double f, double o, double *r);

/* The s for which r = 1, f / (f - o): below it the port is slower than what it replaces. 1 when o = 0.
 * -ERANGE when the overhead eats the whole path (o >= f > 0, or f = 0 < o), so that no s is enough. */
int amdahl_break_even(double f, double o, double *s);

/* The s that is needed for a wanted r > 0: f / (1/r - 1 + f - o). -ERANGE when r is at or above the bound, or f = 0. */
int amdahl_needed(double f, double o, double r, double *s);

/*
 * Capacity of a server that sends to `users` users every period_ms and spends send_ms of each period in these sends:
 * how many users it could serve after its sends became s times faster. The sends' share of the processor is
 * f = send_ms / period_ms, and a thread that does each user's work in 1/r of the cycles serves r times the users:
 * N' = N r = N / (1 - f + f/s). This reproduces the table of the earlier group-unicast study (period 33.3 ms, s 4.7)
 * within 2 %. -EDOM also when users or period_ms is not above 0, or send_ms is not within 0 and period_ms.
 */
int amdahl_capacity(double users, double period_ms, double send_ms, double s, double *users_after);

#endif
