/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image.c: puts together what a guest starts from: its first process, tools, forecall, modules, the user's files, the job. */
#include "base/err.h"
#include "lab/archive.h"
#include "lab/job.h"
#include "lab/lab.h"
#include "lab/modules.h"
#include "lab/platform.h"
#include "lab/program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUR_PROGRAMS "/usr/local/libexec/forecall"

/* ---- The job ---- */

static int job_word(struct buffer *job, const char *key, const char *value)
{
	int err = buffer_add(job, key, strlen(key));

	if (!err)
		err = buffer_add(job, "=", 1);
	return err ? err : buffer_add(job, value, strlen(value) + 1);
}

static int job_words(struct buffer *job, const char *key, const struct strings *values)
{
	int err = 0;

	for (size_t i = 0; i < values->n && !err; i++)
		err = job_word(job, key, values->at[i]);
	return err;
}

/* The part of "PATH:FILE" before the colon, or all of it. */
static int job_outs(struct buffer *job, const struct strings *outs)
{
	int err = 0;

	for (size_t i = 0; i < outs->n && !err; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof path, "%.*s", (int)strcspn(outs->at[i], ":"), outs->at[i]);
		err = job_word(job, "out", path);
	}
	return err;
}

static int put_job(struct archive *archive, const struct lab_options *o)
{
	struct buffer job = { 0 };
	int err = job_words(&job, "arg", &o->args);

	if (!err)
		err = job_words(&job, "env", &o->env);
	if (!err)
		err = job_outs(&job, &o->out);
	if (!err && o->nic)
		err = job_word(&job, "load", o->nic);
	if (!err)
		err = job_words(&job, "load", &o->modules);
	if (!err && o->nic)
		err = job_word(&job, "wire", o->sink ? "sink" : "peer");
	if (!err && o->icount)
		err = job_word(&job, "settle", "1");
	if (!err && o->shell)
		err = job_word(&job, "tty", platform_console(o->kernel.arch));
	if (!err)
		err = job_word(&job, "host", "lab");
	if (!err)
		archive_data(archive, JOB_PATH, 0644, job.data, job.n);
	buffer_free(&job);
	return err ? fail(err, "lab: out of memory") : 0;
}

/* ---- Tools and our own programs ---- */

/* Programs of the machine that the guest has beside those of busybox. What is not installed here is not there either. */
static int put_tools(struct archive *archive, const struct platform *platform)
{
	static const char *const tools[] = { "ip", "tc", "ethtool" };
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };
	int err = 0;

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
		for (size_t j = 0; j < sizeof folders / sizeof *folders && !err; j++) {
			char path[64], from[PATH_MAX];

			snprintf(path, sizeof path, "/usr/bin/%s", tools[i]);
			snprintf(from, sizeof from, "%s%s/%s", platform->root ? platform->root : "", folders[j], tools[i]);
			if (!access(from, X_OK) && !archive_has(archive, path))
				err = program_put(archive, platform, from, path);
		}
	}
	return err;
}

/* The shell is not busybox: that one prefers its own applets to the programs in $PATH. */
static int put_base(struct archive *archive, const struct platform *platform)
{
	static const struct {
		const char *from, *path, *package;
	} base[] = { { "/bin/busybox", "/bin/busybox", "busybox-static" }, { "/bin/dash", "/bin/sh", "dash" } };
	int err = 0;

	for (size_t i = 0; i < sizeof base / sizeof *base && !err; i++) {
		char from[PATH_MAX];

		snprintf(from, sizeof from, "%s%s", platform->root ? platform->root : "", base[i].from);
		if (access(from, X_OK))
			return fail(-ENOENT, "lab: there is no %s for the guest; install %s%s", from, base[i].package,
				    platform->root ? " there: make lab-arm64" : "");
		err = program_put(archive, platform, from, base[i].path);
	}
	return err;
}

/* Only programs: beside them may lie objects, archives and folders of a build, and what is the lab's own. */
static bool is_ours(int folder, const char *name)
{
	struct stat file;

	return name[0] != '.' && strcmp(name, "forecall") && strncmp(name, "lab-", 4) && !fstatat(folder, name, &file, 0) &&
	       S_ISREG(file.st_mode) && file.st_mode & S_IXUSR;
}

