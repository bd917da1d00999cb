/* SPDX-License-Identifier: GPL-2.0-or-later */
/* changepoint.c: seeded intervals, the narrowest first, then every change once more between its neighbours. */
#include "analyze/changepoint.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	WINDOW = 5,           /* of the filter against spikes */
	DIFFERENCES_MAX = 2048, /* that tell the deviation: more do not tell it better */
	PIECE_MIN = 2 * CHANGEPOINT_LEVEL,
	ROUNDS = 3,           /* of putting changes where they explain most */
	GRID = 256,           /* splits of a long piece that are tried before it is looked at closely */
	CRITICAL_N = 64,
};

#define SPIKE 3.0           /* deviations */
#define NOTHING 1e-12       /* of all the squares: what rounding leaves of 0 */
#define CORRELATION_MAX 0.9 /* beyond it a series is a walk, and no level at all */

/* A piece that holds a change: [from, to), split before `at`. */
struct piece {
	size_t from, to, at;
};

/* The T^2 that a split of a piece of n must reach. */
struct critical {
	size_t n;
	double t2;
};

struct search {
	size_t n;
	double *y;   /* without spikes, about 0 */
	double *sum, *squares; /* of y[0] to y[i - 1]; [n + 1] */
	const size_t *edges; /* where a change may be; NULL: anywhere */
	size_t edges_n;
	double alpha, tests; /* splits that are tried in all */
	double inflation;    /* of the variance of means */
	struct critical critical[CRITICAL_N]; /* by n: the pieces of a layer have one or two lengths */
	struct piece *pieces;
	size_t pieces_n, pieces_room;
	size_t *at;  /* the changes, ascending */
	size_t at_n;
};

/* ---- Spikes ---- */

/* Not fmin() and fmax(): they ask about NAN, which is excluded here, and cost a call each. */
static inline double least(double a, double b)
{
	return a < b ? a : b;
}

static inline double most(double a, double b)
{
	return a > b ? a : b;
}

static inline double median3(double a, double b, double c)
{
	return most(least(a, b), least(most(a, b), c));
}

/* Of four, the largest of the smaller and the smallest of the larger of two pairs cannot both lie on one side of the middle of five. */
static double median5(const double *x)
{
	return median3(x[4], most(least(x[0], x[1]), least(x[2], x[3])), least(most(x[0], x[1]), most(x[2], x[3])));
}

/* Standard deviation of the noise by the median difference of neighbours: changes of the level hardly touch it. */
static double deviation(const double *x, size_t n)
{
	double difference[DIFFERENCES_MAX];
	size_t step = n / DIFFERENCES_MAX + 1, m = 0;

	for (size_t i = 1; i < n && m < DIFFERENCES_MAX; i += step)
		difference[m++] = fabs(x[i] - x[i - 1]);
	return m ? gsl_stats_median(difference, 1, m) / (0.6744897501960817 * M_SQRT2) : 0;
}

static void clip_spikes(const double *x, size_t n, double *y)
{
	double reach = SPIKE * deviation(x, n);

	for (size_t i = 0; i < n; i++) {
		size_t from = i < WINDOW / 2 ? 0 : i - WINDOW / 2;

		if (n < WINDOW) {
			y[i] = x[i];
			continue;
		}
		double middle = median5(x + (from + WINDOW > n ? n - WINDOW : from));
		y[i] = least(most(x[i], middle - reach), middle + reach);
	}
}

/* ---- Splits ---- */

static void add_up(struct search *s)
{
	double centre = 0;

	for (size_t i = 0; i < s->n; i++)
		centre += s->y[i] / (double)s->n;
	s->sum[0] = s->squares[0] = 0;
	for (size_t i = 0; i < s->n; i++) {
		s->y[i] -= centre;
		s->sum[i + 1] = s->sum[i] + s->y[i];
		s->squares[i + 1] = s->squares[i] + s->y[i] * s->y[i];
	}
}

