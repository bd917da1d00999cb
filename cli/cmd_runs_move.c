/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_runs_move.c: `forecall runs export` and `import`: runs as lines of JSON, to be kept, sent and joined. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/store.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cmd_runs.h"
#include "cli/options.h"
#include "cli/print.h"

/* ---- export ---- */

struct sink {
	FILE *file;
	const char *name;
};

static int export_one(struct store *store, int64_t run, const struct sink *out)
{
	json_t *object = NULL;
	int err = store_export(store, run, &object);

	if (!err && (json_dumpf(object, out->file, JSON_COMPACT) || putc('\n', out->file) == EOF))
		err = fail(-EIO, "runs export: cannot write %s: %m", out->name);
	json_decref(object);
	return err;
}

static int export_all(struct store *store, const struct sink *out)
{
	struct run_row *runs = NULL;
	size_t runs_n = 0;
	int err = store_runs(store, NULL, NULL, &runs, &runs_n);

	for (size_t i = 0; i < runs_n && !err; i++)
		err = export_one(store, runs[i].run, out);
	store_rows_free(runs);
	return err;
}

static int export_to(struct store *store, const int64_t *runs, int runs_n, const struct sink *out)
{
	int err = 0;

	if (runs_n == 0)
		return export_all(store, out);
	for (int i = 0; i < runs_n && !err; i++)
		err = export_one(store, runs[i], out);
	return err;
}

/* Whether it is not a file that another one can take the place of: a device, a pipe, a link. */
static bool is_special(const char *path)
{
	struct stat file;

	return lstat(path, &file) == 0 && !S_ISREG(file.st_mode);
}

static int write_file(struct store *store, const int64_t *runs, int runs_n, const char *path)
{
	struct sink out = { fopen(path, "w"), path };
	int err;

	if (!out.file)
		return fail(-errno, "runs export: cannot write %s: %m", path);
	err = export_to(store, runs, runs_n, &out);
	if (fclose(out.file) && !err)
		err = fail(-EIO, "runs export: cannot write %s: %m", path);
	return err;
}

/* What was there before stays until the new one is whole. */
static int export_to_file(struct store *store, const int64_t *runs, int runs_n, const char *path)
{
	char *part;
	int err;

	if (is_special(path))
		return write_file(store, runs, runs_n, path);
	if (asprintf(&part, "%s.part.%d", path, (int)getpid()) < 0)
		return fail(-ENOMEM, "runs export: out of memory");
	err = write_file(store, runs, runs_n, part);
	if (!err && rename(part, path))
		err = fail(-errno, "runs export: cannot write %s: %m", path);
	if (err)
		unlink(part);
	free(part);
	return err;
}

int cmd_runs_export(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "runs export",
		.operands = "[RUN...]",
		.about = "Writes runs as JSON, one run a line: host, counts, predictions and what was observed. Without RUN: all runs.",
		.notes = "Examples:\n  forecall runs export 3 4 -o night.jsonl\n  forecall runs export | ssh lab forecall runs import -\n",
		.operands_max = -1,
	};
	const char *path = NULL;
	const struct option_spec options[] = {
		OPT_STRING('o', "output", "FILE", &path, "write to FILE, not to stdout"),
		OPT_END,
	};
	struct store *store = NULL;
	int64_t *runs = NULL;
	int err, status = options_parse(cli, &usage, options, &argc, &argv);

	if (status == CLI_GO_ON)
		status = runs_of_operands(&usage, argc, argv, &runs);
	if (status != CLI_GO_ON)
		return status;
	err = store_open(cli->db, STORE_READ, &store);
	if (!err)
		err = path ? export_to_file(store, runs, argc, path) : export_to(store, runs, argc, &(struct sink){ stdout, "stdout" });
	store_free(store);
	free(runs);
	return cli_status(err);
}

/* ---- import ---- */

/* One run that came in; with --json it is kept for the object that is printed in the end. */
static int import_one(const struct cli *cli, struct store *store, const json_t *object, json_t *done)
{
	int64_t run;
	bool is_new;
	int err = store_import(store, object, &run, &is_new);

	if (err)
		return err;
	json_array_append_new(done, json_pack("{sI sb}", "run", (json_int_t)run, "new", is_new));
	if (!cli->json && !cli->quiet)
		printf(is_new ? "run %lld: added\n" : "run %lld: was here already\n", (long long)run);
	return 0;
}

/* Every line holds one run, but any white space between them will do. */
static int import_stream(const struct cli *cli, struct store *store, FILE *in, const char *name, json_t *done)
{
	for (;;) {
		json_error_t error;
		int err, c = getc(in);

		if (c == EOF)
			return ferror(in) ? fail(-EIO, "runs import: cannot read %s: %m", name) : 0;
		if (strchr(" \t\r\n", c))
			continue;
		ungetc(c, in);
		json_t *object = json_loadf(in, JSON_DISABLE_EOF_CHECK, &error);
		if (!object)
			return fail(-EINVAL, "runs import: %s is not what runs export writes, or is cut off: %s", name, error.text);
		err = import_one(cli, store, object, done);
		json_decref(object);
		if (err)
			return err;
	}
}

static int import_file(const struct cli *cli, struct store *store, const char *path, json_t *done)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "r");
	int err;

	if (!in)
		return fail(-errno, "runs import: cannot read %s: %m", path);
	err = import_stream(cli, store, in, is_stdin ? "stdin" : path, done);
	if (!is_stdin)
		fclose(in);
	return err;
}

int cmd_runs_import(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "runs import",
		.operands = "FILE...",
		.about = "Adds runs that runs export wrote; - is stdin. The database is made if there is none. A run that is here\n"
			 "already is not added again. Runs that came before a faulty one stay.",
		.operands_min = 1,
		.operands_max = -1,
	};
	struct store *store = NULL;
	json_t *done = NULL;
	int err, status = options_parse(cli, &usage, &(struct option_spec)OPT_END, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	err = store_open(cli->db, STORE_WRITE, &store);
	done = json_array();
	for (int i = 0; i < argc && !err; i++)
		err = import_file(cli, store, argv[i], done);
	if (cli->json && !err)
		err = json_print(json_pack("{sO}", "runs", done));
	json_decref(done);
	store_free(store);
	return cli_status(err);
}
