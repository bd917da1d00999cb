/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err.c: one line per error on stderr, written in one call so that lines of several processes do not mix. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const char *program = "forecall";

static char *caught;
static size_t caught_size;

void err_catch(char *text, size_t size)
{
	caught = size ? text : NULL;
	caught_size = size;
	if (caught)
		caught[0] = 0;
}

void err_program(const char *name)
{
	program = name;
}

static void say(const char *kind, const char *fmt, va_list args)
{
	char text[2048];

	vsnprintf(text, sizeof text, fmt, args);
	if (caught) {
		if (!caught[0])
			snprintf(caught, caught_size, "%s", text);
		return;
	}
	fprintf(stderr, "%s: %s%s\n", program, kind, text);
}

int fail(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("", fmt, args);
	va_end(args);
	return err;
}

void warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("warning: ", fmt, args);
	va_end(args);
}
