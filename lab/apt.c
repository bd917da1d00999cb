/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apt.c: asks apt and dpkg-deb. */
#include "lab/apt.h"

#include "analyze/kernelversion.h"
#include "base/err.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE	"linux-image-"
#define HEADERS "linux-headers-"

enum { OPTION_BYTES = PATH_MAX + 64, OPTIONS_MAX = 16, WORDS_MAX = OPTIONS_MAX + APT_PACKAGES_MAX + 8 };

/* The options that make apt work in a folder of the cache, for one architecture. */
struct apt {
	const char *arch;
	char folder[PATH_MAX]; /* ends in a slash */
	char options[OPTIONS_MAX][OPTION_BYTES];
	size_t options_n;
};

static void option(struct apt *apt, const char *name, const char *value)
{
	if (apt->options_n < OPTIONS_MAX)
		snprintf(apt->options[apt->options_n++], OPTION_BYTES, "-o%s=%s", name, value);
}

static void option_folder(struct apt *apt, const char *name, const char *below)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%.*s%s", (int)(PATH_MAX - strlen(below) - 1), apt->folder, below);
	option(apt, name, path);
}

static int apt_open(struct apt *apt, const char *arch)
{
	char below[PATH_MAX];
	int err = cache_path(apt->folder, "apt/%s/", arch);

	apt->arch = arch;
	apt->options_n = 0;
	if (!err)
		err = cache_path(below, "apt/%s/lists/partial/", arch);
	if (!err)
		err = cache_path(below, "apt/%s/cache/archives/partial/", arch);
	if (!err)
		err = cache_path(below, "apt/%s/packages/", arch);
	if (err)
		return err;
	option(apt, "APT::Architecture", arch);
	option(apt, "APT::Architectures", arch);
	option(apt, "Acquire::Languages", "none");
	option(apt, "APT::Sandbox::User", "root"); /* root's cache may lie where the user _apt cannot reach */
	option(apt, "Dir::State::status", "/dev/null"); /* what is installed here does not matter */
	option_folder(apt, "Dir::State::lists", "lists/");
	option_folder(apt, "Dir::Cache", "cache/");
	option(apt, "APT::Update::Post-Invoke-Success", "");
	option(apt, "APT::Get::List-Cleanup", "true");
	return 0;
}

/* Runs PROGRAM OPTIONS WORDS..., words ended by NULL. */
static int apt_run(const struct apt *apt, const char *program, const char *const *words, const char *in, struct buffer *out)
{
	const char *argv[WORDS_MAX] = { program };
	size_t n = 1;
	int status;

	for (size_t i = 0; i < apt->options_n; i++)
		argv[n++] = apt->options[i];
	while (*words && n < WORDS_MAX - 1)
		argv[n++] = *words++;
	argv[n] = NULL;
	status = spawn(argv, in, out);
	if (status == -ENOENT)
		fail(status, "lab: there is no %s here: kernels come from a Debian archive; add your own with "
		     "forecall lab kernels add NAME --vmlinuz FILE --modules FOLDER", program);
	return status;
}

/* Two that fetch at once would write into the same files. The lock goes with the descriptor. By fail(); -errno. */
static int apt_lock(const struct apt *apt)
{
	int fd = open(apt->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd >= 0 && !flock(fd, LOCK_EX))
		return fd;
	err = -errno;
	if (fd >= 0)
		close(fd);
	return fail(err, "lab: cannot lock %s: %s", apt->folder, strerror(-err));
}

/* ---- Lists ---- */

static bool has_lists(const struct apt *apt)
{
	char path[PATH_MAX];
	DIR *folder;
	bool found = false;

	snprintf(path, sizeof path, "%.*slists", PATH_MAX - 8, apt->folder);
	folder = opendir(path);
	for (struct dirent *entry; folder && !found && (entry = readdir(folder));)
		found = strstr(entry->d_name, "_Packages") != NULL;
	if (folder)
		closedir(folder);
	return found;
}

static int fetch_lists(const struct apt *apt)
{
	static const char *const words[] = { "-qq", "update", NULL };
	int lock = apt_lock(apt), status;

	if (lock < 0)
		return lock;
	status = apt_run(apt, "apt-get", words, NULL, NULL);
	close(lock);
	if (status == -ENOENT)
		return status;
	if (status || !has_lists(apt))
		return fail(-ENETUNREACH, "lab: the Debian archive's list of packages for %s cannot be had; is the archive in "
			    "/etc/apt reachable, and does it have %s?", apt->arch, apt->arch);
	return 0;
}

