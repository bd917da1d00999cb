/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format_md.c: the report as Markdown, with the tables that GitHub and GitLab know. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/trials.h"
#include "reports/content.h"
#include "reports/formats.h"
#include "reports/text.h"

#define TEXT_MOST 160 /* letters of a user's text */

/* ---- Words ---- */

/* What stands for a character; NULL: itself. A name shall call nobody (@) and an address be no link. */
static const char *instead(const char *at)
{
	static const char special[] = "\\`*_{}[]!|~$";
	static char escaped[3] = "\\";

	if (*at == '<' || *at == '>' || *at == '&')
		return *at == '<' ? "&lt;" : *at == '>' ? "&gt;" : "&amp;";
	if (*at == '@')
		return "@\u200b";
	if (*at == ':' && at[1] == '/')
		return "\\:";
	if ((unsigned char)*at < ' ' || *at == 0x7f)
		return " ";
	escaped[1] = *at;
	return strchr(special, *at) ? escaped : NULL;
}

/* One line in which nothing is markup. */
static void text(FILE *out, const char *text)
{
	size_t n = 0;

	for (; text && *text; text++) {
		n += (*text & 0xc0) != 0x80;
		if (n > TEXT_MOST) {
			fputs("…", out);
			return;
		}
		if (instead(text))
			fputs(instead(text), out);
		else
			putc(*text, out);
	}
}

static void figure(FILE *out, const char *before, struct figure figure, const char *unit, enum text_sign sign)
{
	char buffer[TEXT_FIGURE];

	fprintf(out, "%s%s", before, text_figure(figure, unit, sign, buffer));
}

