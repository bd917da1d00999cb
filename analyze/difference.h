/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference.h: what differs between the machines of two sides. */
#ifndef ANALYZE_DIFFERENCE_H
#define ANALYZE_DIFFERENCE_H

#include "analyze/versus.h"

/* Fills v->differences. Of command line, mitigations and kernel settings, which are sets, only the words that differ are told, by the
 * first run of each side. 0 or -ENOMEM, said. */
int difference_list(struct versus *v, const struct side *a, const struct side *b);

#endif
