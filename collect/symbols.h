/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symbols.h: the kernel's functions by address, from /proc/kallsyms. */
#ifndef COLLECT_SYMBOLS_H
#define COLLECT_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct symbols;

#define SYMBOLS_NONE SIZE_MAX

/* Reads the running kernel's functions, modules' included. -EACCES, said, where the kernel hides addresses from this
 * user (kptr_restrict); -ENOENT, said, without /proc/kallsyms. */
int symbols_open(struct symbols **out);

/* The same from lines "ADDRESS TYPE NAME [MODULE]". -ENODATA when all addresses are 0 or there is no function. */
int symbols_read(FILE *file, struct symbols **out);

void symbols_free(struct symbols *symbols);

size_t symbols_n(const struct symbols *symbols);

/* Name of function i, without what compilers append (".isra.0", ".constprop.0", ".part.0", ".cold"). */
const char *symbols_name(const struct symbols *symbols, size_t i);

/* Where function i begins. They ascend with i; functions of one address have different names. */
uint64_t symbols_start(const struct symbols *symbols, size_t i);

/* The function in which an address lies: the last that begins at or before it; SYMBOLS_NONE below the first. An address behind
 * the last function belongs to it. */
size_t symbols_find(const struct symbols *symbols, uint64_t address);

/* The address of a function; 0 when there is none of that name. */
uint64_t symbols_address(const struct symbols *symbols, const char *name);

#endif
