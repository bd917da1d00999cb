/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_lab_kernels.c: `forecall lab kernels`: what can be had, what is here; add and remove. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/cmd_lab.h"
#include "cli/options.h"
#include "cli/print.h"
#include "lab/apt.h"
#include "lab/cache.h"

#define ARCHES "amd64|arm64"

/* ---- list ---- */

/* A kernel that can be had, or is here, or both. */
struct known {
	struct kernel kernel;
	bool cached, offered, headers;
};

struct knowns {
	struct known *at;
	size_t n;
};

static struct known *known_of(struct knowns *knowns, const struct kernel *kernel)
{
	struct known *more;

	for (size_t i = 0; i < knowns->n; i++)
		if (!strcmp(knowns->at[i].kernel.name, kernel->name) && !strcmp(knowns->at[i].kernel.arch, kernel->arch))
			return &knowns->at[i];
	more = realloc(knowns->at, (knowns->n + 1) * sizeof *more);
	if (!more)
		return NULL;
	knowns->at = more;
	more[knowns->n] = (struct known){ .kernel = *kernel };
	return &more[knowns->n++];
}

static int add_offered(struct knowns *knowns, const char *arch, bool refresh)
{
	struct offers offers;
	int err = apt_kernels(arch, refresh, &offers);

	for (size_t i = 0; i < offers.n && !err; i++) {
		struct known *known = known_of(knowns, &offers.at[i].kernel);

		if (!known)
			err = fail(-ENOMEM, "lab kernels: out of memory");
		if (known) {
			known->offered = true;
			known->headers = offers.at[i].headers;
		}
	}
	free(offers.at);
	return err;
}

static int add_cached(struct knowns *knowns, const char *arch)
{
	struct kernels kernels;
	int err = cache_list(&kernels);

	for (size_t i = 0; i < kernels.n && !err; i++) {
		struct known *known;

		if (arch && strcmp(arch, kernels.at[i].arch))
			continue;
		known = known_of(knowns, &kernels.at[i]);
		if (!known)
			err = fail(-ENOMEM, "lab kernels: out of memory");
		if (known)
			known->cached = true;
	}
	free(kernels.at);
	return err;
}

static json_t *known_json(const struct known *known)
{
	return json_pack("{ss ss sb sb sb}", "kernel", known->kernel.name, "arch", known->kernel.arch, "cached", known->cached,
			 "archive", known->offered, "headers", known->headers);
}

static int print_json(const struct knowns *knowns)
{
	json_t *list = json_array();

	for (size_t i = 0; i < knowns->n; i++)
		if (json_array_append_new(list, known_json(&knowns->at[i])))
			return json_decref(list), json_print(NULL);
	return json_print(json_pack("{so}", "kernels", list));
}

static int print_table(const struct cli *cli, const struct knowns *knowns)
{
	struct table *table = table_new("kernel|arch|here|archive|headers");
	int err;

	for (size_t i = 0; i < knowns->n; i++) {
		const struct known *known = &knowns->at[i];

		table_text(table, known->kernel.name);
		table_text(table, known->kernel.arch);
		table_text(table, known->cached ? "yes" : NULL);
		table_text(table, known->offered ? "yes" : NULL);
		table_text(table, known->headers ? "yes" : NULL);
	}
	err = table_print(table);
	table_free(table);
	if (!knowns->n && !cli->quiet)
		printf("no kernels here; forecall lab kernels shows those of the Debian archive\n");
	return err;
}

static int list(const struct cli *cli, const char *arch, bool cached, bool refresh)
{
	struct knowns knowns = { 0 };
	int err = 0;

	if (!cached)
		err = add_offered(&knowns, arch ? arch : cache_arch(), refresh);
	if (!err)
		err = add_cached(&knowns, arch);
	if (!err)
		err = cli->json ? print_json(&knowns) : print_table(cli, &knowns);
	free(knowns.at);
	return err;
}

/* ---- add ---- */

/* The newest kernel of the archive with that name, or that matches it. */
static int find_offered(const char *name, const char *arch, struct kernel *out)
{
	struct offers offers;
	struct kernels kernels = { 0 };
	const struct kernel *found = NULL;
	int err = apt_kernels(arch, false, &offers);

	for (size_t i = 0; i < offers.n && !err; i++)
		err = kernels_add(&kernels, offers.at[i].kernel.name, arch);
	if (!err) {
		found = kernels_find(&kernels, name, arch);
		if (found)
			*out = *found;
		else
			err = fail(-ENOENT, "lab kernels: the Debian archive has no kernel %s for %s; forecall lab kernels lists what it "
				   "has, --refresh asks it anew", name, arch);
	}
	free(kernels.at);
	free(offers.at);
	return err;
}

/* arm64 is in the name of every Debian kernel for it. */
static const char *arch_of_name(const char *name)
{
	return strstr(name, "arm64") ? "arm64" : strstr(name, "amd64") ? "amd64" : cache_arch();
}

static bool is_name(const char *name)
{
	return *name && *name != '.' && *name != '-' && strlen(name) < KERNEL_NAME_MAX && !strpbrk(name, "/: \t\n");
}

static int copy(const char *from, const char *to)
{
	const char *const argv[] = { "cp", "-RH", "--", from, to, NULL }; /* not what `build` in a folder of modules leads to */
	int status = spawn(argv, NULL, NULL);

	return status ? fail(status < 0 ? status : -EIO, "lab kernels: cannot copy %s", from) : 0;
}

