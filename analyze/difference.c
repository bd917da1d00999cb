/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference.c: what the machines of two sides, and their ways of measuring, do not share. */
#include "analyze/difference.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define SAME_HZ 1e-3 /* the TSC is calibrated anew for every run */

static int add(struct versus *v, const char *what, const char *a, const char *b)
{
	struct difference *more = realloc(v->differences, (v->differences_n + 1) * sizeof *more);
	struct difference difference = { strdup(what), strdup(a ? a : ""), strdup(b ? b : "") };

	if (more)
		v->differences = more;
	if (!more || !difference.what || !difference.a || !difference.b) {
		free(difference.what);
		free(difference.a);
		free(difference.b);
		return fail(-ENOMEM, "out of memory");
	}
	v->differences[v->differences_n++] = difference;
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* ---- Single values ---- */

typedef const char *property(const struct side_run *run);

static const char *of_measuring(const struct side_run *run) { return run->exact ? "instructions" : "time"; }
static const char *of_clock(const struct side_run *run) { return run->run->clock; }
static const char *of_engine(const struct side_run *run) { return run->run->engine; }
static const char *of_version(const struct side_run *run) { return run->run->version; }
static const char *of_name(const struct side_run *run) { return run->host->name; }
static const char *of_model(const struct side_run *run) { return run->host->cpu_model; }
static const char *of_arch(const struct side_run *run) { return run->host->arch; }
static const char *of_virt(const struct side_run *run) { return run->host->virt; }
static const char *of_kernel(const struct side_run *run) { return run->host->kernel; }
static const char *of_build(const struct side_run *run) { return run->host->build; }
static const char *of_microcode(const struct side_run *run) { return run->host->microcode; }
static const char *of_governor(const struct side_run *run) { return run->host->governor; }
static const char *of_clocksource(const struct side_run *run) { return run->host->clocksource; }
static const char *of_tsc(const struct side_run *run) { return run->host->tsc_flags; }
static const char *of_mitigations(const struct side_run *run) { return run->host->mitigations; }
static const char *of_cmdline(const struct side_run *run) { return run->host->cmdline; }
static const char *of_config(const struct side_run *run) { return run->host->config; }

/* How the values of a property are written: one, or a set of lines or words, of which only those that differ are shown. */
static const struct {
	const char *what;
	property *of;
	const char *separator;
} properties[] = {
	{ "way of measuring", of_measuring, NULL },
	{ "clock", of_clock, NULL },
	{ "machine", of_name, NULL },
	{ "processor", of_model, NULL },
	{ "architecture", of_arch, NULL },
	{ "virtualisation", of_virt, NULL },
	{ "kernel", of_kernel, NULL },
	{ "kernel build", of_build, NULL },
	{ "microcode", of_microcode, NULL },
	{ "mitigation", of_mitigations, "\n" },
	{ "command line", of_cmdline, " " },
	{ "kernel setting", of_config, "\n" },
	{ "governor", of_governor, NULL },
	{ "clock source", of_clocksource, NULL },
	{ "TSC", of_tsc, NULL },
	{ "engine", of_engine, NULL },
	{ "forecall", of_version, NULL },
};

/* Whether a run of the side has this value. */
static bool has_value(const struct side *side, property *of, const char *value)
{
	for (size_t i = 0; i < side->runs_n; i++)
		if (same(of(&side->runs[i]), value))
			return true;
	return false;
}

/* The distinct values of a side, in the order of its runs; the caller frees. */
static char *values_of(const struct side *side, property *of)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; out && i < side->runs_n; i++) {
		const char *value = of(&side->runs[i]);
		struct side before = { .runs = side->runs, .runs_n = i };

		if (!has_value(&before, of, value))
			fprintf(out, "%s%s", i ? ", " : "", value ? value : "unknown");
	}
	if (out)
		fclose(out);
	return text;
}

static bool covers(const struct side *a, const struct side *b, property *of)
{
	for (size_t i = 0; i < b->runs_n; i++)
		if (!has_value(a, of, of(&b->runs[i])))
			return false;
	return true;
}

static int compare_values(struct versus *v, const struct side *a, const struct side *b, const char *what, property *of)
{
	if (covers(a, b, of) && covers(b, a, of))
		return 0;
	char *of_a = values_of(a, of), *of_b = values_of(b, of);
	int err = of_a && of_b ? add(v, what, of_a, of_b) : fail(-ENOMEM, "out of memory");

	free(of_a);
	free(of_b);
	return err;
}

