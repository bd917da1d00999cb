/* SPDX-License-Identifier: GPL-2.0-or-later */
/* side.c: finds the runs that a word of the user's means, and reads what they measured. */
#include "analyze/side.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/store.h"
#include "base/err.h"

enum kind { KIND_RUN, KIND_KERNEL, KIND_LABEL, KIND_SUITE, KIND_MAX };

static const char *const kind_names[KIND_MAX] = {
	[KIND_RUN] = "run", [KIND_KERNEL] = "kernel", [KIND_LABEL] = "label", [KIND_SUITE] = "suite",
};

/* ---- What a selector means ---- */

/* Whether `number` is in a list "7", "7,9", "7-12"; -EINVAL when it is no such list. */
static int in_list(const char *list, int64_t number)
{
	int found = 0;

	do {
		char *end;
		long long low = strtoll(list, &end, 10), high = low;

		if (end == list || low < 1)
			return -EINVAL;
		if (*end == '-') {
			list = end + 1;
			high = strtoll(list, &end, 10);
			if (end == list || high < low)
				return -EINVAL;
		}
		if (*end && *end != ',')
			return -EINVAL;
		found |= number >= low && number <= high;
		list = *end ? end + 1 : end;
	} while (*list);
	return found;
}

/* "send@1" and "send@1/lo" are beginnings of "send@1/lo#2", at the end of a word; "send" is one of "send@1/lo#2" too. */
static bool in_suite(const char *suite, const char *name)
{
	size_t n = strlen(name);

	return suite && n && !strncmp(suite, name, n) && strchr("@/#", suite[n]);
}

static bool means(enum kind kind, const char *selector, const struct run_row *run, const struct host_row *host)
{
	switch (kind) {
	case KIND_RUN:
		return in_list(selector, run->run) == 1;
	case KIND_KERNEL:
		return !strcmp(host->kernel, selector);
	case KIND_LABEL:
		return run->label && !strcmp(run->label, selector);
	case KIND_SUITE:
		return in_suite(run->suite, selector);
	case KIND_MAX:
		break;
	}
	return false;
}

/* Whether a run may be taken: by its number any that has figures, else complete ones. */
static bool may_be(enum kind kind, const struct run_row *run)
{
	return kind == KIND_RUN ? strcmp(run->state, "incomplete") != 0 : !strcmp(run->state, "complete");
}

static size_t count(const struct side *side, enum kind kind, const char *selector, struct host_row *const *hosts, size_t rows_n)
{
	size_t n = 0;

	for (size_t i = 0; i < rows_n; i++)
		n += may_be(kind, &side->rows[i]) && means(kind, selector, &side->rows[i], hosts[i]);
	return n;
}

/* The kind that a prefix names, behind which *selector then points; KIND_MAX: none. */
static enum kind prefix(const char **selector)
{
	for (enum kind kind = 0; kind < KIND_MAX; kind++) {
		size_t n = strlen(kind_names[kind]);

		if (!strncmp(*selector, kind_names[kind], n) && (*selector)[n] == ':') {
			*selector += n + 1;
			return kind;
		}
	}
	return KIND_MAX;
}

static int choose_kind(const struct side *side, const char **selector, struct host_row *const *hosts, size_t rows_n, enum kind *out)
{
	enum kind found = prefix(selector);

	if (found != KIND_MAX || in_list(*selector, 0) >= 0) {
		*out = found != KIND_MAX ? found : KIND_RUN;
		return 0;
	}
	for (enum kind kind = KIND_KERNEL; kind < KIND_MAX; kind++) {
		if (!count(side, kind, *selector, hosts, rows_n))
			continue;
		if (found != KIND_MAX)
			return fail(-EINVAL, "\"%s\" is a %s and a %s: write %s:%s or %s:%s", *selector, kind_names[found], kind_names[kind],
				    kind_names[found], *selector, kind_names[kind], *selector);
		found = kind;
	}
	*out = found;
	return 0;
}

/* ---- Opening ---- */

/* Splits "FILE:SELECTOR": FILE is what exists as a file. *selector is NULL when the file stands alone. The caller frees *file. */
static int split(const char *db, const char *text, char **file, const char **selector)
{
	struct stat st;
	const char *colon = strrchr(text, ':');

	*selector = text;
	*file = strdup(text);
	if (*file && !stat(*file, &st) && S_ISREG(st.st_mode)) {
		*selector = NULL;
		return 0;
	}
	for (; *file && colon; colon = memrchr(text, ':', (size_t)(colon - text))) {
		(*file)[colon - text] = 0;
		if (!stat(*file, &st) && S_ISREG(st.st_mode)) {
			*selector = colon + 1;
			return 0;
		}
	}
	free(*file);
	*file = strdup(db);
	return *file ? 0 : fail(-ENOMEM, "out of memory");
}