/* The programs that forecall starts, from where they lie beside it. */
static int put_programs(struct archive *archive, const struct platform *platform, const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort), fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	for (int i = 0; i < n; free(entries[i++])) {
		char from[2 * PATH_MAX], path[512];

		if (err || !is_ours(fd, entries[i]->d_name))
			continue;
		snprintf(from, sizeof from, "%s/%s", folder, entries[i]->d_name);
		snprintf(path, sizeof path, OUR_PROGRAMS "/%s", entries[i]->d_name);
		err = program_put(archive, platform, from, path);
	}
	if (n >= 0)
		free(entries);
	if (fd >= 0)
		close(fd);
	return err;
}

static int put_ours(struct archive *archive, const struct platform *platform)
{
	struct platform_paths paths;
	int err = platform_find(platform, &paths);

	if (!err)
		err = archive_file(archive, "/init", 0755, paths.init);
	if (!err)
		err = program_put(archive, platform, paths.forecall, JOB_FORECALL);
	return err ? err : put_programs(archive, platform, paths.programs);
}

/* ---- Kernel modules ---- */

/* What a guest's network is made of, for those that the kernel has as modules. They are loaded when they are asked for. */
static const char *const network[] = {
	"veth", "dummy", "ifb", "tun", "bridge", "macvlan", "ipvlan", "8021q", "vxlan", "udp_tunnel", "ip6_udp_tunnel", "pktgen",
	"sch_ingress", "sch_fq", "sch_fq_codel", "sch_htb", "sch_tbf", "sch_netem", "sch_prio", "cls_bpf", "cls_matchall",
	"cls_u32", "cls_flower", "act_mirred", "act_gact", "act_bpf", "nf_tables", "nft_compat", "ip_tables", "iptable_filter",
	"xfrm_user", "sctp", "udp_diag", "inet_diag",
};

static int take_module(struct modules *modules, const char *name)
{
	int err = modules_take(modules, name);

	if (err == -ENOENT)
		fail(err, "lab: this kernel has no module %s", name);
	return err;
}

static int take_modules(struct modules *modules, const struct lab_options *o)
{
	int err = 0;

	for (size_t i = 0; i < sizeof network / sizeof *network && !err; i++) {
		err = modules_take(modules, network[i]);
		err = err == -ENOENT ? 0 : err;
	}
	if (!err && o->nic) {
		err = modules_take(modules, o->nic);
		if (err == -ENOENT)
			fail(err, "lab: the kernel %s has no driver for an %s card: cloud kernels have none, use a generic one "
			     "(forecall lab kernels) or --nic none", o->kernel.name, o->nic);
	}
	for (size_t i = 0; i < o->modules.n && !err; i++)
		err = take_module(modules, o->modules.at[i]);
	return err;
}

static int put_modules(struct archive *archive, const struct lab_options *o)
{
	struct modules *modules = NULL;
	char path[PATH_MAX];
	int err = cache_kernel_path(path, &o->kernel, "modules");

	if (!err)
		err = modules_open(path, &modules);
	if (!err)
		err = take_modules(modules, o);
	if (!err)
		err = modules_put(modules, archive);
	modules_free(modules);
	return err;
}

/* ---- The user's files ---- */

/* A folder that is walked: nftw() has no argument for its caller. */
static struct {
	struct archive *archive;
	const struct platform *platform;
	const char *to;
	size_t from_length;
} walk;

static int walk_entry(const char *path, const struct stat *file, int type, struct FTW *ftw)
{
	char to[PATH_MAX], target[PATH_MAX];
	const char *rest = path + walk.from_length;
	ssize_t n;

	(void)ftw;
	if (snprintf(to, sizeof to, "%s%s", *rest && !strcmp(walk.to, "/") ? "" : walk.to, rest) >= (int)sizeof to)
		return fail(-ENAMETOOLONG, "lab: the path of %s is too long for the guest", path);
	if (type == FTW_D)
		archive_folder(walk.archive, to);
	if (type == FTW_F && S_ISREG(file->st_mode))
		return program_put(walk.archive, walk.platform, path, to);
	if (type == FTW_SL && (n = readlink(path, target, sizeof target - 1)) >= 0) {
		target[n] = 0;
		archive_link(walk.archive, to, target);
	}
	return type == FTW_DNR ? fail(-EACCES, "lab: cannot read the folder %s", path) : 0;
}

