/* SPDX-License-Identifier: GPL-2.0-or-later */
/* theme.c: one table of colours, written as gnuplot and as CSS. */
#include "reports/theme.h"

const struct theme_colour theme_colours[] = {
	{ "paper", 0xffffff, 0x14181d },
	{ "panel", 0xf5f7f9, 0x1c2229 },
	{ "ink", 0x1d2733, 0xe4e9ef },
	{ "muted", 0x566373, 0x9ba8b7 },
	{ "rule", 0xdde3e9, 0x303945 },
	{ "accent", 0x0b62a8, 0x74b8f2 },
	{ "alarm", 0x9a4b00, 0xf0b35c },
	{ "alarm_panel", 0xfff6e9, 0x2b2318 },
	{ "path", 0x0072b2, 0x2f8fd0 },
	{ "path_irq", 0x7cc0ea, 0x8fcbf0 },
	{ "call", 0xe69f00, 0xe0a22a },
	{ "user", 0x009e73, 0x27ab84 },
	{ "irq", 0xc985ab, 0xcf8fb2 },
	{ "other", 0x93a0af, 0x75828f },
	{ "idle", 0xe6eaee, 0x2a323c },
	{ "band", 0xd3e5f4, 0x20384e },
	{ "way0", 0x0067a5, 0x6bb1ec },
	{ "way1", 0xc24f00, 0xff9150 },
	{ "way2", 0x00855f, 0x41c497 },
	{ "way3", 0xa0509a, 0xd893d2 },
	{ "way4", 0x8a6d00, 0xe0bd4a },
	{ "way5", 0x5b63bf, 0x9aa4f5 },
	{ "way6", 0x8c5a3c, 0xcf9f7e },
	{ "way7", 0x3f7f8c, 0x7fc4d0 },
	{ "stage_entry", 0x2f3b4a, 0xb9c4d1 },
	{ "stage_copy", 0xe8a317, 0xe3a93a },
	{ "stage_socket", 0x56b4e9, 0x6dbdf0 },
	{ "stage_ip", 0x0a6cae, 0x3b8fd4 },
	{ "stage_netfilter", 0xcc79a7, 0xd38bb3 },
	{ "stage_queue", 0xf0e442, 0xe9dd55 },
	{ "stage_driver", 0xd2590a, 0xf07f3c },
	{ "stage_completion", 0x8d8d8d, 0x9a9a9a },
	{ "stage_receive", 0x0a9a70, 0x2fb088 },
	{ "stage_interrupt", 0x882255, 0xb8447f },
	{ "stage_other", 0xd9d9d9, 0x4a4f57 },
};

const size_t theme_colours_n = sizeof theme_colours / sizeof *theme_colours;

const struct theme_colour *theme_find(uint32_t light)
{
	for (size_t i = 0; i < theme_colours_n; i++)
		if (theme_colours[i].light == light)
			return &theme_colours[i];
	return NULL;
}

void theme_gnuplot(FILE *out)
{
	for (size_t i = 0; i < theme_colours_n; i++)
		fprintf(out, "%s = \"#%06x\"\n", theme_colours[i].name, theme_colours[i].light);
}

static void rules(FILE *out, int dark)
{
	fputs(":root{", out);
	for (size_t i = 0; i < theme_colours_n; i++)
		fprintf(out, "--%s:#%06x;", theme_colours[i].name, dark ? theme_colours[i].dark : theme_colours[i].light);
	fputs("}", out);
}

void theme_css(FILE *out)
{
	rules(out, 0);
	fputs("\n@media screen and (prefers-color-scheme:dark){", out);
	rules(out, 1);
	fputs("}\n", out);
}
