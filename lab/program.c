/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program.c: what a program needs: asked of its own dynamic loader where that runs here, else read from the file. */
#include "lab/program.h"

#include "base/err.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the head of a file tells. */
struct shape {
	char script[256];      /* interpreter of a script, else "" */
	char loader[PATH_MAX]; /* dynamic loader of a program, else "" */
	bool audited;	       /* names code that its loader runs before anything else */
	struct strings needed; /* names of the libraries that it asks for */
	int machine;	       /* EM_... of a program or a shared library; EM_NONE for anything else */
};

static const struct arch {
	const char *name, *triplet, *loader;
	int machine;
} arches[] = {
	{ "amd64", "x86_64-linux-gnu", "/lib64/ld-linux-x86-64.so.2", EM_X86_64 },
	{ "arm64", "aarch64-linux-gnu", "/lib/ld-linux-aarch64.so.1", EM_AARCH64 },
};

static const struct arch *arch_of(const struct platform *platform)
{
	return &arches[!strcmp(platform->arch, "arm64")];
}

/* ---- Reading a file ---- */

static void read_script(int fd, struct shape *shape)
{
	char line[256] = "";
	size_t n;

	if (pread(fd, line, sizeof line - 1, 0) < 3 || strncmp(line, "#!", 2))
		return;
	n = 2 + strspn(line + 2, " \t");
	snprintf(shape->script, sizeof shape->script, "%.*s", (int)strcspn(line + n, " \t\n"), line + n);
}

static int read_needed(Elf *elf, Elf_Scn *section, const GElf_Shdr *head, struct shape *shape)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n = head->sh_entsize ? head->sh_size / head->sh_entsize : 0;
	GElf_Dyn entry;
	int err = 0;

	for (size_t i = 0; data && i < n && !err; i++) {
		const char *name = NULL;

		if (!gelf_getdyn(data, (int)i, &entry))
			continue;
		shape->audited |= entry.d_tag == DT_AUDIT || entry.d_tag == DT_DEPAUDIT;
		if (entry.d_tag == DT_NEEDED)
			name = elf_strptr(elf, head->sh_link, entry.d_un.d_val);
		if (name)
			err = strings_add(&shape->needed, name);
	}
	return err;
}

static int read_program(Elf *elf, int fd, struct shape *shape)
{
	Elf_Scn *section = NULL;
	GElf_Phdr program;
	GElf_Shdr head;
	GElf_Ehdr file;
	size_t programs_n = 0;
	int err = 0;

	if (!gelf_getehdr(elf, &file) || elf_getphdrnum(elf, &programs_n))
		return -ENOEXEC;
	if (file.e_type == ET_EXEC || file.e_type == ET_DYN)
		shape->machine = file.e_machine;
	for (size_t i = 0; i < programs_n; i++)
		if (gelf_getphdr(elf, (int)i, &program) && program.p_type == PT_INTERP && program.p_filesz < sizeof shape->loader &&
		    pread(fd, shape->loader, program.p_filesz, (off_t)program.p_offset) < 0)
			return -errno;
	while ((section = elf_nextscn(elf, section)) && !err)
		if (gelf_getshdr(section, &head) && head.sh_type == SHT_DYNAMIC)
			err = read_needed(elf, section, &head, shape);
	return err;
}

static int read_shape(const char *path, struct shape *shape)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	Elf *elf;

	memset(shape, 0, sizeof *shape);
	if (fd < 0)
		return fail(-errno, "lab: cannot open %s: %s", path, strerror(errno));
	read_script(fd, shape);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		err = read_program(elf, fd, shape);
	elf_end(elf);
	close(fd);
	return err ? fail(err, "lab: cannot read the program %s: %s", path, strerror(-err)) : 0;
}

/* ---- Libraries, as the loader finds them ---- */

/* A line is "\tlibx.so.1 => /lib/libx.so.1 (0x...)", or "\t/lib64/ld.so (0x...)", or names what the kernel provides. */
static int put_listed(struct archive *archive, char *line)
{
	char *path = strchr(line, '/'), *end = path ? strstr(path, " (0x") : NULL;

	if (strstr(line, "=> not found"))
		return -ENOENT;
	if (!end)
		return 0;
	*end = 0;
	return archive_file(archive, path, 0755, path);
}

