/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab.c: follows a guest from its start to its end. */
#include "lab/lab.h"

#include "base/err.h"
#include "base/now.h"
#include "lab/archive.h"
#include "lab/take.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
	LOOK_MS = 5, /* how often the ring is looked at: the guest does not ring a bell, which would cost it instructions */
	LAST_LINES = 30, /* at least, of the console, shown when a guest did not come to its end */
	CONSOLE_BYTES = 65536,
};

static const char PANIC[] = "Kernel panic"; /* how the kernel begins to say why */

/* ---- The console ---- */

/* Where the last lines of a text begin. */
static const char *last_lines(const char *text, size_t n, int lines)
{
	const char *at = text + n;

	while (at > text && lines >= 0)
		lines -= *--at == '\n';
	return at == text ? at : at + 1;
}

/* The last part of what was written there, into text[CONSOLE_BYTES + 1]; how much. */
static size_t read_end(int fd, char *text)
{
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = size > 0 ? pread(fd, text, CONSOLE_BYTES, size > CONSOLE_BYTES ? size - CONSOLE_BYTES : 0) : 0;

	text[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

/* The last lines; from the panic on when there was one, since its call trace may be longer. */
static void show_end(const char *title, int fd)
{
	static char text[CONSOLE_BYTES + 1];
	size_t n = read_end(fd, text);
	const char *from = last_lines(text, n, LAST_LINES), *panic = strstr(text, PANIC);

	if (panic && panic < from)
		from = last_lines(text, (size_t)(panic - text), 0);
	if (n)
		fprintf(stderr, "%s:\n%s", title, from);
}

/* The line in which the kernel says why it panicked; NULL when it did not. */
static const char *find_panic(const struct guest *guest)
{
	static char text[CONSOLE_BYTES + 1];
	char *line;

	read_end(guest->console, text);
	line = strstr(text, PANIC);
	if (line)
		line[strcspn(line, "\r\n")] = 0;
	return line;
}

/* With --verbose: what came since. */
static void copy_console(const struct guest *guest, off_t *shown)
{
	char part[4096];
	ssize_t n;

	while (guest->console >= 0 && (n = pread(guest->console, part, sizeof part, *shown)) > 0) {
		fwrite(part, 1, (size_t)n, stderr);
		*shown += n;
	}
}

/* ---- Until its end ---- */

static bool has_ended(const struct guest *guest, int wait_ms)
{
	return poll(&(struct pollfd){ .fd = guest->pidfd, .events = POLLIN }, 1, wait_ms) > 0;
}

/* It ended, or was ended, before it told its status. */
static int say_end(const struct lab_options *o, const struct guest *guest, bool ended)
{
	const char *panic = find_panic(guest);
	int err;

	if (o->stop && *o->stop)
		return fail(-EINTR, "lab: interrupted; the guest was ended");
	if (!ended)
		err = fail(-ETIMEDOUT, "lab: the guest was ended at its limit of %u s; --limit sets another, --verbose shows its console",
			   o->limit_s);
	else if (panic)
		err = fail(-EIO, "lab: the guest ended: %s", panic);
	else
		err = fail(-EIO, "lab: the guest ended before its command had; --verbose shows its console");
	show_end("The guest's last words", guest->console);
	if (ended)
		show_end("QEMU's", guest->errors);
	return err;
}

static int follow(const struct lab_options *o, struct guest *guest, struct take *take)
{
	int64_t until_ns = now_ns() + (int64_t)o->limit_s * 1000000000;
	off_t shown = 0;
	bool ended = false;

	for (;;) {
		int64_t took = take_records(take, guest->channel);

		if (o->verbose)
			copy_console(guest, &shown);
		if (took < 0)
			return (int)took;
		if (take->done)
			return take->faulty ? -EIO : 0;
		if ((took == 0 && ended) || (o->stop && *o->stop) || (o->limit_s && now_ns() > until_ns))
			return say_end(o, guest, ended);
		if (took == 0)
			ended = has_ended(guest, LOOK_MS); /* and then look once more at what it said last */
	}
}

/* ---- Files that come back ---- */

/* The host's name for "PATH:FILE", or the last part of PATH. */
static const char *out_name(const char *text)
{
	const char *colon = strchr(text, ':'), *slash = strrchr(text, '/');

	return colon ? colon + 1 : slash ? slash + 1 : text;
}

static int write_file(const struct taken_file *file, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file->mode & 0777), err = fd < 0 ? -errno : 0;

	for (size_t done = 0; !err && done < file->data.n;) {
		ssize_t n = write(fd, file->data.data + done, file->data.n - done);

		if (n < 0 && errno != EINTR)
			err = -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	return err ? fail(err, "lab: cannot write %s: %s", path, strerror(-err)) : 0;
}

static int write_files(const struct lab_options *o, const struct take *take)
{
	int err = 0;

	for (size_t i = 0; i < take->files_n; i++) {
		const struct taken_file *file = &take->files[i];
		int failed = file->index >= 0 && (size_t)file->index < o->out.n ? write_file(file, out_name(o->out.at[file->index])) : 0;

		err = err ? err : failed;
	}
	return err;
}

/* ---- All of it ---- */

static int run(const struct lab_options *o, int initrd, struct take *take, int64_t *started_ns)
{
	struct termios terminal;
	bool is_terminal = o->shell && !tcgetattr(STDIN_FILENO, &terminal);
	struct guest guest;
	int err = guest_start(o, initrd, &guest);

	*started_ns = clock_ns(CLOCK_REALTIME);
	if (err)
		return err;
	err = follow(o, &guest, take);
	guest_end(&guest);
	if (is_terminal) /* QEMU was not given the time to put it back */
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal);
	return err;
}

int lab_run(const struct lab_options *o, struct lab_result *result)
{
	struct archive initrd;
	struct take take = { 0 };
	int err = image_make(o, &initrd);

	memset(result, 0, sizeof *result);
	if (!err)
		err = run(o, initrd.fd, &take, &result->started_ns);
	archive_free(&initrd);
	result->ended = !err;
	if (!err)
		err = write_files(o, &take);
	result->status = take.status;
	result->runs = take.runs;
	take.runs = (struct buffer){ 0 };
	take_free(&take);
	return err;
}
