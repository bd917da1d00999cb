/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse.h: numbers and lists from a user, checked for range and for anything left over. Nothing here prints. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stddef.h>
#include <stdint.h>

/* A whole decimal number within [min, max]. -EINVAL when it is not a number, -ERANGE when it is outside. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* A finite decimal number within [min, max]. Errors as above. */
int parse_double(const char *text, double min, double max, double *out);

/* A comma separated list of whole numbers: "1,2,10". *n is the room in `out` and becomes the count.
 * -EINVAL, -ERANGE as above; -E2BIG when there are more than *n. */
int parse_u64_list(const char *text, uint64_t min, uint64_t max, uint64_t *out, size_t *n);

/* A CPU list as the kernel writes it: "0-3,8". `set[cpu]` becomes 1 for each; `cpus_n` is the room in `set`.
 * -EINVAL when it is no list or names no CPU, -ERANGE when a CPU is not below cpus_n. */
int parse_cpulist(const char *text, uint8_t *set, size_t cpus_n);

#endif
