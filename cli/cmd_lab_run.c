/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_lab_run.c: `forecall lab run`: boot a kernel and run a command in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/cmd_lab.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "lab/job.h"
#include "lab/program.h"

/* ---- The command ---- */

/* What the guest has of its own: its tools and all that busybox is. */
static bool guest_has(const char *name)
{
	static const char *const own[] = { "forecall", "ip", "tc", "ethtool" };
	static const char *const argv[] = { "busybox", "--list", NULL };
	struct buffer list = { 0 };
	char *rest, *word;
	bool found = false;

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		found = found || !strcmp(own[i], name);
	if (!found && !spawn(argv, NULL, &list))
		for (rest = list.data; rest && !found && (word = strsep(&rest, "\n"));)
			found = !strcmp(word, name);
	buffer_free(&list);
	return found;
}

static bool is_command(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->commands_n; i++)
		if (cli->commands[i].help && !strcmp(cli->commands[i].name, name))
			return true;
	return false;
}

/* A program of this machine: copied into the guest, and called by the path that it has there. */
static int take_along(struct lab_options *o, const char *path)
{
	char in[2 * PATH_MAX], to[PATH_MAX];
	const char *name = strrchr(path, '/');
	int err;

	snprintf(to, sizeof to, JOB_WORK "/%.255s", name ? name + 1 : path);
	snprintf(in, sizeof in, "%s:%s", path, to);
	err = strings_add(&o->in, in);
	return err ? err : strings_add(&o->args, to);
}

/* The first word: a sub-command of forecall, a program of the guest, or one of this machine that is copied in. */
static int take_program(struct lab_options *o, const struct cli *cli, const char *name)
{
	char path[PATH_MAX];
	int err;

	if (is_command(cli, name)) {
		err = strings_add(&o->args, "forecall");
		return err ? err : strings_add(&o->args, name);
	}
	if (guest_has(name))
		return strings_add(&o->args, name);
	if (!program_find(name, path))
		return take_along(o, path);
	if (strchr(name, '/')) /* perhaps of the guest, or one of the files that are copied in */
		return strings_add(&o->args, name);
	return fail(-ENOENT, "lab run: there is no program %s, neither in the guest nor here", name);
}

static int take_command(struct lab_options *o, const struct cli *cli, int argc, char **argv)
{
	int err = argc ? take_program(o, cli, argv[0]) : 0;

	for (int i = 1; i < argc && !err; i++)
		err = strings_add(&o->args, argv[i]);
	if (!argc && !err)
		err = strings_add(&o->args, "sh");
	return err;
}

static int take_list(struct strings *to, const struct option_strings *from)
{
	int err = 0;

	for (size_t i = 0; i < from->n && !err; i++)
		err = strings_add(to, from->value[i]);
	return err;
}

/* ---- The kernel ---- */

static int find_kernel(const char *name, const char *arch, struct kernel *out)
{
	struct kernels kernels;
	const struct kernel *found;
	int err = cache_list(&kernels);

	if (err)
		return err;
	found = kernels_find(&kernels, name, arch);
	if (found)
		*out = *found;
	free(kernels.at);
	return found ? 0 : fail(-ENOENT, "lab run: there is no kernel %s%s%s here; forecall lab kernels add %s", name, arch ? " for " : "",
				arch ? arch : "", name);
}

static void free_options(struct lab_options *o)
{
	strings_free(&o->args);
	strings_free(&o->in);
	strings_free(&o->out);
	strings_free(&o->env);
	strings_free(&o->modules);
}

static int run(struct cli *cli, const struct lab_options *o)
{
	struct lab_result result;
	int err;

	signals_install();
	err = lab_run(o, &result);
	if (result.ended) { /* a file that cannot be written takes no measurement with it */
		int failed = lab_store_runs(cli, o, &result);

		err = err ? err : failed;
	}
	buffer_free(&result.runs);
	return err ? CLI_FAILED : result.status;
}

