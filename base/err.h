/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err.h: how every part of forecall says what went wrong: once, where the detail is known, with the remedy. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

/* Prints "forecall: <text>" to stderr and returns err (a negative errno), so that a caller can `return fail(...)`. */
int fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints "forecall: warning: <text>" to stderr. For what a reader must know but nobody must act on. */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* From now on fail() and warn() write what they would print into text[size], the first of it all, which begins empty: for who shows an error
 * elsewhere, or passes over it. NULL: to stderr again. */
void err_catch(char *text, size_t size);

/* The word before the colon; `forecall` unless a program (livecast, groupsend) sets its own. Kept by reference. */
void err_program(const char *name);

#endif
