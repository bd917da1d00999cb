/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_inline.c: gnuplot's SVG made part of the page: colours become the page's variables, so that it is dark in the dark, ids
 * get a number, so that pictures do not share them, and the tool-tips with gnuplot's own names are left out. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "reports/folder.h"
#include "reports/html.h"
#include "reports/picture.h"
#include "reports/theme.h"

/* All of the file as one string; NULL when it cannot be read. */
static char *read_all(FILE *file)
{
	long size = fseek(file, 0, SEEK_END) ? -1 : ftell(file);
	char *text = size < 0 ? NULL : malloc((size_t)size + 1);

	if (!text)
		return NULL;
	rewind(file);
	text[fread(text, 1, (size_t)size, file)] = 0;
	return text;
}

static char *read_svg(const struct folder *folder, const char *name)
{
	char *path, *text = NULL;

	if (asprintf(&path, "%s/%s", folder->work, name) < 0)
		return NULL;
	FILE *file = fopen(path, "re");
	if (file) {
		text = read_all(file);
		fclose(file);
	}
	free(path);
	return text;
}

static int begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Length of the colour that the text begins with, as gnuplot writes one: "rgb( 0, 114, 178)", "#0072b2". 0: there is none. */
static size_t colour_at(const char *text, uint32_t *colour)
{
	unsigned r, g, b;
	int length = 0;

	if (begins(text, "rgb(") && sscanf(text, "rgb(%u ,%u ,%u )%n", &r, &g, &b, &length) == 3 && length > 0) {
		*colour = (r << 16) + (g << 8) + b;
		return (size_t)length;
	}
	if (*text != '#' || strspn(text + 1, "0123456789abcdefABCDEF") != 6)
		return 0;
	*colour = (uint32_t)strtoul(text + 1, NULL, 16);
	return 7;
}

static const char *after(const char *text, const char *end)
{
	const char *at = strstr(text, end);

	return at ? at + strlen(end) : text + strlen(text);
}

/* Writes what stands for the beginning of the text, and returns the rest. */
static const char *translate(const char *text, unsigned number, FILE *page)
{
	static const char *const numbered[] = { " id='", "href='#" };
	const struct theme_colour *known;
	uint32_t colour;
	size_t length = colour_at(text, &colour);

	if (length && (known = theme_find(colour))) {
		fprintf(page, "var(--%s)", known->name);
		return text + length;
	}
	if (begins(text, "<title>"))
		return after(text, "</title>");
	if (begins(text, "<desc>"))
		return after(text, "</desc>");
	if (begins(text, " id=\"gnuplot"))
		return after(text + strlen(" id=\""), "\"");
	for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++)
		if (begins(text, numbered[i])) {
			fprintf(page, "%sp%u-", numbered[i], number);
			return text + strlen(numbered[i]);
		}
	putc(*text, page);
	return text + 1;
}

int picture_inline(const struct folder *folder, const struct picture *picture, unsigned number, FILE *page)
{
	char name[PICTURE_FILE];

	picture_file(picture, "svg", name);
	char *svg = read_svg(folder, name);
	const char *text = svg ? strstr(svg, "<svg") : NULL;
	if (!text) {
		free(svg);
		return fail(-EIO, "report: gnuplot left no picture in %s: it must have the svg terminal; install gnuplot-nox", name);
	}
	fprintf(page, "<svg class=\"picture%s\" role=\"img\" aria-label=\"", picture->form == PICTURE_NARROW ? " narrow" : "");
	html_text(page, picture->alt);
	putc('"', page);
	for (text += strlen("<svg"); *text;)
		text = translate(text, number, page);
	free(svg);
	return 0;
}
