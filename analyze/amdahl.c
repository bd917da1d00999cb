/* SPDX-License-Identifier: GPL-2.0-or-later */
/* amdahl.c: what a local speed-up does to the whole. */
#include "analyze/amdahl.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

static bool in_domain(double f, double o)
{
	return f >= 0 && f <= 1 && o >= 0 && isfinite(o);
}

static bool positive(double x)
{
	return x > 0 && isfinite(x);
}

int amdahl_speedup(double f, double s, double o, double *r)
{
	if (!in_domain(f, o) || !positive(s))
		return -EDOM;
	*r = 1 / (1 - f + f / s + o);
	return 0;
}

int amdahl_bound(double f, double o, double *r)
{
	if (!in_domain(f, o))
		return -EDOM;
	*r = 1 / (1 - f + o);
	return 0;
}

int amdahl_break_even(double f, double o, double *s)
{
	if (!in_domain(f, o))
		return -EDOM;
	if (o > 0 && o >= f)
		return -ERANGE;
	*s = o > 0 ? f / (f - o) : 1;
	return 0;
}

int amdahl_needed(double f, double o, double r, double *s)
{
	double bound, rest;

	if (!positive(r) || amdahl_bound(f, o, &bound))
		return -EDOM;
	rest = 1 / r - 1 + f - o;
	if (f == 0 || r >= bound || rest <= 0) /* either alone may miss the bound by a rounding */
		return -ERANGE;
	*s = f / rest;
	return 0;
}

int amdahl_capacity(double users, double period_ms, double send_ms, double s, double *users_after)
{
	double r;

	if (!positive(users) || !positive(period_ms) || !(send_ms >= 0 && send_ms <= period_ms))
		return -EDOM;
	if (amdahl_speedup(send_ms / period_ms, s, 0, &r))
		return -EDOM;
	*users_after = users * r;
	return 0;
}
