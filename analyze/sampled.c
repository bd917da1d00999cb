/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sampled.c: what samples show of a target, and what they do not. The formulas stand in sampled.h, why in docs/design.md. */
#include "analyze/sampled.h"

#include <math.h>
#include <string.h>

#include "analyze/store.h"

#define SUMS_N (sizeof(struct sample_sums) / sizeof(double))
#define OTHERS_SHARE 0.5 /* of D is of others */

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
		.others_idle = number(block->others_idle_n),
	};
}

struct sample_sums sampled_window(const struct block_row *block)
{
	if (sampled_tells_ontime(block))
		return (struct sample_sums){.switches = switches_of(block)};
	return (struct sample_sums){.cpu = block->cpu_cyc == STORE_NULL ? NAN : (double)block->cpu_cyc, .windows = 1};
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
	sums->unknown += is(row->task, "target") && is(row->call, "unknown") ? cyc : 0;
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

/* Expiries without a sample, as far as the time that the target ran holds them: the others were of an idle CPU, which is not always woken for the timer. */
static double missing(const struct sample_sums *sums)
{
	double ran = sums->cpu / charge(sums);

	return isnan(ran) ? sums->unknown : fmin(sums->unknown, fmax(0, ran - without_others(sums)));
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
	return sums->cpu / charge(sums) - own(sums);
}

/* The CPU time that the samples lack, beside what they took themselves: of the target, and not of an idle CPU in its place. */
static double lack_beside(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	return lack_of(sums) - sums->samples_n * terms->sample_cyc * terms->idle;
}

/* As much of it as the target's sleeps explain, which no sample shows as a whole, and as is not likely to be chance. The formula stands in sampled.h. */
static double lacking(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	double lack = lack_beside(sums, terms), n = sums->samples_n;
	double variance = (terms->idle + sums->windows / n / 12) / n * sums->cpu * sums->cpu;
	double sleeps = sums->switches.went_idle / sums->switches.cpu * sums->cpu * terms->sleep_cyc;

	if (!(n > 0) || isnan(lack)) /* the CPU time is not known */
		return 0;
	if (!(sums->switches.on > 0))
		return lack > 0 ? lack * fmax(0, 1 - variance / (lack * lack)) : 0;
	return sleeps > 0 ? fmax(0, (lack * sleeps + variance) / (sleeps * sleeps + variance) * sleeps) : 0;
}

double sampled_busy(const struct sample_sums *sums, const struct sampled_terms *terms)
{
	return (own(sums) + lacking(sums, terms)) * charge(sums);
}

double sampled_busy_error(const struct sample_sums *sums)
{
	return fabs(others(sums)) / sqrt(12); /* of a uniform distribution */
}

double sampled_cpu(const struct sample_sums *sums, double sample_cyc)
{
	return sums->cpu - fmin(sums->samples_n * sample_cyc, fmax(0, lack_of(sums)));
}