/* A cell: "| text ". */
static void cell(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void cell(FILE *out, const char *fmt, ...)
{
	va_list args;

	fputs("| ", out);
	va_start(args, fmt);
	vfprintf(out, fmt, args);
	va_end(args);
	putc(' ', out);
}

/* A run, and what its figures are if not cycles. */
static void run_cell(FILE *out, const struct report_data *data, int64_t run)
{
	cell(out, "run %" PRId64 "%s", run, report_counted(data, run) ? ", instructions, not cycles" : "");
}

static void text_cell(FILE *out, const char *words)
{
	fputs("| ", out);
	text(out, words);
	putc(' ', out);
}

static void figure_cell(FILE *out, struct figure f, const char *unit, enum text_sign sign)
{
	figure(out, "| ", f, unit, sign);
	putc(' ', out);
}

/* ---- Sections ---- */

static void warnings(const struct report_data *data, FILE *out)
{
	const char *code = "";

	if (!data->warnings_n)
		return;
	fputs("**Read this first: what is wrong with the measurement**\n\n", out);
	for (size_t i = 0; i < data->warnings_n; i++) {
		const struct report_warning *w = &data->warnings[i];

		if (strcmp(w->code, code)) {
			fprintf(out, "%s- run %" PRId64 ": ", i ? "\n" : "", w->run->run);
			text(out, w->text);
		} else if (i < 2 || strcmp(data->warnings[i - 2].code, code)) {
			fputs("; likewise other runs", out);
		}
		code = w->code;
	}
	fputs("\n\n", out);
}

static void lead(const struct report_data *data, const struct scored_row *row, FILE *out)
{
	fputs("Replacing ", out);
	text(out, row->path);
	fputs(" by **", out);
	text(out, row->alternative);
	fputs("**", out);
	if (row->profile != STORE_NULL)
		fprintf(out, " in the server of run %" PRId64 "%s", row->profile,
			report_counted(data, row->profile) ? " (in instructions, not cycles)" : "");
	figure(out, ": r ", report_predicted(row), "", TEXT_MINUS);
	figure(out, ", busy cycles saved ", text_hundredfold(report_saved(row)), " %", TEXT_MINUS);
	if (isfinite(row->capacity))
		figure(out, ", capacity of the busiest thread times ", report_capacity(row), "", TEXT_MINUS);
	if (isfinite(row->observed))
		figure(out, "; observed r ", report_observed(row), "", TEXT_MINUS);
	fputs(".\n\n", out);
}

static void predictions(const struct report_data *data, FILE *out)
{
	fputs("| profile | path | alternative | f | s | r predicted | busiest thread | r observed | error | note |\n"
	      "|---|---|---|---|---|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < data->predictions_n; i++) {
		const struct scored_row *row = &data->predictions[i];

		if (row->profile == STORE_NULL)
			cell(out, "by hand");
		else
			run_cell(out, data, row->profile);
		text_cell(out, row->path);
		text_cell(out, row->alternative);
		figure_cell(out, report_fraction(row), "", TEXT_MINUS);
		figure_cell(out, report_speedup(row), "", TEXT_MINUS);
		figure_cell(out, report_predicted(row), "", TEXT_MINUS);
		figure_cell(out, report_capacity(row), "", TEXT_MINUS);
		figure_cell(out, report_observed(row), "", TEXT_MINUS);
		figure_cell(out, text_hundredfold(report_error(row)), " %", TEXT_BOTH);
		fprintf(out, "| %s |\n", row->forced ? "forced" : "");
	}
	putc('\n', out);
}

/* Every way that was benched, for the server that the report begins with. */
static void alternatives(const struct detail *detail, FILE *out)
{
	if (!detail || !detail->alternatives_n)
		return;
	fprintf(out, "Every way of sending that was benched, for the server of run %" PRId64 ":\n\n", detail->run->run);
	fputs("| way | s | r | bench | what limits it, or why it has no figure |\n|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < detail->alternatives_n; i++) {
		const struct alternative *way = &detail->alternatives[i];

		text_cell(out, way->way);
		figure_cell(out, way->speedup, "", TEXT_MINUS);
		figure_cell(out, way->predicted, "", TEXT_MINUS);
		cell(out, "run %" PRId64, way->bench);
		fputs("| ", out);
		text(out, way->text);
		fputs(way->bound ? "; a bound, no drop-in |\n" : " |\n", out);
	}
	putc('\n', out);
}

static void gain(const struct content *content, FILE *out)
{
	fputs("# What would this server gain?\n\n", out);
	warnings(&content->data, out);
	if (!content->main) {
		fputs("There is no prediction from these runs yet: `forecall predict` makes one.\n\n", out);
	} else {
		lead(&content->data, content->main, out);
		predictions(&content->data, out);
	}
	alternatives(content_first(content), out);
}

static void sure(const struct score *score, FILE *out)
{
	fputs("## How sure are we?\n\n", out);
	if (!score->n) {
		fputs("No prediction of this database was observed yet, so nothing is known about the errors.\n\n", out);
		return;
	}
	fprintf(out, "%zu predictions of this database were observed: median error %.2f %%, 95 %% of them up to %.2f %%, worst %.2f %%", score->n,
		100 * score->median, 100 * score->p95, 100 * score->worst);
	figure(out, "; the difference lies within both intervals in ", text_hundredfold(score->joint), " %", TEXT_MINUS);
	fputs(" of them (should be 95 %).\n\n", out);
}

static void observed(const struct report_data *data, FILE *out)
{
	fprintf(out, "## What was observed?\n\n%zu of %zu predictions.\n\n", data->observed_n, data->predictions_n);
	for (size_t i = 0; i < data->observed_n; i++) {
		const struct scored_row *row = &data->observed[i];

		fprintf(out, "- prediction %" PRId64 ", ", row->prediction);
		text(out, row->alternative);
		figure(out, ": predicted ", report_predicted(row), "", TEXT_MINUS);
		figure(out, ", observed ", report_observed(row), "", TEXT_MINUS);
		figure(out, ", off by ", text_hundredfold(report_error(row)), " %", TEXT_BOTH);
		putc('\n', out);
	}
	fputs(data->observed_n ? "\n" : "", out);
}

static void way_row(const struct search *search, const char *way, FILE *out)
{
	struct trials trials;

	trials_sum(search->rows, search->n, way, &trials);
	cell(out, "run %" PRId64, search->run->run);
	text_cell(out, way);
	cell(out, "%" PRId64, trials.served);
	cell(out, trials.refused ? "%" PRId64 : "none", trials.refused);
	cell(out, isfinite(trials.cpu_share) ? "%.1f %%" : "–", 100 * trials.cpu_share);
	cell(out, isfinite(trials.saturation) ? "%.0f" : "–", trials.saturation);
	fputs("|\n", out);
}

static void capacities(const struct content *content, FILE *out)
{
	if (!content->searches_n)
		return;
	fputs("| capacity | way | clients served | not served | CPU | CPU full at |\n|---|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < content->searches_n; i++) {
		const char *other = search_alternative(&content->searches[i]);

		way_row(&content->searches[i], content->searches[i].run->path, out);
		if (other)
			way_row(&content->searches[i], other, out);
	}
	putc('\n', out);
}

static void cycles(const struct content *content, FILE *out)
{
	fputs("## Where do the cycles go?\n\n", out);
	if (!content->profiles_n)
		fputs("There is no profile among these runs.\n\n", out);
	else
		fputs("| profile | target | f | f before the probes’ cost is taken out | busy cycles per path call | median burst |\n|---|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < content->profiles_n; i++) {
		const struct detail *d = &content->profiles[i];
		const struct fraction none = { .f = figure_exact(NAN), .raw = figure_exact(NAN), .busy_cyc = figure_exact(NAN) };
		const struct fraction *fraction = d->known ? &d->fraction : &none;

		run_cell(out, &content->data, d->run->run);
		text_cell(out, d->run->target);
		figure_cell(out, fraction->f, "", TEXT_MINUS);
		figure_cell(out, fraction->raw, "", TEXT_MINUS);
		figure_cell(out, fraction->busy_cyc, "", TEXT_MINUS);
		figure_cell(out, figure_exact(detail_burst(d)), "", TEXT_MINUS);
		fputs("|\n", out);
	}
	fputs(content->profiles_n ? "\n" : "", out);
}

static void stage_row(const struct report_data *data, const struct sliced *sliced, size_t way, enum slice_stage stage, FILE *out)
{
	const struct slice *slice = &sliced->slices.slice[way];

	run_cell(out, data, sliced->run->run);
	text_cell(out, sliced->slices.way[way]);
	text_cell(out, slice_stage_titles[stage]);
	figure_cell(out, text_hundredfold(slice->share[stage]), " %", TEXT_MINUS);
	figure_cell(out, slice->cyc[stage], "", TEXT_MINUS);
	fputs("|\n", out);
}

static void stages(const struct content *content, FILE *out)
{
	if (!content->sliced_n)
		return;
	fputs("## Which stages of a packet cost them?\n\n| run | way | stage | share of the path | cycles per packet |\n|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < content->sliced_n; i++)
		for (size_t way = 0; way < content->sliced[i].slices.n; way++)
			for (enum slice_stage stage = 0; stage < SLICE_STAGE_MAX; stage++)
				if (content->sliced[i].slices.slice[way].share[stage].value > 0)
					stage_row(&content->data, &content->sliced[i], way, stage, out);
	putc('\n', out);
}

static void costs(const struct content *content, FILE *out)
{
	if (!content->grids_n)
		return;
	fputs("## What does a packet cost?\n\n| bench | way | group | payload | private | cycles per packet | s |\n|---|---|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < content->grids_n; i++)
		for (size_t j = 0; j < content->grids[i].points_n; j++) {
			const struct grid_point *point = &content->grids[i].points[j];

			run_cell(out, &content->data, content->grids[i].run->run);
			text_cell(out, content->grids[i].ways[point->way]);
			cell(out, "%" PRId64 " | %" PRId64 " | %" PRId64, point->group, point->payload, point->private);
			figure_cell(out, point->cyc, "", TEXT_MINUS);
			figure_cell(out, point->way ? point->s : figure_exact(NAN), "", TEXT_MINUS);
			fputs("|\n", out);
		}
	putc('\n', out);
}

static void machine(const struct report_data *data, FILE *out)
{
	fputs("## On what machine, and how was it measured?\n\n", out);
	for (size_t i = 0; i < data->hosts_n; i++) {
		const struct host_row *host = data->hosts[i];

		fprintf(out, "- host %" PRId64 ", ", host->host);
		text(out, host->name);
		fprintf(out, ": %" PRId64 " × ", host->cpus_n);
		text(out, host->cpu_model);
		fputs(", Linux ", out);
		text(out, host->kernel);
		fputs(", ", out);
		text(out, host->virt ? host->virt : "no hypervisor seen");
		putc('\n', out);
	}
	fputs("\n| run | kind | state | host | label | lost | steal |\n|---|---|---|---|---|---|---|\n", out);
	for (size_t i = data->runs_n; i-- > 0;) {
		const struct run_row *run = data->runs[i];

		cell(out, "%" PRId64, run->run);
		text_cell(out, run->kind);
		text_cell(out, run->state);
		cell(out, "%" PRId64, run->host);
		text_cell(out, run->label);
		cell(out, "%" PRId64, run->lost_n);
		cell(out, "%.1f ms", (double)run->steal_ns / 1e6);
		fputs("|\n", out);
	}
}

int format_md(const struct content *content, FILE *out)
{
	gain(content, out);
	sure(&content->data.score, out);
	observed(&content->data, out);
	capacities(content, out);
	cycles(content, out);
	stages(content, out);
	costs(content, out);
	machine(&content->data, out);
	fputs("\nEvery interval is one of 95 %.\n", out);
	return 0;
}