static int put_path(struct archive *archive, const struct platform *platform, const char *from, const char *to)
{
	struct stat file;
	int err;

	if (stat(from, &file))
		return fail(-errno, "lab: cannot copy %s into the guest: %s", from, strerror(errno));
	if (!S_ISDIR(file.st_mode))
		return program_put(archive, platform, from, to);
	walk.archive = archive;
	walk.platform = platform;
	walk.to = to;
	walk.from_length = strlen(from);
	err = nftw(from, walk_entry, 16, FTW_PHYS);
	memset(&walk, 0, sizeof walk);
	return err == -1 ? fail(-errno, "lab: cannot look through %s: %s", from, strerror(errno)) : err;
}

/* What goes into the guest, and where. */
struct in {
	char from[PATH_MAX], to[PATH_MAX + sizeof JOB_WORK];
};

/* One place has one name: an absolute path without "/./", "//" and a "/" at the end. False where it has a "..". */
static bool plain_path(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		size_t part_n = strcspn(from, "/");

		if (part_n == 2 && !strncmp(from, "..", 2))
			return false;
		if (part_n && !(part_n == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, part_n);
			to += part_n;
		}
		from += part_n + strspn(from + part_n, "/");
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
	return true;
}

static bool is_folder(const char *path)
{
	struct stat file;

	return !stat(path, &file) && S_ISDIR(file.st_mode);
}

/* Whether a place is that of a folder by how it is written. */
static bool ends_as_folder(const char *place)
{
	const char *slash = strrchr(place, '/'), *last = slash ? slash + 1 : place;

	return !*last || !strcmp(last, ".");
}

/* "FILE" goes into the working directory, "FILE:PATH" where it says, and "FILE:FOLDER/" into that. A folder's content goes where it says. */
static int read_in(const char *text, struct in *in)
{
	const char *colon = strchr(text, ':'), *place = colon ? colon + 1 : "", *name;
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	bool into;

	while (n > 1 && text[n - 1] == '/')
		n--;
	snprintf(in->from, sizeof in->from, "%.*s", (int)n, text);
	name = strrchr(in->from, '/') ? strrchr(in->from, '/') + 1 : in->from;
	into = !*place || (ends_as_folder(place) && !is_folder(in->from));
	if (snprintf(in->to, sizeof in->to, "%s%s%s%s", *place == '/' ? "" : JOB_WORK "/", place, into ? "/" : "", into ? name : "") >= (int)sizeof in->to)
		return fail(-ENAMETOOLONG, "lab: the place of %s is too long for the guest", in->from);
	return plain_path(in->to) ? 0 : fail(-EINVAL, "lab: the place of %s must not have a \"..\" in it", in->from);
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return !stat(a, &one) && !stat(b, &other) && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* The same file may come twice: the command's is among them. Folders may share one. */
static int check_in(const struct lab_options *o, size_t i, const struct in *in)
{
	struct in before = { 0 };

	for (size_t j = 0; j < i; j++) {
		int err = read_in(o->in.at[j], &before);

		if (err)
			return err;
		if (!strcmp(before.to, in->to) && !same_file(before.from, in->from) && !is_folder(in->from))
			return fail(-EEXIST, "lab: %s and %s would both be %s in the guest; say another place for one, as in --in %s:NAME",
				    before.from, in->from, in->to, in->from);
	}
	return 0;
}

static int put_files(struct archive *archive, const struct platform *platform, const struct lab_options *o)
{
	struct in in = { 0 };
	int err = 0;

	for (size_t i = 0; i < o->in.n && !err; i++) {
		err = read_in(o->in.at[i], &in);
		if (!err)
			err = check_in(o, i, &in);
		if (!err)
			err = put_path(archive, platform, in.from, in.to);
	}
	return err;
}

int image_make(const struct lab_options *o, struct archive *archive)
{
	struct platform platform;
	int err = archive_open(archive);

	if (err)
		return err;
	err = platform_open(&platform, o->kernel.arch);
	if (!err)
		err = put_ours(archive, &platform);
	if (!err)
		err = put_base(archive, &platform);
	if (!err)
		err = put_tools(archive, &platform);
	if (!err)
		err = put_modules(archive, o);
	if (!err)
		err = put_files(archive, &platform, o);
	if (!err)
		err = put_job(archive, o);
	return err ? err : archive_close(archive);
}