/* Whether it is a dynamic loader of this system's, which nobody but root could have put there. A program may name anything. */
static bool is_loader(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct stat st, link;

	return (!strncmp(name, "ld-", 3) || !strncmp(name, "ld.so", 5)) && !lstat(path, &link) && !link.st_uid && !stat(path, &st) &&
	       S_ISREG(st.st_mode) && !st.st_uid && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static int put_by_loader(struct archive *archive, const struct shape *shape, const char *loader, const char *program)
{
	const char *const argv[] = { loader, "--list", program, NULL };
	struct buffer list = { 0 };
	char *rest, *line;
	int err;

	if (shape->audited)
		return fail(-EPERM, "lab: %s names code for its loader to run (DT_AUDIT); link it statically", program);
	if (!is_loader(loader))
		return fail(-EPERM, "lab: %s wants to be loaded by %s, which is no dynamic loader of this system; link it statically", program, loader);
	err = spawn(argv, NULL, &list);

	rest = list.data;
	if (err)
		err = fail(err < 0 ? err : -ENOEXEC, "lab: %s cannot tell what %s needs", loader, program);
	while (!err && rest && (line = strsep(&rest, "\n"))) {
		err = put_listed(archive, line);
		if (err == -ENOENT)
			fail(err, "lab: %s needs a library that is not there: %s", program, line + strspn(line, "\t"));
	}
	buffer_free(&list);
	return err ? err : archive_file(archive, loader, 0755, loader);
}

/* ---- Libraries, by hand ---- */

static int put_needed(struct archive *archive, const struct platform *platform, const struct shape *shape, const char *program);

/* A library of a platform that does not run here. */
static int put_library(struct archive *archive, const struct platform *platform, const char *name, const char *program)
{
	static const char *const folders[] = { "/lib", "/usr/lib" };
	char path[256], from[PATH_MAX];

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		struct shape shape;
		int err;

		snprintf(path, sizeof path, "%s/%s/%s", folders[i], arch_of(platform)->triplet, name);
		snprintf(from, sizeof from, "%s%s", platform->root, path);
		if (archive_has(archive, path))
			return 0;
		if (access(from, R_OK))
			continue;
		err = archive_file(archive, path, 0755, from);
		if (!err)
			err = read_shape(from, &shape);
		if (!err)
			err = put_needed(archive, platform, &shape, from);
		strings_free(&shape.needed);
		return err;
	}
	return fail(-ENOENT, "lab: %s needs %s, which is not in %s; link it statically", program, name, platform->root);
}

static int put_needed(struct archive *archive, const struct platform *platform, const struct shape *shape, const char *program)
{
	int err = 0;

	for (size_t i = 0; i < shape->needed.n && !err; i++)
		err = put_library(archive, platform, shape->needed.at[i], program);
	return err;
}

static int put_by_hand(struct archive *archive, const struct platform *platform, const struct shape *shape, const char *program)
{
	const char *loader = arch_of(platform)->loader;
	char from[2 * PATH_MAX];
	int err = put_needed(archive, platform, shape, program);

	snprintf(from, sizeof from, "%s%s", platform->root, loader);
	return err ? err : archive_file(archive, loader, 0755, from);
}

/* ---- A file ---- */

static int put_interpreter(struct archive *archive, const struct platform *platform, const char *path)
{
	if (!strcmp(path, "/bin/sh") || archive_has(archive, path) || platform->root)
		return 0; /* the guest's own */
	return program_put(archive, platform, path, path);
}

static int put_along(struct archive *archive, const struct platform *platform, const struct shape *shape, const char *from)
{
	if (*shape->script)
		return put_interpreter(archive, platform, shape->script);
	if (shape->machine != EM_NONE && shape->machine != arch_of(platform)->machine)
		return fail(-ENOEXEC, "lab: %s is no program for %s", from, platform->arch);
	if (!shape->needed.n && !*shape->loader)
		return 0;
	if (platform->root)
		return put_by_hand(archive, platform, shape, from);
	return put_by_loader(archive, shape, *shape->loader ? shape->loader : arch_of(platform)->loader, from);
}

int program_put(struct archive *archive, const struct platform *platform, const char *from, const char *path)
{
	struct shape shape;
	struct stat file;
	int err = read_shape(from, &shape);

	if (!err)
		err = stat(from, &file) ? fail(-errno, "lab: cannot read %s: %s", from, strerror(errno)) : 0;
	if (!err)
		err = archive_file(archive, path, file.st_mode, from);
	if (!err)
		err = put_along(archive, platform, &shape, from);
	strings_free(&shape.needed);
	return err;
}

int program_find(const char *name, char *path)
{
	const char *folders = getenv("PATH");

	if (strchr(name, '/'))
		return snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX || access(path, F_OK) ? -ENOENT : 0;
	for (size_t n; folders && *folders; folders += n + (folders[n] == ':')) {
		n = strcspn(folders, ":");
		if (n && snprintf(path, PATH_MAX, "%.*s/%s", (int)n, folders, name) < PATH_MAX && !access(path, X_OK))
			return 0;
	}
	return -ENOENT;
}
