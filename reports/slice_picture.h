/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice_picture.h: the stages of a packet as stacked bars, one for each way of sending, as a picture by itself. */
#ifndef REPORTS_SLICE_PICTURE_H
#define REPORTS_SLICE_PICTURE_H

#include <signal.h>
#include <stdint.h>

#include "analyze/slices.h"

/* Writes slice-run-RUN.csv, .gp, .svg, .png and .pdf into the folder `dir`, which is made if need be. Bars are in cycles per packet,
 * or where packets are not known in per cent of the path. 0 or -errno, said. */
int slice_picture(const char *dir, int64_t run, const struct slices *slices, const volatile sig_atomic_t *stop);

/* The colour of a stage: a variable of gnuplot, and with "--" before it one of CSS. */
const char *slice_colour(enum slice_stage stage);

#endif
