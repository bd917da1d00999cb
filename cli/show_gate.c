/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_gate.c: a comparison for the machines that run tests: JUnit's XML, and commands of a GitHub workflow. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/show_versus.h"

static void line_text(const struct versus_line *line, char *out, size_t size)
{
	char change[CHANGE_TEXT];

	versus_change(line->comparison.change, change);
	if (line->compared)
		snprintf(out, size, "%s %s, from %.6g to %.6g %s%s%s", line->name, change, line->comparison.a, line->comparison.b, line->unit,
			 line->refused ? "; forced: " : "", line->refused ? line->refused : "");
	else
		snprintf(out, size, "%s cannot be compared: %s", line->name, line->refused);
}

/* ---- JUnit ---- */

/* Text as XML; what XML cannot hold becomes '?'. */
static void xml(const char *text)
{
	for (; *text; text++) {
		const char *entity = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : *text == '"' ? "&quot;" : NULL;

		if (entity)
			fputs(entity, stdout);
		else
			putchar(*text < ' ' && *text >= 0 ? '?' : *text);
	}
}

static void junit_case(const struct show_versus *show, const struct versus_line *line)
{
	bool fails = versus_fails(show, line);
	char text[512];

	line_text(line, text, sizeof text);
	printf("    <testcase classname=\"forecall.compare\" name=\"");
	xml(line->name);
	printf("\">\n");
	if (fails || !line->compared) {
		printf(fails ? "      <failure message=\"" : "      <skipped message=\"");
		xml(text);
		printf("\"/>\n");
	}
	printf("      <system-out>");
	xml(text);
	printf("</system-out>\n    </testcase>\n");
}

int show_versus_junit(const struct cli *cli, const struct show_versus *show)
{
	size_t failed = 0, skipped = 0;

	(void)cli;
	for (size_t i = 0; i < show->versus->lines_n; i++) {
		bool fails = versus_fails(show, &show->versus->lines[i]);

		failed += fails;
		skipped += !fails && !show->versus->lines[i].compared;
	}
	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
	xml(show->a->text);
	printf(" against ");
	xml(show->b->text);
	printf("\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\" errors=\"0\">\n    <properties>\n", show->versus->lines_n, failed, skipped);
	for (size_t i = 0; i < show->versus->differences_n; i++) {
		const struct difference *difference = &show->versus->differences[i];

		printf("      <property name=\"");
		xml(difference->what);
		printf("\" value=\"");
		xml(difference->a);
		printf(" -&gt; ");
		xml(difference->b);
		printf("\"/>\n");
	}
	printf("    </properties>\n");
	for (size_t i = 0; i < show->versus->lines_n; i++)
		junit_case(show, &show->versus->lines[i]);
	printf("  </testsuite>\n</testsuites>\n");
	return 0;
}

/* ---- GitHub ---- */

/* The data of a workflow command: per cent signs and line ends are escaped. */
static void command(const char *kind, const char *title, const char *text)
{
	printf("::%s title=%s::", kind, title);
	for (; *text; text++) {
		if (*text == '%')
			printf("%%25");
		else if (*text == '\n' || *text == '\r')
			printf(*text == '\n' ? "%%0A" : "%%0D");
		else
			putchar(*text);
	}
	putchar('\n');
}

int show_versus_github(const struct cli *cli, const struct show_versus *show)
{
	char text[512];

	(void)cli;
	for (size_t i = 0; i < show->versus->differences_n; i++) {
		const struct difference *difference = &show->versus->differences[i];

		snprintf(text, sizeof text, "%s: %.200s -> %.200s", difference->what, difference->a, difference->b);
		command("notice", "forecall: differs", text);
	}
	for (size_t i = 0; i < show->versus->lines_n; i++) {
		const struct versus_line *line = &show->versus->lines[i];

		line_text(line, text, sizeof text);
		if (versus_fails(show, line))
			command("error", "forecall: regression", text);
		else if (!line->compared)
			command("warning", "forecall: refused", text);
		else if (line->comparison.verdict == COMPARE_MORE || line->comparison.verdict == COMPARE_LESS)
			command("notice", line->comparison.verdict == COMPARE_MORE ? "forecall: costs more" : "forecall: costs less", text);
	}
	return 0;
}
