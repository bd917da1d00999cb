/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suite.c: reads the file of a suite, line by line. */
#include "cli/suite.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/parse.h"

enum { SETS_MAX = 32, LINE_BYTES = 4096 };

struct reader {
	struct suite *suite;
	bool counted;
	const char *ways;
	char *names[SETS_MAX], *values[SETS_MAX];
	size_t sets_n;
	unsigned line;
};

static int wrong(const struct reader *r, const char *what)
{
	return fail(-EINVAL, "%s: line %u: %s", r->suite->path, r->line, what);
}

/* ---- Words ---- */

/* The next word of *rest, which is ended by blanks; NULL: none. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");

	if (!*word)
		return NULL;
	*rest = word + strcspn(word, " \t");
	if (**rest)
		*(*rest)++ = 0;
	return word;
}

/* Whether a comma separated list has the word. */
static bool in_list(const char *list, const char *word, size_t n)
{
	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strcspn(at, ",") == n && !strncmp(at, word, n))
			return true;
	return false;
}

/* Of the ways of a list those that this machine has. */
static const char *ways_of(const struct reader *r, const char *wanted)
{
	static char ways[LINE_BYTES];

	*ways = 0;
	for (const char *at = wanted; *at; at += at[strcspn(at, ",")] ? strcspn(at, ",") + 1 : strcspn(at, ","))
		if (in_list(r->ways, at, strcspn(at, ",")))
			snprintf(ways + strlen(ways), sizeof ways - strlen(ways), "%s%.*s", *ways ? "," : "", (int)strcspn(at, ","), at);
	return ways;
}

/* What @name stands for; NULL: nothing. */
static const char *value_of(const struct reader *r, const char *name)
{
	if (!strncmp(name, "ways:", 5))
		return ways_of(r, name + 5);
	for (size_t i = 0; i < r->sets_n; i++)
		if (!strcmp(r->names[i], name))
			return r->values[i];
	return NULL;
}

/* A name becomes part of marks and file names. */
static bool is_name(const char *text)
{
	size_t n = strlen(text);

	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			return false;
	return n > 0 && n < SUITE_NAME && text[0] != '-' && text[0] != '.';
}

/* ---- Lines ---- */

static void drop_last_step(struct suite *suite)
{
	struct suite_step *step = &suite->steps[--suite->steps_n];

	for (size_t i = 0; i < step->words_n; i++)
		free(step->words[i]);
}

/* A step is taken in, or only read. */
static int read_step(struct reader *r, char *rest, bool wanted)
{
	struct suite *suite = r->suite;
	char *word = next_word(&rest);
	struct suite_step *more;

	if (!word || !is_name(word))
		return wrong(r, "a step needs a name of letters, digits and - _ .");
	for (size_t i = 0; i < suite->steps_n; i++)
		if (!strcmp(suite->steps[i].name, word))
			return wrong(r, "there is a step of this name already");
	if (suite->steps_n == SUITE_STEPS_MAX)
		return wrong(r, "too many steps");
	more = realloc(suite->steps, (suite->steps_n + 1) * sizeof *more);
	if (!more)
		return fail(-ENOMEM, "out of memory");
	suite->steps = more;
	struct suite_step *step = &suite->steps[suite->steps_n++];
	memset(step, 0, sizeof *step);
	snprintf(step->name, sizeof step->name, "%s", word);
	while ((word = next_word(&rest))) {
		const char *value = *word == '@' ? value_of(r, word + 1) : word;

		if (!value)
			return wrong(r, "an @NAME is not set above");
		if (step->words_n == SUITE_WORDS_MAX)
			return wrong(r, "too many words in a step");
		step->words[step->words_n] = strdup(value);
		if (!step->words[step->words_n++])
			return fail(-ENOMEM, "out of memory");
	}
	if (!step->words_n)
		return wrong(r, "a step needs a command of forecall");
	if (!wanted)
		drop_last_step(suite);
	return 0;
}

static int read_set(struct reader *r, char *rest)
{
	const char *name = next_word(&rest), *real = next_word(&rest), *counted = next_word(&rest);

	if (!name || !real || !counted || next_word(&rest))
		return wrong(r, "set needs NAME, what it is where time is real, and what where instructions are counted");
	if (r->sets_n == SETS_MAX)
		return wrong(r, "too many names are set");
	r->names[r->sets_n] = strdup(name);
	r->values[r->sets_n] = strdup(r->counted ? counted : real);
	r->sets_n++;
	return r->names[r->sets_n - 1] && r->values[r->sets_n - 1] ? 0 : fail(-ENOMEM, "out of memory");
}

