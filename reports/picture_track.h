/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_track.h: benchmarks over kernel versions or dates as a picture, in a report or alone. */
#ifndef REPORTS_PICTURE_TRACK_H
#define REPORTS_PICTURE_TRACK_H

#include <signal.h>

struct pictures;
struct track;

/*
 * Adds the costs that moved most (up to eight lines, of the machine that has most), each against its first mark in per cent, with its
 * changes marked; track.csv holds every mark of every line. Or says why there is none. 0 or -errno, said.
 */
int picture_track_of(struct pictures *set, const struct track *track);

/* The same, drawn, as a folder of its own, made if need be. 0 or -errno, said: -ENODATA when there is nothing to draw. */
int picture_track_folder(const char *dir, const struct track *track, const volatile sig_atomic_t *stop);

#endif
