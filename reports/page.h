/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page.h: index.html. Each section answers one question and is one function; page_write() has their order. */
#ifndef REPORTS_PAGE_H
#define REPORTS_PAGE_H

#include <stdio.h>

#include "reports/detail.h"
#include "reports/picture.h"
#include "reports/report_data.h"

struct folder;

enum { PAGE_PROFILES_MAX = 12 }; /* profiles with pictures of their own: the newest */

/* A profile with its pictures; a picture without a name was not drawn, as there is nothing in it. */
struct page_profile {
	struct detail detail;
	struct picture cpus, threads;
};

struct page {
	FILE *out;
	const struct folder *folder; /* where the pictures are */
	const struct report_data *data;
	const struct page_profile *profiles; /* newest first */
	size_t profiles_n, profiles_all_n;   /* shown, and in the report */
	struct picture agreement, errors;    /* without a name when no prediction was observed */
	unsigned pictures_n;                 /* in the page so far */
};

/* Writes the page to page->out. 0 or -errno, said; errors of the stream stay in the stream. */
int page_write(struct page *page);

/* A picture in its frame, with links to its files and words below it. Nothing for a picture without a name. */
int page_picture(struct page *page, const struct picture *picture, const char *caption);

/* The label of a run as a quotation after a comma, cut to what fits in a line; nothing when it has none. */
void page_label(struct page *page, const struct run_row *run);

/* A sentence in place of what is missing, and the command that makes it (NULL: there is none). */
void page_missing(struct page *page, const char *text, const char *command);

/* ---- Sections, in their order ---- */
void page_warnings(struct page *page);
void page_gain(struct page *page);
void page_sure(struct page *page);
int page_observed(struct page *page);
int page_cycles(struct page *page);
void page_machine(struct page *page);

/* The style sheet. */
void page_style(FILE *out);

#endif
