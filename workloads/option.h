/* SPDX-License-Identifier: GPL-2.0-or-later */
/* option.h: values of command line options, checked. Each says by fail() which option is wrong and what it takes. */
#ifndef WORKLOADS_OPTION_H
#define WORKLOADS_OPTION_H

#include <stdint.h>

#include "workloads/net.h"

/* A whole number within [min, max]. 0 or -EINVAL. */
int option_u64(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* A CPU number. 0 or -EINVAL. */
int option_cpu(const char *name, const char *text, int *out);

/* An address, as net_parse() reads it. 0 or -EINVAL. */
int option_addr(const char *name, const char *text, union net_addr *out);

#endif
