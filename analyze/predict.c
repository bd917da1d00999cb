/* SPDX-License-Identifier: GPL-2.0-or-later */
/* predict.c: f and s into r, with its interval, or the reason why not. */
#include "analyze/predict.h"

#include "analyze/amdahl.h"
#include "analyze/rows.h"
#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIT(refusal) (1u << (refusal))
#define NEVER_FORCED (BIT(REFUSE_INCOMPLETE) | BIT(REFUSE_NO_CALLS))

/* ---- Refusals ---- */

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* What differs between two machines, or between their set-up; NULL when nothing that matters does. */
static const char *host_difference(const struct host_row *a, const struct host_row *b)
{
	const struct {
		const char *what, *a, *b;
	} texts[] = {
		{ "name", a->name, b->name },
		{ "CPU model", a->cpu_model, b->cpu_model },
		{ "microcode", a->microcode, b->microcode },
		{ "architecture", a->arch, b->arch },
		{ "kernel command line", a->cmdline, b->cmdline },
		{ "mitigations", a->mitigations, b->mitigations },
		{ "frequency governor", a->governor, b->governor },
		{ "virtualisation", a->virt, b->virt },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!same(texts[i].a, texts[i].b))
			return texts[i].what;
	return a->cpus_n == b->cpus_n ? NULL : "number of CPUs";
}

static bool same_kernel(const struct host_row *a, const struct host_row *b)
{
	return same(a->kernel, b->kernel) && same(a->build, b->build);
}

static unsigned bit_if(bool holds, enum predict_refusal refusal)
{
	return holds ? BIT(refusal) : 0;
}

static bool is_incomplete(const struct run_row *run)
{
	return run && same(run->state, "incomplete");
}

static unsigned profile_refusals(const struct predict_input *in)
{
	if (!in->profile)
		return 0;
	return bit_if(in->calls_n == 0, REFUSE_NO_CALLS) | bit_if(in->profile->unbalanced, REFUSE_UNBALANCED) |
	       bit_if(in->profile->lost_n > 0, REFUSE_LOST) | bit_if(in->windows_n < PREDICT_WINDOWS_MIN, REFUSE_SHORT);
}

static unsigned pair_refusals(const struct predict_input *in)
{
	if (!in->profile || !in->bench)
		return 0;
	return bit_if(host_difference(in->profile_host, in->bench_host) != NULL, REFUSE_HOST) |
	       bit_if(!same_kernel(in->profile_host, in->bench_host), REFUSE_KERNEL) |
	       bit_if(!same(in->profile->clock, in->bench->clock), REFUSE_CLOCK) |
	       bit_if(!same(in->profile->idle, in->bench->idle), REFUSE_IDLE);
}

unsigned predict_refusals(const struct predict_input *in)
{
	return bit_if(is_incomplete(in->profile) || is_incomplete(in->bench), REFUSE_INCOMPLETE) | profile_refusals(in) |
	       pair_refusals(in);
}

const char *predict_refusal_code(enum predict_refusal refusal)
{
	static const char *const codes[REFUSE_MAX] = {
		[REFUSE_INCOMPLETE] = "incomplete", [REFUSE_NO_CALLS] = "no-calls", [REFUSE_UNBALANCED] = "unbalanced",
		[REFUSE_LOST] = "lost",             [REFUSE_SHORT] = "short",       [REFUSE_HOST] = "host",
		[REFUSE_KERNEL] = "kernel",         [REFUSE_CLOCK] = "clock",       [REFUSE_IDLE] = "idle",
	};

	return codes[refusal];
}

/* ---- Their texts ---- */

#define TEXT_SIZE 512

static void profile_text(const struct predict_input *in, enum predict_refusal refusal, char text[TEXT_SIZE])
{
	const struct run_row *run = in->profile;

	if (refusal == REFUSE_NO_CALLS)
		snprintf(text, TEXT_SIZE, "the target of run %" PRId64 " never called %s, so f = 0 and nothing would change; "
			 "`forecall runs show %" PRId64 "` lists the calls it makes, profile one of these with --path", run->run,
			 run->path, run->run);
	else if (refusal == REFUSE_UNBALANCED)
		snprintf(text, TEXT_SIZE, "run %" PRId64 " is unbalanced: its ledger misses the clock by %.2g %%; profile again",
			 run->run, 100 * run->residue);
	else if (refusal == REFUSE_LOST)
		snprintf(text, TEXT_SIZE, "run %" PRId64 " lost %" PRId64 " events; profile again, for a shorter time or fewer threads",
			 run->run, run->lost_n);
	else
		snprintf(text, TEXT_SIZE, "run %" PRId64 " is too short for an interval: %" PRId64 " probed windows, at least %d are "
			 "needed; profile again with a larger --seconds", run->run, in->windows_n, PREDICT_WINDOWS_MIN);
}

