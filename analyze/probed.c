/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probed.c: what the windows of each dose say of a call's time and of the probes' cost. */
#include "analyze/probed.h"

#include <math.h>

#include "analyze/probe_cost.h"

static double meter_value(const struct block_row *block, enum fraction_meter meter)
{
	const int64_t values[FRACTION_METER_MAX] = {
		[FRACTION_METER_UDP] = block->meter_udp,
		[FRACTION_METER_IO] = block->meter_io,
		[FRACTION_METER_SWITCH] = block->meter_switch,
		[FRACTION_METER_WALL] = block->wall_cyc,
	};

	return values[meter] == STORE_NULL ? NAN : (double)values[meter];
}

bool probed_usable(const struct block_row *block)
{
	if (block->sampled == 1 || block->dose < 0 || block->dose >= PROBED_DOSES)
		return false;
	return block->dose ? block->calls_n != STORE_NULL : block->cpu_cyc != STORE_NULL;
}

bool probed_by_cpu(const struct fraction_input *input)
{
	size_t know_n = 0, n = 0;

	for (size_t i = 0; i < input->blocks_n; i++) {
		const struct block_row *block = &input->blocks[i];

		if (probed_usable(block) && block->dose == 1) {
			know_n += block->cpu_cyc != STORE_NULL;
			n++;
		}
	}
	return 2 * know_n > n;
}

bool probed_tells(const struct block_row *block, bool by_cpu)
{
	return probed_usable(block) && (!by_cpu || block->cpu_cyc != STORE_NULL);
}

void probed_add_block(struct probed *to, const struct block_row *block, enum fraction_async async)
{
	struct probed_sums *sums = &to->dose[block->dose];

	sums->windows++;
	sums->cpu += block->cpu_cyc == STORE_NULL ? NAN : (double)block->cpu_cyc;
	for (int meter = 0; meter < FRACTION_METER_MAX; meter++)
		sums->meter[meter] += meter_value(block, meter);
	if (!block->dose)
		return;
	sums->calls += (double)block->calls_n;
	sums->other += (double)block->other_n;
	sums->switches += (double)block->switch_n;
	sums->frame_switches += (double)block->frame_switch_n;
	sums->late_calls += block->late_calls_n == STORE_NULL ? 0 : (double)block->late_calls_n;
	sums->late_irqs += block->late_irqs_n == STORE_NULL ? 0 : (double)block->late_irqs_n;
	sums->softirqs += (double)block->softirq_n;
	sums->frame_softirqs += (double)block->frame_softirq_n;
	sums->target += (double)block->target_cyc;
	sums->path += (double)block->path_cyc;
	if (async == FRACTION_ASYNC_NONE)
		return;
	if (async == FRACTION_ASYNC_OWN)
		sums->async += (double)block->async_target_cyc;
	else
		sums->async += (double)(async == FRACTION_ASYNC_ALL ? block->irq_cyc : block->async_cyc);
	sums->async_target += (double)(async == FRACTION_ASYNC_ALL ? block->irq_target_cyc : block->async_target_cyc);
}

static void add_sums(struct probed_sums *to, const struct probed_sums *from)
{
	double *a = (double *)to;
	const double *b = (const double *)from;

	for (size_t i = 0; i < sizeof *to / sizeof *a; i++)
		a[i] += b[i];
}

void probed_add(struct probed *to, const struct probed *from)
{
	for (int dose = 0; dose < PROBED_DOSES; dose++)
		add_sums(&to->dose[dose], &from->dose[dose]);
}

/* Relative standard error of the calls that a meter tells: spread of calls per meter over the probed windows. INFINITY when
 * it cannot be used. */
static double meter_error(const struct fraction_input *input, bool by_cpu, enum fraction_meter meter)
{
	double calls = 0, units = 0, squares = 0;
	size_t n = 0;

	for (size_t i = 0; i < input->blocks_n; i++) {
		const struct block_row *block = &input->blocks[i];

		if (!probed_tells(block, by_cpu))
			continue;
		double value = meter_value(block, meter);
		if (!(value >= 0))
			return INFINITY;
		if (block->dose) {
			calls += (double)block->calls_n;
			units += value;
			n++;
		}
	}
	if (n < 2 || calls <= 0 || units <= 0)
		return INFINITY;
	for (size_t i = 0; i < input->blocks_n; i++) {
		const struct block_row *block = &input->blocks[i];

		if (probed_tells(block, by_cpu) && block->dose) {
			double miss = (double)block->calls_n - calls / units * meter_value(block, meter);
			squares += miss * miss;
		}
	}
	/* the linearised variance of a ratio of sums: W. Cochran, Sampling Techniques, 1977, section 6.3 */
	return sqrt(squares * (double)n / (double)(n - 1)) / calls;
}

