/* SPDX-License-Identifier: GPL-2.0-or-later */
/* platform.c: the table of architectures, and the folders of a build or an installation. */
#include "lab/platform.h"

#include "base/err.h"
#include "lab/cache.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* rep movsb would count as one instruction per byte, which no processor takes: without erms and fsrm the kernel copies by
 * words. rdrand stays: without it the kernel's random pool is not seeded and sends cost double. The n1 has a PMU. */
static const struct arch {
	const char *name, *qemu, *console, *append;
	const char *machine[8];
} arches[] = {
	{
		.name = "amd64",
		.qemu = "qemu-system-x86_64",
		.console = "ttyS0",
		.append = "console=ttyS0 tsc=reliable clocksource=tsc",
		.machine = { "-M", "pc", "-cpu", "max,-erms,-fsrm", NULL },
	},
	{
		.name = "arm64",
		.qemu = "qemu-system-aarch64",
		.console = "ttyAMA0",
		.append = "console=ttyAMA0",
		.machine = { "-M", "virt", "-cpu", "neoverse-n1", NULL },
	},
};

static const struct arch *arch_of(const char *name)
{
	return &arches[!strcmp(name, "arm64")];
}

const char *platform_console(const char *arch)
{
	return arch_of(arch)->console;
}

const char *platform_qemu(const char *arch)
{
	return arch_of(arch)->qemu;
}

const char *const *platform_machine(const char *arch)
{
	return arch_of(arch)->machine;
}

const char *platform_append(const char *arch)
{
	return arch_of(arch)->append;
}

/* ---- Our own programs ---- */

/* The folder of this executable, with a slash. */
static int own_folder(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n < 0)
		return fail(-errno, "lab: cannot tell where this program lies: %s; is /proc mounted?", strerror(errno));
	path[n] = 0;
	*(strrchr(path, '/') + 1) = 0;
	return 0;
}

/* The first of the places, seen from this executable, that holds a file; into path, without the file. */
static int find_beside(const char *const *places, const char *file, char path[PATH_MAX])
{
	char own[PATH_MAX], full[3 * PATH_MAX];
	int err = own_folder(own);

	for (; *places && !err; places++) {
		snprintf(full, sizeof full, "%s%s%s", own, *places, file);
		if (access(full, R_OK))
			continue;
		full[strlen(full) - strlen(file)] = 0;
		return snprintf(path, PATH_MAX, "%s", full) >= PATH_MAX ? -ENAMETOOLONG : 0;
	}
	return err ? err : -ENOENT;
}

static const char *const native[] = { "", "../libexec/forecall/", NULL };

int platform_plugin(char path[PATH_MAX])
{
	static const char name[] = "lab-count.so";
	int err = find_beside(native, name, path);

	if (!err && strlen(path) + sizeof name > PATH_MAX)
		err = -ENAMETOOLONG;
	if (!err)
		strcat(path, name);
	return err;
}

int platform_open(struct platform *platform, const char *arch)
{
	static const char *const arm64[] = { "lab-arm64/", "../libexec/forecall/lab-arm64/", NULL };
	int other = strcmp(arch, cache_arch()), err;

	platform->arch = arch;
	platform->root = NULL;
	if (other && strcmp(arch, "arm64"))
		return fail(-ENOTSUP, "lab: guests for %s cannot be run on %s yet", arch, cache_arch());
	err = find_beside(other ? arm64 : native, "lab-init", platform->folder);
	if (err == -ENOENT)
		return fail(err, "lab: the guest's programs for %s are not there; run `make %s`", arch, other ? "lab-arm64" : "");
	if (!err && other) {
		snprintf(platform->packages, PATH_MAX, "%.*sroot", PATH_MAX - 8, platform->folder);
		platform->root = platform->packages;
	}
	return err;
}

int platform_find(const struct platform *platform, struct platform_paths *paths)
{
	char own[PATH_MAX];
	int err = own_folder(own);

	if (err)
		return err;
	snprintf(paths->init, PATH_MAX, "%.*slab-init", PATH_MAX - 16, platform->folder);
	snprintf(paths->programs, PATH_MAX, "%s", platform->folder);
	snprintf(paths->forecall, PATH_MAX, "%.*sforecall", PATH_MAX - 16, platform->root ? platform->folder : own);
	return 0;
}
