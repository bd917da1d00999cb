/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_cache.c: the order of kernels, which of them a name means, and what the folder of kernels holds. */
#include "lab/cache.h"

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

static char folder[] = "/tmp/forecall-cache-XXXXXX";

static void add(struct kernels *kernels, const char *name, const char *arch)
{
	assert_int_equal(kernels_add(kernels, name, arch), 0);
}

/* Numbers count as numbers, and a candidate comes before what it became. */
static void kernels_come_in_the_order_of_their_versions(void **state)
{
	static const char *const sorted[] = {
		"6.1.0-9-amd64", "6.1.0-10-amd64", "6.1.0-47-cloud-amd64", "6.1.0-56-cloud-amd64", "6.12~rc6-amd64", "6.12.9+deb12-cloud-amd64",
		"6.12.100+deb12-cloud-amd64", "6.12.117+deb12-cloud-amd64",
	};
	enum { N = sizeof sorted / sizeof *sorted };
	struct kernels kernels = { 0 };

	(void)state;
	for (size_t i = 0; i < N; i++)
		add(&kernels, sorted[i * 3 % N], "amd64"); /* 3 and 8 have no common divisor: each comes once */
	add(&kernels, "5.10.0-1-arm64", "arm64");
	kernels_sort(&kernels);
	for (size_t i = 0; i < N; i++)
		assert_string_equal(kernels.at[i].name, sorted[i]);
	assert_string_equal(kernels.at[N].arch, "arm64");
	free(kernels.at);
}

static void a_pattern_means_the_newest_that_matches(void **state)
{
	struct kernels kernels = { 0 };

	(void)state;
	add(&kernels, "6.1.0-56-cloud-amd64", "amd64");
	add(&kernels, "6.1.0-9-cloud-amd64", "amd64");
	add(&kernels, "6.12.117+deb12-amd64", "amd64");
	add(&kernels, "6.12.117+deb12-cloud-arm64", "arm64");
	kernels_sort(&kernels);
	assert_string_equal(kernels_find(&kernels, "6.1.*-cloud-amd64", NULL)->name, "6.1.0-56-cloud-amd64");
	assert_string_equal(kernels_find(&kernels, "6.12.117+deb12-amd64", NULL)->name, "6.12.117+deb12-amd64");
	assert_string_equal(kernels_find(&kernels, "*-cloud-*", "arm64")->arch, "arm64");
	assert_string_equal(kernels_find(&kernels, "6.12.*arm64", NULL)->arch, "arm64"); /* only another architecture has it */
	assert_null(kernels_find(&kernels, "6.1", NULL)); /* a part of a name means nothing */
	assert_null(kernels_find(&kernels, "*-cloud-amd64", "arm64"));
	free(kernels.at);
}

/* With one of each, this machine's is meant unless another is asked for. */
static void this_machines_architecture_goes_first(void **state)
{
	struct kernels kernels = { 0 };

	(void)state;
	add(&kernels, "mine", "amd64");
	add(&kernels, "mine", "arm64");
	kernels_sort(&kernels);
	assert_string_equal(kernels_find(&kernels, "mine", NULL)->arch, strcmp(cache_arch(), "arm64") ? "amd64" : "arm64");
	free(kernels.at);
}

static void make_file(const char *in, const char *name)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", in, name);
	fclose(fopen(path, "w"));
}

static void a_kernel_is_there_whole_or_not_at_all(void **state)
{
	const struct kernel kernel = { "mine-1", "amd64" };
	char part[PATH_MAX], path[PATH_MAX];
	struct kernels kernels;

	(void)state;
	assert_int_equal(cache_begin(&kernel, part), 0);
	make_file(part, "vmlinuz");
	assert_int_equal(cache_list(&kernels), 0);
	assert_int_equal(kernels.n, 0);
	assert_int_equal(cache_commit(&kernel, part), 0);
	assert_int_equal(cache_list(&kernels), 0);
	assert_int_equal(kernels.n, 1);
	assert_string_equal(kernels.at[0].name, "mine-1");
	free(kernels.at);
	assert_int_equal(cache_kernel_path(path, &kernel, "vmlinuz"), 0);
	assert_int_equal(access(path, R_OK), 0);
}

static void a_kernel_of_the_same_name_is_replaced(void **state)
{
	const struct kernel kernel = { "mine-1", "amd64" };
	char part[PATH_MAX], path[PATH_MAX];
	struct kernels kernels;

	(void)state;
	assert_int_equal(cache_begin(&kernel, part), 0);
	make_file(part, "another");
	assert_int_equal(cache_commit(&kernel, part), 0);
	assert_int_equal(cache_kernel_path(path, &kernel, "vmlinuz"), 0);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(cache_remove(&kernel), 0);
	assert_int_equal(cache_list(&kernels), 0);
	assert_int_equal(kernels.n, 0);
	said_begin();
	assert_int_equal(cache_remove(&kernel), -ENOENT);
	assert_non_null(strstr(said_end(), "mine-1"));
}

static void without_a_home_the_remedy_is_said(void **state)
{
	char path[PATH_MAX];

	(void)state;
	unsetenv("FORECALL_CACHE");
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	said_begin();
	assert_int_equal(cache_path(path, "x"), -ENOENT);
	assert_non_null(strstr(said_end(), "FORECALL_CACHE"));
	setenv("XDG_CACHE_HOME", folder, 1);
	assert_int_equal(cache_path(path, "x"), 0);
	assert_non_null(strstr(path, "/forecall/x"));
}

static int make_cache(void **state)
{
	(void)state;
	return !mkdtemp(folder) || setenv("FORECALL_CACHE", folder, 1);
}

/* All of its folders are empty by now. */
static int remove_cache(void **state)
{
	static const char *const below[] = { "/forecall", "/kernels/amd64", "/kernels/arm64", "/kernels", "" };
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
		snprintf(path, sizeof path, "%s%s", folder, below[i]);
		if (rmdir(path))
			return -1;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_come_in_the_order_of_their_versions),
		cmocka_unit_test(a_pattern_means_the_newest_that_matches),
		cmocka_unit_test(this_machines_architecture_goes_first),
		cmocka_unit_test(a_kernel_is_there_whole_or_not_at_all),
		cmocka_unit_test(a_kernel_of_the_same_name_is_replaced),
		cmocka_unit_test(without_a_home_the_remedy_is_said),
	};

	return cmocka_run_group_tests(tests, make_cache, remove_cache);
}
