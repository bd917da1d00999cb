/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.c: reads what the host asks for. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/guest/guest.h"
#include "lab/job.h"

/* The whole file with a zero byte behind it. */
static char *read_all(const char *path, size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat file;
	char *text = NULL;

	if (fd < 0 || fstat(fd, &file))
		guest_fault("cannot open %s: %s", path, strerror(errno));
	*bytes = (size_t)file.st_size;
	text = calloc(*bytes + 1, 1);
	if (!text || read(fd, text, *bytes) != (ssize_t)*bytes)
		guest_fault("cannot read %s", path);
	close(fd);
	return text;
}

static void add(char **list, size_t *n, char *value)
{
	if (*n == JOB_WORDS_MAX)
		guest_fault("more than %d words of a kind in the job", JOB_WORDS_MAX);
	list[(*n)++] = value;
}

static void take(struct job *job, const char *key, char *value)
{
	if (!strcmp(key, "arg"))
		add(job->args, &job->args_n, value);
	else if (!strcmp(key, "env"))
		add(job->envs, &job->envs_n, value);
	else if (!strcmp(key, "out"))
		add(job->outs, &job->outs_n, value);
	else if (!strcmp(key, "load"))
		add(job->loads, &job->loads_n, value);
	else if (!strcmp(key, "host"))
		job->host = value;
	else if (!strcmp(key, "wire"))
		job->wire = value;
	else if (!strcmp(key, "tty"))
		job->tty = value;
	else if (!strcmp(key, "settle"))
		job->settle = true;
	else
		guest_fault("the job has a word that this guest does not know: %s; host and guest are of different builds", key);
}

void job_read(struct job *job)
{
	size_t bytes;
	char *text = read_all(JOB_PATH, &bytes);

	memset(job, 0, sizeof *job);
	for (char *word = text, *next; word < text + bytes; word = next) {
		char *value = strchr(word, '=');

		next = word + strlen(word) + 1;
		if (!value)
			guest_fault("the job has a word without a value: %s", word);
		*value = 0;
		take(job, word, value + 1);
	}
}
