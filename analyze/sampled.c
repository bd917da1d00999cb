/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sampled.c: what samples show of a target, and what they do not. The formulas stand in sampled.h, why in docs/design.md. */
#include "analyze/sampled.h"

#include <math.h>
#include <string.h>

#include "analyze/store.h"

#define SUMS_N (sizeof(struct sample_sums) / sizeof(double))
#define OTHERS_SHARE 0.5 /* of D is of others */
#define ODDS_SD 0.02 /* of expiries that leave no sample, over machines */
#define IDLE_ENOUGH 30 /* expiries that found a CPU idle, to tell what it misses then */
#define SLEEPS_MOST 3 /* times what sleeps are expected to lack */

static bool is(const char *word, const char *other)
{
	return word[0] == other[0] && !strcmp(word, other);
}

bool sampled_tells_ontime(const struct block_row *block)
{
	return block->sampled == 1 && block->target_cyc != STORE_NULL && block->cpu_cyc != STORE_NULL;
}

static double number(int64_t n)
{
	return n == STORE_NULL ? 0 : (double)n;
}

static struct sample_switches switches_of(const struct block_row *block)
{
	return (struct sample_switches){
		.cpu = (double)block->cpu_cyc, .on = (double)block->target_cyc, .came = number(block->came_n), .own = number(block->came_own_n),
		.went = number(block->went_n), .went_idle = number(block->went_idle_n), .others = number(block->others_n),
		.others_idle = number(block->others_idle_n), .counted = block->went_idle_n == STORE_NULL ? 0 : (double)block->cpu_cyc,
	};
}

struct sample_sums sampled_window(const struct block_row *block, bool by_samples)
{
	if (sampled_tells_ontime(block))
		return (struct sample_sums){.switches = switches_of(block)};
	return (struct sample_sums){
		.cpu = by_samples || block->cpu_cyc == STORE_NULL ? NAN : (double)block->cpu_cyc, .windows = 1,
		.expiries = {.between = number(block->between_n), .between_idle = number(block->between_idle_n), .idle = number(block->idle_n),
			     .idle_missed = number(block->idle_missed_n)},
	};
}

bool sampled_is_target(const struct sample_row *row)
{
	return is(row->task, "target") && !is(row->call, "unknown");
}

void sampled_add_row(struct sample_sums *sums, const struct sample_row *row)
{
	bool target = sampled_is_target(row);
	double cyc = (double)row->cyc;

	sums->target += target ? cyc : 0;
	sums->path += target && is(row->call, "path") ? cyc : 0;
	sums->call += target && is(row->call, "call") ? cyc : 0;
	if (is(row->task, "target") && !target) {
		sums->unknown += cyc;
		sums->expiries.between_missed += (double)row->samples_n;
	}
	sums->samples_n += target ? (double)row->samples_n : 0;
	if (is(row->stage, "switch"))
		*(target ? &sums->came : is(row->task, "idle") ? &sums->came_idle : &sums->came_other) += cyc;
}

void sampled_add(struct sample_sums *to, const struct sample_sums *from)
{
	for (size_t i = 0; i < SUMS_N; i++)
		((double *)to)[i] += ((const double *)from)[i];
}

static double charge(const struct sample_sums *sums)
{
	return sums->switches.on > 0 ? fmax(1, sums->switches.cpu / sums->switches.on) : 1;
}

static double share(double a, double b)
{
	return a > 0 ? a / (a + b) : 0;
}

/* D: interrupts are off in a switch, so all of it is seen in the thread that comes. 0 where nobody counted the switches. */
static double others(const struct sample_sums *sums)
{
	const struct sample_switches *n = &sums->switches;

	return sums->came * share(n->came, n->own) - sums->came_other * share(n->went, n->others) -
	       sums->came_idle * share(n->went_idle, n->others_idle);
}

/* Samples of the target itself. */
static double without_others(const struct sample_sums *sums)
{
	return sums->target - OTHERS_SHARE * others(sums);
}

/* R */
static double ran(const struct sample_sums *sums)
{
	return sums->switches.on > 0 && sums->switches.cpu > 0 ? sums->cpu / sums->switches.cpu * sums->switches.on : sums->cpu;
}

/* How many expiries without a sample there are of the target for each sample of it. */
static double missing_odds(const struct sample_expiries *n)
{
	double idle_odds = n->idle > 0 ? n->idle_missed / n->idle : 0;
	double odds = (n->between_missed - n->between_idle * idle_odds) / n->between;
	/* counts are Poisson's */
	double variance = (n->between_missed + (n->between_idle + 1) * idle_odds * idle_odds +
			   n->between_idle * n->between_idle * idle_odds * (1 + idle_odds) / fmax(1, n->idle)) / (n->between * n->between);

	if (!(odds > 0))
		return 0;
	/* the mean of what is normal with ODDS_SD about 0, once it was seen with that variance */
	return odds * ODDS_SD * ODDS_SD / (ODDS_SD * ODDS_SD + variance);
}

