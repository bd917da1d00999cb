/* SPDX-License-Identifier: GPL-2.0-or-later */
/* init.c: the first process of a guest: sets it up, runs the job's command, hands back what it left, and ends the guest. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lab/guest/guest.h"
#include "lab/job.h"

enum {
	SETTLE_MS = 20000, /* where cryptomgr.notests is not heeded: the self-tests take 6 s of guest time on 6.12 */
	SETTLE_STEP_MS = 50,
};

void sleep_ms(int ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* ---- Setting up ---- */

static void mount_all(void)
{
	static const struct {
		const char *type, *at;
	} mounts[] = {
		{ "proc", "/proc" },	       { "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },	       { "devpts", "/dev/pts" },
		{ "tmpfs", "/dev/shm" },       { "bpf", "/sys/fs/bpf" },
		{ "cgroup2", "/sys/fs/cgroup" }, { "tracefs", "/sys/kernel/tracing" },
		{ "debugfs", "/sys/kernel/debug" },
	};

	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		mkdir(mounts[i].at, 0755);
		mount(mounts[i].type, mounts[i].at, mounts[i].type, 0, NULL); /* what a kernel lacks, the job may not need */
	}
}

/* Opening it loads the module; elsewhere udev makes it. */
static void make_tun(void)
{
	mkdir("/dev/net", 0755);
	mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200));
}

/* Until now nothing is open: the kernel found no console, since /dev was empty. What helpers print is for --verbose. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	for (int i = fd < 0 ? 3 : fd + 1; i < 3; i++)
		dup2(fd, i);
}

/* The programs find their kernel's modules under the name that it has for itself. */
static void link_modules(void)
{
	struct utsname name;
	char path[sizeof name.release + 32];

	uname(&name);
	snprintf(path, sizeof path, "/lib/modules/%s", name.release);
	mkdir("/lib", 0755);
	mkdir("/lib/modules", 0755);
	if (symlink(JOB_MODULES, path))
		send_text(CHANNEL_REMARK, "cannot link %s: %s", path, strerror(errno));
}

static void make_folders(void)
{
	static const char *const folders[] = { "/bin", "/sbin", "/usr", "/usr/bin", "/usr/sbin", "/tmp", "/run", "/var", "/etc", JOB_WORK };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		mkdir(folders[i], 0755);
	chmod("/tmp", 01777);
}

static void set_environment(void)
{
	setenv("PATH", "/usr/local/bin:/usr/local/libexec/forecall:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin", 1);
	setenv("HOME", JOB_WORK, 1);
	setenv("TERM", "linux", 0);
	setenv("FORECALL_DB", JOB_DB, 1);
}

/* A command may open as many sockets as a server has clients. */
static void raise_limits(void)
{
	const struct rlimit files = { .rlim_cur = 1 << 20, .rlim_max = 1 << 20 };

	setrlimit(RLIMIT_NOFILE, &files);
}

static void load_modules(const struct job *job)
{
	for (size_t i = 0; i < job->loads_n; i++) {
		char *words[] = { "/bin/busybox", "modprobe", job->loads[i], NULL };

		if (command_help(words))
			guest_fault("the guest's kernel does not load the module %s; --verbose shows why", job->loads[i]);
	}
}

/* Whether the kernel still tests a cipher. */
static bool tests_ciphers(void)
{
	FILE *file = fopen("/proc/crypto", "re");
	char line[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof line, file))
		found = !strncmp(line, "selftest", 8) && strstr(line, "unknown");
	if (file)
		fclose(file);
	return found;
}

/* Whether time is still told by the clock source of the start, in whose place another comes after a second (tsc-early, tsc). */
static bool tells_early_time(void)
{
	FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
	char line[64] = "";
	bool early = file && fgets(line, sizeof line, file) && strstr(line, "early");

	if (file)
		fclose(file);
	return early;
}

/* Until the kernel's own start-up work is over: it would double the figures of a machine with one processor. */
static void settle(void)
{
	for (int waited_ms = 0; waited_ms < SETTLE_MS && (tests_ciphers() || tells_early_time()); waited_ms += SETTLE_STEP_MS)
		sleep_ms(SETTLE_STEP_MS);
}

static void set_up(const struct job *job)
{
	char *install[] = { "/bin/busybox", "--install", "-s", NULL };

	make_folders();
	set_environment();
	raise_limits();
	command_help(install); /* before any tool is needed; those that came as files of their own stay */
	link_modules();
	if (job->host && sethostname(job->host, strlen(job->host)))
		send_text(CHANNEL_REMARK, "cannot name the guest: %s", strerror(errno));
	net_loopback();
	load_modules(job);
	if (job->wire)
		net_wire(job->wire);
	if (job->settle)
		settle();
}

/* ---- Handing back ---- */

static void send_runs(void)
{
	char *export[] = { JOB_FORECALL, "runs", "export", "-o", "/lab/runs", NULL };

	if (access(JOB_DB, F_OK))
		return;
	if (command_help(export) || send_file(CHANNEL_RUNS, "/lab/runs"))
		send_text(CHANNEL_REMARK, "the guest's runs could not be read and are lost");
}

static void send_out(int index, const char *path)
{
	struct stat file;

	if (stat(path, &file) || !S_ISREG(file.st_mode)) {
		send_text(CHANNEL_REMARK, "there is no file %s in the guest; it is not brought back", path);
		return;
	}
	const uint32_t head[] = { (uint32_t)index, file.st_mode & 0777 };
	send_data(CHANNEL_FILE, head, sizeof head);
	if (send_file(CHANNEL_DATA, path))
		send_text(CHANNEL_REMARK, "the file %s could not be read to its end in the guest", path);
}

static void hand_back(const struct job *job)
{
	if (chdir(JOB_WORK))
		send_text(CHANNEL_REMARK, "cannot enter " JOB_WORK ": %s", strerror(errno));
	send_runs();
	for (size_t i = 0; i < job->outs_n; i++)
		send_out((int)i, job->outs[i]);
}

int main(void)
{
	struct job job;
	int status;

	mount_all();
	make_tun();
	open_console();
	if (send_open())
		guest_fault("the guest does not find the memory that it shares with its host; its kernel needs PCI");
	job_read(&job);
	set_up(&job);
	status = command_run(&job);
	hand_back(&job);
	send_status(status);
}