enum fraction_meter probed_meter(const struct fraction_input *input, double *error)
{
	enum fraction_meter best = FRACTION_METER_MAX;
	bool by_cpu = probed_by_cpu(input);

	*error = INFINITY;
	for (int meter = 0; meter < FRACTION_METER_MAX; meter++) {
		double candidate = meter_error(input, by_cpu, meter);

		if (candidate < *error) {
			*error = candidate;
			best = meter;
		}
	}
	return best;
}

double probed_expected(const struct probed_sums *once, const struct probe_cost *cost)
{
	return (cost->call * (once->calls + once->other) + cost->softirq * (once->softirqs + once->switches / 2)) / once->calls;
}

/* Of d, what the kernel charges who preempts the target: the second halves of calls and interrupts in which it was woken. */
static double late_cost(const struct probed_sums *once, const struct probe_cost *cost)
{
	return (cost->call * once->late_calls + cost->softirq * once->late_irqs) / 2 / once->calls;
}

/*
 * What is in the ledger and not in CPU time, but for probes: what a host stole, and what the kernel charged to a client that it woke while the target still ran. The
 * ledger's cycles over CPU time, in the dose 1 windows, which saw both. Where CPU time is more, the kernel charged the target with the beginning of a switch, before
 * the event that tells of it: that is busy time too, and nothing to take out.
 */
static double stolen(const struct probed *sample, const struct probe_cost *cost, double scale)
{
	const struct probed_sums *once = &sample->dose[1];

	return fmax(1, once->target / (once->cpu + scale * late_cost(once, cost) * once->calls));
}

double probed_busy(const struct probed *sample, int dose)
{
	const struct probed_sums *sums = &sample->dose[dose];

	return fmax(sums->target, sums->cpu) / sums->calls;
}

/* CPU time per call in unprobed windows, or NAN. */
static double unprobed_cpu(const struct probed *sample, enum fraction_meter meter)
{
	const struct probed_sums *none = &sample->dose[0], *once = &sample->dose[1], *twice = &sample->dose[2];

	if (meter == FRACTION_METER_MAX)
		return NAN;
	double rate = (once->calls + twice->calls) / (once->meter[meter] + twice->meter[meter]);
	return none->cpu / (none->meter[meter] * rate);
}

double probed_t0(const struct probed *sample, const struct probe_cost *cost, enum fraction_meter meter, double scale)
{
	return unprobed_cpu(sample, meter) * stolen(sample, cost, scale);
}

double probed_t0_linear(const struct probed *sample, const struct probe_cost *cost)
{
	double once = probed_busy(sample, 1);

	return once - (probed_busy(sample, 2) - once) * cost->linear;
}

/*
 * k by unprobed windows: with d what the probes should cost, e of it late, c_0 and c_1 the CPU time,
 *     k d = t_1 - t_0, t_0 = c_0 t_1 / (c_1 + k e)  where that is more than c_0
 * NAN where one dose has no CPU time.
 */
static double scale_by_unprobed(const struct probed *sample, const struct probe_cost *cost, enum fraction_meter meter)
{
	const struct probed_sums *once = &sample->dose[1];
	double d = probed_expected(once, cost), e = late_cost(once, cost), t_1 = probed_busy(sample, 1);
	double c_0 = unprobed_cpu(sample, meter), c_1 = once->cpu / once->calls;
	double whole = (t_1 - c_0) / d; /* where CPU time lacks nothing but probes */

	if (isnan(whole) || isnan(c_1))
		return NAN;
	if (c_1 + whole * e >= t_1)
		return whole;
	double c = t_1 * (c_1 - c_0), b = d * c_1 - t_1 * e, below = b + sqrt(b * b + 4 * d * e * c); /* d e k^2 + b k = c */
	return below > 0 ? 2 * c / below : (c_1 - c_0) / d; /* else noise, where the probes seem to have made it faster */
}

double probed_scale(const struct probed *sample, const struct probe_cost *cost, enum fraction_meter meter)
{
	double scale = scale_by_unprobed(sample, cost, meter);

	if (isnan(scale))
		scale = (probed_busy(sample, 1) - probed_t0_linear(sample, cost)) / probed_expected(&sample->dose[1], cost);
	return scale;
}
