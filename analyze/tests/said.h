/* SPDX-License-Identifier: GPL-2.0-or-later */
/* said.h: for unit tests: catches what the code under test prints to stderr, so that its remedies can be checked. */
#ifndef ANALYZE_TESTS_SAID_H
#define ANALYZE_TESTS_SAID_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static FILE *said_file;
static int said_stderr = -1;

/* From here on stderr goes to a file. */
static inline void said_begin(void)
{
	fflush(stderr);
	said_file = tmpfile();
	said_stderr = dup(STDERR_FILENO);
	assert_non_null(said_file);
	assert_true(said_stderr >= 0 && dup2(fileno(said_file), STDERR_FILENO) >= 0);
}

/* stderr is as it was. Returns what went to it since said_begin(), valid until the next call. */
static inline const char *said_end(void)
{
	static char text[4096];
	ssize_t n;

	fflush(stderr);
	dup2(said_stderr, STDERR_FILENO);
	close(said_stderr);
	n = pread(fileno(said_file), text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = 0;
	fclose(said_file);
	return text;
}

/* Fails the test, showing the text, unless `text` has `part` in it. */
static inline void assert_said(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static inline int said_lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

#define assert_near(a, b, tolerance) assert_true(((a) - (b)) <= (tolerance) && ((b) - (a)) <= (tolerance))

#endif