static int take_runs(struct side *side, const char *selector, struct host_row **hosts, size_t rows_n)
{
	enum kind kind = KIND_MAX;
	int err = selector ? choose_kind(side, &selector, hosts, rows_n, &kind) : 0;

	if (err)
		return err;
	for (size_t i = 0; i < rows_n; i++) {
		const struct run_row *run = &side->rows[i];

		if (selector ? kind == KIND_MAX || !may_be(kind, run) || !means(kind, selector, run, hosts[i]) : !may_be(KIND_LABEL, run))
			continue;
		side->runs[side->runs_n++] = (struct side_run){ run, hosts[i], benchmark_exact(hosts[i]) };
		hosts[i] = NULL;
	}
	if (side->runs_n)
		return 0;
	return fail(-ENOENT, "\"%s\" names no complete run, kernel, label or suite; `forecall runs list` shows what there is", side->text);
}

/* Every run's own copy of its host: many runs share few hosts, but this is simple, and a run's figures take far longer. */
static int read_hosts(struct side *side, struct host_row **hosts, size_t rows_n)
{
	int err = 0;

	for (size_t i = 0; i < rows_n && !err; i++)
		err = store_host_of(side->store, side->rows[i].run, &hosts[i]);
	return err;
}

static int choose(struct side *side, const char *selector)
{
	struct host_row **hosts = NULL;
	size_t rows_n;
	int err = store_runs(side->store, NULL, NULL, &side->rows, &rows_n);

	if (!err) {
		hosts = calloc(rows_n + 1, sizeof(struct host_row *));
		side->runs = calloc(rows_n + 1, sizeof *side->runs);
	}
	if (!err && (!hosts || !side->runs)) {
		fail(-ENOMEM, "out of memory");
		err = -ENOMEM;
	}
	if (!err)
		err = read_hosts(side, hosts, rows_n);
	if (!err)
		err = take_runs(side, selector, hosts, rows_n);
	for (size_t i = 0; hosts && i < rows_n; i++)
		store_rows_free(hosts[i]);
	free(hosts);
	return err;
}

int side_open(const char *db, const char *text, struct side *out)
{
	const char *selector;
	char *file;
	int err = split(db, text, &file, &selector);

	*out = (struct side){ 0 };
	if (err)
		return err;
	out->text = strdup(text);
	err = out->text ? store_open(file, STORE_READ, &out->store) : fail(-ENOMEM, "out of memory");
	if (!err)
		err = choose(out, selector);
	free(file);
	if (err)
		side_free(out);
	return err;
}

/* ---- Figures ---- */

static int by_name(const void *a, const void *b)
{
	const struct side_figure *x = a, *y = b;
	int order = strcmp(x->benchmark.name, y->benchmark.name);

	return order ? order : (x->run > y->run) - (x->run < y->run);
}

static int take_figures(struct side *side, size_t run, const struct benchmark *benchmarks, size_t n)
{
	struct side_figure *more = realloc(side->figures, (side->figures_n + n + 1) * sizeof *more);

	if (!more)
		return fail(-ENOMEM, "out of memory");
	side->figures = more;
	for (size_t i = 0; i < n; i++)
		side->figures[side->figures_n++] = (struct side_figure){ benchmarks[i], run };
	return 0;
}

int side_figures(struct side *side)
{
	int err = 0;

	for (size_t i = 0; i < side->runs_n && !err; i++) {
		struct benchmark *benchmarks;
		size_t n;

		err = benchmark_of_run(side->store, side->runs[i].run, side->runs[i].host, &benchmarks, &n);
		if (!err)
			err = take_figures(side, i, benchmarks, n);
		free(benchmarks);
	}
	if (!err && side->figures_n)
		qsort(side->figures, side->figures_n, sizeof *side->figures, by_name);
	return err;
}

void side_free(struct side *side)
{
	for (size_t i = 0; i < side->runs_n; i++)
		store_rows_free(side->runs[i].host);
	free(side->runs);
	free(side->figures);
	store_rows_free(side->rows);
	store_free(side->store);
	free(side->text);
	*side = (struct side){ 0 };
}
