/* SPDX-License-Identifier: GPL-2.0-or-later */
/* self.c: starts this program once more, keeps what it prints, and waits for it. */
#include "cli/self.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/signals.h"

enum { TELL_BYTES = 4000 };

void self_add(struct self_words *words, const char *word)
{
	if (words->n < SELF_WORDS_MAX)
		words->word[words->n] = word;
	words->n++;
}

void self_line(const struct self_words *words, char *line, size_t size)
{
	size_t used = (size_t)snprintf(line, size, "forecall");

	for (size_t i = 0; i < words->n && i < SELF_WORDS_MAX && used < size - 1; i++)
		used += (size_t)snprintf(line + used, size - used, " %s", words->word[i]);
}

/* In the child: becomes forecall. */
static void become(const struct self_words *words, int log, pid_t parent)
{
	const char *argv[SELF_WORDS_MAX + 2] = { "forecall" };

	memcpy(argv + 1, words->word, words->n * sizeof *argv);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0); /* ^C comes from us, once */
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execv("/proc/self/exe", (char *const *)argv);
	_exit(127);
}

int self_start(const struct self_words *words, struct self *out)
{
	pid_t parent = getpid();

	*out = (struct self){ 0 };
	if (words->n > SELF_WORDS_MAX)
		return fail(-E2BIG, "too many words in a command");
	out->log = tmpfile();
	if (!out->log)
		return fail(-errno, "cannot make a temporary file: %m; set TMPDIR to a folder that can be written");
	fflush(stdout);
	out->pid = fork();
	if (out->pid < 0) {
		int err = fail(-errno, "cannot start another process: %m");

		out->pid = 0;
		self_free(out);
		return err;
	}
	if (out->pid == 0)
		become(words, fileno(out->log), parent);
	return 0;
}

static void send_on(const struct self *children, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (children[i].pid > 0)
			kill(children[i].pid, SIGTERM);
}

int self_wait_any(struct self *children, size_t n, size_t *which, int *status)
{
	int told = 0, state;

	for (;;) {
		pid_t pid = waitpid(-1, &state, 0);

		if (pid < 0 && errno != EINTR)
			return -errno;
		if (signals_stop && !told++)
			send_on(children, n);
		for (size_t i = 0; i < n && pid > 0; i++)
			if (children[i].pid == pid) {
				children[i].pid = 0;
				*which = i;
				*status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
				return 0;
			}
	}
}

void self_tell(struct self *child)
{
	char text[TELL_BYTES + 1];
	long size;

	if (!child->log || fseek(child->log, 0, SEEK_END) || (size = ftell(child->log)) <= 0)
		return;
	fseek(child->log, size > TELL_BYTES ? size - TELL_BYTES : 0, SEEK_SET);
	size_t n = fread(text, 1, TELL_BYTES, child->log);
	text[n] = 0;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		if (*line)
			fprintf(stderr, "    %s\n", line);
}

void self_free(struct self *child)
{
	if (child->log)
		fclose(child->log);
	child->log = NULL;
}