static double missing(const struct sample_sums *sums)
{
	const struct sample_expiries *n = &sums->expiries;
	double all = n->between > 0 ? sums->target * missing_odds(n) : sums->unknown;

	if ((n->between > 0 && n->idle >= IDLE_ENOUGH) || isnan(sums->cpu))
		return all;
	/* the CPU never rests, or idle it hardly leaves a sample: only its time can tell which */
	return fmin(all, fmax(0, ran(sums) - without_others(sums)));
}

double sampled_missed(const struct sample_sums *sums)
{
	/* User space is always sampled, so what is missing is shared out among the calls. */
	return sums->path > 0 ? 1 + missing(sums) / (sums->path + sums->call) : 1;
}

double sampled_target(const struct sample_sums *sums)
{
	return sums->target + missing(sums);
}

void sampled_see_window(struct sampled_presence *seen, const struct block_row *block)
{
	seen->wall += number(block->wall_cyc);
}

void sampled_see_row(struct sampled_presence *seen, const struct sample_row *row)
{
	size_t cpu = row->cpu >= 0 && row->cpu < SAMPLED_CPUS_MAX ? (size_t)row->cpu : SAMPLED_CPUS_MAX - 1;

	if (sampled_is_target(row))
		seen->cyc[cpu] += (double)row->cyc;
}

double sampled_idle(const struct sampled_presence *seen)
{
	double idle = 0, all = 0;

	for (size_t i = 0; i < SAMPLED_CPUS_MAX; i++) {
		idle += seen->cyc[i] * fmax(0, 1 - seen->cyc[i] / seen->wall);
		all += seen->cyc[i];
	}
	return seen->wall > 0 && all > 0 ? idle / all : 1;
}

/* What samples show of the target itself. */
static double own(const struct sample_sums *sums)
{
	return without_others(sums) + missing(sums);
}

/* Of what the target ran, what no sample shows. */
static double lack_of(const struct sample_sums *sums)
{
	return ran(sums) - own(sums);
}

/* How long the target runs from switch to switch, in periods. INFINITY: it never rests; 0: nobody counted. */
static double run_periods(const struct sample_sums *sums)
{
	const struct sample_switches *n = &sums->switches;

	return n->counted > 0 ? n->on / (n->went + n->went_idle) / (sums->target / sums->samples_n) : 0;
}

/* What the samples took and none of them shows: N x / (1 + run / period). */
static double took(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	return sums->samples_n * terms->sample_cyc / (1 + run_periods(sums));
}

/* L */
static double lack_beside(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	return lack_of(sums) - took(sums, terms);
}

/* s */
static double sleeps(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	return sums->switches.went_idle / sums->switches.counted * sums->cpu * terms->sleep_cyc;
}

/* e^2 */
static double chance(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	return (terms->idle + sums->windows / sums->samples_n / 12) / sums->samples_n * sums->cpu * sums->cpu;
}

/* L' */
static double lacking(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	double lack = lack_beside(sums, terms), variance = chance(sums, terms), expected = sleeps(sums, terms);

	if (!(sums->samples_n > 0) || isnan(lack)) /* the CPU time is not known */
		return 0;
	if (!(sums->switches.counted > 0))
		return lack > 0 ? lack * fmax(0, 1 - variance / (lack * lack)) : 0;
	if (!(expected > 0))
		return 0;
	return fmin(SLEEPS_MOST * expected, fmax(0, (lack * expected + variance) / (expected * expected + variance) * expected));
}

struct sampled_terms sampled_terms_of(const struct run_row *run)
{
	return (struct sampled_terms){
		.sample_cyc = SAMPLED_COST_S * run->clock_hz, .sleep_cyc = SAMPLED_SLEEP_S * run->clock_hz, .by_samples = !strcmp(run->scope, "cpus"),
	};
}

double sampled_busy(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	return (own(sums) + lacking(sums, terms)) * charge(sums);
}

double sampled_busy_error(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	double variance = chance(sums, terms), expected = sums->switches.counted > 0 ? sleeps(sums, terms) : 0;
	double by_sleeps = expected > 0 && variance > 0 ? expected * variance / (expected * expected + variance) : 0; /* what chance errs by is in resamples */

	return hypot(others(sums) / sqrt(12) /* of a uniform distribution */, by_sleeps) * charge(sums);
}

double sampled_cpu(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	return terms->by_samples ? own(sums) : sums->cpu - fmin(took(sums, terms), fmax(0, lack_of(sums)));
}