static int read_number(const struct reader *r, const char *text, uint64_t max, unsigned *out)
{
	uint64_t number;

	if (!text || parse_u64(text, 1, max, &number))
		return wrong(r, "needs a whole number above 0");
	*out = (unsigned)number;
	return 0;
}

static int read_line(struct reader *r, char *line)
{
	struct suite *suite = r->suite;
	char *rest = line;

	line[strcspn(line, "\r\n")] = 0;
	if (strchr(line, '#'))
		*strchr(line, '#') = 0;
	const char *key = next_word(&rest);
	if (!key)
		return 0;
	if (!strcmp(key, "step") || !strcmp(key, "timed"))
		return read_step(r, rest, *key == 's' || !r->counted);
	if (!strcmp(key, "set"))
		return read_set(r, rest);
	if (!strcmp(key, "version"))
		return read_number(r, next_word(&rest), 1000000, &suite->version);
	if (!strcmp(key, "passes"))
		return read_number(r, next_word(&rest), SUITE_PASSES_MAX, &suite->passes);
	if (!strcmp(key, "about")) {
		snprintf(suite->about, sizeof suite->about, "%s", rest + strspn(rest, " \t"));
		return 0;
	}
	if (strcmp(key, "name") != 0)
		return wrong(r, "begins with none of name, version, about, passes, set, step, timed");
	const char *name = next_word(&rest);
	if (!name || !is_name(name))
		return wrong(r, "needs a name of letters, digits and - _ .");
	snprintf(suite->name, sizeof suite->name, "%s", name);
	return 0;
}

static int read_lines(struct reader *r, FILE *file)
{
	char line[LINE_BYTES];
	int err = 0;

	while (!err && fgets(line, sizeof line, file)) {
		r->line++;
		if (!strchr(line, '\n') && !feof(file))
			return wrong(r, "is too long");
		err = read_line(r, line);
	}
	if (!err && (!*r->suite->name || !r->suite->version || !r->suite->steps_n))
		err = fail(-EINVAL, "%s: a suite needs a name, a version and a step; suites/send.conf shows how one is written", r->suite->path);
	return err;
}

/* ---- Files ---- */

const char *suite_folder(size_t i)
{
	static char beside[PATH_MAX], shared[PATH_MAX];
	const char *given = getenv("FORECALL_SUITES");
	char program[PATH_MAX - 32];
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);

	if (given && *given)
		return i == 0 ? given : NULL;
	if (n <= 0 || i > 1)
		return NULL;
	program[n] = 0;
	*strrchr(program, '/') = 0;
	snprintf(beside, sizeof beside, "%s/../suites", program);
	snprintf(shared, sizeof shared, "%s/../share/forecall/suites", program);
	return i == 0 ? beside : shared;
}

static FILE *open_file(const char *name, struct suite *suite)
{
	FILE *file = NULL;

	if (strchr(name, '/')) {
		snprintf(suite->path, sizeof suite->path, "%s", name);
		return fopen(name, "re");
	}
	for (size_t i = 0; suite_folder(i) && !file; i++) {
		if ((size_t)snprintf(suite->path, sizeof suite->path, "%s/%s.conf", suite_folder(i), name) < sizeof suite->path)
			file = fopen(suite->path, "re");
	}
	return file;
}

int suite_read(const char *name, bool counted, const char *ways, struct suite *out)
{
	struct reader reader = { .suite = out, .counted = counted, .ways = ways };
	int err;

	*out = (struct suite){ .passes = 1 };
	FILE *file = open_file(name, out);
	if (!file)
		return fail(-ENOENT, "there is no suite %s (%s); `forecall suite list` shows those there are", name, strerror(errno));
	err = read_lines(&reader, file);
	fclose(file);
	for (size_t i = 0; i < reader.sets_n; i++) {
		free(reader.names[i]);
		free(reader.values[i]);
	}
	if (err)
		suite_free(out);
	return err;
}

void suite_free(struct suite *suite)
{
	while (suite->steps_n)
		drop_last_step(suite);
	free(suite->steps);
	*suite = (struct suite){ 0 };
}