static void pair_text(const struct predict_input *in, enum predict_refusal refusal, char text[TEXT_SIZE])
{
	const struct host_row *a = in->profile_host, *b = in->bench_host;

	if (refusal == REFUSE_HOST)
		snprintf(text, TEXT_SIZE, "profile %" PRId64 " and bench %" PRId64 " are not from the same machine in the same state "
			 "(%s differs); repeat one beside the other", in->profile->run, in->bench->run, host_difference(a, b));
	else if (refusal == REFUSE_KERNEL)
		snprintf(text, TEXT_SIZE, "profile %" PRId64 " is from kernel %s (%s), bench %" PRId64 " from %s (%s); repeat one on "
			 "the other's kernel", in->profile->run, a->kernel, a->build, in->bench->run, b->kernel, b->build);
	else if (refusal == REFUSE_IDLE)
		snprintf(text, TEXT_SIZE, "idle CPUs were kept from halting while run %" PRId64 " was measured, and not in the other; repeat the "
			 "bench with --like %" PRId64 ", which does as the profile did", in->profile->idle ? in->profile->run : in->bench->run, in->profile->run);
	else
		snprintf(text, TEXT_SIZE, "profile %" PRId64 " used clock %s, bench %" PRId64 " %s; repeat one with the other's --clock",
			 in->profile->run, in->profile->clock, in->bench->run, in->bench->clock);
}

static void refusal_text(const struct predict_input *in, enum predict_refusal refusal, char text[TEXT_SIZE])
{
	if (refusal == REFUSE_INCOMPLETE)
		snprintf(text, TEXT_SIZE, "run %" PRId64 " was ended before its last write; repeat it",
			 is_incomplete(in->profile) ? in->profile->run : in->bench->run);
	else if (refusal < REFUSE_HOST)
		profile_text(in, refusal, text);
	else
		pair_text(in, refusal, text);
}

static int refuse(const struct predict_input *in, unsigned *forced)
{
	unsigned refusals = predict_refusals(in);
	bool go_on = in->force && !(refusals & NEVER_FORCED);

	for (int refusal = 0; refusal < REFUSE_MAX; refusal++) {
		bool can_force = !(BIT(refusal) & NEVER_FORCED);
		char text[TEXT_SIZE];

		if (!(refusals & BIT(refusal)))
			continue;
		refusal_text(in, refusal, text);
		if (go_on)
			warn("predict: %s", text);
		else
			fail(0, "predict: refused: %s%s", text, can_force ? " (--force predicts all the same, and marks it)" : "");
	}
	*forced = go_on ? refusals : 0;
	return refusals && !go_on ? -ECANCELED : 0;
}

/* ---- The figure ---- */

static size_t pairs(const struct sampled *f, const struct sampled *s)
{
	if (!f->rep_n || !s->rep_n)
		return f->rep_n + s->rep_n;
	return f->rep_n < s->rep_n ? f->rep_n : s->rep_n;
}

static double replicate(const struct sampled *sampled, size_t i)
{
	return sampled->rep_n ? sampled->rep[i] : sampled->figure.value;
}

static int combine_replicates(const struct sampled *f, const struct sampled *s, double overhead, double *rep, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (amdahl_speedup(fmin(fmax(replicate(f, i), 0), 1), replicate(s, i), overhead, &rep[i]))
			return -EDOM;
	return 0;
}

static int combine(const struct sampled *f, const struct sampled *s, double overhead, struct figure *out)
{
	size_t n = pairs(f, s);
	double value, *rep;
	int err = amdahl_speedup(f->figure.value, s->figure.value, overhead, &value);

	if (err)
		return err;
	*out = figure_exact(value);
	if (n < 2)
		return 0;
	rep = malloc(n * sizeof *rep);
	if (!rep)
		return -ENOMEM;
	err = combine_replicates(f, s, overhead, rep, n);
	if (!err)
		err = stats_interval(rep, n, value, out);
	free(rep);
	return err;
}

static int explain(int err, const struct predict_input *in)
{
	if (err == -EDOM)
		return fail(err, "predict: f = %g, s = %g, overhead = %g: f must be from 0 to 1, s above 0, the overhead not negative; "
			    "correct --fraction, --speedup or --overhead, or measure again", in->fraction.figure.value,
			    in->speedup.figure.value, in->overhead);
	return err == -ENOMEM ? fail(err, "predict: out of memory") : err;
}

static int compute(const struct predict_input *in, struct predict *out)
{
	double f = in->fraction.figure.value;
	int err = combine(&in->fraction, &in->speedup, in->overhead, &out->predicted);

	if (err)
		return err;
	out->capacity = figure_exact(NAN);
	if (!isnan(in->busiest.figure.value))
		err = combine(&in->busiest, &in->speedup, in->overhead, &out->capacity);
	if (!err)
		err = amdahl_bound(f, in->overhead, &out->bound);
	if (!err && amdahl_break_even(f, in->overhead, &out->break_even))
		out->break_even = INFINITY;
	return err;
}

int predict_make(const struct predict_input *in, struct predict *out)
{
	int err = refuse(in, &out->forced);

	return err ? err : explain(compute(in, out), in);
}