/* Kernels that are only somebody's part: debugging symbols, or not yet signed. */
static bool is_part(const char *name)
{
	static const char *const ends[] = { "-dbg", "-unsigned", "-template" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (n > strlen(ends[i]) && !strcmp(name + n - strlen(ends[i]), ends[i]))
			return true;
	return false;
}

/* One of the kernels themselves, 6.1.0-47-cloud-amd64, and not the name of the newest, cloud-amd64 or 6.12-amd64. */
static bool is_version(const char *name)
{
	unsigned part[3];

	return sscanf(name, "%u.%u.%u", &part[0], &part[1], &part[2]) == 3;
}

static int add_offer(struct offers *offers, const char *name, const char *arch)
{
	struct offer *more = realloc(offers->at, (offers->n + 1) * sizeof *more);

	if (!more)
		return fail(-ENOMEM, "lab: out of memory");
	offers->at = more;
	memset(&more[offers->n], 0, sizeof *more);
	snprintf(more[offers->n].kernel.name, KERNEL_NAME_MAX, "%s", name);
	snprintf(more[offers->n].kernel.arch, KERNEL_ARCH_MAX, "%s", arch);
	offers->n++;
	return 0;
}

static int offer_by_version(const void *a, const void *b)
{
	return kernelversion_compare(((const struct offer *)a)->kernel.name, ((const struct offer *)b)->kernel.name);
}

/* Lines "linux-image-NAME - description", and the same of headers. */
static int read_offers(struct offers *offers, const char *arch, char *list)
{
	struct strings headers = { 0 };
	int err = 0;

	for (char *line; !err && (line = strsep(&list, "\n"));) {
		line[strcspn(line, " ")] = 0;
		if (!strncmp(line, HEADERS, strlen(HEADERS)))
			err = strings_add(&headers, line + strlen(HEADERS));
		else if (!strncmp(line, IMAGE, strlen(IMAGE)) && is_version(line + strlen(IMAGE)) && !is_part(line))
			err = add_offer(offers, line + strlen(IMAGE), arch);
	}
	for (size_t i = 0; i < offers->n; i++)
		offers->at[i].headers = strings_has(&headers, offers->at[i].kernel.name);
	strings_free(&headers);
	if (offers->n)
		qsort(offers->at, offers->n, sizeof *offers->at, offer_by_version);
	return err;
}

int apt_kernels(const char *arch, bool refresh, struct offers *out)
{
	static const char *const words[] = { "search", "--names-only", "^linux-(image|headers)-[0-9]", NULL };
	struct buffer list = { 0 };
	struct apt apt;
	int err = apt_open(&apt, arch);

	memset(out, 0, sizeof *out);
	if (!err && (refresh || !has_lists(&apt)))
		err = fetch_lists(&apt);
	if (!err)
		err = apt_run(&apt, "apt-cache", words, NULL, &list);
	if (err > 0)
		err = fail(-EIO, "lab: apt-cache cannot read the lists in %s", apt.folder);
	if (!err && list.data)
		err = read_offers(out, arch, list.data);
	buffer_free(&list);
	if (err) {
		free(out->at);
		memset(out, 0, sizeof *out);
	}
	return err;
}

/* ---- Packages ---- */

/* apt-get DOING PACKAGE... in the folder of packages. */
static int apt_download(const struct apt *apt, const char *doing, const char *const *packages, size_t n, struct buffer *out)
{
	const char *words[APT_PACKAGES_MAX + 4] = { "-qq", doing, "download" };
	char folder[PATH_MAX];
	int status;

	memcpy(words + 3, packages, n * sizeof *packages);
	snprintf(folder, sizeof folder, "%.*spackages", PATH_MAX - 16, apt->folder);
	status = apt_run(apt, "apt-get", words, folder, out);
	if (status == -ENOENT)
		return status;
	if (status)
		return fail(-ENETUNREACH, "lab: cannot download %s%s for %s; try forecall lab kernels --refresh --arch %s", packages[0],
			    n > 1 ? " and others" : "", apt->arch, apt->arch);
	return 0;
}

/* The names of the files, one a line as "'URI' NAME SIZE HASH", in the order of their own. */
static int file_names(const struct apt *apt, const char *const *packages, size_t n, struct strings *names)
{
	struct buffer list = { 0 };
	int err = apt_download(apt, "--print-uris", packages, n, &list);

	for (char *rest = list.data, *line; rest && !err && (line = strsep(&rest, "\n"));) {
		char *name = strchr(line, ' ');

		if (name) {
			name[1 + strcspn(name + 1, " ")] = 0;
			err = strings_add(names, name + 1);
		}
	}
	buffer_free(&list);
	return err;
}

static int unpack(const char *path, const char *into)
{
	const char *const argv[] = { "dpkg-deb", "--extract", path, into, NULL };
	int status = spawn(argv, NULL, NULL);

	if (status)
		return fail(status < 0 ? status : -EIO, "lab: dpkg-deb cannot unpack %s", path);
	return 0;
}

/* From then on the unpacked files are what is kept. */
static int unpack_all(const struct apt *apt, const struct strings *names, const char *into)
{
	int err = 0;

	for (size_t i = 0; i < names->n && !err; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof path, "%spackages/%s", apt->folder, names->at[i]) >= (int)sizeof path)
			return fail(-ENAMETOOLONG, "lab: the cache's path is too long; set FORECALL_CACHE to a shorter one");
		err = unpack(path, into);
		if (!err)
			unlink(path);
	}
	return err;
}

