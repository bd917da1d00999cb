/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page.h: index.html. Each section answers one question and is one file page_NAME.c with one function; page.c lists them in their order. */
#ifndef REPORTS_PAGE_H
#define REPORTS_PAGE_H

#include <stdio.h>

#include "reports/content.h"
#include "reports/picture.h"

struct page {
	FILE *out;
	const struct content *content;
	const struct pictures *pictures, *narrow; /* drawn; the same ones, in the same order */
	const char *nonce;               /* of the only script that may run */
	unsigned pictures_n;             /* in the page so far */
};

/* Writes the page to page->out. 0 or -errno, said; errors of the stream stay in the stream. */
int page_write(struct page *page);

/* The pictures of a section that are about this run (STORE_NULL: about several), and below them which are not there. 0 or -errno, said. */
int page_pictures(struct page *page, const char *section, int64_t run);

/* The label of a run as a quotation after a comma, cut to what fits in a line; nothing when it has none. Then, where they are, that its
 * figures are in instructions, not cycles. */
void page_label(struct page *page, const struct run_row *run);

/* A sentence in place of what is missing, and the command that makes it (NULL: there is none). */
void page_missing(struct page *page, const char *text, const char *command);

/* What is wrong with the measurement; nothing when nothing is. */
void page_warnings(struct page *page);

/* What every way that was benched would gain for the server of this profile; nothing when none was. */
void page_alternatives(struct page *page, const struct detail *detail);

/* The part of page_gain() with sliders. */
void page_whatif(struct page *page);

/* The style sheet, and the script of page_whatif(). */
void page_style(FILE *out);
void page_script(FILE *out);

/* ---- Sections: what stands below their titles. 0 or -errno, said. ---- */
int page_gain(struct page *page);
int page_sure(struct page *page);
int page_observed(struct page *page);
int page_cycles(struct page *page);
int page_stages(struct page *page);
int page_costs(struct page *page);
int page_kernels(struct page *page);
int page_machine(struct page *page);

#endif
