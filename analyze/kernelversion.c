/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernelversion.c: the order of kernel releases, candidates and distributions' suffixes included. */
#include "analyze/kernelversion.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum { NUMBERS_N = 4 }; /* of an upstream version: 2.6.32.71 had four */

struct release {
	unsigned long long number[NUMBERS_N];
	unsigned long long candidate; /* ULLONG_MAX: it is none */
	const char *rest;
};

static bool is_digit(char c)
{
	return isdigit((unsigned char)c);
}

static bool is_letter(char c)
{
	return isalpha((unsigned char)c);
}

/* A number of any length; what does not fit counts as the largest. */
static unsigned long long take_number(const char **at)
{
	unsigned long long number = 0;

	for (; is_digit(**at); (*at)++) {
		unsigned digit = (unsigned)(**at - '0');

		number = number > (ULLONG_MAX - digit) / 10 ? ULLONG_MAX : 10 * number + digit;
	}
	return number;
}

/* "-rc3", "~rc3", ".rc3" or "_rc3" at *at. */
static bool take_candidate(const char **at, unsigned long long *candidate)
{
	if (!**at || !strchr("-~._", **at) || (*at)[1] != 'r' || (*at)[2] != 'c' || !is_digit((*at)[3]))
		return false;
	*at += 3;
	*candidate = take_number(at);
	return true;
}

static struct release parse(const char *text)
{
	struct release release = { .candidate = ULLONG_MAX };

	for (int i = 0; i < NUMBERS_N && is_digit(*text); i++) {
		release.number[i] = take_number(&text);
		if (i + 1 == NUMBERS_N || text[0] != '.' || !is_digit(text[1]))
			break;
		text++;
	}
	take_candidate(&text, &release.candidate);
	release.rest = text;
	return release;
}

/* Place of a character that is no digit, as dpkg has it: '~', the end (and digits), letters, the others. */
static int place(char c)
{
	return c == '~' ? -1 : !c || is_digit(c) ? 0 : is_letter(c) ? (unsigned char)c : (unsigned char)c + 256;
}

/* By turns what is no number, character by character, and numbers. */
static int compare_rest(const char *a, const char *b)
{
	while (*a || *b) {
		for (; (*a && !is_digit(*a)) || (*b && !is_digit(*b)); a += *a != 0, b += *b != 0)
			if (place(*a) != place(*b))
				return place(*a) < place(*b) ? -1 : 1;
		unsigned long long x = take_number(&a), y = take_number(&b);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

int kernelversion_compare(const char *a, const char *b)
{
	struct release x = parse(a), y = parse(b);

	for (int i = 0; i < NUMBERS_N; i++)
		if (x.number[i] != y.number[i])
			return x.number[i] < y.number[i] ? -1 : 1;
	if (x.candidate != y.candidate)
		return x.candidate < y.candidate ? -1 : 1;
	int order = compare_rest(x.rest, y.rest);
	return order ? order : strcmp(a, b);
}

/* Whether the word at `word` names what was built, rather than its version: "amd64", not "47", "rc3", "gabc123" or "dirty". */
static bool names_flavour(const char *word, size_t n)
{
	bool candidate = n > 2 && !strncmp(word, "rc", 2) && is_digit(word[2]);
	bool commit = n >= 8 && word[0] == 'g' && strspn(word + 1, "0123456789abcdef") >= n - 1;

	return is_letter(*word) && !candidate && !commit && strncmp(word, "dirty", n) != 0 && strncmp(word, "next", n) != 0;
}

const char *kernelversion_flavour(const char *release)
{
	const char *end = release + strlen(release), *flavour = end;

	for (const char *at = end; at > release; at--) {
		if (at[-1] != '-')
			continue;
		if (!names_flavour(at, strcspn(at, "-")))
			break;
		flavour = at;
	}
	return flavour;
}