/* A kernel without modules is one that has all it needs built in. */
static int fill(const char *part, const char *vmlinuz, const char *modules)
{
	char to[PATH_MAX + 16];
	int err;

	snprintf(to, sizeof to, "%s/vmlinuz", part);
	err = copy(vmlinuz, to);
	snprintf(to, sizeof to, "%s/modules", part);
	if (err)
		return err;
	if (modules)
		return copy(modules, to);
	return mkdir(to, 0755) ? fail(-errno, "lab kernels: cannot make the folder %s: %m", to) : 0;
}

static int add_own(const struct kernel *kernel, const char *vmlinuz, const char *modules)
{
	char part[PATH_MAX];
	int err = cache_begin(kernel, part);

	if (err)
		return err;
	err = fill(part, vmlinuz, modules);
	if (!err)
		err = cache_commit(kernel, part);
	if (err)
		cache_clear(part);
	return err;
}

static int say(const struct cli *cli, const struct kernel *kernel, const char *what)
{
	if (cli->json)
		return json_print(json_pack("{ss ss}", "kernel", kernel->name, "arch", kernel->arch));
	if (!cli->quiet)
		printf("%s: %s, %s\n", kernel->name, kernel->arch, what);
	return 0;
}

/* Whether a kernel of exactly that name is here. */
static bool is_here(const char *name, const char *arch)
{
	struct kernels cached = { 0 };
	const struct kernel *found = cache_list(&cached) ? NULL : kernels_find(&cached, name, arch);
	bool here = found && !strcmp(found->name, name);

	free(cached.at);
	return here;
}

/* What is here is not fetched again: packages of one version do not change. */
static int add_offered_one(const char *name, const char *arch, bool refresh, struct kernel *kernel, bool *here)
{
	int err = 0;

	snprintf(kernel->name, sizeof kernel->name, "%s", name);
	snprintf(kernel->arch, sizeof kernel->arch, "%s", arch);
	*here = !refresh && is_here(name, arch);
	if (*here)
		return 0;
	err = find_offered(name, arch, kernel);
	*here = !err && !refresh && is_here(kernel->name, arch);
	return err || *here ? err : apt_add_kernel(kernel);
}

static int add(const struct cli *cli, const char *name, const char *arch, const char *vmlinuz, const char *modules, bool refresh)
{
	struct kernel kernel = { 0 };
	bool here = false;
	int err = 0;

	if (vmlinuz) {
		snprintf(kernel.name, sizeof kernel.name, "%s", name);
		snprintf(kernel.arch, sizeof kernel.arch, "%s", arch ? arch : arch_of_name(name));
		err = add_own(&kernel, vmlinuz, modules);
	} else {
		err = add_offered_one(name, arch ? arch : arch_of_name(name), refresh, &kernel, &here);
	}
	return err ? err : say(cli, &kernel, here ? "here already; --refresh fetches it again" : "added");
}

/* ---- remove ---- */

static int remove_one(const struct cli *cli, const char *name, const char *arch)
{
	struct kernels kernels;
	const struct kernel *found;
	int err = cache_list(&kernels);

	if (err)
		return err;
	found = kernels_find(&kernels, name, arch);
	if (!found || strcmp(found->name, name))
		err = fail(-ENOENT, "lab kernels: there is no kernel %s here; forecall lab kernels --cached lists them", name);
	else
		err = cache_remove(found);
	if (!err)
		err = say(cli, found, "removed");
	free(kernels.at);
	return err;
}

/* ---- kernels ---- */

int cmd_lab_kernels(struct cli *cli, int argc, char **argv)
{
	static const struct usage usage = {
		.name = "lab kernels",
		.operands = "[add NAME | remove NAME]",
		.about = "Lists the kernels of the Debian archive that this machine is configured for, and those that are here\n"
			 "($FORECALL_CACHE, else ~/.cache/forecall). add downloads one, remove deletes one from here. A NAME of add\n"
			 "may be a pattern: the newest that matches is meant. Nothing is installed.",
		.notes = "Examples:\n  forecall lab kernels add 6.12.117+deb12-cloud-amd64\n  forecall lab kernels add '6.1.*-cloud-arm64'\n"
			 "  forecall lab kernels add mine --vmlinuz arch/x86/boot/bzImage --modules /lib/modules/6.15.0-mine\n",
		.operands_max = 2,
	};
	const char *arch = NULL, *vmlinuz = NULL, *modules = NULL;
	bool cached = false, refresh = false;
	const struct option_spec options[] = {
		OPT_WORD(0, "arch", ARCHES, &arch, "architecture; else the one in the name, or this machine's"),
		OPT_FLAG(0, "cached", &cached, "list only those that are here, without asking the archive"),
		OPT_FLAG(0, "refresh", &refresh, "fetch the archive's lists anew; add: also a kernel that is here already"),
		OPT_STRING(0, "vmlinuz", "FILE", &vmlinuz, "add: a kernel of your own"),
		OPT_STRING(0, "modules", "DIR", &modules, "add: its modules, as in /lib/modules/VERSION"),
		OPT_END,
	};
	int status = options_parse(cli, &usage, options, &argc, &argv);

	if (status != CLI_GO_ON)
		return status;
	if (argc == 0)
		return cli_status(list(cli, arch, cached, refresh));
	if (argc != 2 || (strcmp(argv[0], "add") && strcmp(argv[0], "remove")))
		return options_misuse(&usage, "\"%s\" is neither add NAME nor remove NAME", argv[0]);
	if (!is_name(argv[1]))
		return options_misuse(&usage, "\"%s\" cannot be the name of a kernel", argv[1]);
	if (modules && !vmlinuz)
		return options_misuse(&usage, "--modules needs --vmlinuz");
	if (!strcmp(argv[0], "remove"))
		return cli_status(remove_one(cli, argv[1], arch));
	return cli_status(add(cli, argv[1], arch, vmlinuz, modules, refresh));
}