/* ---- Sets of words or lines ---- */

static bool has_word(const char *words, const char *word, const char *separator)
{
	size_t n = strlen(word);

	for (const char *at = words; at && (at = strstr(at, word)); at++)
		if ((at == words || strchr(separator, at[-1])) && (!at[n] || strchr(separator, at[n])))
			return true;
	return false;
}

/* The line of `lines` that sets the same thing: up to ':' or '='. NULL: none. The caller frees. */
static char *same_key(const char *lines, const char *word, const char *separator)
{
	size_t key = strcspn(word, ":=") + 1;

	if (key > strlen(word))
		return NULL;
	for (const char *at = lines; at && *at; at += strspn(at, separator)) {
		size_t n = strcspn(at, separator);

		if (!strncmp(at, word, key))
			return strndup(at, n);
		at += n;
	}
	return NULL;
}

/* The words that `have` has and `lack` has not. Those of both with another value are told when `have` is side a. */
static int compare_words(struct versus *v, const char *what, const char *have, const char *lack, const char *separator, bool swapped)
{
	char *copy = strdup(have ? have : ""), *rest = copy, *word;
	int err = copy ? 0 : fail(-ENOMEM, "out of memory");

	while (!err && (word = strsep(&rest, separator))) {
		if (!*word || has_word(lack, word, separator))
			continue;
		char *other = same_key(lack, word, separator);
		if (!other || !swapped)
			err = add(v, what, swapped ? other : word, swapped ? word : other);
		free(other);
	}
	free(copy);
	return err;
}

static int compare_sets(struct versus *v, const struct side *a, const struct side *b, const char *what, property *of, const char *separator)
{
	const char *of_a = of(&a->runs[0]), *of_b = of(&b->runs[0]);

	if (!of_a != !of_b)
		return add(v, what, of_a ? "known" : "unknown", of_b ? "known" : "unknown");
	int err = compare_words(v, what, of_a, of_b, separator, false);
	return err ? err : compare_words(v, what, of_b, of_a, separator, true);
}

/* Runs of one side on several machines: of sets, those of the first run are shown. */
static int tell_mixture(struct versus *v, const struct side *side, bool first)
{
	size_t others = 0;
	char text[64];

	for (size_t i = 1; i < side->runs_n; i++)
		others += strcmp(side->runs[i].host->digest, side->runs[0].host->digest) != 0;
	if (!others)
		return 0;
	snprintf(text, sizeof text, "%zu of %zu runs elsewhere", others, side->runs_n);
	return add(v, "within the side", first ? text : "", first ? "" : text);
}

static int compare_numbers(struct versus *v, const struct side *a, const struct side *b)
{
	const struct side_run *x = &a->runs[0], *y = &b->runs[0];
	char of_a[32], of_b[32];
	int err = 0;

	if (x->host->cpus_n != y->host->cpus_n) {
		snprintf(of_a, sizeof of_a, "%" PRId64, x->host->cpus_n);
		snprintf(of_b, sizeof of_b, "%" PRId64, y->host->cpus_n);
		err = add(v, "processors", of_a, of_b);
	}
	if (!err && fabs(x->run->clock_hz / y->run->clock_hz - 1) > SAME_HZ) {
		snprintf(of_a, sizeof of_a, "%.0f MHz", x->run->clock_hz / 1e6);
		snprintf(of_b, sizeof of_b, "%.0f MHz", y->run->clock_hz / 1e6);
		err = add(v, "clock rate", of_a, of_b);
	}
	return err;
}

int difference_list(struct versus *v, const struct side *a, const struct side *b)
{
	int err = 0;

	for (size_t i = 0; i < sizeof properties / sizeof *properties && !err; i++) {
		if (properties[i].separator)
			err = compare_sets(v, a, b, properties[i].what, properties[i].of, properties[i].separator);
		else
			err = compare_values(v, a, b, properties[i].what, properties[i].of);
	}
	if (!err)
		err = compare_numbers(v, a, b);
	if (!err)
		err = tell_mixture(v, a, true);
	return err ? err : tell_mixture(v, b, false);
}
