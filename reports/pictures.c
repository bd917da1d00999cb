/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pictures.c: which pictures there are, and in which order they stand. */
#include "reports/pictures.h"

#include <stddef.h>
#include <string.h>

#include "reports/picture.h"

static int (*const makers[])(struct pictures *set, const struct content *content) = {
	picture_gain,
	picture_predictions,
	picture_agreement,
	picture_errors,
	picture_capacity,
	picture_ledger,
	picture_timeline,
	picture_histograms,
	picture_grid,
	picture_track,
};

int pictures_make(struct pictures *set, const struct content *content)
{
	int err = 0;

	for (size_t i = 0; i < sizeof makers / sizeof *makers && !err; i++)
		err = makers[i](set, content);
	return err;
}

const struct picture *pictures_main(const struct pictures *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (!strncmp(set->list[i]->name, "gain-", 5) && !strcmp(set->list[i]->section, "gain"))
			return set->list[i];
	return NULL;
}
