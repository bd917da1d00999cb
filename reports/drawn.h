/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drawn.h: whether the files that gnuplot wrote are whole: it does not look whether its writing succeeds, and a full disk leaves half a picture. */
#ifndef REPORTS_DRAWN_H
#define REPORTS_DRAWN_H

struct folder;
struct picture;

/* Looks at the ends of the picture's files in the working folder: SVG, and unless it is narrow PNG and PDF. 0 or -EIO, said. */
int drawn_check(const struct folder *folder, const struct picture *picture);

#endif
