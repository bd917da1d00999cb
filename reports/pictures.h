/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pictures.h: the pictures there are. One more is one file reports/picture_NAME.c, its prototype here, and its row in pictures.c. */
#ifndef REPORTS_PICTURES_H
#define REPORTS_PICTURES_H

struct content;
struct picture;
struct pictures;

/* Makes every picture of which there are data, and says of the others why they are not there. Nothing is drawn yet. 0 or -errno, said. */
int pictures_make(struct pictures *set, const struct content *content);

/* The picture that says most: r over s of the main prediction, or failing that of the newest profile. NULL: there is neither. */
const struct picture *pictures_main(const struct pictures *set);

/* ---- Each makes its pictures of the content. 0 or -errno, said. ---- */

/* r over s with the f of each profile, and every alternative of it. */
int picture_gain(struct pictures *set, const struct content *content);

/* r of every prediction, below each other. */
int picture_predictions(struct pictures *set, const struct content *content);

/* Predicted against observed. */
int picture_agreement(struct pictures *set, const struct content *content);

/* The errors of all predictions of the database that were observed and not forced, by size, and which intervals hold. */
int picture_errors(struct pictures *set, const struct content *content);

/* CPU use and quality of service by group size, for each capacity search. */
int picture_capacity(struct pictures *set, const struct content *content);

/* Where the cycles of each CPU and of each thread went, for each profile. */
int picture_ledger(struct pictures *set, const struct content *content);

/* f over the time of each profile. */
int picture_timeline(struct pictures *set, const struct content *content);

/* Burst lengths and sizes of each profile. */
int picture_histograms(struct pictures *set, const struct content *content);

/* What a packet costs and gains, along each axis of each bench: group size, payload, private share. */
int picture_grid(struct pictures *set, const struct content *content);

/* The stages of a packet by way of sending, for each run that was sliced. */
int picture_slices(struct pictures *set, const struct content *content);

/* The costs that moved most over kernel versions, as `forecall track` last kept them. */
int picture_track(struct pictures *set, const struct content *content);

#endif
