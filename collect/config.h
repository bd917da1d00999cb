/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.h: the settings a kernel was built with that cost or save cycles. */
#ifndef COLLECT_CONFIG_H
#define COLLECT_CONFIG_H

#include <stddef.h>

/*
 * Settings of the kernel `release` (uname -r) as lines "HZ=250" into text[size], in a fixed order; a setting that is off is left out.
 * From /boot/config-RELEASE, /lib/modules/RELEASE/config or /proc/config.gz. Returns text, or NULL when none of them can be read.
 */
const char *config_read(const char *release, char *text, size_t size);

#endif
