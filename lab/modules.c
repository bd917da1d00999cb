/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules.c: finds modules, unpacks them, and reads from their section .modinfo what they depend on. No depmod: a Debian
 * package has no modules.dep, and most of its thousands of modules never go into a guest. */
#include "lab/modules.h"

#include "base/err.h"
#include "lab/job.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 64, DEPENDS_DEEP_MAX = 32 };

struct module {
	char name[NAME_BYTES]; /* as the kernel calls it: - is _ */
	char *path;
	struct buffer image;   /* unpacked, once taken */
	struct strings depends, aliases;
	int taken;
};

struct modules {
	struct module *at;
	size_t n;
};

/* ---- Finding them ---- */

/* e1000e.ko.xz and e1000e are e1000e; sch-fq is sch_fq. */
static void kernel_name(const char *file, char name[NAME_BYTES])
{
	const char *end = strstr(file, ".ko");
	size_t n = end ? (size_t)(end - file) : strlen(file);

	snprintf(name, NAME_BYTES, "%.*s", (int)(n < NAME_BYTES ? n : NAME_BYTES - 1), file);
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
}

static struct modules *walked; /* nftw() has no argument for its caller */

static int walk_entry(const char *path, const struct stat *file, int type, struct FTW *ftw)
{
	const char *name = path + ftw->base, *ko = strstr(name, ".ko");
	struct module *more;

	(void)file;
	if (type != FTW_F || !ko || (ko[3] && ko[3] != '.'))
		return 0;
	if (walked->n % 256 == 0) {
		more = realloc(walked->at, (walked->n + 256) * sizeof *more);
		if (!more)
			return -ENOMEM;
		walked->at = more;
	}
	more = &walked->at[walked->n];
	memset(more, 0, sizeof *more);
	kernel_name(name, more->name);
	more->path = strdup(path);
	return more->path ? (walked->n++, 0) : -ENOMEM;
}

int modules_open(const char *folder, struct modules **out)
{
	int err;

	*out = walked = calloc(1, sizeof **out);
	if (!walked)
		return fail(-ENOMEM, "lab: out of memory");
	err = nftw(folder, walk_entry, 16, FTW_PHYS);
	if (err == -1)
		err = -errno;
	if (err) {
		modules_free(*out);
		*out = NULL;
		return fail(err, "lab: cannot look through %s: %s", folder, strerror(-err));
	}
	return 0;
}

void modules_free(struct modules *modules)
{
	for (size_t i = 0; modules && i < modules->n; i++) {
		free(modules->at[i].path);
		buffer_free(&modules->at[i].image);
		strings_free(&modules->at[i].depends);
		strings_free(&modules->at[i].aliases);
	}
	if (modules)
		free(modules->at);
	free(modules);
}

static struct module *find(struct modules *modules, const char *name)
{
	char wanted[NAME_BYTES];

	kernel_name(name, wanted);
	for (size_t i = 0; i < modules->n; i++)
		if (!strcmp(modules->at[i].name, wanted))
			return &modules->at[i];
	return NULL;
}

/* ---- Reading one ---- */

/* The kernel of a guest need not know how to unpack its modules (6.12 of Debian does not): the host does it. */
static const char *unpacker(const char *path)
{
	static const struct {
		const char *suffix, *program;
	} known[] = { { ".ko", "cat" }, { ".ko.xz", "xz" }, { ".ko.zst", "zstd" }, { ".ko.gz", "gzip" } };
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		size_t n = strlen(known[i].suffix);

		if (length > n && !strcmp(path + length - n, known[i].suffix))
			return known[i].program;
	}
	return NULL;
}

static int read_plain(const char *path, struct buffer *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	char part[65536];
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (!err && (n = read(fd, part, sizeof part)) > 0)
		err = buffer_add(out, part, (size_t)n);
	if (n < 0)
		err = -errno;
	close(fd);
	return err;
}

static int read_image(struct module *module)
{
	const char *program = unpacker(module->path);
	const char *const argv[] = { program, "-dc", module->path, NULL };
	int status;

	if (!program)
		return fail(-ENOTSUP, "lab: cannot unpack the module %s: no .ko, .ko.xz, .ko.zst or .ko.gz", module->path);
	status = strcmp(program, "cat") ? spawn(argv, NULL, &module->image) : read_plain(module->path, &module->image);
	if (status == -ENOENT && strcmp(program, "cat"))
		return fail(status, "lab: cannot unpack the module %s: install %s", module->path, program);
	if (status)
		return fail(status < 0 ? status : -EIO, "lab: cannot read the module %s", module->path);
	return 0;
}

