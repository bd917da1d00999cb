/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pictures.c: which pictures there are, and in which order they stand. */
#include "reports/pictures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analyze/store.h"
#include "reports/content.h"
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
	picture_slices,
	picture_grid,
	picture_track,
};

static bool all_counted(const struct report_data *data)
{
	for (size_t i = 0; i < data->runs_n; i++)
		if (!report_counted(data, data->runs[i]->run))
			return false;
	return data->runs_n > 0;
}

/* Captions of pictures of what was counted in a guest say so; one of several runs when all of them were. */
static void mark_counted(const struct pictures *set, const struct content *content)
{
	bool all = all_counted(&content->data);

	for (size_t i = 0; i < set->n; i++) {
		struct picture *p = set->list[i];
		size_t n = strlen(p->caption);

		if (p->run == STORE_NULL ? all : report_counted(&content->data, p->run))
			snprintf(p->caption + n, sizeof p->caption - n, "%sIn instructions, not cycles.", n ? " " : "");
	}
}

int pictures_make(struct pictures *set, const struct content *content)
{
	int err = 0;

	for (size_t i = 0; i < sizeof makers / sizeof *makers && !err; i++)
		err = makers[i](set, content);
	mark_counted(set, content);
	return err;
}

const struct picture *pictures_main(const struct pictures *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (!strncmp(set->list[i]->name, "gain-", 5) && !strcmp(set->list[i]->section, "gain"))
			return set->list[i];
	return NULL;
}
