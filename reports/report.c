/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.c: reads, draws, writes, and only then shows. */
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "analyze/store.h"
#include "base/err.h"
#include "reports/content.h"
#include "reports/folder.h"
#include "reports/page.h"
#include "reports/pictures.h"

struct job {
	struct store *store;
	const struct report_options *options;
	struct content content;
	struct pictures pictures;
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

	job->pictures.folder = &job->folder;
	if (!err)
		err = pictures_make(&job->pictures, &job->content);
	if (!err)
		err = step(job, 0.4, "drawing");
	return err ? err : pictures_draw(&job->pictures, job->options->stop);
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
	struct page page = { .content = &job->content, .pictures = &job->pictures, .nonce = nonce };
	int err = make_nonce(nonce);

	if (err)
		return err;
	page.out = folder_create(&job->folder, "index.html");
	if (!page.out)
		return -EIO;
	err = page_write(&page);
	int closed = folder_close(page.out, "index.html");
	return err ? err : closed;
}

static void job_free(struct job *job)
{
	pictures_free(&job->pictures);
	content_free(&job->content);
	folder_free(&job->folder);
}

int report_write(struct store *store, const struct report_options *options, struct report_result *result)
{
	struct job job = { .store = store, .options = options };
	int err = step(&job, 0, "reading");

	if (!err)
		err = content_load(store, options->runs, options->runs_n, &job.content);
	if (err)
		return err;
	err = folder_open(options->dir, &job.folder);
	if (!err)
		err = draw(&job);
	if (!err)
		err = step(&job, 0.9, "writing the page");
	if (!err)
		err = write_page(&job);
	if (!err)
		err = folder_publish(&job.folder, "index.html");
	if (!err)
		*result = (struct report_result){ job.content.data.runs_n, job.content.data.predictions_n, job.content.data.observed_n,
						  job.pictures.n };
	job_free(&job);
	return err;
}