/* S of the piece; what rounding leaves of nothing is nothing. */
static double spread(const struct search *s, size_t from, size_t to)
{
	double sum = s->sum[to] - s->sum[from], squares = s->squares[to] - s->squares[from];
	double about_mean = squares - sum * sum / (double)(to - from);

	return about_mean > NOTHING * (s->squares[s->n] + squares) ? about_mean : 0;
}

struct split {
	size_t at; /* 0: none may be */
	double gain; /* B */
};

/* How many of at[n], ascending, lie before `limit`. */
static size_t count_before(const size_t *at, size_t n, size_t limit)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (at[middle] < limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The best split of [from, to) at one of the edges. */
static struct split best_edge(const struct search *s, size_t from, size_t to)
{
	double n = (double)(to - from), mean = (s->sum[to] - s->sum[from]) / n;
	struct split best = { 0 };

	for (size_t i = count_before(s->edges, s->edges_n, from + CHANGEPOINT_LEVEL);
	     i < s->edges_n && s->edges[i] + CHANGEPOINT_LEVEL <= to; i++) {
		double left = (double)(s->edges[i] - from), off = s->sum[s->edges[i]] - s->sum[from] - left * mean;
		double gain = off * off * n / (left * (n - left));

		if (gain > best.gain)
			best = (struct split){ s->edges[i], gain };
	}
	return best;
}

/* The best split of [from, to) among first, first + step, ... up to last, counted from `from`. */
static struct split best_of(const struct search *s, size_t from, size_t to, size_t first, size_t last, size_t step)
{
	double n = (double)(to - from), mean = (s->sum[to] - s->sum[from]) / n, over = 0, under = 1;
	const double *sum = s->sum + from;
	size_t at = 0;

	for (size_t t = first; t <= last; t += step) { /* B = n over / under, compared without a division: this is where the time goes */
		double left = (double)t, off = sum[t] - sum[0] - left * mean;

		if (off * off * under > over * left * (n - left)) {
			over = off * off;
			under = left * (n - left);
			at = t;
		}
	}
	return (struct split){ at ? from + at : 0, n * over / under };
}

/* The best split with CHANGEPOINT_LEVEL observations on either side. B is smooth on the scale of a long piece: there a grid is
 * tried, then what lies about its best place. */
static struct split best_split(const struct search *s, size_t from, size_t to)
{
	size_t first = CHANGEPOINT_LEVEL, last = to - from - CHANGEPOINT_LEVEL, step = (to - from) / GRID;

	if (s->edges)
		return best_edge(s, from, to);
	if (step < 2)
		return best_of(s, from, to, first, last, 1);
	struct split rough = best_of(s, from, to, first, last, step);
	size_t middle = rough.at - from;
	return best_of(s, from, to, middle > first + step ? middle - step : first, middle + step < last ? middle + step : last, 1);
}

/* Chance of a split this good in a piece of n without a change, for all the splits tried together. */
static double chance(const struct search *s, double gain, double all, double n)
{
	double rest = fmax(all - gain, 0);

	if (!(gain > NOTHING * s->squares[s->n]))
		return 1;
	if (rest <= NOTHING * all)
		return 0;
	return fmin(1, s->tests * 2 * gsl_cdf_tdist_Q(sqrt((n - 2) * gain / rest / s->inflation), n - 2));
}

/* ---- Seeded intervals ---- */

static int keep_piece(struct search *s, size_t from, size_t to, size_t at)
{
	if (s->pieces_n == s->pieces_room) {
		size_t room = s->pieces_room ? 2 * s->pieces_room : 64;
		struct piece *more = realloc(s->pieces, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		s->pieces = more;
		s->pieces_room = room;
	}
	s->pieces[s->pieces_n++] = (struct piece){ from, to, at };
	return 0;
}

/* Calls visit for the intervals of every layer, longest first: each half as long as those of the layer before, and half over the
 * next one. */
static int each_interval(struct search *s, int (*visit)(struct search *s, size_t from, size_t to))
{
	int err = 0;

	for (double length = (double)s->n; length >= PIECE_MIN && !err; length /= 2) {
		size_t pieces_n = 2 * (size_t)ceil((double)s->n / length) - 1;
		double shift = ((double)s->n - length) / (double)(pieces_n > 1 ? pieces_n - 1 : 1);

		for (size_t i = 0; i < pieces_n && !err; i++) {
			size_t from = (size_t)((double)i * shift), to = (size_t)ceil((double)i * shift + length);

			err = visit(s, from, to < s->n ? to : s->n);
		}
	}
	return err;
}

static int count_splits(struct search *s, size_t from, size_t to)
{
	if (s->edges)
		s->tests += (double)(count_before(s->edges, s->edges_n, to - CHANGEPOINT_LEVEL + 1) -
				     count_before(s->edges, s->edges_n, from + CHANGEPOINT_LEVEL));
	else
		s->tests += (double)(to - from - PIECE_MIN + 1);
	return 0;
}

/* Kept, as the distribution's inverse takes longer than the splits of a short piece. */
static double critical(struct search *s, size_t n)
{
	struct critical *known = &s->critical[n % CRITICAL_N];

	if (known->n != n) {
		double t = gsl_cdf_tdist_Qinv(s->alpha / s->tests / 2, (double)n - 2);

		*known = (struct critical){ n, t * t };
	}
	return known->t2;
}

static int look_into(struct search *s, size_t from, size_t to)
{
	struct split split = best_split(s, from, to);
	double all = spread(s, from, to);

	if (!split.at || !(split.gain > NOTHING * s->squares[s->n]))
		return 0;
	if (split.gain * (double)(to - from - 2) < critical(s, to - from) * fmax(all - split.gain, 0))
		return 0;
	return keep_piece(s, from, to, split.at);
}

/* ---- Narrowest over threshold ---- */

static int narrowest_first(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	size_t x_n = x->to - x->from, y_n = y->to - y->from;

	return x_n != y_n ? (x_n > y_n) - (x_n < y_n) : (x->from > y->from) - (x->from < y->from);
}

/* A piece in which a change is known already tells nothing new. */
static void choose(struct search *s)
{
	if (s->pieces_n)
		qsort(s->pieces, s->pieces_n, sizeof *s->pieces, narrowest_first);
	for (size_t i = 0; i < s->pieces_n; i++) {
		const struct piece *piece = &s->pieces[i];
		size_t place = count_before(s->at, s->at_n, piece->from + 1);

		if (place < s->at_n && s->at[place] < piece->to)
			continue;
		place = count_before(s->at, s->at_n, piece->at);
		memmove(s->at + place + 1, s->at + place, (s->at_n - place) * sizeof *s->at);
		s->at[place] = piece->at;
		s->at_n++;
	}
}

/* ---- Each change between its neighbours ---- */

static size_t before(const struct search *s, size_t i)
{
	return i ? s->at[i - 1] : 0;
}

static size_t behind(const struct search *s, size_t i)
{
	return i + 1 < s->at_n ? s->at[i + 1] : s->n;
}

static double chance_of(const struct search *s, size_t i, size_t *at)
{
	size_t from = before(s, i), to = behind(s, i);

	if (to - from < PIECE_MIN)
		return 1;
	struct split split = best_split(s, from, to);
	*at = split.at;
	return split.at ? chance(s, split.gain, spread(s, from, to), (double)(to - from)) : 1;
}

static void drop(struct search *s, size_t i)
{
	memmove(s->at + i, s->at + i + 1, (s->at_n - i - 1) * sizeof *s->at);
	s->at_n--;
}

/* Moves each change to its best place, and drops what is none there, until nothing moves. */
static void settle(struct search *s)
{
	bool moved = true;

	for (int round = 0; round < ROUNDS && moved; round++) {
		moved = false;
		for (size_t i = 0; i < s->at_n;) {
			size_t at = 0;

			if (chance_of(s, i, &at) > s->alpha) {
				drop(s, i);
				moved = true;
				continue;
			}
			moved |= at != s->at[i];
			s->at[i++] = at;
		}
	}
}

/* Correlation of neighbouring residuals about the levels, by which means of n vary more than by noise / n. */
static double inflation(const struct search *s)
{
	double product = 0, square = 0, last = 0;

	for (size_t i = 0; i <= s->at_n; i++) {
		size_t from = i ? s->at[i - 1] : 0, to = i < s->at_n ? s->at[i] : s->n;
		double mean = (s->sum[to] - s->sum[from]) / (double)(to - from);

		for (size_t j = from; j < to; j++) {
			double residual = s->y[j] - mean;

			product += j > from ? residual * last : 0;
			square += residual * residual;
			last = residual;
		}
	}
	double rho = square > 0 ? product / square : 0;
	/* Of n residuals without any it is 0 within 2 / sqrt(n). */
	if (rho < 2 / sqrt((double)s->n))
		return 1;
	rho = fmin(rho, CORRELATION_MAX);
	return (1 + rho) / (1 - rho);
}

/* ---- What is handed out ---- */

static double median_of(const double *x, size_t from, size_t to, double *room)
{
	memcpy(room, x + from, (to - from) * sizeof *room);
	return gsl_stats_median(room, 1, to - from);
}

static int hand_out(struct search *s, const double *x, struct changepoint **out, size_t *out_n)
{
	struct changepoint *found = s->at_n ? calloc(s->at_n, sizeof *found) : NULL;

	if (s->at_n && !found)
		return -ENOMEM;
	for (size_t i = 0; i < s->at_n; i++) {
		size_t at = s->at[i], best = 0;

		found[i].at = at;
		found[i].p = chance_of(s, i, &best);
		found[i].before = median_of(x, before(s, i), at, s->y);
	}
	for (size_t i = 0; i < s->at_n; i++)
		found[i].after = i + 1 < s->at_n ? found[i + 1].before : median_of(x, s->at[i], s->n, s->y);
	*out = found;
	*out_n = s->at_n;
	return 0;
}

static int search_alloc(struct search *s)
{
	s->y = malloc(s->n * sizeof *s->y);
	s->sum = malloc((s->n + 1) * sizeof *s->sum);
	s->squares = malloc((s->n + 1) * sizeof *s->squares);
	s->at = malloc((s->n / CHANGEPOINT_LEVEL + 2) * sizeof *s->at);
	return s->y && s->sum && s->squares && s->at ? 0 : -ENOMEM;
}

static void search_free(struct search *s)
{
	free(s->y);
	free(s->sum);
	free(s->squares);
	free(s->at);
	free(s->pieces);
}

static int search_run(struct search *s, const double *x)
{
	int err;

	clip_spikes(x, s->n, s->y);
	add_up(s);
	each_interval(s, count_splits);
	err = each_interval(s, look_into);
	if (err)
		return err;
	choose(s);
	settle(s);
	s->inflation = inflation(s);
	if (s->inflation > 1)
		settle(s);
	return 0;
}

int changepoint_find(const double *x, size_t n, const size_t *edges, size_t edges_n, double alpha, struct changepoint **out, size_t *out_n)
{
	struct search s = { .n = n, .edges = edges, .edges_n = edges_n, .alpha = alpha, .inflation = 1 };

	*out = NULL;
	*out_n = 0;
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return -EDOM;
	if (n < PIECE_MIN)
		return 0;
	int err = search_alloc(&s);
	if (!err)
		err = search_run(&s, x);
	if (!err)
		err = hand_out(&s, x, out, out_n);
	search_free(&s);
	return err;
}

int changepoint_steps(const double *x, size_t n, double above, struct changepoint **out, size_t *out_n)
{
	struct changepoint *found = n > 1 ? calloc(n, sizeof *found) : NULL;

	*out = found;
	*out_n = 0;
	if (n > 1 && !found)
		return -ENOMEM;
	for (size_t i = 1; i < n; i++)
		if (x[i] != x[i - 1] && !(fabs(x[i] - x[i - 1]) <= above * fabs(x[i - 1])))
			found[(*out_n)++] = (struct changepoint){ .at = i, .before = x[i - 1], .after = x[i] };
	return 0;
}
