/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bars.c: contexts of the ledger into parts, and parts into bars. */
#include "reports/bars.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct part_kind part_kinds[PART_MAX] = {
	[PART_PATH] = { "path", "path", "path" },
	[PART_PATH_IRQ] = { "interrupts in the path", "path_irq", "path_irq" },
	[PART_CALL] = { "other calls", "call", "call" },
	[PART_USER] = { "user", "user", "user" },
	[PART_IRQ] = { "interrupts elsewhere", "irq", "irq" },
	[PART_OTHER] = { "other tasks", "other", "other" },
	[PART_IDLE] = { "idle", "idle", "idle" },
};

/* ---- Labels ---- */

static const char *look_alike(const char *text)
{
	char c = *text;

	if (!strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3)) /* U+FFFE and U+FFFF: no XML may hold them */
		return "\xef\xbf\xbd";
	switch (c) {
	case '<': return "‹";
	case '>': return "›";
	case '&': return "＆";
	case '"': return "”";
	case '\'': return "’";
	case '\\': return "∖";
	case '#': return "♯";
	case '`': return "‵"; /* gnuplot runs what stands between two of them */
	default: return (unsigned char)c < ' ' || c == 0x7f ? " " : NULL;
	}
}

static size_t utf8_length(const char *text)
{
	size_t length = 1;

	while ((text[length] & 0xc0) == 0x80)
		length++;
	return length;
}

void label_clean(const char *text, char *out, size_t size)
{
	const char *const more = "…";
	size_t used = 0;

	while (*text) {
		size_t length = utf8_length(text);
		const char *instead = look_alike(text);
		size_t add = instead ? strlen(instead) : length;

		if (used + add + strlen(more) >= size) {
			memcpy(out + used, more, strlen(more));
			used += strlen(more);
			break;
		}
		memcpy(out + used, instead ? instead : text, add);
		used += add;
		text += length;
	}
	out[used] = 0;
}

/* ---- CPUs ---- */

static int is(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static enum part part_of(const struct ledger_row *row)
{
	int interrupt = !is(row->softirq, "none") || !is(row->hardirq, "none");
	int target = is(row->task, "target");

	if (target && is(row->call, "path"))
		return interrupt ? PART_PATH_IRQ : PART_PATH;
	if (interrupt)
		return PART_IRQ;
	if (is(row->task, "idle"))
		return PART_IDLE;
	if (target && is(row->call, "call"))
		return PART_CALL;
	return target && is(row->call, "user") ? PART_USER : PART_OTHER;
}

static double sum_of(const struct bar *bar)
{
	double sum = 0;

	for (size_t i = 0; i < PART_MAX; i++)
		sum += bar->share[i];
	return sum;
}

static void normalize(struct bar *bar)
{
	double sum = sum_of(bar);

	for (size_t i = 0; i < PART_MAX && sum > 0; i++)
		bar->share[i] /= sum;
}

/* The rows come by CPU. Returns how many CPUs there are. */
static size_t sum_by_cpu(const struct ledger_row *rows, size_t n, struct bar *bars)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (!used || bars[used - 1].id != rows[i].cpu) {
			bars[used] = (struct bar){ .id = rows[i].cpu };
			snprintf(bars[used].label, BAR_LABEL, "CPU %" PRId64, rows[i].cpu);
			used++;
		}
		bars[used - 1].share[part_of(&rows[i])] += (double)rows[i].cyc;
	}
	for (size_t i = 0; i < used; i++)
		normalize(&bars[i]);
	return used;
}

static int by_idle(const void *a, const void *b)
{
	double x = ((const struct bar *)a)->share[PART_IDLE], y = ((const struct bar *)b)->share[PART_IDLE];

	return (x > y) - (x < y);
}

static int by_id(const void *a, const void *b)
{
	int64_t x = ((const struct bar *)a)->id, y = ((const struct bar *)b)->id;

	return (x > y) - (x < y);
}

/* What is beyond the last bar but one becomes the last bar. */
static void fold(const struct bar *bars, size_t n, const char *what, struct bars *out)
{
	struct bar *last = &out->bar[BARS_MAX - 1];

	*last = (struct bar){ .id = -1 };
	snprintf(last->label, BAR_LABEL, "%zu more %s", n - (BARS_MAX - 1), what);
	for (size_t i = BARS_MAX - 1; i < n; i++)
		for (size_t j = 0; j < PART_MAX; j++)
			last->share[j] += bars[i].share[j];
}

int bars_of_cpus(const struct ledger_row *rows, size_t n, struct bars *out)
{
	struct bar *bars = calloc(n + 1, sizeof *bars);

	out->n = 0;
	if (!bars)
		return -ENOMEM;
	size_t cpus_n = sum_by_cpu(rows, n, bars);
	size_t own_n = cpus_n > BARS_MAX ? BARS_MAX - 1 : cpus_n;
	if (cpus_n > BARS_MAX) {
		qsort(bars, cpus_n, sizeof *bars, by_idle);
		fold(bars, cpus_n, "CPUs (mean)", out);
		normalize(&out->bar[BARS_MAX - 1]);
		qsort(bars, own_n, sizeof *bars, by_id);
	}
	memcpy(out->bar, bars, own_n * sizeof *bars);
	out->n = cpus_n > BARS_MAX ? BARS_MAX : cpus_n;
	free(bars);
	return 0;
}

/* ---- Threads ---- */

int64_t bars_thread_cyc(const struct thread_row *row)
{
	return row->user_cyc + row->path_cyc + row->call_cyc + row->kernel_cyc + row->irq_cyc + row->unknown_cyc;
}

static int by_cycles(const void *a, const void *b)
{
	int64_t x = bars_thread_cyc(a), y = bars_thread_cyc(b);

	return (x < y) - (x > y);
}

static struct bar bar_of_thread(const struct thread_row *row, double window_cyc)
{
	struct bar bar = { .id = row->tid };
	char name[24]; /* a thread's own name has 15 letters at most */

	label_clean(row->comm, name, sizeof name);
	snprintf(bar.label, BAR_LABEL, "%s %" PRId64, name, row->tid);
	bar.share[PART_PATH] = (double)row->path_cyc / window_cyc;
	bar.share[PART_CALL] = (double)row->call_cyc / window_cyc;
	bar.share[PART_USER] = (double)row->user_cyc / window_cyc;
	bar.share[PART_IRQ] = (double)row->irq_cyc / window_cyc;
	bar.share[PART_OTHER] = (double)(row->kernel_cyc + row->unknown_cyc) / window_cyc;
	return bar;
}

static void add(struct bar *to, const struct bar *bar)
{
	for (size_t i = 0; i < PART_MAX; i++)
		to->share[i] += bar->share[i];
}

void bars_of_threads(struct thread_row *rows, size_t n, double window_cyc, struct bars *out)
{
	size_t own_n = n > BARS_MAX ? BARS_MAX - 1 : n;

	out->n = 0;
	if (!n || !(window_cyc > 0))
		return;
	qsort(rows, n, sizeof *rows, by_cycles);
	for (size_t i = 0; i < n; i++) {
		struct bar bar = bar_of_thread(&rows[i], window_cyc);

		if (i < own_n) {
			out->bar[out->n++] = bar;
			continue;
		}
		if (i == own_n) {
			out->bar[out->n] = (struct bar){ .id = -1 };
			snprintf(out->bar[out->n++].label, BAR_LABEL, "%zu more threads", n - own_n);
		}
		add(&out->bar[own_n], &bar);
	}
}
