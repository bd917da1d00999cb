/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.c: reads, draws, writes, and only then shows. */
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "analyze/store.h"
#include "base/err.h"
#include "reports/browser.h"
#include "reports/content.h"
#include "reports/folder.h"
#include "reports/formats.h"
#include "reports/page.h"
#include "reports/pictures.h"

#define PAGE "index.html"
#define DOCUMENT "document"

struct job {
	struct store *store;
	const struct report_options *options;
	struct content content;
	struct pictures pictures, narrow; /* the same ones, in the same order */
	struct folder folder;
};

/* Whether to go on; tells how far we are. */
static int step(const struct job *job, double done, const char *text)
{
	if (job->options->stop && *job->options->stop)
		return fail(-EINTR, "report: interrupted; nothing was written");
	if (job->options->progress)
		job->options->progress(job->options->progress_arg, done, text);
	return 0;
}

static int draw(struct job *job)
{
	int err = step(job, 0.3, "making the pictures");

	job->pictures.folder = job->narrow.folder = &job->folder;
	job->narrow.form = PICTURE_NARROW;
	if (!err)
		err = pictures_make(&job->pictures, &job->content);
	if (!err)
		err = pictures_make(&job->narrow, &job->content);
	if (!err)
		err = step(job, 0.4, "drawing");
	if (!err)
		err = pictures_draw(&job->pictures, job->options->stop);
	return err ? err : pictures_draw(&job->narrow, job->options->stop);
}

/* What nobody could know who wrote a name into the database. */
static int make_nonce(char out[33])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return fail(-EIO, "report: the kernel gives no random numbers: %m");
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int write_page(struct job *job)
{
	char nonce[33];
	struct page page = { .content = &job->content, .pictures = &job->pictures, .narrow = &job->narrow, .nonce = nonce };
	int err = make_nonce(nonce);

	if (err)
		return err;
	page.out = folder_create(&job->folder, PAGE);
	if (!page.out)
		return -EIO;
	err = page_write(&page);
	int closed = folder_close(page.out, PAGE);
	pictures_remove(&job->narrow);
	return err ? err : closed;
}

static void job_free(struct job *job)
{
	pictures_free(&job->pictures);
	pictures_free(&job->narrow);
	content_free(&job->content);
	folder_free(&job->folder);
}

const char *const report_formats[REPORT_FORMATS] = {
	[REPORT_HTML] = "html", [REPORT_MD] = "md", [REPORT_JSON] = "json", [REPORT_CSV] = "csv", [REPORT_PDF] = "pdf",
};

/* ---- A folder ---- */

static int write_html(struct job *job)
{
	int err = folder_open(job->options->to, &job->folder);

	if (!err)
		err = draw(job);
	if (!err)
		err = step(job, 0.9, "writing the page");
	if (!err)
		err = write_page(job);
	return err ? err : folder_publish(&job->folder, PAGE);
}

/* ---- One file ---- */

/* Files that nobody shall see lie in a folder beside it. */
static int open_beside(struct job *job)
{
	char *name;

	if (asprintf(&name, "%s.work", job->options->to) < 0)
		return fail(-ENOMEM, "report: out of memory");
	int err = folder_open(name, &job->folder);
	free(name);
	return err;
}

static int write_pdf(struct job *job)
{
	int err = open_beside(job);

	if (!err)
		err = draw(job);
	if (!err)
		err = write_page(job);
	if (!err)
		err = step(job, 0.6, "printing");
	if (!err)
		err = browser_print(job->folder.work, PAGE, DOCUMENT, job->options->stop);
	return err ? err : folder_take(&job->folder, DOCUMENT, job->options->to);
}

static int write_text(struct job *job, enum report_format format)
{
	static int (*const formats[REPORT_FORMATS])(const struct content *, FILE *) = {
		[REPORT_MD] = format_md, [REPORT_JSON] = format_json, [REPORT_CSV] = format_csv,
	};

	if (!job->options->to)
		return formats[format](&job->content, stdout);
	int err = open_beside(job);
	FILE *out = err ? NULL : folder_create(&job->folder, DOCUMENT);
	if (!out)
		return err ? err : -EIO;
	err = formats[format](&job->content, out);
	int closed = folder_close(out, job->options->to);
	if (!err)
		err = closed;
	return err ? err : folder_take(&job->folder, DOCUMENT, job->options->to);
}

int report_write(struct store *store, enum report_format format, const struct report_options *options, struct report_result *result)
{
	struct job job = { .store = store, .options = options };
	int err = step(&job, 0, "reading");

	if (!err)
		err = content_load(store, options->runs, options->runs_n, options->needs, &job.content);
	if (err)
		return err;
	if (format == REPORT_HTML)
		err = write_html(&job);
	else
		err = format == REPORT_PDF ? write_pdf(&job) : write_text(&job, format);
	if (!err)
		*result = (struct report_result){ job.content.data.runs_n, job.content.data.predictions_n, job.content.data.observed_n,
						  job.pictures.n };
	job_free(&job);
	return err;
}

/* ---- The terminal ---- */

int report_show(struct store *store, const struct report_options *options, bool sixel)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = NULL;
	struct job job = { .store = store, .options = options };
	int err = content_load(store, options->runs, options->runs_n, options->needs, &job.content);

	if (err)
		return err;
	if (asprintf(&dir, "%s/forecall-picture", tmp && *tmp ? tmp : "/tmp") < 0)
		err = fail(-ENOMEM, "report: out of memory");
	if (!err)
		err = folder_open(dir, &job.folder);
	job.pictures.folder = &job.folder;
	if (!sixel)
		pictures_for_terminal(&job.pictures);
	if (!err)
		err = pictures_make(&job.pictures, &job.content);
	const struct picture *picture = pictures_main(&job.pictures);
	if (!err && !picture)
		err = fail(-ENODATA, "report: there is no profile of which f is known, so no curve to draw: run `forecall profile`");
	if (!err)
		err = picture_show(&job.pictures, picture, sixel, options->stop);
	if (!err && picture && report_counted(&job.content.data, picture->run))
		puts("In instructions, not cycles.");
	free(dir);
	job_free(&job);
	return err;
}
