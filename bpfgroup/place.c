/* SPDX-License-Identifier: GPL-2.0-or-later */
/* place.c: the folders, the bpffs and the small files of a group facility. */
#include "bpfgroup/place.h"

#include "base/err.h"
#include "bpfgroup/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int place_enter_netns(const char *netns)
{
	char path[PLACE_PATH_BYTES];
	int fd, err = 0;

	snprintf(path, sizeof path, "%s%s", strchr(netns, '/') ? "" : "/run/netns/", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err = fail(-errno, "cannot enter network namespace %s: %s; `ip netns` lists names, /proc/PID/ns/net is a path",
			   netns, strerror(errno));
	if (fd >= 0)
		close(fd);
	return err;
}

int place_netns_inode(uint32_t *out)
{
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st))
		return fail(-errno, "cannot tell the network namespace: %s; is /proc mounted?", strerror(errno));
	*out = (uint32_t)st.st_ino;
	return 0;
}

int place_hide(void)
{
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
	    mount("sendgroup", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"))
		return fail(-errno, "cannot make a mount namespace: %s; run as root", strerror(errno));
	return 0;
}

static int make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) && errno != EEXIST)
		return fail(-errno, "cannot make %s: %s", path, strerror(errno));
	return 0;
}

int place_lock(void)
{
	static int fd = -1; /* stays open: the lock ends with the process */
	int err;

	if (fd >= 0)
		return 0;
	err = make_folder(GROUP_ROOT, 0755);
	if (err)
		return err;
	fd = open(GROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX))
		return fail(-errno, "cannot lock %s: %s", GROUP_ROOT, strerror(errno));
	return 0;
}

void place_path(uint32_t inode, const char *file, char *path)
{
	snprintf(path, PLACE_PATH_BYTES, "%s/net-%u%s%s", GROUP_ROOT, inode, *file ? "/" : "", file);
}

int place_make(uint32_t inode)
{
	char path[PLACE_PATH_BYTES];
	int err = place_remove(inode);

	place_path(inode, "", path);
	if (!err)
		err = make_folder(GROUP_ROOT, 0755);
	if (!err)
		err = make_folder(path, 0755);
	place_path(inode, "maps", path);
	if (!err)
		err = make_folder(path, 0755);
	if (!err && mount("sendgroup", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755"))
		err = fail(-errno, "cannot mount a bpf file system at %s: %s; run as root on a kernel with CONFIG_BPF_SYSCALL", path,
			   strerror(errno));
	return err;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st, (void)type, (void)walk;
	return remove(path) && errno != ENOENT ? -errno : 0;
}

int place_remove(uint32_t inode)
{
	char path[PLACE_PATH_BYTES];
	int err;

	place_path(inode, "maps", path);
	while (!umount2(path, MNT_DETACH))
		; /* as often as it was mounted */
	place_path(inode, "", path);
	err = nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (err && access(path, F_OK) == 0)
		return fail(err < -1 ? err : -EIO, "cannot remove %s", path);
	place_forget();
	return 0;
}

void place_forget(void)
{
	rmdir(GROUP_ROOT); /* fails while a namespace has a facility */
}

int place_make_folder(uint32_t inode, const char *folder)
{
	char path[PLACE_PATH_BYTES];

	place_path(inode, folder, path);
	return make_folder(path, 0755);
}

bool place_has(uint32_t inode, const char *file)
{
	char path[PLACE_PATH_BYTES];

	place_path(inode, file, path);
	return access(path, F_OK) == 0;
}

int place_give(uint32_t inode, const char *file, uid_t uid, gid_t gid, mode_t mode)
{
	char path[PLACE_PATH_BYTES];

	place_path(inode, file, path);
	if (chown(path, uid, gid) || chmod(path, mode))
		return fail(-errno, "cannot give %s away: %s", path, strerror(errno));
	return 0;
}

int place_write(uint32_t inode, const char *file, mode_t mode, const char *text)
{
	char path[PLACE_PATH_BYTES], draft[PLACE_PATH_BYTES + 8];
	size_t n = strlen(text);
	int fd, err = 0;

	place_path(inode, file, path);
	snprintf(draft, sizeof draft, "%s.new", path);
	fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || fchmod(fd, mode) || write(fd, text, n) != (ssize_t)n || rename(draft, path))
		err = fail(errno ? -errno : -EIO, "cannot write %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return err;
}

int place_read(uint32_t inode, const char *file, char *text, size_t n)
{
	char path[PLACE_PATH_BYTES];
	ssize_t got = -1;
	int fd;

	place_path(inode, file, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd >= 0)
		got = read(fd, text, n - 1);
	if (got < 0) {
		int err = fail(-errno, "cannot read %s: %s", path, strerror(errno));

		if (fd >= 0)
			close(fd);
		return err;
	}
	close(fd);
	text[got] = '\0';
	return 0;
}