/* "a,b" into a list. */
static int take_depends(struct module *module, const char *text)
{
	char name[NAME_BYTES];
	int err = 0;

	for (size_t n; *text && !err; text += n + (text[n] == ',')) {
		n = strcspn(text, ",");
		snprintf(name, sizeof name, "%.*s", (int)n, text);
		if (*name)
			err = strings_add(&module->depends, name);
	}
	return err;
}

/* The section is "key=value" with a zero byte behind each. */
static int read_modinfo(struct module *module, const char *info, size_t n)
{
	int err = 0;

	for (const char *word = info; word < info + n && !err; word += strnlen(word, (size_t)(info + n - word)) + 1) {
		if (!strncmp(word, "depends=", 8))
			err = take_depends(module, word + 8);
		else if (!strncmp(word, "alias=", 6))
			err = strings_add(&module->aliases, word + 6);
	}
	return err;
}

static int read_sections(struct module *module, Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return -EINVAL;
	while ((section = elf_nextscn(elf, section))) {
		const Elf64_Shdr *head = elf64_getshdr(section);
		const char *name = head ? elf_strptr(elf, names, head->sh_name) : NULL;
		const Elf_Data *data = name && !strcmp(name, ".modinfo") ? elf_getdata(section, NULL) : NULL;

		if (data)
			return read_modinfo(module, data->d_buf, data->d_size);
	}
	return -EINVAL;
}

static int read_module(struct module *module)
{
	int err = read_image(module);
	Elf *elf;

	if (err)
		return err;
	elf_version(EV_CURRENT);
	elf = elf_memory(module->image.data, module->image.n);
	err = elf ? read_sections(module, elf) : -EINVAL;
	elf_end(elf);
	return err ? fail(err, "lab: %s is no kernel module", module->path) : 0;
}

/* ---- Taking them along ---- */

static int take(struct modules *modules, struct module *module, int deep)
{
	int err;

	if (module->taken)
		return 0;
	if (deep == DEPENDS_DEEP_MAX)
		return fail(-ELOOP, "lab: the modules that %s depends on go in a circle", module->path);
	err = read_module(module);
	module->taken = 1;
	for (size_t i = 0; i < module->depends.n && !err; i++) {
		struct module *other = find(modules, module->depends.at[i]);

		if (other) /* else it is built into the kernel */
			err = take(modules, other, deep + 1);
	}
	return err;
}

int modules_take(struct modules *modules, const char *name)
{
	struct module *module = find(modules, name);

	return module ? take(modules, module, 0) : -ENOENT;
}

/* What a module depends on, directly and beyond, those that are needed first last: so depmod writes it. */
static int add_depends(struct modules *modules, const struct module *module, struct buffer *text)
{
	int err = 0;

	for (size_t i = 0; i < module->depends.n && !err; i++) {
		const struct module *other = find(modules, module->depends.at[i]);
		char word[NAME_BYTES + 8];

		if (!other)
			continue;
		err = buffer_add(text, word, (size_t)snprintf(word, sizeof word, " %s.ko", other->name));
		if (!err)
			err = add_depends(modules, other, text);
	}
	return err;
}

/* One module's lines of modules.dep and modules.alias. */
static int index_module(struct modules *modules, const struct module *module, struct buffer *dep, struct buffer *alias)
{
	char line[1024];
	int err = buffer_add(dep, line, (size_t)snprintf(line, sizeof line, "%s.ko:", module->name));

	if (!err)
		err = add_depends(modules, module, dep);
	if (!err)
		err = buffer_add(dep, "\n", 1);
	for (size_t i = 0; i < module->aliases.n && !err; i++)
		if (strlen(module->aliases.at[i]) < sizeof line / 2)
			err = buffer_add(alias, line, (size_t)snprintf(line, sizeof line, "alias %s %s\n", module->aliases.at[i], module->name));
	return err;
}

int modules_put(struct modules *modules, struct archive *archive)
{
	struct buffer dep = { 0 }, alias = { 0 };
	int err = 0;

	archive_folder(archive, JOB_MODULES);
	for (size_t i = 0; i < modules->n && !err; i++) {
		const struct module *module = &modules->at[i];
		char path[NAME_BYTES + 64];

		if (!module->taken)
			continue;
		snprintf(path, sizeof path, JOB_MODULES "/%s.ko", module->name);
		archive_data(archive, path, 0644, module->image.data, module->image.n);
		err = index_module(modules, module, &dep, &alias);
	}
	archive_data(archive, JOB_MODULES "/modules.dep", 0644, dep.data, dep.n);
	archive_data(archive, JOB_MODULES "/modules.alias", 0644, alias.data, alias.n);
	archive_data(archive, JOB_MODULES "/modules.symbols", 0644, NULL, 0);
	buffer_free(&dep);
	buffer_free(&alias);
	return err ? fail(err, "lab: out of memory") : 0;
}
