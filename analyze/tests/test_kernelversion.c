/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kernelversion.c: kernel releases come in the order in which they were made. */
#include "analyze/kernelversion.h"
#include "analyze/tests/said.h"

#include <stdio.h>
#include <string.h>

/* Each is older than the next. */
static const char *const ascending[] = {
	"",
	"2.6.32-5-amd64",
	"2.6.32.71",
	"5.10.0-0.bpo.3-amd64",
	"5.10.0-0.bpo.12-amd64",
	"5.10.0-9-amd64",
	"6.1-rc1",
	"6.1.0-rc2",
	"6.1~rc7-1~exp1",
	"6.1.0-0.deb11.9-amd64",
	"6.1.0-9-amd64",
	"6.1.0-10-amd64",
	"6.1.0-47-cloud-amd64",
	"6.1.0-56-cloud-amd64",
	"6.1.119-1.el9",
	"6.8.0-31-generic",
	"6.8.0-107-generic",
	"6.12.0-rc3-next-20241014",
	"6.12.0-rc10",
	"6.12.100+deb12-cloud-amd64",
	"6.12.101+deb12-cloud-amd64",
	"6.12.101+deb13-cloud-amd64",
	"6.12.117+deb12-cloud-amd64",
	"6.18.0",
	"6.18.0-00123-gabcdef012345",
	"99999999999999999999999.1",
};

enum { ASCENDING_N = sizeof ascending / sizeof *ascending };

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void every_pair_is_ordered_as_it_was_made(void **state)
{
	(void)state;
	for (int i = 0; i < ASCENDING_N; i++)
		for (int j = 0; j < ASCENDING_N; j++)
			if (sign(kernelversion_compare(ascending[i], ascending[j])) != sign(i - j))
				fail_msg("%s against %s", ascending[i], ascending[j]);
}

static void a_missing_number_is_zero(void **state)
{
	(void)state;
	assert_true(kernelversion_compare("6.12", "6.12.0-rc3") > 0);
	assert_true(kernelversion_compare("6.12-rc3", "6.12.0") < 0);
	assert_true(kernelversion_compare("6.12.0-1", "6.12") > 0);
	assert_true(kernelversion_compare("6.12", "6.12.0") != 0); /* another text has another place */
}

static void the_flavour_is_what_follows_the_version(void **state)
{
	static const char *const cases[][2] = {
		{ "6.12.117+deb12-cloud-amd64", "cloud-amd64" },
		{ "6.1.0-47-amd64", "amd64" },
		{ "6.8.0-31-generic", "generic" },
		{ "6.12.0-rc3", "" },
		{ "6.12.0-00123-gabcdef012345", "" },
		{ "6.12.0-rc3-next-20241014", "" },
		{ "6.18", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(kernelversion_flavour(cases[i][0]), cases[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_is_ordered_as_it_was_made),
		cmocka_unit_test(a_missing_number_is_zero),
		cmocka_unit_test(the_flavour_is_what_follows_the_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