int apt_unpack(const char *arch, const char *const *packages, size_t n, const char *into)
{
	struct strings names = { 0 };
	struct apt apt;
	int err = n > APT_PACKAGES_MAX ? fail(-E2BIG, "lab: more than %d packages at once", APT_PACKAGES_MAX) : apt_open(&apt, arch), lock;

	if (!err && !has_lists(&apt))
		err = fetch_lists(&apt);
	if (err)
		return err;
	lock = apt_lock(&apt);
	err = lock < 0 ? lock : file_names(&apt, packages, n, &names);
	if (!err) /* it goes on with files that an interrupted download left, and checks the whole of them */
		err = apt_download(&apt, "-y", packages, n, NULL);
	if (!err)
		err = unpack_all(&apt, &names, into);
	strings_free(&names);
	if (lock >= 0)
		close(lock);
	return err;
}

/* Of all that a kernel's package holds, the kernel and its modules. */
static int arrange(const struct kernel *kernel, const char *part)
{
	char from[2 * PATH_MAX], to[2 * PATH_MAX];

	snprintf(from, sizeof from, "%s/deb/boot/vmlinuz-%s", part, kernel->name);
	snprintf(to, sizeof to, "%s/vmlinuz", part);
	if (rename(from, to))
		return fail(-errno, "lab: the package of %s holds no kernel %s", kernel->name, from);
	snprintf(to, sizeof to, "%s/modules", part);
	snprintf(from, sizeof from, "%s/deb/lib/modules/%s", part, kernel->name);
	if (rename(from, to)) {
		snprintf(from, sizeof from, "%s/deb/usr/lib/modules/%s", part, kernel->name);
		if (rename(from, to))
			return fail(-errno, "lab: the package of %s holds no modules", kernel->name);
	}
	snprintf(from, sizeof from, "%s/deb", part);
	cache_clear(from); /* documentation and configuration */
	return 0;
}

int apt_add_kernel(const struct kernel *kernel)
{
	char part[PATH_MAX], into[PATH_MAX + 8], package[KERNEL_NAME_MAX + 32];
	const char *const packages[] = { package };
	int err = cache_begin(kernel, part);

	if (err)
		return err;
	snprintf(package, sizeof package, IMAGE "%s", kernel->name);
	snprintf(into, sizeof into, "%s/deb", part);
	if (mkdir(into, 0755))
		err = fail(-errno, "lab: cannot make the folder %s: %s", into, strerror(errno));
	if (!err)
		err = apt_unpack(kernel->arch, packages, 1, into);
	if (!err)
		err = arrange(kernel, part);
	if (!err)
		err = cache_commit(kernel, part);
	if (err)
		cache_clear(part);
	return err;
}