int cmd_lab_run(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "lab run",
		.operands = "-- COMMAND [ARG...]",
		.about = "Boots a kernel and runs a command in it: a sub-command of forecall, a tool of the guest (busybox, ip, tc,\n"
			 "ethtool), or a program of this machine, which is copied in with its libraries. Its output comes as it is\n"
			 "made, its exit status becomes ours, and what it stored is added to the database, with the guest as host.",
		.notes = "Examples:\n  forecall lab run --kernel '6.1.*-cloud-amd64' -- bench --group 100 --payload 1000\n"
			 "  forecall lab run --kernel '6.12.*-amd64' --nic e1000e -- validate\n"
			 "  forecall lab run --kernel '6.12.*-amd64' --in sendgroup.ko --out log -- sh -c 'insmod sendgroup.ko; dmesg > log'\n",
		.command = true,
		.operands_max = -1,
	};
	const char *kernel = NULL, *arch = NULL, *nic = "none", *wire = "peer", *clock = "icount", *append = NULL;
	struct option_strings in = { 0 }, out = { 0 }, env = { 0 }, modules = { 0 };
	uint64_t cpus = 1, memory = 512, limit = 600;
	struct lab_options o = { .stop = &signals_stop };
	const struct option_spec options[] = {
		OPT_STRING('k', "kernel", "NAME", &kernel, "a kernel of `lab kernels`, or a pattern: the newest that matches"),
		OPT_WORD(0, "arch", "amd64|arm64", &arch, "only a kernel for this architecture"),
		OPT_WORD(0, "clock", "icount|real", &clock, "icount: one instruction is one nanosecond, and two runs are the same"),
		OPT_U64(0, "cpus", "N", &cpus, 1, 64, "processors of the guest; above 1 only with --clock real"),
		OPT_U64('m', "memory", "MB", &memory, 128, 65536, "memory of the guest"),
		OPT_U64('t', "limit", "SECONDS", &limit, 1, 604800, "end the guest after this time"),
		OPT_WORD(0, "nic", "none|e1000|e1000e", &nic, "give it network cards"),
		OPT_WORD(0, "wire", "peer|sink", &wire, "the card's other end: a card in the namespace \"peer\", or nothing"),
		OPT_STRINGS('i', "in", "FILE[:PATH]", &in, "copy a file, program or folder into the guest, as PATH or, a file, into PATH/; may come again"),
		OPT_STRINGS('o', "out", "PATH[:FILE]", &out, "bring a file back afterwards; may come again"),
		OPT_STRINGS('e', "env", "NAME=VALUE", &env, "set a variable for the command; may come again"),
		OPT_STRINGS(0, "module", "NAME", &modules, "load a module of the kernel before the command; may come again"),
		OPT_STRING(0, "append", "WORDS", &append, "add to the kernel's command line"),
		OPT_FLAG(0, "shell", &o.shell, "give the command this terminal; without a command: a shell"),
		OPT_FLAG('v', "verbose", &o.verbose, "show the guest's console on stderr"),
		OPT_END,
	};
	int err, status = options_parse(cli, &usage, options, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	o.icount = !strcmp(clock, "icount");
	if (!kernel)
		return options_misuse(&usage, "needs --kernel NAME");
	if (argc == 0 && !o.shell)
		return options_misuse(&usage, "needs %s, or --shell", usage.operands);
	if (cpus > 1 && o.icount)
		return options_misuse(&usage, "--cpus %d needs --clock real: instructions are counted on one processor alone", (int)cpus);
	for (size_t i = 0; i < env.n; i++)
		if (!strchr(env.value[i], '=') || *env.value[i] == '=')
			return options_misuse(&usage, "--env: \"%s\" is not NAME=VALUE", env.value[i]);
	o.cpus_n = (unsigned)cpus;
	o.memory_mb = (unsigned)memory;
	o.limit_s = (unsigned)limit;
	o.append = append;
	o.nic = strcmp(nic, "none") ? nic : NULL;
	o.sink = !strcmp(wire, "sink");
	err = find_kernel(kernel, arch, &o.kernel);
	if (!err)
		err = take_list(&o.in, &in);
	if (!err)
		err = take_list(&o.out, &out);
	if (!err)
		err = take_list(&o.env, &env);
	if (!err)
		err = take_list(&o.modules, &modules);
	if (!err)
		err = take_command(&o, cli, argc, argv);
	status = err ? CLI_FAILED : run(cli, &o);
	free_options(&o);
	return status;
}
