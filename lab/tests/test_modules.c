/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_modules.c: which modules go along, in which order they are needed, and what modprobe reads of them. The modules are
 * object files with a section .modinfo, made here; nobody loads them. */
#include "lab/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/tests/said.h"
#include "lab/job.h"

static char folder[] = "/tmp/forecall-modules-XXXXXX";

static void add_section(Elf *elf, Elf64_Word name, Elf64_Word type, void *data, size_t n)
{
	Elf_Scn *section = elf_newscn(elf);
	Elf_Data *part = elf_newdata(section);
	Elf64_Shdr *head = elf64_getshdr(section);

	part->d_buf = data;
	part->d_size = n;
	part->d_align = 1;
	head->sh_name = name;
	head->sh_type = type;
}

/* A module whose section .modinfo is info[n]: words, each with a zero byte behind it. */
static void make_module(const char *name, const char *info, size_t n)
{
	static char names[] = "\0.modinfo\0.shstrtab";
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);
	Elf64_Ehdr *head = elf64_newehdr(elf);
	head->e_type = ET_REL;
	head->e_machine = EM_X86_64;
	head->e_shstrndx = 2;
	add_section(elf, 1, SHT_PROGBITS, (void *)info, n);
	add_section(elf, 10, SHT_STRTAB, names, sizeof names);
	assert_true(elf_update(elf, ELF_C_WRITE) > 0);
	elf_end(elf);
	close(fd);
}

#define MODULE(name, info) make_module(name, info, sizeof info)

/* The text of a file in an archive, to be freed; NULL: it has none. */
static char *text_of(const struct archive *archive, const char *path)
{
	struct stat file;

	assert_int_equal(fstat(archive->fd, &file), 0);
	char *bytes = malloc((size_t)file.st_size + 1), *found = NULL;
	assert_int_equal(pread(archive->fd, bytes, (size_t)file.st_size, 0), file.st_size);
	for (size_t at = 0; at + 110 < (size_t)file.st_size && !found;) {
		unsigned n, name_n;

		assert_int_equal(sscanf(bytes + at + 54, "%8x", &n), 1);
		assert_int_equal(sscanf(bytes + at + 94, "%8x", &name_n), 1);
		size_t data = (at + 110 + name_n + 3) / 4 * 4;
		if (!strcmp(bytes + at + 110, path + 1))
			found = strndup(bytes + data, n);
		at = (data + n + 3) / 4 * 4;
	}
	free(bytes);
	return found;
}

static struct modules *open_all(void)
{
	struct modules *modules;

	assert_int_equal(modules_open(folder, &modules), 0);
	return modules;
}

static void put_all(struct modules *modules, struct archive *archive)
{
	assert_int_equal(archive_open(archive), 0);
	assert_int_equal(modules_put(modules, archive), 0);
	assert_int_equal(archive_close(archive), 0);
}

static void a_module_brings_all_that_it_depends_on(void **state)
{
	struct modules *modules = open_all();
	struct archive archive;

	(void)state;
	assert_int_equal(modules_take(modules, "top"), 0);
	put_all(modules, &archive);
	assert_true(archive_has(&archive, JOB_MODULES "/top.ko"));
	assert_true(archive_has(&archive, JOB_MODULES "/middle_one.ko"));
	assert_true(archive_has(&archive, JOB_MODULES "/bottom.ko"));
	assert_false(archive_has(&archive, JOB_MODULES "/alone.ko"));
	archive_free(&archive);
	modules_free(modules);
}

/* modprobe loads the words of a line from its end: what is needed first stands last. */
static void what_is_needed_first_stands_last(void **state)
{
	struct modules *modules = open_all();
	struct archive archive;

	(void)state;
	assert_int_equal(modules_take(modules, "top"), 0);
	put_all(modules, &archive);
	char *dep = text_of(&archive, JOB_MODULES "/modules.dep");
	assert_non_null(strstr(dep, "top.ko: middle_one.ko bottom.ko\n"));
	assert_non_null(strstr(dep, "middle_one.ko: bottom.ko\n"));
	assert_non_null(strstr(dep, "bottom.ko:\n")); /* built_in is no file: it needs nothing */
	free(dep);
	archive_free(&archive);
	modules_free(modules);
}

static void aliases_are_indexed(void **state)
{
	struct modules *modules = open_all();
	struct archive archive;

	(void)state;
	assert_int_equal(modules_take(modules, "alone"), 0);
	put_all(modules, &archive);
	char *alias = text_of(&archive, JOB_MODULES "/modules.alias");
	assert_string_equal(alias, "alias pci:v00008086d* alone\nalias net-pf-10 alone\n");
	free(alias);
	archive_free(&archive);
	modules_free(modules);
}

static void a_name_may_be_written_with_either_stroke(void **state)
{
	struct modules *modules = open_all();

	(void)state;
	assert_int_equal(modules_take(modules, "middle-one"), 0);
	assert_int_equal(modules_take(modules, "middle_one"), 0);
	assert_int_equal(modules_take(modules, "mid"), -ENOENT);
	assert_int_equal(modules_take(modules, "built_in"), -ENOENT);
	modules_free(modules);
}

static void modules_in_a_circle_come_each_once(void **state)
{
	struct modules *modules;

	(void)state;
	MODULE("ring_a.ko", "depends=ring_b");
	MODULE("ring_b.ko", "depends=ring_a");
	modules = open_all();
	assert_int_equal(modules_take(modules, "ring_a"), 0); /* taken already: it is not looked at again */
	modules_free(modules);
}

static void what_is_no_module_is_named(void **state)
{
	struct modules *modules;
	char path[256];

	(void)state;
	snprintf(path, sizeof path, "%s/broken.ko", folder);
	FILE *file = fopen(path, "w");
	fputs("no object", file);
	fclose(file);
	snprintf(path, sizeof path, "%s/strange.ko.rar", folder);
	fclose(fopen(path, "w"));
	modules = open_all();
	said_begin();
	assert_int_equal(modules_take(modules, "broken"), -EINVAL);
	assert_int_equal(modules_take(modules, "strange"), -ENOTSUP);
	const char *said = said_end();
	assert_non_null(strstr(said, "broken.ko is no kernel module"));
	assert_non_null(strstr(said, "strange.ko.rar"));
	modules_free(modules);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	struct modules *modules;

	(void)state;
	said_begin();
	assert_int_equal(modules_open("/nosuch/modules", &modules), -ENOENT);
	assert_non_null(strstr(said_end(), "/nosuch/modules"));
	assert_null(modules);
}

static int make_folder(void **state)
{
	char below[256];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(below, sizeof below, "%s/net", folder);
	mkdir(below, 0755);
	MODULE("net/top.ko", "license=GPL\0depends=middle-one,built_in");
	MODULE("middle-one.ko", "depends=bottom\0name=middle_one");
	MODULE("bottom.ko", "depends=");
	MODULE("alone.ko", "alias=pci:v00008086d*\0depends=\0alias=net-pf-10");
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "net/top.ko", "net", "middle-one.ko", "bottom.ko", "alone.ko", "ring_a.ko", "ring_b.ko", "broken.ko",
					     "strange.ko.rar", "" };
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		remove(path);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_brings_all_that_it_depends_on),
		cmocka_unit_test(what_is_needed_first_stands_last),
		cmocka_unit_test(aliases_are_indexed),
		cmocka_unit_test(a_name_may_be_written_with_either_stroke),
		cmocka_unit_test(modules_in_a_circle_come_each_once),
		cmocka_unit_test(what_is_no_module_is_named),
		cmocka_unit_test(a_folder_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
