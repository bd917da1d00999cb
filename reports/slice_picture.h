/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice_picture.h: the stages of a packet as stacked bars, one for each way of sending. */
#ifndef REPORTS_SLICE_PICTURE_H
#define REPORTS_SLICE_PICTURE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

struct slice;

struct slice_bar {
	const char *label;
	const struct slice *slice;
};

/* Writes slice-run-RUN.csv, .gp, .svg, .png and .pdf into the folder `dir`, which is made if need be. Bars are in cycles per packet,
 * or where packets are not known in per cent of the path. 0 or -errno, said. */
int slice_picture(const char *dir, int64_t run, const struct slice_bar *bars, size_t n, const volatile sig_atomic_t *stop);

#endif
