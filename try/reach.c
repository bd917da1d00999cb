/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reach.c: reads the ELF headers of a program. */
#include "try/reach.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"

enum { SCRIPTS_MAX = 4 }; /* as many as the kernel follows */

/* A program's file in memory. */
struct image {
	const char *path;
	const char *bytes;
	size_t n;
};

static int open_image(const char *path, struct image *image)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*image = (struct image){.path = path, .bytes = ""};
	if (fd < 0 || fstat(fd, &status)) {
		int err = fail(-errno, "try: cannot read %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return err;
	}
	image->n = (size_t)status.st_size;
	void *bytes = image->n ? mmap(NULL, image->n, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	close(fd);
	if (bytes == MAP_FAILED)
		return fail(-ENOEXEC, "try: %s is no program", path);
	image->bytes = bytes;
	return 0;
}

static void close_image(const struct image *image)
{
	munmap((void *)image->bytes, image->n);
}

/* The bytes [at, at + size) of the file, or NULL when it is shorter. */
static const void *part(const struct image *image, uint64_t at, uint64_t size)
{
	return at <= image->n && size <= image->n - at ? image->bytes + at : NULL;
}

static int unreachable(const char *path, const char *why)
{
	return fail(-EOPNOTSUPP, "try: a preloaded library cannot reach %s: %s", path, why);
}

/* Whether the loader ignores LD_PRELOAD for it: it runs with other rights than its caller (AT_SECURE). */
static bool gains_rights(const char *path)
{
	struct stat status;
	char value[64];

	if (stat(path, &status))
		return false;
	if ((status.st_mode & S_ISUID && status.st_uid != geteuid()) || (status.st_mode & S_ISGID && status.st_gid != getegid()))
		return true;
	return geteuid() && getxattr(path, "security.capability", value, sizeof value) > 0;
}

/* The program header of that type, or NULL. */
static const ElfW(Phdr) *segment(const struct image *image, const ElfW(Ehdr) *elf, uint32_t type)
{
	for (unsigned int i = 0; i < elf->e_phnum; i++) {
		const ElfW(Phdr) *header = part(image, elf->e_phoff + (uint64_t)i * sizeof *header, sizeof *header);

		if (header && header->p_type == type)
			return header;
	}
	return NULL;
}

/* Go's linker leaves a section of this name in every program it makes. */
static bool made_by_go(const struct image *image, const ElfW(Ehdr) *elf)
{
	const ElfW(Shdr) *names = part(image, elf->e_shoff + (uint64_t)elf->e_shstrndx * sizeof *names, sizeof *names);

	for (unsigned int i = 0; names && i < elf->e_shnum; i++) {
		static const char go[] = ".go.buildinfo";
		const ElfW(Shdr) *section = part(image, elf->e_shoff + (uint64_t)i * sizeof *section, sizeof *section);
		const char *name = section ? part(image, names->sh_offset + section->sh_name, sizeof go) : NULL;

		if (name && !memcmp(name, go, sizeof go))
			return true;
	}
	return false;
}

static int check_machine(const struct image *image, const ElfW(Ehdr) *elf)
{
	const ElfW(Ehdr) *own;
	struct image self;
	int err = 0;

	if (elf->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return unreachable(image->path, "it is no program of this word length, and the library is built for the machine's own");
	if (open_image("/proc/self/exe", &self))
		return -EIO;
	own = part(&self, 0, sizeof *own);
	if (own && own->e_machine != elf->e_machine)
		err = unreachable(image->path, "it is built for another machine");
	close_image(&self);
	return err;
}

static int check_loader(const struct image *image, const ElfW(Ehdr) *elf)
{
	const ElfW(Phdr) *header = segment(image, elf, PT_INTERP);
	const char *loader = header ? part(image, header->p_offset, header->p_filesz) : NULL;

	if (made_by_go(image, elf))
		return unreachable(image->path, "it is made by Go, which makes its system calls itself; `forecall profile` and `bench` work on it");
	if (!loader || strnlen(loader, header->p_filesz) == header->p_filesz)
		return unreachable(image->path, "it is linked statically, so no library is loaded into it; link it dynamically, or use `forecall profile` "
						"and `bench`, which need no preload");
	if (!strstr(loader, "/ld-linux"))
		return unreachable(image->path, "its C library is not glibc, which the library is built for");
	return 0;
}

static int check_elf(const struct image *image)
{
	const ElfW(Ehdr) *elf = part(image, 0, sizeof *elf);
	int err;

	if (!elf || memcmp(elf->e_ident, ELFMAG, SELFMAG))
		return fail(-ENOEXEC, "try: %s is neither an ELF program nor a script with #!", image->path);
	err = check_machine(image, elf);
	if (!err)
		err = check_loader(image, elf);
	if (!err && gains_rights(image->path))
		err = unreachable(image->path, "it runs with other rights than its caller's (setuid, setgid or file capabilities), and the loader then "
					       "ignores preloads; start it as the user it becomes");
	return err;
}

/* "#! /bin/sh -e": /bin/sh into next[n]. False: no script. */
static bool interpreter(const struct image *image, char *next, size_t n)
{
	char line[PATH_MAX];
	size_t length = image->n < sizeof line - 1 ? image->n : sizeof line - 1;

	memcpy(line, image->bytes, length);
	line[length] = 0;
	if (strncmp(line, "#!", 2))
		return false;
	line[strcspn(line, "\n")] = 0;
	char *name = line + 2 + strspn(line + 2, " \t");
	name[strcspn(name, " \t")] = 0;
	return *name && snprintf(next, n, "%s", name) < (int)n;
}

static int find_in_path(const char *command, char *path, size_t n)
{
	const char *from = getenv("PATH");

	if (strchr(command, '/'))
		return snprintf(path, n, "%s", command) < (int)n && !access(path, X_OK) ? 0 : -ENOENT;
	for (from = from ? from : "/usr/bin:/bin"; *from;) {
		size_t length = strcspn(from, ":");

		if (snprintf(path, n, "%.*s/%s", length ? (int)length : 1, length ? from : ".", command) < (int)n && !access(path, X_OK))
			return 0;
		from += length + (from[length] == ':');
	}
	return -ENOENT;
}

int reach_check(const char *command, char *path, size_t n)
{
	char name[PATH_MAX];

	if (find_in_path(command, path, n))
		return fail(-ENOENT, "try: there is no program %s; give its path, or look at $PATH", command);
	snprintf(name, sizeof name, "%s", path);
	for (int i = 0; i <= SCRIPTS_MAX; i++) {
		struct image image;
		char next[PATH_MAX];
		int err = open_image(name, &image);

		if (err)
			return err;
		bool script = interpreter(&image, next, sizeof next);
		if (!script)
			err = check_elf(&image);
		close_image(&image);
		if (!script)
			return err;
		memcpy(name, next, sizeof name);
	}
	return fail(-ELOOP, "try: %s is a script of a script of a script", path);
}
