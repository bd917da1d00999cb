/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_archive.c: the archive that a guest starts from, byte for byte as the kernel reads it. */
#include "lab/archive.h"

#include <errno.h>
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

enum { HEAD_BYTES = 110 }; /* "070701" and 13 numbers of 8 hexadecimal digits */

/* An entry as Documentation/driver-api/early-userspace/buffer-format.rst has it. */
struct entry {
	unsigned inode, mode, owner, group, links, time, bytes;
	char name[64];
	const char *data;
};

static char *bytes_of(const struct archive *archive, size_t *n)
{
	struct stat file;
	char *bytes;

	assert_int_equal(fstat(archive->fd, &file), 0);
	*n = (size_t)file.st_size;
	bytes = malloc(*n + 1);
	assert_int_equal(pread(archive->fd, bytes, *n, 0), file.st_size);
	bytes[*n] = 0;
	return bytes;
}

static unsigned field(const char *head, int number)
{
	char digits[9];

	memcpy(digits, head + 6 + 8 * number, 8);
	digits[8] = 0;
	return (unsigned)strtoul(digits, NULL, 16);
}

static size_t aligned(size_t n)
{
	return (n + 3) / 4 * 4;
}

/* Reads the entry at `at`; where the next begins. */
static size_t read_entry(const char *bytes, size_t n, size_t at, struct entry *e)
{
	const char *head = bytes + at;
	size_t name_bytes;

	assert_true(at % 4 == 0 && at + HEAD_BYTES <= n);
	assert_memory_equal(head, "070701", 6);
	*e = (struct entry){ .inode = field(head, 0), .mode = field(head, 1), .owner = field(head, 2), .group = field(head, 3), .links = field(head, 4),
			     .time = field(head, 5), .bytes = field(head, 6) };
	name_bytes = field(head, 11);
	assert_int_equal(strlen(head + HEAD_BYTES) + 1, name_bytes);
	snprintf(e->name, sizeof e->name, "%s", head + HEAD_BYTES);
	at = aligned(at + HEAD_BYTES + name_bytes);
	e->data = bytes + at;
	return aligned(at + e->bytes);
}

static void make(struct archive *archive)
{
	assert_int_equal(archive_open(archive), 0);
	archive_data(archive, "/a/b/file", 0755, "hello", 5);
	archive_link(archive, "/a/link", "b/file");
	archive_data(archive, "/a/b/file", 0600, "other", 5); /* what is there already stays */
	archive_folder(archive, "/a/b");
	assert_int_equal(archive_close(archive), 0);
}

static void folders_come_before_what_lies_in_them(void **state)
{
	static const struct {
		const char *name, *data;
		unsigned mode, bytes;
	} expected[] = {
		{ "a", "", 0040755, 0 }, { "a/b", "", 0040755, 0 }, { "a/b/file", "hello", 0100755, 5 }, { "a/link", "b/file", 0120777, 6 },
		{ "TRAILER!!!", "", 0, 0 },
	};
	struct archive archive;
	size_t n, at = 0;

	(void)state;
	make(&archive);
	char *bytes = bytes_of(&archive, &n);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		struct entry e;

		at = read_entry(bytes, n, at, &e);
		assert_string_equal(e.name, expected[i].name);
		assert_int_equal(e.mode, expected[i].mode);
		assert_int_equal(e.bytes, expected[i].bytes);
		assert_memory_equal(e.data, expected[i].data, expected[i].bytes);
		assert_int_equal(e.inode, i + 1);
	}
	assert_int_equal(at, n);
	free(bytes);
	archive_free(&archive);
}

static void the_same_files_make_the_same_bytes(void **state)
{
	struct archive one, two;
	size_t one_n, two_n;
	struct entry e;

	(void)state;
	make(&one);
	make(&two);
	char *a = bytes_of(&one, &one_n), *b = bytes_of(&two, &two_n);
	assert_int_equal(one_n, two_n);
	assert_memory_equal(a, b, one_n);
	read_entry(a, one_n, 0, &e);
	assert_true(e.owner == 0 && e.group == 0 && e.time == 0 && e.links == 1);
	free(a);
	free(b);
	archive_free(&one);
	archive_free(&two);
}

static void what_is_in_it_is_known(void **state)
{
	struct archive archive;

	(void)state;
	make(&archive);
	assert_true(archive_has(&archive, "/a/b/file"));
	assert_true(archive_has(&archive, "/a"));
	assert_false(archive_has(&archive, "/b"));
	assert_false(archive_has(&archive, "/a/b/fil"));
	archive_free(&archive);
}

static void a_file_is_copied_with_its_own_mode(void **state)
{
	char path[] = "/tmp/forecall-archive-XXXXXX";
	int fd = mkstemp(path);
	struct archive archive;
	struct entry e;
	size_t n;

	(void)state;
	assert_int_equal(write(fd, "abcdefg", 7), 7);
	close(fd);
	assert_int_equal(archive_open(&archive), 0);
	assert_int_equal(archive_file(&archive, "/it", 0640, path), 0);
	assert_int_equal(archive_close(&archive), 0);
	unlink(path);
	char *bytes = bytes_of(&archive, &n);
	read_entry(bytes, n, 0, &e);
	assert_string_equal(e.name, "it");
	assert_int_equal(e.mode, 0100640);
	assert_int_equal(e.bytes, 7);
	assert_memory_equal(e.data, "abcdefg", 7);
	free(bytes);
	archive_free(&archive);
}

static void what_cannot_be_copied_is_named(void **state)
{
	struct archive archive;

	(void)state;
	assert_int_equal(archive_open(&archive), 0);
	said_begin();
	assert_int_equal(archive_file(&archive, "/x", 0644, "/nosuch/file"), -ENOENT);
	assert_int_equal(archive_file(&archive, "/y", 0644, "/tmp"), -EINVAL);
	const char *said = said_end();
	assert_non_null(strstr(said, "/nosuch/file"));
	assert_non_null(strstr(said, "/tmp: it is no file"));
	archive_free(&archive);
}

/* The first entry that fails is what archive_close() reports: nobody boots half an image. */
static void a_path_that_is_too_long_fails_in_the_end(void **state)
{
	static char path[8192];
	struct archive archive;

	(void)state;
	path[0] = '/';
	memset(path + 1, 'x', sizeof path - 2);
	assert_int_equal(archive_open(&archive), 0);
	archive_data(&archive, path, 0644, "", 0);
	archive_data(&archive, "/fine", 0644, "", 0);
	said_begin();
	assert_int_equal(archive_close(&archive), -ENAMETOOLONG);
	assert_non_null(strstr(said_end(), "cannot put the guest's files together"));
	archive_free(&archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders_come_before_what_lies_in_them),
		cmocka_unit_test(the_same_files_make_the_same_bytes),
		cmocka_unit_test(what_is_in_it_is_known),
		cmocka_unit_test(a_file_is_copied_with_its_own_mode),
		cmocka_unit_test(what_cannot_be_copied_is_named),
		cmocka_unit_test(a_path_that_is_too_long_fails_in_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
