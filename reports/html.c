/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html.c: the only place that turns text of users into HTML. */
#include "reports/html.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reports/text.h"

#define DASH "<span class=\"none\">–</span>"

/* ---- Text ---- */

static const char *entity(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	case '\n':
	case '\t': return NULL;
	default: return (unsigned char)c < ' ' || c == 0x7f ? "\xef\xbf\xbd" : NULL;
	}
}

static void letter(FILE *out, char c)
{
	const char *instead = entity(c);

	if (instead)
		fputs(instead, out);
	else
		putc(c, out);
}

void html_text(FILE *out, const char *text)
{
	if (!text)
		fputs(DASH, out);
	else
		while (*text)
			letter(out, *text++);
}

void html_line(FILE *out, const char *text, size_t most)
{
	for (size_t n = 0; *text; text++) {
		n += (*text & 0xc0) != 0x80; /* where a character begins */
		if (n > most) {
			fputs("…", out);
			return;
		}
		letter(out, *text == '\n' || *text == '\t' ? ' ' : *text);
	}
}

static void format(FILE *out, const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		return;
	html_text(out, text);
	free(text);
}

void html_printf(FILE *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format(out, fmt, args);
	va_end(args);
}

void html_run(FILE *out, int64_t run)
{
	fprintf(out, "<a href=\"#run-%" PRId64 "\">run&nbsp;%" PRId64 "</a>", run, run);
}

void html_time(FILE *out, int64_t ns)
{
	time_t seconds = ns / 1000000000;
	char text[64];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M&nbsp;UTC", &tm))
		fputs(text, out);
}

/* ---- Figures ---- */

static void number(FILE *out, double value, int decimals, enum text_sign sign)
{
	char text[64];

	fputs(text_number(value, decimals, sign, text), out);
}

static void figure_in(FILE *out, struct figure figure, const char *unit, enum text_sign sign)
{
	double half = figure_half_width(figure);
	bool known = half > 0 && isfinite(half);
	int decimals = text_decimals(figure);

	if (isnan(figure.value)) {
		fputs(DASH, out);
		return;
	}
	if (isinf(figure.value)) {
		fputs("without bound", out);
		return;
	}
	fputs("<span class=\"figure\">", out);
	number(out, figure.value, decimals, sign);
	fputs(unit, out);
	if (known) {
		fputs(" <span class=\"interval\">[", out);
		number(out, figure.low, decimals, sign);
		fputs(", ", out);
		number(out, figure.high, decimals, sign);
		fputs("]</span>", out);
	} else if (isnan(half)) {
		fputs(" <span class=\"interval\">no interval</span>", out);
	}
	fputs("</span>", out);
}

void html_figure(FILE *out, struct figure figure)
{
	figure_in(out, figure, "", TEXT_MINUS);
}

void html_percent(FILE *out, struct figure figure)
{
	figure_in(out, text_hundredfold(figure), "&nbsp;%", TEXT_MINUS);
}

void html_percent_signed(FILE *out, struct figure figure)
{
	figure_in(out, text_hundredfold(figure), "&nbsp;%", TEXT_BOTH);
}

/* ---- Tables ---- */

void html_table(FILE *out, const char *caption, const char *titles)
{
	fputs("<p class=\"caption\">", out);
	html_text(out, caption);
	fputs("</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", out);
	html_text(out, caption);
	fputs("\"><table>\n<thead><tr>", out);
	while (*titles) {
		size_t length = strcspn(titles, "|");
		size_t skip = *titles == '>';

		fprintf(out, "<th scope=\"col\"%s>", skip ? " class=\"n\"" : "");
		html_printf(out, "%.*s", (int)(length - skip), titles + skip);
		fputs("</th>", out);
		titles += length + (titles[length] == '|');
	}
	fputs("</tr></thead>\n<tbody>", out);
}

void html_table_end(FILE *out)
{
	fputs("</tbody></table></div>\n", out);
}

void html_row(FILE *out)
{
	fputs("\n<tr>", out);
}

void html_td(FILE *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("<td>", out);
	format(out, fmt, args);
	va_end(args);
}

void html_td_number(FILE *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("<td class=\"n\">", out);
	format(out, fmt, args);
	va_end(args);
}

void html_td_figure(FILE *out, struct figure figure)
{
	fputs("<td class=\"n\">", out);
	html_figure(out, figure);
}

void html_td_percent(FILE *out, struct figure figure)
{
	fputs("<td class=\"n\">", out);
	html_percent(out, figure);
}

void html_td_signed(FILE *out, struct figure figure)
{
	fputs("<td class=\"n\">", out);
	html_percent_signed(out, figure);
}

void html_td_prose(FILE *out, const char *text)
{
	fputs("<td class=\"prose\">", out);
	html_text(out, text);
}

void html_td_code(FILE *out, const char *text)
{
	fputs("<td><div class=\"long\"><code>", out);
	html_text(out, text);
	fputs("</code></div>", out);
}
